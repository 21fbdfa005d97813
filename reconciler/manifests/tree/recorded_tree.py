"""A tree that tells what it was asked and what it answered; and the same questions asked once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar

from reconciler.manifests.tree.file_tree import Absent, Tree, Unreadable

T = TypeVar("T")


class Note(Protocol):
    """Hears a question and the answer to it, in pieces."""

    def __call__(self, question: tuple[str, ...], *answer: bytes) -> None: ...


_LISTENER: ContextVar[Note | None] = ContextVar("listener", default=None)


@contextmanager
def listening(note: Note) -> Iterator[None]:
    """Within, `note` hears of everything that is asked of trees which are opened in this thread."""
    before = _LISTENER.set(note)
    try:
        yield
    finally:
        _LISTENER.reset(before)


def heard(tree: Tree) -> Tree:
    """`tree`, as whoever listens hears of it."""
    note = _LISTENER.get()
    return tree if note is None else RecordedTree(tree, note)


class RecordedTree:
    """`base`, and `note` hears of every question with the answer as bytes."""

    def __init__(self, base: Tree, note: Note) -> None:
        self.commit = base.commit
        self._base = base
        self._note = note

    def is_file(self, path: str) -> bool:
        return self._heard("is_file", path, self._base.is_file(path))

    def is_folder(self, path: str) -> bool:
        return self._heard("is_folder", path, self._base.is_folder(path))

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        yield from self._tried("children", folder, lambda: sorted(self._base.children(folder)))

    def absent(self, folder: str) -> list[Absent]:
        return self._heard("absent", folder, self._base.absent(folder))

    def real(self, path: str) -> str:
        return self._heard("real", path, self._base.real(path))

    def link(self, path: str) -> str | None:
        return self._heard("link", path, self._base.link(path))

    def read(self, path: str) -> bytes:
        return self._tried("read", path, lambda: self._base.read(path))

    def start(self, path: str, size: int) -> bytes:
        return self._tried("start", path, lambda: self._base.start(path, size), str(size))

    def _tried(self, what: str, path: str, read: Callable[[], T], *more: str) -> T:
        try:
            found = read()
        except Unreadable as problem:
            self._heard(what, path, (str(problem), problem.hint), *more)
            raise
        return self._heard(what, path, found, *more)

    def _heard(self, what: str, path: str, found: T, *more: str) -> T:
        # The first byte tells what is a file's content from what only looks like another answer.
        answer = (b"=", found) if isinstance(found, bytes) else (b"!", repr(found).encode())
        self._note((what, path, *more), *answer)
        return found


def ask_again(tree: Tree, question: tuple[str, ...]) -> None:
    """Ask `tree` a question as it was noted. Raises `ValueError` for one that no tree was ever asked."""
    try:
        match question:
            case ("is_file", path):
                tree.is_file(path)
            case ("is_folder", path):
                tree.is_folder(path)
            case ("children", path):
                list(tree.children(path))
            case ("absent", path):
                tree.absent(path)
            case ("real", path):
                tree.real(path)
            case ("link", path):
                tree.link(path)
            case ("read", path):
                tree.read(path)
            case ("start", path, size):
                tree.start(path, int(size))
            case _:
                raise ValueError(f"no question to a tree: {question}")
    except Unreadable:
        return  # an answer like any other
