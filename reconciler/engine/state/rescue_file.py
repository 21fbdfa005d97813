"""A state that could not be stored: kept as a file beside the project, and the command that puts it in place."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

NAME = "errored.state"
MOST = 100


@dataclass(frozen=True, slots=True)
class Rescue:
    """Where such a file goes, and how this run was called."""

    folder: Path = Path()
    """Usually the folder that holds `.reconciler/`: one that lasts as long as the project's other files do."""
    command: str = "reconciler"
    """The program with the options that lead into `folder`, to the same project and workspace, from where the user
    stands."""

    def keep(self, data: bytes) -> str:
        """Write `data`, as it would have been stored, for the owner only; the words that say what to do with it.

        A file that an earlier run left is never written over: both may hold what nobody else knows.
        """
        try:
            path = self._write(data)
        except OSError as error:
            return f"It could not be written to {self.folder.absolute()} either: {error.strerror}."
        return f"The state was saved as {path.absolute()}; to put it in place: {self.command} state push {path.name}."

    def _write(self, data: bytes) -> Path:
        for number in range(1, MOST):
            path = self.folder / (f"{NAME}.json" if number == 1 else f"{NAME}.{number}.json")
            try:
                handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
            except FileExistsError:
                continue
            with os.fdopen(handle, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            return path
        raise OSError(None, f"{MOST} such files are there already")
