"""What stands for a secret in everything that is shown: a type of its own, so that nothing takes it for a value."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.types.json import Json, escape


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
        for place, item in enumerate(value):
            yield from masks(item, f"{pointer}/{place}")


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
        return [put_masks(item, pointers, f"{here}/{place}") for place, item in enumerate(value)]
    return value


def refuse_masks(value: Json, what: str) -> None:
    """Raise `TypeError` where a mask would be written into `what`: the last gate of every encoder."""
    where = next(masks(value), None)
    if where is not None:
        raise TypeError(f"{what} would hold what only stands for a secret, at {where or 'its top'}")
