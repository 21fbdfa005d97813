"""JSON values and pointers into them, numbers as texts write them, and the mark of a hidden value."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import TypeAlias

from reconciler.types.address import ResourceRef, SecretRef

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | SecretRef | ResourceRef | None"
Object: TypeAlias = "dict[str, Json]"


def is_filled(value: Json) -> bool:
    """Says something: not null, not blank, not empty. References do."""
    if isinstance(value, str):
        return bool(value.strip())
    if isinstance(value, (list, dict)):
        return bool(value)
    return value is not None


def escape(token: str) -> str:
    """One reference token of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1") if "~" in token or "/" in token else token


def join(*tokens: str) -> str:
    """`join("layers", "llm")` is `"/layers/llm"`."""
    return "".join("/" + escape(token) for token in tokens)


def split(pointer: str) -> tuple[str, ...]:
    """`split("/layers/llm")` is `("layers", "llm")`; the empty pointer is the whole document."""
    if not pointer:
        return ()
    if "~" not in pointer:
        return tuple(pointer[1:].split("/"))
    return tuple(token.replace("~1", "/").replace("~0", "~") for token in pointer[1:].split("/"))


def within(pointer: str, parent: str) -> bool:
    """Whether `pointer` is `parent` or lies under it."""
    return pointer == parent or pointer.startswith(parent + "/")


def index_of(token: str, length: int) -> int | None:
    """The item of a list with `length` items that a pointer's token names, None where it names none.

    RFC 6901 section 4: digits 0 to 9 and no leading zero, so that one item has one spelling.
    """
    if not (token.isascii() and token.isdigit()) or (token[0] == "0" and token != "0"):
        return None
    # Counted before it is read: the interpreter refuses to read thousands of digits.
    if len(token) > len(str(length)):
        return None
    number = int(token)
    return number if number < length else None


def pointers(value: Json, at: str = "") -> Iterator[str]:
    """Every place of a document, from `at` on: the value itself, then what is in it."""
    yield at
    if isinstance(value, dict):
        for key, member in value.items():
            yield from pointers(member, f"{at}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from pointers(item, f"{at}/{index}")


def references(value: Json) -> Iterator[SecretRef | ResourceRef]:
    """Every reference inside `value`, in the order in which it is written."""
    if isinstance(value, dict):
        for member in value.values():
            yield from references(member)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)
    elif isinstance(value, SecretRef | ResourceRef):
        yield value


def lookup(document: Json, pointer: str, default: Json = None) -> Json:
    """The value at `pointer`, or `default` where a member is absent. Lists are indexed by number."""
    value = document
    for token in split(pointer):
        if isinstance(value, dict):
            if token not in value:
                return default
            value = value[token]
        elif isinstance(value, list):
            number = index_of(token, len(value))
            if number is None:
                return default
            value = value[number]
        else:
            return default
    return value


class Mask(str):
    """The text that people see in the place of a secret. A text of the same letters in a manifest, or in the account,
    is none: ask `is_mask`, never for equality."""

    __slots__ = ()


SENSITIVE = Mask("(sensitive)")


def is_mask(value: object) -> bool:
    """Whether `value` only stands for something that is not shown."""
    return isinstance(value, Mask)


def masks(value: Json, pointer: str = "") -> Iterator[str]:
    """Where masks stand in `value`: JSON pointers, items of lists by number."""
    if isinstance(value, Mask):
        yield pointer
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from masks(member, f"{pointer}/{escape(key)}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from masks(item, f"{pointer}/{index}")


def lift_masks(value: Json) -> Json:
    """`value` with null in the place of each mask; `masks` tells the places."""
    if isinstance(value, Mask):
        return None
    if isinstance(value, dict):
        return {key: lift_masks(member) for key, member in value.items()}
    return [lift_masks(item) for item in value] if isinstance(value, list) else value


def put_masks(value: Json, pointers: Collection[str], here: str = "") -> Json:
    """The inverse of `lift_masks`."""
    if here in pointers:
        return SENSITIVE
    if isinstance(value, dict):
        return {key: put_masks(member, pointers, f"{here}/{escape(key)}") for key, member in value.items()}
    if isinstance(value, list):
        return [put_masks(item, pointers, f"{here}/{index}") for index, item in enumerate(value)]
    return value


def refuse_masks(value: Json, what: str) -> None:
    """Raise `TypeError` where a mask would be written into `what`: the last gate of every encoder."""
    where = next(masks(value), None)
    if where is not None:
        raise TypeError(f"{what} would hold what only stands for a secret, at {where or 'its top'}")


MOST_DIGITS = 18
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
"""Seconds of a unit of time."""


def number_in(text: str) -> int | None:
    """The number that `text` spells with digits 0 to 9; None for all else, and for more than 18 digits.

    `int` also refuses texts of thousands of digits, so those are counted first.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def seconds_in(text: str, units: str = "smhd") -> float | None:
    """The seconds of a duration, a number with one of the `units`: `30s`, `1.5h`; None for all else."""
    match = re.fullmatch(rf"(\d+(?:\.\d+)?)([{units}])", text)
    return None if match is None else float(match[1]) * UNITS[match[2]]
