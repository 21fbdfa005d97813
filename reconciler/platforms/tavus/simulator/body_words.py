"""The two vocabularies of one object: PAL words inside, PAL or persona words outside."""

from __future__ import annotations

from reconciler.types.json import Json, Object, split

PAIRS = (
    ("pal_id", "persona_id"),
    ("pal_name", "persona_name"),
    ("pal_description", "persona_description"),
    ("default_face_id", "default_replica_id"),
    ("pal_settings_id", "persona_settings_id"),
    ("pal_type", "persona_type"),
)
TO_PERSONA = dict(PAIRS)
TO_PAL = {persona: pal for pal, persona in PAIRS}
SPELLINGS = ("pal_interruptibility", "face_interruptibility", "replica_interruptibility")
FLOW = "conversational_flow"


def spelling(vocabulary: str, pal_spelling: str) -> str:
    """The member name of interruptibility in answers of this vocabulary."""
    return "replica_interruptibility" if vocabulary == "persona" else f"{pal_spelling}_interruptibility"


def foreign(vocabulary: str) -> frozenset[str]:
    """Top-level words of the other vocabulary: they do not count in a body of this one."""
    return frozenset(TO_PERSONA if vocabulary == "persona" else TO_PAL)


def outward(body: Object, vocabulary: str, pal_spelling: str = "pal") -> Object:
    """Internal words -> the words of `vocabulary`. The argument is left as it is."""
    rename = TO_PERSONA if vocabulary == "persona" else {}
    result: Object = {rename.get(name, name): value for name, value in body.items()}
    return _respell(result, spelling(vocabulary, pal_spelling))


def inward(body: Object, vocabulary: str) -> Object:
    """The words of `vocabulary` -> internal words; words of the other vocabulary are dropped."""
    other = foreign(vocabulary)
    rename = TO_PAL if vocabulary == "persona" else {}
    result: Object = {rename.get(name, name): value for name, value in body.items() if name not in other}
    return _respell(result, SPELLINGS[0])


def respell_path(path: str, word: str) -> str:
    """A patch path with whichever spelling of interruptibility -> the spelling that the document has."""
    tokens = split(path)
    if len(tokens) == 3 and tokens[:2] == ("layers", FLOW) and tokens[2] in SPELLINGS:
        return f"/layers/{FLOW}/{word}"
    return path


def _respell(body: Object, word: str) -> Object:
    layers = body.get("layers")
    flow = layers.get(FLOW) if isinstance(layers, dict) else None
    if not isinstance(layers, dict) or not isinstance(flow, dict):
        return body
    if not any(name in flow for name in SPELLINGS if name != word):
        return body
    renamed: dict[str, Json] = {}
    for name, value in flow.items():
        renamed[word if name in SPELLINGS else name] = value
    return {**body, "layers": {**layers, FLOW: renamed}}
