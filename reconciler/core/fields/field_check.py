"""Checks of a body against its kind's field table: JSON types, bounds, unknown fields, server-owned fields."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.canonical.field_tree import Node, build_field_tree, field_at
from reconciler.core.fields.field_hints import hint_for_item, hint_for_key, hint_for_value, item_name
from reconciler.types.address import Address, is_reference
from reconciler.types.diagnostic import Diagnostic, Fix, Severity, Source
from reconciler.types.json import Json, Object, escape, lookup, split
from reconciler.types.kind import Bounds, Field, KindSpec, Type


def bound_violations(bounds: Bounds, value: Json, name: str) -> Iterator[tuple[str, str]]:
    """What is wrong with the value of the field `name`: pointer below the field, and why. Values of another type than
    the bounds are about, and what is only known when it is sent, pass."""
    if isinstance(value, str):
        yield from (("", problem) for problem in _text(bounds, value, name))
    elif isinstance(value, list):
        yield from _items(bounds, value, name)
    elif isinstance(value, dict):
        if bounds.max_members is not None and len(value) > bounds.max_members:
            many = f"has {len(value):,} members; the limit is {bounds.max_members:,}"
            yield "", f"{name} {many if bounds.max_members else bounds.describe()}"
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield from (("", problem) for problem in _number(bounds, value, name))


def _text(bounds: Bounds, value: str, name: str) -> Iterator[str]:
    if len(value) < bounds.min_length:
        yield f"{name} is empty" if not value else f"{name} is too short: {bounds.describe()}"
    elif bounds.max_length is not None and len(value) > bounds.max_length:
        yield f"{name} has {len(value):,} characters; the limit is {bounds.max_length:,}"
    elif value and bounds.pattern and not re.fullmatch(bounds.pattern, value):
        shown = value if len(value) <= 80 else value[:77] + "..."
        yield f"{name} is {shown!r}; it must be {bounds.pattern_description or bounds.pattern}"


def _number(bounds: Bounds, value: float, name: str) -> Iterator[str]:
    low = bounds.minimum is not None and value < bounds.minimum
    high = bounds.maximum is not None and value > bounds.maximum
    if low or high or (bounds.exclusive_minimum is not None and value <= bounds.exclusive_minimum):
        yield f"{name} is {value:g}; it must be {bounds.describe()}"


def _items(bounds: Bounds, value: list[Json], name: str) -> Iterator[tuple[str, str]]:
    if len(value) < bounds.min_items:
        yield "", f"{name} is empty" if not value else f"{name} has {len(value)} items; {bounds.describe()}"
    if bounds.max_items is not None and len(value) > bounds.max_items:
        yield "", f"{name} has {len(value):,} items; the limit is {bounds.max_items:,}"
    if bounds.each is not None:
        for index, item in enumerate(value):
            for below, problem in (
                bound_violations(bounds.each, item, f"an item of {name}") if isinstance(item, str) else ()
            ):
                yield f"/{index}{below}", problem
    if bounds.unique_member:
        yield from _repeated(value, bounds.unique_member, name)


def _repeated(items: list[Json], member: str, name: str) -> Iterator[tuple[str, str]]:
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        key = lookup(item, f"/{escape(member)}") if isinstance(item, dict) else None
        if isinstance(key, str) and seen.setdefault(key, index) != index:
            shown = key if len(key) <= 40 else key[:37] + "..."
            yield f"/{index}/{escape(member)}", f"{name} has the {member} {shown!r} twice"


def bounds_schema(bounds: Bounds, kind: str) -> Object:
    """The bounds as JSON Schema keywords of a value of the JSON type `kind`."""
    if kind == "string":
        pattern = f"^(?:{bounds.pattern})$" if bounds.pattern else None
        found: Object = {"minLength": bounds.min_length or None, "maxLength": bounds.max_length, "pattern": pattern}
    elif kind == "array":
        found = {"minItems": bounds.min_items or None, "maxItems": bounds.max_items}
    elif kind == "object":
        found = {"maxProperties": bounds.max_members}
    else:
        found = {"minimum": bounds.minimum, "maximum": bounds.maximum, "exclusiveMinimum": bounds.exclusive_minimum}
    return {word: value for word, value in found.items() if value is not None}


UNKNOWN_FIELD = "L18"
WRONG_TYPE = "L20"
SERVER_FIELD = "E-server"

_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_PLAIN = (str, int, float, bool)
_WANTED = {
    Type.STRING: "text",
    Type.BOOLEAN: "true or false",
    Type.INTEGER: "a whole number",
    Type.NUMBER: "a number",
    Type.STRINGS: "a list of texts",
    Type.LIST: "a list",
    Type.OBJECT: "a mapping",
}


def check_fields(
    spec: KindSpec,
    body: Object,
    *,
    address: Address | None = None,
    source: Source | None = None,
    loading: bool = False,
) -> list[Diagnostic]:
    """What is wrong or odd about `body` (either vocabulary; markers are taken as right).

    Errors: a value of another JSON type than declared. Warnings: a boolean or number given as text (servers take
    it), one that is no text among members of free choice (headers, query parameters), and a member that the table
    does not know under a declared object; such members are sent all the same. With `loading`, the types of
    `Field.tolerated_types` are not spoken of: such a file can be read and sent.
    """
    return [
        Diagnostic(code, severity, summary, hint=hint, address=address, pointer=pointer, source=source, fix=fix)
        for code, severity, summary, hint, pointer, fix in _members(build_field_tree(spec), body, "", spec)
        if not (loading and code == WRONG_TYPE and _is_also(spec, pointer, body))
    ]


def spelling_hint(spec: KindSpec, path: str) -> str | None:
    """What a place that the table does not know may have been meant to be; None for one that it knows."""
    body: Json = None
    for word in reversed(split(path)):
        body = {word: body}
    found = check_fields(spec, body) if isinstance(body, dict) else []
    return next((one.hint for one in found if one.code == UNKNOWN_FIELD), None)


def _is_also(spec: KindSpec, pointer: str, body: Object) -> bool:
    row = field_at(spec, pointer)
    value = lookup(body, pointer)
    return row is not None and any(_fits(kind, value) for kind in row.tolerated_types)


def without_server_fields(spec: KindSpec, body: Object) -> tuple[Object, tuple[str, ...]]:
    """`body` (canonical) less what the server assigns, and the pointers of what was taken out."""
    dropped: list[str] = []
    return _drop(build_field_tree(spec), body, "", dropped), tuple(dropped)


def server_field_warning(pointer: str, address: Address, source: Source) -> Diagnostic:
    """Said once for each server-owned member of a manifest."""
    return Diagnostic(
        SERVER_FIELD,
        Severity.WARNING,
        f"{pointer.rpartition('/')[2]} is assigned by the server and not sent",
        hint="remove it; to import one object by its id write metadata.id",
        address=address,
        pointer=pointer,
        source=source,
        fix=Fix("remove the field", remove=True),
    )


def _drop(node: Node, body: Object, path: str, dropped: list[str]) -> Object:
    result = body
    for word, member in body.items():
        child = node.children.get(word)
        if child is None:
            continue
        if child.row is not None and child.row.server_owned:
            dropped.append(f"{path}/{word}")
            result = {key: value for key, value in result.items() if key != word}
        elif isinstance(member, dict) and child.children:
            smaller = _drop(child, member, f"{path}/{word}", dropped)
            if smaller is not member:
                result = {**result, word: smaller}
    return result


def ignored_in_vain(spec: KindSpec, pointer: str) -> tuple[str, str | None] | None:
    """Why nothing at or below `pointer` (canonical) is ever compared, so that ignoring it does nothing, and what to
    write instead; None where something may be. A list is compared as one, but for lists whose items have names."""
    node, path = build_field_tree(spec), ""
    for word in split(pointer):
        row, place = node.row, f"{path}/{escape(word)}"
        if row is not None and (row.keyed or row.item_key is not None):
            if not word.isdigit():
                return None
            return f"items of {path} go by their names, not by their places", f"write {path}/NAME"
        if row is not None and (row.type in _WHOLE or (row.atomic and node.child(word).row is None)):
            return f"{path} is compared as a whole", f"write {path}"
        if node.children and node.star is None and word not in node.children and not (row and row.open_ended):
            where = path or f"a {spec.manifest_kinds[0]}"
            return f"{word!r} is not a known field of {where}", hint_for_key(spec, node, word, place)
        node, path = node.child(word), place
    return None


_WHOLE = (Type.STRING, Type.BOOLEAN, Type.INTEGER, Type.NUMBER, Type.STRINGS, Type.LIST)

_Found = tuple[str, Severity, str, str | None, str, Fix | None]


def _members(node: Node, body: Object, path: str, spec: KindSpec) -> Iterator[_Found]:
    children, renames, star = node.children, node.renames, node.star
    row = node.row
    closed = bool(children) and star is None and not (row is not None and row.open_ended)
    for word, member in body.items():
        name = renames.get(word, word) if renames else word
        child = children.get(name) or star
        if child is None:
            if closed:
                yield _unknown(node, word, f"{path}/{escape(word)}", spec)
            continue
        row = child.row
        if row is not None and not row.server_owned and member is not None:
            kind = row.type
            # The two commonest cases first: this runs for every member of every manifest.
            if not (kind is Type.STRING and isinstance(member, str)) and kind is not Type.ANY:
                yield from _typed(row, member, f"{path}/{escape(name)}")
        if isinstance(member, dict) and (child.children or child.star):
            yield from _members(child, member, f"{path}/{escape(name)}", spec)
        elif isinstance(member, list) and child.star is not None and row is not None and row.type is Type.LIST:
            for index, item in enumerate(member):
                place = f"{path}/{escape(name)}/{index}"
                if isinstance(item, dict):
                    if row.item_key is not None and is_reference(item.get(row.item_key)):
                        yield _nameless(row.item_key, name, place)
                    yield from _members(child.star, item, place, spec)
                elif not is_reference(item):
                    summary = f"an item of {name} must be a mapping, not {json_type_name(item)}"
                    yield WRONG_TYPE, Severity.ERROR, summary, None, place, None


def _nameless(member: str, words: str, place: str) -> _Found:
    summary = f"{member} cannot come from a variable or a file: the {words} are told apart by their names"
    hint = "write the name itself, or give each workspace its own in an overlay"
    return WRONG_TYPE, Severity.ERROR, summary, hint, f"{place}/{member}", None


def _unknown(node: Node, word: str, pointer: str, spec: KindSpec) -> _Found:
    where = pointer.rpartition("/")[0] or f"a {spec.manifest_kinds[0]}"
    summary = f"{word!r} is not a known field of {where}; it is sent as it is"
    return UNKNOWN_FIELD, Severity.WARNING, summary, hint_for_key(spec, node, word, pointer), pointer, None


def _typed(row: Field, value: Json, pointer: str) -> Iterator[_Found]:
    if _fits(row.type, value) or is_reference(value):
        if row.type is Type.STRINGS and isinstance(value, list):
            for index, item in enumerate(value):
                if not isinstance(item, str) and not is_reference(item):
                    summary = f"{item_name(row, str(index), item)} must be a text, not {json_type_name(item)}"
                    place = f"{pointer}/{index}"
                    yield WRONG_TYPE, Severity.ERROR, summary, hint_for_item(row, item), place, None
        elif row.keyed and isinstance(value, list):
            yield from _inline_tools(value, pointer)
        return
    if isinstance(value, str):
        meant = _from_text(row.type, value)
        if meant is not None:
            fix = Fix("write it without quotes", meant)
            summary = f"{_name(pointer)} is the text {value!r}; the field is {_WANTED[row.type]}"
            yield WRONG_TYPE, Severity.WARNING, summary, "write it without quotes", pointer, fix
            return
    yield _wrong(row, value, pointer, _WANTED[row.type], hint_for_value(row, value))


def _inline_tools(items: list[Json], pointer: str) -> Iterator[_Found]:
    hint = "write {type: function, function: {name, description, parameters}}; tools of the registry stand in `tools`"
    for index, item in enumerate(items):
        if not isinstance(item, dict):
            summary = f"an inline tool must be a mapping, not {json_type_name(item)}"
            yield WRONG_TYPE, Severity.ERROR, summary, hint, f"{pointer}/{index}", None
        elif not isinstance(item.get("function", {}), dict):
            summary = f"function of an inline tool must be a mapping, not {json_type_name(item['function'])}"
            yield WRONG_TYPE, Severity.ERROR, summary, hint, f"{pointer}/{index}/function", None


def _wrong(row: Field, value: Json, pointer: str, wanted: str, hint: str | None) -> _Found:
    # The API takes headers and parameters as they are; only what reads them later may stumble.
    free = row.path.endswith("*") and (row.secret or bool(row.by_look))
    severity = Severity.WARNING if free and isinstance(value, _PLAIN) else Severity.ERROR
    summary = f"{_name(pointer) if free else row.path} must be {wanted}, not {json_type_name(value)}"
    return WRONG_TYPE, severity, summary, hint, pointer, None


def _fits(wanted: Type, value: Json) -> bool:
    if wanted is Type.STRING:
        return isinstance(value, str)
    if wanted is Type.BOOLEAN:
        return isinstance(value, bool)
    if wanted is Type.NUMBER:
        return isinstance(value, int | float) and not isinstance(value, bool)
    if wanted is Type.INTEGER:
        return not isinstance(value, bool) and (
            isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        )
    if wanted is Type.OBJECT:
        return isinstance(value, dict)
    return isinstance(value, list) if wanted in {Type.LIST, Type.STRINGS} else True


def _from_text(wanted: Type, text: str) -> Json:
    """The boolean or number that `text` spells, None where it spells none."""
    plain = text.strip()
    if wanted is Type.BOOLEAN and plain.lower() in {"true", "false"}:
        return plain.lower() == "true"
    if wanted in {Type.NUMBER, Type.INTEGER} and len(plain) < 30 and _NUMBER.fullmatch(plain):
        number = float(plain)
        if wanted is Type.NUMBER and not number.is_integer():
            return number
        return int(number) if number.is_integer() else None
    return None


def _name(pointer: str) -> str:
    return pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")


def json_type_name(value: Json) -> str:
    """The JSON type of a value, in words."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, int | float):
        return "a number"
    if isinstance(value, str):
        return "a text"
    return "a list" if isinstance(value, list) else "a mapping"
