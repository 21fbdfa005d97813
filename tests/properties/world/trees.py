"""Trees and their leaves: where a value stands, when two values are one, and JSON Merge Patch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from tests.properties.world.words import Env, Ref

Tree = dict[str, object]
WHOLE = {"/parameters", "/delivery", "/auth_config"}  # the API replaces these whole
SETS = ("/tools", "_ids", "_tags", "/tags", "/allowed_origins", "/connectors", "/selected_tool_names")
SECRET = ("/api_key", "/delivery_token", "/password", "/auth_config_token")
# Documented defaults of the places that the machine writes: absent, null and these are one value on reading.
DEFAULTS: dict[str, object] = {
    "/pipeline_mode": "full", "/layers/llm/speculative_inference": True, "/layers/tts/tts_emotion_control": True,
    "/layers/tts/tts_engine": "tavus-auto", "/layers/stt/stt_engine": "tavus-auto",
    "/layers/perception/perception_model": "raven-1",
    "/layers/conversational_flow/turn_detection_model": "sparrow-1",
    "/layers/conversational_flow/turn_taking_patience": "medium",
    "/layers/conversational_flow/interruptibility": "medium",
    "/layers/conversational_flow/voice_isolation": "near", "/layers/conversational_flow/idle_engagement": "off",
    "/origin": "llm", "/on_call": "generate_filler", "/on_resolve": "fire_and_forget", "/trigger_type": "in_call",
    "/modality": "verbal", "/app_message": True, "/confirmation_mode": "auto", "/status": "active",
    "/delivery": {"app_message": True}, "/allow_loops": False,
}  # fmt: skip
REMOVED = ("tavus-llama-4", "basic")
ITEM = re.compile(r"^/data/[^/]+(?=/)")


def leaves(tree: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Every leaf with its JSON pointer: objects are descended, lists and what the API replaces whole are leaves."""
    if isinstance(tree, dict) and tree and at not in WHOLE:
        for key, value in tree.items():
            yield from leaves(value, f"{at}/{key.replace('~', '~0').replace('/', '~1')}")
    elif at:
        yield at, tree


def merge(base: object, patch: object) -> object:
    """JSON Merge Patch (RFC 7386)."""
    if not isinstance(patch, dict) or isinstance(patch, Env | Ref):
        return patch
    merged = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge(merged.get(key), value)
    return merged


def under(pointer: str, parents: Iterable[str]) -> bool:
    """Whether a pointer is, or lies under, one of the parents."""
    return any(pointer == parent or pointer.startswith(f"{parent}/") for parent in parents)


def same(pointer: str, one: object, other: object) -> bool:
    """Whether two values are one for a reader: sets by members, absent = null = documented default."""
    default = DEFAULTS.get(ITEM.sub("", pointer))
    empty = (None, "", [], {})
    one, other = (default if value in empty else value for value in (one, other))
    if isinstance(one, list) and isinstance(other, list) and pointer.endswith(SETS):
        return sorted(map(str, one)) == sorted(map(str, other))
    return (one in empty and other in empty) or (one == other and isinstance(one, bool) == isinstance(other, bool))


def to_put_back(value: object, live: object) -> bool:
    """Whether a value is sent to an object that is there: a model that the vendor removed is only kept."""
    return value not in REMOVED or value == live


def closure(start: Iterable[str], edges: Mapping[str, set[str]]) -> set[str]:
    """Everything that can be reached."""
    reached, todo = set(), list(start)
    while todo:
        address = todo.pop()
        if address not in reached:
            reached.add(address)
            todo.extend(edges.get(address, ()))
    return reached


def circles(data: object) -> bool:
    """Whether objectives, by name, lead back to themselves."""
    steps: dict[str, set[str]] = {}
    for name, item in data.items() if isinstance(data, dict) else ():
        ways = item.get("next_conditional_objectives") or {}
        steps[name] = {str(one) for one in (item.get("next_required_objective"), *ways) if one}
    while steps:
        ends = [name for name, after in steps.items() if not after & steps.keys()]
        if not ends:
            return True
        steps = {name: after for name, after in steps.items() if name not in ends}
    return False


def hidden(pointer: str) -> bool:
    """Whether the account shows only a mask here."""
    return pointer.endswith(SECRET) or "/headers/" in pointer


def tree_of(flat: Mapping[str, object]) -> Tree:
    """A tree of its leaves."""
    root: Tree = {}
    for pointer, value in flat.items():
        *parents, last = (part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))
        node = root
        for part in parents:
            child = node.setdefault(part, {})
            assert isinstance(child, dict), pointer
            node = child
        node[last] = value
    return root
