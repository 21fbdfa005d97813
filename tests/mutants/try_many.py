"""Which of many wrong changes tests do not notice: collected once, the tests run in a fork for each change."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import os
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import CodeType, FunctionType

import pytest

from tests.mutants.try_change import OPTIONS, PATIENCE, Unshrunk, is_noticed
from tests.mutants.wrong_changes import WrongChange


def missed(module: Path, changes: Sequence[WrongChange], tests: Sequence[Path]) -> list[WrongChange]:
    """The changes of `module` that none of `tests` notices, be the changed text swapped in or imported.

    What ran when the tests were collected, a table or a parameter, only an import runs again: what looks missed is
    tried so, too. The calling process must not have imported the package.

    Raises:
        ValueError: the tests fail on the module as it is.
    """
    listen, tell = os.pipe()
    if (child := os.fork()) == 0:
        try:
            os.environ.pop("PYTEST_ADDOPTS", None)
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                pytest.main(
                    [*OPTIONS, *map(str, tests)], [Unshrunk(), Swapping(str(module.resolve()), changes, tell)]
                )
        finally:
            os._exit(0)
    os.close(tell)
    with os.fdopen(listen, "rb") as answers:
        unchanged, *noticed = answers.read() or b"1"
    os.waitpid(child, 0)
    if unchanged != ord("0") or len(noticed) != len(changes):
        raise ValueError(f"{', '.join(map(str, tests))}: fails on the module as it is")
    return [
        change
        for change, told in zip(changes, noticed, strict=True)
        if told == ord("0") and not is_noticed(module, change.source, tests)
    ]


class Swapping:
    """A plug-in: runs what was collected unchanged, then for each change; tells 1 for a failure, else 0."""

    def __init__(self, path: str, changes: Sequence[WrongChange], tell: int) -> None:
        self.path, self.changes, self.tell = path, changes, tell

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        for change in (None, *self.changes):
            if (child := os.fork()) == 0:
                self.run(session, change)
            os.write(self.tell, b"1" if os.waitpid(child, 0)[1] else b"0")
        return True

    def run(self, session: pytest.Session, change: WrongChange | None) -> None:
        from _pytest.main import pytest_runtestloop

        failed = True
        try:
            signal.signal(signal.SIGALRM, signal.SIG_DFL)
            signal.alarm(PATIENCE)
            if change is not None:
                swap(self.path, change.source)
            pytest_runtestloop(session)  # raises after a failure, those of the collection included
            failed = False
        finally:
            os._exit(failed)


def swap(path: str, source: str) -> None:
    """Give every loaded function of the file the code that `source` has in its place, and forget what was cached."""
    there = {(code.co_qualname, code.co_firstlineno): code for code in codes(compile(source, path, "exec"))}
    gc.unfreeze()  # what is frozen is not listed
    for found in gc.get_objects():
        if isinstance(found, FunctionType) and found.__code__.co_filename == path:
            new = there.get((found.__code__.co_qualname, found.__code__.co_firstlineno))
            if new is not None and new.co_freevars == found.__code__.co_freevars:
                found.__code__ = new
        elif isinstance(found, functools._lru_cache_wrapper):
            found.cache_clear()


def codes(code: CodeType) -> Iterator[CodeType]:
    """All functions of a compiled text, those inside others included."""
    for inner in code.co_consts:
        if isinstance(inner, CodeType):
            yield inner
            yield from codes(inner)
