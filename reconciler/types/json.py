"""The JSON value type, with references among its values, and JSON pointers as text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from reconciler.types.reference import ResourceRef, SecretRef

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
