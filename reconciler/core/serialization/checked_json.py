"""Checked reading of JSON members from files of our own: wrong types become one error that names the place."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.types.address import Address
from reconciler.types.json import Json, Object


class Malformed(ValueError):
    """A document is not what it should be; the text says where and what. Never leaves `core`."""


def mapping(value: Json, where: str) -> Object:
    if not isinstance(value, dict):
        raise Malformed(f"{where}: an object was expected, not {_kind(value)}")
    return value


def items(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list):
        raise Malformed(f"{where}: a list was expected, not {_kind(value)}")
    return value


def text(value: Json, where: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{where}: a text was expected, not {_kind(value)}")
    return value


def optional_text(value: Json, where: str) -> str | None:
    return None if value is None else text(value, where)


def texts(value: Json, where: str) -> tuple[str, ...]:
    """A list of texts; absent (None) is empty."""
    if value is None:
        return ()
    return tuple([text(item, where) for item in items(value, where)])


def whole(value: Json, where: str) -> int:
    """A number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed(f"{where}: a whole number was expected, not {_kind(value)}")
    return value


def flag(value: Json, where: str) -> bool:
    """A boolean; absent (None) is false."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Malformed(f"{where}: true or false was expected, not {_kind(value)}")
    return value


def text_map(value: Json, where: str) -> dict[str, str]:
    """An object of texts; absent (None) is empty."""
    if value is None:
        return {}
    members = mapping(value, where)
    # 200,000 digests pass through here at every start: one pass in C, the slow look only for the error.
    if set(map(type, members.values())) - {str}:
        key = next(key for key, item in members.items() if not isinstance(item, str))
        raise Malformed(f"{where}/{key}: a text was expected, not {_kind(members[key])}")
    return members  # type: ignore[return-value]


def address_from(value: Json, where: str) -> Address:
    """An address from its text. Raises `Malformed`."""
    try:
        return Address.parse(text(value, where))
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"{where}: {error}") from None


def refuse_unknown(members: Iterable[str], known: frozenset[str], where: str) -> None:
    """A member that this version does not know would be lost when the document is written again."""
    if unknown := sorted(set(members) - known):
        raise Malformed(f"{where}: unknown member {unknown[0]!r}")


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)
