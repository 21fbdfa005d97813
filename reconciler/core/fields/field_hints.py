"""What is said of fields: what a new object needs, what is on its way out, what somebody probably meant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from reconciler.core.canonical.canonical_form import json_equal, tool_name
from reconciler.core.canonical.field_tree import Node, field_at
from reconciler.core.canonical.references import WORDS
from reconciler.types.catalogue import Catalogue, Status, is_hosted
from reconciler.types.change import Change
from reconciler.types.json import Json, Object, escape, is_filled, lookup, split, within
from reconciler.types.kind import ConditionalRequirement, Field, KindSpec, Type


def missing_members(spec: KindSpec, body: Object) -> Iterator[tuple[str, str]]:
    """Pointer of each member that `body` (canonical words, as written) lacks, and the condition in words ("" where
    there is none). Markers say something; null, blank texts and empty lists do not."""
    for row in spec.fields:
        if row.required and row.path != spec.name_field:
            yield from ((place, "") for place in _places(body, row.path) if not is_filled(lookup(body, place)))
    for need in spec.conditional_requirements:
        if _holds(need, body):
            yield from (
                (place, describe_condition(spec, need))
                for place in need.members
                if not is_filled(lookup(body, place))
            )


def removes_required(change: Change) -> bool:
    """Whether a change of an object that exists removes something that a new one could not do without."""
    spec = change.kind
    conditional = {member for need in spec.conditional_requirements for member in need.members}
    gone = [
        field.path
        for field in change.fields
        if field.before is not None and field.after is None and not field.after_unknown
    ]
    return any(path in conditional or ((row := field_at(spec, path)) and row.required) for path in gone)


def describe_condition(spec: KindSpec, need: ConditionalRequirement) -> str:
    """When a need holds: `when on_call is static_filler`."""
    word = need.when[1:].replace("/", ".")
    if not need.values:
        return f"when {word} is given"
    values = [str(value) for value in need.values if value is not None]
    row = field_at(spec, need.when)
    default = row is not None and row.default in need.values
    usual = ", as it is when not given" if None in need.values or default else ""
    return f"when {word} is {' or '.join(values)}{usual}"


def when_needed(spec: KindSpec, pointer: str) -> tuple[str, ...]:
    """When the field at `pointer`, or a member of an object that is explained as a whole, is needed: sentences."""
    found: list[str] = []
    for need in spec.conditional_requirements:
        if pointer in need.members:
            found.append(f"A new object needs it {describe_condition(spec, need)}.")
        elif pointer and _nearest_row(spec, need.members[0]) == pointer:
            inside = " and ".join(member[len(pointer) + 1 :].replace("/", ".") for member in need.members)
            found.append(f"A new object needs {inside} {describe_condition(spec, need)}.")
    row = field_at(spec, pointer)
    if row is not None and row.type is Type.LIST and row.item_key is None:
        needed = [
            field.path.rpartition("/")[2]
            for field in spec.fields
            if field.required and _item_of(field.path) == pointer
        ]
        found += [f"Each item needs {', '.join(needed)}."] if needed else []
    return tuple(found)


def _nearest_row(spec: KindSpec, pointer: str) -> str:
    """The closest place above `pointer` that is written whole; what lies in it is explained there."""
    rows = [row.path for row in spec.fields if row.atomic and within(pointer, row.path) and row.path != pointer]
    return rows[0] if rows else ""


def _holds(need: ConditionalRequirement, body: Object) -> bool:
    value = lookup(body, need.when)
    if not need.values:
        return is_filled(value)
    return (value if is_filled(value) else None) in need.values


def _places(body: Object, path: str) -> Iterator[str]:
    """The places of a row's member in `body`: one for each item where the path goes through a list."""
    above, _, word = path.rpartition("/")
    holder, star, _ = above.partition("/*")
    if star:
        items = lookup(body, holder)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            if isinstance(item, dict):
                yield f"{holder}/{index}/{word}"
    elif not above or (isinstance(parent := lookup(body, above), dict) and parent):
        yield f"{above}/{escape(word)}"


def _item_of(path: str) -> str:
    """The list whose items have the member `path`, empty where it is no member of an item."""
    above = path.rpartition("/")[0]
    return above.removesuffix("/*") if above.endswith("/*") else ""


SAID = {
    Status.LEGACY: "is a legacy choice",
    Status.DEPRECATED: "is deprecated",
    Status.UNLISTED: "is not listed by the vendor any more",
    Status.REMOVED: "was removed",
}


@dataclass(frozen=True, slots=True)
class Outdated:
    """One thing to move away from. `advice` is None where nothing is known to follow it."""

    pointer: str
    summary: str
    detail: str = ""
    advice: str | None = None


