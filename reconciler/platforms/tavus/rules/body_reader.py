"""Reads values out of bodies of any shape: wrong types read as absent, markers as present."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.types.catalogue import is_hosted
from reconciler.types.json import Json, Object, is_filled, lookup, split

LLM = "/layers/llm"
MODEL = f"{LLM}/model"
BASE_URL = f"{LLM}/base_url"
TTS = "/layers/tts"
STT = "/layers/stt"
PERCEPTION = "/layers/perception"
FLOW = "/layers/conversational_flow"
VISION_TOOLS = (f"{PERCEPTION}/visual_tools", f"{PERCEPTION}/perception_tools", f"{PERCEPTION}/screen_tools")
AUDIO_TOOLS = (f"{PERCEPTION}/audio_tools",)
INLINE_TOOLS = (f"{LLM}/tools", *VISION_TOOLS, *AUDIO_TOOLS)
DEAD_TURN_FIELDS = (
    f"{STT}/participant_pause_sensitivity",
    f"{STT}/participant_interrupt_sensitivity",
    f"{STT}/smart_turn_detection",
)


def text(spec: Object, pointer: str) -> str:
    """The text at `pointer`; empty for anything that is no text."""
    value = lookup(spec, pointer)
    return value if isinstance(value, str) else ""


def mapping(spec: Object, pointer: str) -> Object:
    """The object at `pointer`; empty for anything else, markers included."""
    value = lookup(spec, pointer)
    return value if isinstance(value, dict) else {}


def sequence(spec: Object, pointer: str) -> list[Json]:
    """The list at `pointer`; empty for anything else."""
    value = lookup(spec, pointer)
    return value if isinstance(value, list) else []


def has(spec: Object, pointer: str) -> bool:
    """Whether something is said at `pointer`."""
    return is_filled(lookup(spec, pointer))


def exists(spec: Object, pointer: str) -> bool:
    """Whether the member is there at all, null included."""
    parent, _, last = pointer.rpartition("/")
    holder = lookup(spec, parent)
    return isinstance(holder, dict) and split(f"/{last}")[0] in holder


def nearest(spec: Object, pointer: str) -> str:
    """`pointer`, or the closest place above it that exists: where to point when something is missing."""
    while pointer and not exists(spec, pointer):
        pointer = pointer.rpartition("/")[0]
    return pointer


def mode(spec: Object) -> str:
    """The pipeline mode; full is the default."""
    value = lookup(spec, "/pipeline_mode")
    return value if isinstance(value, str) and value else "full" if not is_filled(value) else ""


def has_endpoint(spec: Object) -> bool:
    """Whether the LLM is one of the user's own: it has an address."""
    return has(spec, BASE_URL)


def is_hosted_llm(spec: Object) -> bool:
    """Whether the platform hosts the LLM: a `tavus-` model, or none at all."""
    model = lookup(spec, MODEL)
    return is_hosted(model) or (not is_filled(model) and not has_endpoint(spec))


def inline_tools(spec: Object) -> Iterator[tuple[str, Json]]:
    """Pointer and value of every inline tool."""
    for pointer in INLINE_TOOLS:
        for index, item in enumerate(sequence(spec, pointer)):
            yield f"{pointer}/{index}", item


def tool_body(item: Json) -> tuple[Object, str]:
    """The function of an inline tool and its pointer below the item: OpenAI form or flat."""
    if not isinstance(item, dict):
        return {}, ""
    function = item.get("function")
    return (function, "/function") if isinstance(function, dict) else (item, "")


def label(item: Json, index: int) -> str:
    """What to call an inline tool in a message."""
    return tool_name(item) or f"number {index + 1}"


def has_dead_turn_settings(spec: Object) -> bool:
    """Whether the conversational flow overrides the turn-taking fields of the stt layer."""
    flow = mapping(spec, FLOW)
    model = flow.get("turn_detection_model")
    newer = model is None or (isinstance(model, str) and model.startswith("sparrow-") and model != "sparrow-0")
    return bool(flow) and newer
