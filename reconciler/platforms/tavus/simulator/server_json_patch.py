"""RFC 6902 as the server applies it: shape first (422), then operation by operation on a copy, all or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass

from reconciler.types.json import Json, split

NEEDS_VALUE = frozenset({"add", "replace", "test"})
NEEDS_FROM = frozenset({"move", "copy"})
OPERATIONS = NEEDS_VALUE | NEEDS_FROM | {"remove"}


class PatchMalformed(Exception):
    """Not a JSON Patch document."""


class PatchConflict(Exception):
    """An operation does not apply to the document."""


class TestFailed(PatchConflict):
    """A `test` operation found another value."""

    __test__ = False


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation; `source` is the member `from`."""

    op: str
    path: str
    value: Json = None
    source: str = ""

    def touches(self) -> tuple[str, ...]:
        """The pointers that this operation writes."""
        if self.op == "test":
            return ()
        return (self.path, self.source) if self.op == "move" else (self.path,)


def parse_patch(data: Json) -> tuple[Operation, ...]:
    """The operations of a request body. Raises `PatchMalformed`."""
    if not isinstance(data, list):
        raise PatchMalformed("not an array")
    return tuple(_parse_operation(item) for item in data)


def _parse_operation(item: Json) -> Operation:
    if not isinstance(item, Mapping):
        raise PatchMalformed("an operation is not an object")
    op, path, source = item.get("op"), item.get("path"), item.get("from", "")
    if not isinstance(op, str) or op not in OPERATIONS:
        raise PatchMalformed(f"unknown operation {op!r}")
    if not _is_pointer(path) or (op in NEEDS_FROM and ("from" not in item or not _is_pointer(source))):
        raise PatchMalformed("a pointer is missing or does not start with a slash")
    if op in NEEDS_VALUE and "value" not in item:
        raise PatchMalformed(f"{op} without a value")
    return Operation(op, str(path), item.get("value"), str(source) if op in NEEDS_FROM else "")


def _is_pointer(text: Json) -> bool:
    return isinstance(text, str) and (not text or text.startswith("/"))


def apply_patch(document: Json, operations: tuple[Operation, ...]) -> Json:
    """The document after all operations; the argument stays as it is. Raises `PatchConflict`."""
    result = deepcopy(document)
    for operation in operations:
        result = _apply(result, operation)
    return result


def _apply(document: Json, operation: Operation) -> Json:
    path, op = operation.path, operation.op
    if op == "test":
        if not same(_read(document, path), operation.value):
            raise TestFailed(f"test failed at {path!r}")
        return document
    if op == "remove":
        return _remove(document, path)
    if op == "move":
        if path != operation.source and path.startswith(operation.source + "/"):
            raise PatchConflict(f"cannot move {operation.source!r} into itself")
        value = _read(document, operation.source)
        return _add(_remove(document, operation.source), path, value)
    if op == "copy":
        return _add(document, path, deepcopy(_read(document, operation.source)))
    if op == "replace":
        _read(document, path)
        return _put(document, path, deepcopy(operation.value))
    return _add(document, path, deepcopy(operation.value))


def same(left: Json, right: Json) -> bool:
    """JSON equality: 1 equals 1.0, true is not 1."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def _read(document: Json, path: str) -> Json:
    value = document
    for token in split(path):
        if isinstance(value, dict) and token in value:
            value = value[token]
        elif isinstance(value, list):
            value = value[_index(token, len(value) - 1, path)]
        else:
            raise PatchConflict(f"nothing at {path!r}")
    return value


def _parent(document: Json, path: str) -> tuple[Json, str]:
    tokens = split(path)
    parent = _read(document, path[: path.rindex("/")])
    if not isinstance(parent, dict | list):
        raise PatchConflict(f"the parent of {path!r} is not a container")
    return parent, tokens[-1]


def _index(token: str, limit: int, path: str) -> int:
    if not token.isascii() or not token.isdigit() or (token != "0" and token[0] == "0") or int(token) > limit:
        raise PatchConflict(f"no such index: {path!r}")
    return int(token)


def _add(document: Json, path: str, value: Json) -> Json:
    if not path:
        return value
    parent, token = _parent(document, path)
    if isinstance(parent, list):
        parent.insert(len(parent) if token == "-" else _index(token, len(parent), path), value)
    elif isinstance(parent, dict):
        parent[token] = value
    return document


def _put(document: Json, path: str, value: Json) -> Json:
    if not path:
        return value
    parent, token = _parent(document, path)
    if isinstance(parent, list):
        parent[_index(token, len(parent) - 1, path)] = value
    elif isinstance(parent, dict):
        parent[token] = value
    return document


def _remove(document: Json, path: str) -> Json:
    if not path:
        raise PatchConflict("the whole document cannot be removed")
    _read(document, path)
    parent, token = _parent(document, path)
    if isinstance(parent, list):
        del parent[_index(token, len(parent) - 1, path)]
    elif isinstance(parent, dict):
        del parent[token]
    return document
