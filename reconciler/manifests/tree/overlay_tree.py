"""A tree of files with some of them taken to have another content, or to be there at all: for looking ahead."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

from reconciler.manifests.tree.file_tree import Absent, Tree


class OverlaidTree:
    """`base` with `texts` (absolute path -> bytes) in place of what lies there; nothing is written."""

    def __init__(self, base: Tree, texts: Mapping[str, bytes]) -> None:
        self.commit = base.commit
        self._base = base
        self._texts = {os.path.normpath(path): data for path, data in texts.items()}
        self._folders = {folder for path in self._texts for folder in _parents(path)}

    def is_file(self, path: str) -> bool:
        return os.path.normpath(path) in self._texts or self._base.is_file(path)

    def is_folder(self, path: str) -> bool:
        return os.path.normpath(path) in self._folders or self._base.is_folder(path)

    def children(self, folder: str) -> Iterator[tuple[str, bool, bool]]:
        """What lies in the folder, then what the texts add to it."""
        seen = set()
        if self._base.is_folder(folder):
            for path, is_folder, is_link in self._base.children(folder):
                seen.add(os.path.normpath(path))
                yield path, is_folder, is_link
        here = os.path.normpath(folder)
        for path in sorted({*self._texts, *self._folders} - seen):
            if os.path.dirname(path) == here:  # noqa: PTH120 - plain strings, like every tree
                yield path, path in self._folders, False

    def absent(self, folder: str) -> list[Absent]:
        return self._base.absent(folder)

    def real(self, path: str) -> str:
        return os.path.normpath(path) if os.path.normpath(path) in self._texts else self._base.real(path)

    def link(self, path: str) -> str | None:
        return None if os.path.normpath(path) in self._texts else self._base.link(path)

    def read(self, path: str) -> bytes:
        text = self._texts.get(os.path.normpath(path))
        return self._base.read(path) if text is None else text

    def start(self, path: str, size: int) -> bytes:
        text = self._texts.get(os.path.normpath(path))
        return self._base.start(path, size) if text is None else text[:size]

    def close(self) -> None:
        close = getattr(self._base, "close", None)
        if close is not None:
            close()


def _parents(path: str) -> Iterator[str]:
    folder = os.path.dirname(path)  # noqa: PTH120
    while folder and folder != os.path.dirname(folder):  # noqa: PTH120
        yield folder
        folder = os.path.dirname(folder)  # noqa: PTH120
