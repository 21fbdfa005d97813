"""What a new object cannot do without: which of it a body lacks, and when a field is needed, in words."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.field_tree import field_at
from reconciler.types.change import Change
from reconciler.types.json import Object, escape, is_filled, lookup, within
from reconciler.types.kind import KindSpec, Need, Type


def missing(spec: KindSpec, body: Object) -> Iterator[tuple[str, str]]:
    """Pointer of each member that `body` (canonical words, as written) lacks, and the condition in words ("" where
    there is none). Markers say something; null, blank texts and empty lists do not."""
    for row in spec.fields:
        if row.required and row.path != spec.name_field:
            yield from ((place, "") for place in _places(body, row.path) if not is_filled(lookup(body, place)))
    for need in spec.needs:
        if _holds(need, body):
            yield from (
                (place, condition(spec, need)) for place in need.members if not is_filled(lookup(body, place))
            )


def takes_away(change: Change) -> bool:
    """Whether a change of an object that exists removes something that a new one could not do without."""
    spec = change.kind
    conditional = {member for need in spec.needs for member in need.members}
    gone = [
        one.path for one in change.fields if one.before is not None and one.after is None and not one.after_unknown
    ]
    return any(path in conditional or ((row := field_at(spec, path)) and row.required) for path in gone)


def condition(spec: KindSpec, need: Need) -> str:
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
    for need in spec.needs:
        if pointer in need.members:
            found.append(f"A new object needs it {condition(spec, need)}.")
        elif pointer and _nearest_row(spec, need.members[0]) == pointer:
            inside = " and ".join(member[len(pointer) + 1 :].replace("/", ".") for member in need.members)
            found.append(f"A new object needs {inside} {condition(spec, need)}.")
    row = field_at(spec, pointer)
    if row is not None and row.type is Type.LIST and row.items_by is None:
        needed = [
            one.path.rpartition("/")[2] for one in spec.fields if one.required and _item_of(one.path) == pointer
        ]
        found += [f"Each item needs {', '.join(needed)}."] if needed else []
    return tuple(found)


def _nearest_row(spec: KindSpec, pointer: str) -> str:
    """The closest place above `pointer` that is written whole; what lies in it is explained there."""
    rows = [row.path for row in spec.fields if row.atomic and within(pointer, row.path) and row.path != pointer]
    return rows[0] if rows else ""


def _holds(need: Need, body: Object) -> bool:
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
