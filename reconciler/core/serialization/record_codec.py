"""Frozen records <-> JSON, driven by their annotations; references and masks as JSON.

Records become objects (members at their default left out), tuples lists, enums their names, addresses and times
their texts. JSON values stand as they are, references and masks in them too, until `write_marks` spells those:
`{"$secret": {"env": X}}`, `{"$ref": "kind.name"}`, `{"$mask": true}`. Data that looks like one of them gets one more
`$`, so that it reads back as data.
"""

from __future__ import annotations

import re
import types
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from reconciler.core.serialization import checked_json as read
from reconciler.core.serialization.checked_json import Malformed, address_from
from reconciler.types.address import Address, ResourceRef, SecretRef, is_reference
from reconciler.types.json import SENSITIVE, Json, Object, escape, is_mask
from reconciler.types.kind import Kinds, KindSpec

SECRET, REF, MASK = "$secret", "$ref", "$mask"
KINDS = frozenset({"env", "file", "literal"})
_ADDRESS = re.compile(r"[a-z_]+\..+", re.DOTALL)


def write_marks(value: Json, *, masks: bool = True) -> Json:
    """`value` as JSON that `read_marks` reads back. Without `masks` they stand as the text that people see."""
    if isinstance(value, SecretRef):
        return {SECRET: {**value.written()}}
    if isinstance(value, ResourceRef):
        return {REF: value.address}
    if isinstance(value, dict):
        found: Object = {key: write_marks(member, masks=masks) for key, member in value.items()}
        return {f"${key}": member for key, member in found.items()} if _imitates(value) else found
    if isinstance(value, list):
        return [write_marks(item, masks=masks) for item in value]
    return {MASK: True} if masks and is_mask(value) else value


def read_marks(value: Json) -> Json:
    """The inverse of `write_marks`."""
    if isinstance(value, dict):
        found: Object = {key: read_marks(member) for key, member in value.items()}
        if not _imitates(value):
            return found
        ((word, inner),) = value.items()
        if word == SECRET and isinstance(inner, dict):
            return SecretRef.of({kind: str(name) for kind, name in inner.items()})
        if word == REF:
            return ResourceRef(str(inner))
        return SENSITIVE if word == MASK else {word[1:]: found[word]}
    return [read_marks(item) for item in value] if isinstance(value, list) else value


