"""The ears of a LiveKit agent: speech recognition and key terms."""

from __future__ import annotations

import re

from reconciler.core.export.conversion_report import Ledger
from reconciler.core.export.target import plain
from reconciler.types.catalogue import Catalogue
from reconciler.types.json import Json, Object
from reconciler.types.livekit_catalogue import LiveKitEar

LAYER = "/layers/stt"
DEFAULT_ENGINE = "tavus-auto"
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})?")
WORDS = 5
"""More words than these are a sentence and no term."""


def hearing_settings(ledger: Ledger, catalogue: Catalogue) -> Object:
    """`{service, arguments}`: the module that has the class `STT`, and what that is called with."""
    engine = ledger.text(f"{LAYER}/stt_engine")
    ears = catalogue.livekit.ears
    ear = ears.get(engine or DEFAULT_ENGINE) or ears.get(DEFAULT_ENGINE) or LiveKitEar("deepgram/nova-3")
    if engine is not None:
        why = ear.why if engine in ears else "an engine that the catalogue does not know"
        ledger.adjust(f"{LAYER}/stt_engine", f"{plain(engine)} became {ear.id}: {why}")
    return {"service": "inference", "arguments": {"model": ear.id, "language": _language(ledger) or ear.language}}


def _language(ledger: Ledger) -> str | None:
    """The language to listen for, where the persona has exactly one."""
    value = ledger.members("").get("languages")
    items: list[Json] = value if isinstance(value, list) else [value]
    if len(items) != 1 or not isinstance(items[0], str) or not LANGUAGE.fullmatch(items[0]):
        return None
    ledger.settle("/languages")
    return items[0]


def key_terms(ledger: Ledger) -> list[str]:
    """The hotwords as terms. A sentence is none, so it is left behind with its reason."""
    pointer = f"{LAYER}/hotwords"
    value = ledger.members(LAYER).get("hotwords")
    items = [item for item in value if isinstance(item, str)] if isinstance(value, list) else [value]
    parts = [part.strip() for item in items if isinstance(item, str) for part in re.split(r"[,;\n]", item)]
    terms = [part for part in parts if part and len(part.split()) <= WORDS]
    left = [part for part in parts if len(part.split()) > WORDS]
    if left:
        ledger.lose(
            pointer,
            f"LiveKit takes single terms; this is a sentence: {plain(left[0])}",
            'write the words to recognise, separated by commas, or set stt_context_options={"keyterms": [...]}',
        )
    elif terms:
        ledger.settle(pointer)
    return list(dict.fromkeys(terms))
