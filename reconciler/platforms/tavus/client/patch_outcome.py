"""Whether a PATCH whose answer was lost was carried out: some operations must not be sent twice.

`remove /layers/llm/tools/1` sent twice removes two tools; `remove /x` and `move` sent twice are refused the second
time. The API has no versions to write against, so the object itself is asked.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.types.json import Json, Object, lookup, split

NOTHING = "\0absent"
VOLATILE = frozenset({"updated_at"})


def is_repeatable(operations: Json) -> bool:
    """Whether sending the operations a second time changes nothing more and is not refused."""
    return isinstance(operations, list) and not any(_depends_on_place(op) or _consumes(op) for op in operations)


def needs_image(operations: Json) -> bool:
    """Whether only a look at the object before the request can tell: list items are named by their place."""
    return (
        isinstance(operations, list)
        and any(_depends_on_place(op) for op in operations)
        and not any(_consumes(op) for op in operations)
    )


def _depends_on_place(operation: Json) -> bool:
    """`add` and `remove` at a number, or at the end, of a list."""
    if not isinstance(operation, dict) or operation.get("op") not in ("add", "remove", "move", "copy"):
        return False
    paths = [operation.get("path")]
    if operation.get("op") == "move":
        paths.append(operation.get("from"))
    return any(isinstance(path, str) and _is_place(path) for path in paths)


def _is_place(path: str) -> bool:
    tokens = split(path)
    return bool(tokens) and (tokens[-1] == "-" or tokens[-1].isdecimal())


def _consumes(operation: Json) -> bool:
    """The removal, or the moving away, of a named member: whether it is still there tells the outcome."""
    return (
        isinstance(operation, dict)
        and operation.get("op") in ("remove", "move")
        and not _depends_on_place(operation)
        and isinstance(operation.get("from" if operation["op"] == "move" else "path"), str)
    )


def judge(operations: Json, image: Object | None) -> Callable[[Object], bool]:
    """A question to put to the object as read after the lost answer: was the patch carried out?

    Patches are all or nothing, so one operation that is visibly done stands for all. `image` is the object before
    the request, for operations that cannot be told otherwise.
    """

    def landed(body: Object) -> bool:
        if image is not None:
            return _stable(body) != _stable(image)
        for operation in operations if isinstance(operations, list) else ():
            if isinstance(operation, dict) and _consumes(operation):
                source = operation["from"] if operation["op"] == "move" else operation["path"]
                return lookup(body, str(source), NOTHING) in (NOTHING, None)
        return False

    return landed


def _stable(body: Object) -> Object:
    return {word: value for word, value in body.items() if word not in VOLATILE}
