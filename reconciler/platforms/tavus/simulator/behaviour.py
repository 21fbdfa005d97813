"""How the simulated API behaves where the real one is undocumented, has changed, or was seen to do both."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from difflib import get_close_matches
from typing import Literal, get_args, get_type_hints

from reconciler.errors import UsageError
from reconciler.types.json import Json


@dataclass(frozen=True, slots=True)
class Mood:
    """The defaults are what the live API was last seen to do; every other value was documented, seen, or feared."""

    get: Literal["flat", "wrapped"] = "flat"
    """GET of one persona: the object, or `{"data": [object]}` as the documentation has it."""
    items: Literal["full", "summary"] = "full"
    """Items of persona lists: whole objects, or without `layers` and `system_prompt`."""
    list_key: Literal["data", "bare", "resource"] = "data"
    """Where the items of a list stand: under `data`, as a bare array, under the collection's name."""
    created: Literal[200, 201] = 200
    unknown_id: Literal[400, 404] = 400
    """Status for an unknown or foreign persona."""
    unknown_tool: Literal[400, 404] = 404
    unknown_object: Literal[400, 404] = 404
    """Status for an unknown guardrail, set of objectives, document, dictionary or deployment."""
    secrets: Literal["mask", "omit", "echo"] = "mask"
    """Keys on read. `echo` can only show values that this very process has received: the file keeps digests."""
    headers: Literal["mask", "omit", "echo"] = "mask"
    """The same for header values and query parameters, which the API may or may not hide."""
    defaults: Literal["fill", "hide", "null"] = "fill"
    """Values at their default on read: shown, left out, or null."""
    layers: Literal["absent", "null", "all"] = "absent"
    """Layers that nobody set: left out, null, or present with their defaults."""
    booleans: Literal["native", "text"] = "native"
    """`text` shows the booleans of layers as "true" and "false"."""
    interruptibility: Literal["pal", "face", "replica"] = "pal"
    """The spelling that PAL answers use for interruptibility."""
    key_retention: Literal["leaf", "object", "kept"] = "leaf"
    """When a patch of a custom LLM must carry api_key: for any write under layers.llm, only when the object is
    written whole, never."""
    drafts: Literal["conflict", "routed"] = "conflict"
    """A PATCH while a person edits: 409 `maker_changes`, or (mid 2026) written to the draft with `publish_url`."""
    patch_answer: Literal["full", "minimal", "empty"] = "full"
    failed_op: Literal[400, 422] = 422
    """Status when an operation does not apply."""
    failed_test: Literal[400, 409, 412, 422] = 409
    unknown_fields: Literal["keep", "drop", "reject"] = "keep"
    face_required: bool = True
    """POST /v2/pals without default_face_id is refused."""
    references: Literal["lenient", "strict"] = "lenient"
    """`strict` refuses ids of guardrails, objectives, documents and dictionaries that do not exist."""
    owner_id: bool = False
    """Show `owner_id` in persona bodies."""
    tool_ids: bool = True
    """Show `tool_ids` in persona bodies."""
    attach_touches: bool = False
    """Attaching and detaching tools moves the persona's `updated_at`."""
    guardrail_pages_from: Literal[0, 1] = 1
    """The base of `page` for guardrails; the documentation says 0, the vendor's client sends 1."""
    stale_reads: int = 0
    """So many GETs of an object right after a write still show the old body."""
    document_reads: int = 0
    """So many GETs of a new document still show it being processed."""
    trim: bool = False
    """Strip white space around names and prompts on write."""


def parse_mood(data: Json, *, base: Mood | None = None) -> Mood:
    """A mood from a mapping of switches; unnamed ones stay as in `base`.

    Raises `UsageError` that names the switch, what was given, and what is possible.
    """
    mood = base or Mood()
    if not isinstance(data, Mapping):
        raise UsageError(f"mood: expected a mapping of switches, found {data!r}")
    hints = get_type_hints(Mood)
    known = [item.name for item in fields(Mood)]
    changes: dict[str, Json] = {}
    for name, value in data.items():
        if name not in hints:
            close = get_close_matches(name, known, n=1)
            raise UsageError(
                f"mood: unknown switch {name!r}; known: {', '.join(known)}",
                hint=f"did you mean {close[0]!r}?" if close else None,
            )
        choices = get_args(hints[name])
        wanted = type(getattr(mood, name))
        if (choices and value not in choices) or type(value) is not wanted:
            expected = ", ".join(map(str, choices)) if choices else wanted.__name__
            raise UsageError(f"mood: {name} is {value!r}; expected {expected}")
        changes[name] = value
    return replace(mood, **changes)  # type: ignore[arg-type]