def lookalikes(value: Json, here: str = "") -> Iterator[str]:
    """Where something reads as a reference: JSON pointers, items of lists by number."""
    if isinstance(value, dict):
        if _imitates(value) and MASK not in value:
            yield here
        for key, member in value.items():
            yield from lookalikes(member, f"{here}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from lookalikes(item, f"{here}/{index}")


def _imitates(value: Object) -> bool:
    """Whether it has the shape of a mark, with one `$` or more."""
    if len(value) != 1:
        return False
    ((word, inner),) = value.items()
    if not word.startswith("$"):
        return False
    name = "$" + word.lstrip("$")
    if name == SECRET:
        return isinstance(inner, dict) and len(inner) == 1 and inner.keys() <= KINDS and _is_text(*inner.values())
    return (name == REF and _is_text(inner) and _ADDRESS.fullmatch(str(inner)) is not None) or (
        name == MASK and inner is True
    )


def _is_text(value: Json) -> bool:
    return isinstance(value, str) and not is_mask(value)


T = TypeVar("T")


class _JsonValue:
    """Stands for `Json` in annotations: any JSON value, kept as it is."""


class _JsonObject:
    """Stands for `Object`."""


# `Json` is recursive, so its alias is a text that cannot be taken apart at run time.
_NAMES = {"Json": _JsonValue, "Object": _JsonObject, "Mapping": Mapping}


def to_json(record: object) -> Json:
    """The JSON form of a record, or of a value of one of its fields."""
    if isinstance(record, Address):
        return str(record)
    if isinstance(record, Enum):
        return record.name
    if isinstance(record, datetime):
        return record.isoformat()
    if isinstance(record, tuple):
        return [to_json(item) for item in record]
    if isinstance(record, frozenset):
        return [to_json(item) for item in sorted(record)]
    if is_reference(record):
        return cast(Json, record)
    if is_dataclass(record):
        found: Object = {}
        for field in fields(record):
            value = getattr(record, field.name)
            if not isinstance(value, KindSpec) and not _is_default(field, value):
                found[field.name] = to_json(value)
        return found
    if isinstance(record, Mapping):
        return {str(key): to_json(item) for key, item in record.items()}
    # What is left is JSON already; lists too, for records hold tuples.
    return cast(Json, record)


def from_json(kind: type[T], value: Json, where: str = "", kinds: Kinds | None = None) -> T:
    """The inverse of `to_json` for a record of type `kind`. Raises `Malformed` naming the place.

    `kinds`: those that addresses name, for records that carry the kind of their object.
    """
    return cast(T, _reader(cast(Hashable, kind), kinds)(value, where))


def _is_default(field: Field[Any], value: object) -> bool:
    # 0, 0.0 and False are equal, but do not read back as each other.
    default = field.default_factory() if field.default_factory is not MISSING else field.default
    return default is not MISSING and type(default) is type(value) and bool(default == value)


_Read = Callable[[Json, str], object]


@cache
def _reader(kind: Hashable, kinds: Kinds | None) -> _Read:
    if kind in _PLAIN:
        return _PLAIN[kind]
    origin, arguments = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return _optional(arguments, kinds)
    if origin is tuple and len(arguments) == 2 and arguments[1] is Ellipsis:
        item = _reader(arguments[0], kinds)
        return lambda value, where: tuple(
            [item(member, f"{where}/{index}") for index, member in enumerate(read.items(value, where))]
        )
    if origin is frozenset:
        element = _reader(arguments[0], kinds)
        return lambda value, where: frozenset(
            element(member, f"{where}/{index}") for index, member in enumerate(read.items(value, where))
        )
    if origin is not None and issubclass(origin, Mapping):
        name, member = _reader(arguments[0], kinds), _reader(arguments[1], kinds)
        return lambda value, where: {
            name(key, where): member(item, f"{where}/{key}") for key, item in read.mapping(value, where).items()
        }
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value, where: _enum(kind, value, where)
    if is_dataclass(kind):
        return lambda value, where: _record(cast("type[Any]", kind), value, where, kinds)
    raise TypeError(f"no way to read {kind!r} from JSON")


def _optional(arguments: tuple[Any, ...], kinds: Kinds | None) -> _Read:
    inner = [argument for argument in arguments if argument is not type(None)]
    if len(inner) != 1 or len(inner) == len(arguments):
        raise TypeError(f"no way to tell {arguments!r} apart in JSON")
    reader = _reader(inner[0], kinds)
    return lambda value, where: None if value is None else reader(value, where)


def _enum(kind: type[Enum], value: Json, where: str) -> Enum:
    name = read.text(value, where)
    if name not in kind.__members__:
        raise Malformed(f"{where}: {name!r} is none of {', '.join(kind.__members__)}")
    return kind[name]


@cache
def _fields(name: Hashable, kinds: Kinds | None) -> dict[str, tuple[_Read, bool]]:
    """Field -> its reader, and whether it may be absent."""
    kind = cast("type[Any]", name)
    hints = get_type_hints(kind, localns=dict(_NAMES))
    return {
        field.name: (
            _reader(hints[field.name], kinds),
            field.default is not MISSING or field.default_factory is not MISSING,
        )
        for field in fields(kind)
        if hints[field.name] is not KindSpec
    }


def _record(kind: type[Any], value: Json, where: str, kinds: Kinds | None) -> object:
    found = read.mapping(value, where)
    known = _fields(cast(Hashable, kind), kinds)
    read.refuse_unknown(found, frozenset(known), where)
    for name, (_, optional) in known.items():
        if not optional and name not in found:
            raise Malformed(f"{where}/{name} is missing")
    read_members = {name: known[name][0](item, f"{where}/{name}") for name, item in found.items()}
    if _carries_kind(cast(Hashable, kind)):
        read_members["kind"] = _kind_of(read_members.get("address"), where, kinds)
    return kind(**read_members)


@cache
def _carries_kind(record: Hashable) -> bool:
    return get_type_hints(cast("type[Any]", record), localns=dict(_NAMES)).get("kind") is KindSpec


def _kind_of(address: object, where: str, kinds: Kinds | None) -> KindSpec:
    if kinds is None or not isinstance(address, Address):
        raise TypeError(f"{where}: no kinds to read it with")
    if address.kind not in kinds:
        raise Malformed(f"{where}: {address}: a kind that is not known")
    return kinds.get(address.kind)


def _number(value: Json, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise Malformed(f"{where}: a number was expected")
    return value


def _whole(value: Json, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise Malformed(f"{where}: a whole number was expected")
    return value


def _moment(value: Json, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(read.text(value, where))
    except ValueError:
        raise Malformed(f"{where}: a time was expected") from None
    if found.tzinfo is None:
        raise Malformed(f"{where}: a time with its offset was expected")
    return found


def _boolean(value: Json, where: str) -> bool:
    if not isinstance(value, bool):
        raise Malformed(f"{where}: true or false was expected")
    return value


_PLAIN: dict[Any, _Read] = {
    _JsonValue: lambda value, _: value,
    _JsonObject: read.mapping,
    Address: address_from,
    str: read.text,
    int: _whole,
    float: _number,
    bool: _boolean,
    datetime: _moment,
}