def outdated_name(kind: KindSpec, pointer: str, name: Json, catalogue: Catalogue) -> Outdated | None:
    """What the configured generation says of the model or engine called `name` at `pointer`, if it is to be left."""
    table = kind.catalogue_tables.get(pointer)
    if table is None or not isinstance(name, str) or not name or (table == "llm" and not is_hosted(name)):
        return None
    status = catalogue.status(name, table)
    if not status.is_outdated:
        return None
    after, row = catalogue.successor(name, table), catalogue.entry(name, table)
    detail = f"{after.reason} ({after.basis})" if after is not None else row.note if row is not None else ""
    advice = _advice(after.id, after.alternatives) if after is not None else None
    return Outdated(pointer, f"{name} {SAID[status]}", detail, advice)


def outdated_field(pointer: str, value: Json, row: Field) -> Outdated | None:
    """What the field table says of a field that is deprecated and says something; its default says nothing."""
    if not row.deprecated or not is_filled(value) or (row.default is not None and json_equal(value, row.default)):
        return None
    return Outdated(pointer, f"{split(pointer)[-1]} is deprecated: {row.deprecated}")


def outdated_place(kind: KindSpec, pointer: str, value: Json) -> Outdated | None:
    """A place that is gone altogether."""
    for place, (summary, advice) in kind.removed_fields.items():
        if within(pointer, place) and is_filled(value):
            return Outdated(pointer, summary, advice=advice)
    return None


def _advice(successor: str | None, alternatives: tuple[str, ...]) -> str | None:
    if successor:
        return f"use {successor}" + (f" (or {', '.join(alternatives)})" if alternatives else "")
    return f"choose one of {', '.join(alternatives)}" if alternatives else None


FUNCTION = (
    "a function written out belongs under /layers/llm/tools; or make it a manifest of its own (kind: Tool) and write "
    "its name here"
)
NAMES = "write a list of names: registry tools of the account, or {ref: tool.name}"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLAIN = (str, int, float, bool)


def hint_for_key(spec: KindSpec, node: Node, word: str, pointer: str) -> str | None:
    """What to write instead of the unknown key `word`, which stands at `pointer` under `node`."""
    belongs = spec.misplaced_keys.get(pointer)
    if belongs is not None:
        where = f"{word} stands at {belongs}" if belongs else "remove it"
        return f"it has no effect there; {where} (`reconciler migrate` moves or drops it)"
    known = [*node.children, *node.renames]
    plain = snake_case(word)
    if plain != word and plain in known:
        return f"did you mean {plain!r}?"
    parent = pointer.rpartition("/")[0]
    for spelling in (pointer, f"{parent}/{plain}"):
        if spelling in spec.unknown_key_hints:
            return spec.unknown_key_hints[spelling]
    close = get_close_matches(word, known, n=1, cutoff=0.65) or get_close_matches(plain, known, n=1, cutoff=0.65)
    if close:
        return f"did you mean {close[0]!r}?"
    elsewhere = next((row.path for row in spec.fields if row.path.rpartition("/")[2] == plain), None)
    return f"{word} stands at {elsewhere}" if elsewhere else None


def snake_case(word: str) -> str:
    """`systemPrompt`, `System-Prompt` and `SYSTEM PROMPT` as `system_prompt`."""
    return re.sub(r"[\s-]+", "_", _HUMP.sub("_", word.strip())).lower()


def hint_for_value(row: Field, value: Json) -> str | None:
    """How to write `value`, which is of another type than the field has."""
    if row.type is Type.STRING and isinstance(value, int | float):
        if row.secret:
            return "put it in quotes"
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    if row.type is Type.STRING and isinstance(value, dict) and len(value) == 1:
        close = get_close_matches(next(iter(value)), WORDS, n=1)
        return f"did you mean {{{close[0]}: ...}}?" if close else None
    if row.type is Type.STRINGS and isinstance(value, _PLAIN):
        return "write a list, also for one item"
    if row.type is Type.STRINGS and row.ref == "tool":
        return f"{NAMES}; {FUNCTION}" if isinstance(value, dict) else NAMES
    if row.type in {Type.LIST, Type.OBJECT} and isinstance(value, str) and value.strip()[:1] in {"{", "["}:
        return "write it as YAML or JSON, not as text in quotes"
    if (
        row.type is Type.OBJECT
        and isinstance(value, list)
        and value
        and all(isinstance(item, dict) for item in value)
    ):
        word = next((key for item in value if isinstance(item, dict) for key in item), "key")
        return f"write its members without the dashes: {row.path.rpartition('/')[2]}: {{{word}: ...}}"
    if row.type is Type.LIST and isinstance(value, dict):
        return "write a list: one item with a dash for each member"
    return None


def item_name(row: Field, index: str, value: Json) -> str:
    """An item of a list of texts as a sentence names it: by its number, and its own name where it has one."""
    name = tool_name(value)
    return f"item {int(index) + 1} of {row.path}" + (f" ({name})" if name else "")


def hint_for_item(row: Field, value: Json) -> str | None:
    """How to write an item of a list of texts that is none."""
    if not isinstance(value, dict):
        return "put it in quotes" if isinstance(value, _PLAIN) else None
    if row.ref == "tool":
        return FUNCTION
    return f"write its id, or {{ref: {row.ref}.name}}" if row.ref else "write a text"
