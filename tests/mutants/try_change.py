"""Whether tests notice a wrong change of a module: a forked process imports the changed source and runs them."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import spec_from_loader
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 120
"""Seconds after which tests that hang count as having noticed."""
OPTIONS = ("-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist")


class Changed(MetaPathFinder, Loader):
    """Gives one module another source."""

    def __init__(self, name: str, path: Path, source: str) -> None:
        self.name, self.path, self.code = name, path, compile(source, str(path), "exec", dont_inherit=True)

    def find_spec(self, fullname: str, path: object, target: object = None) -> ModuleSpec | None:
        return spec_from_loader(fullname, self, origin=str(self.path)) if fullname == self.name else None

    def create_module(self, spec: ModuleSpec) -> None:
        return None

    def exec_module(self, module: ModuleType) -> None:
        module.__file__ = str(self.path)
        exec(self.code, module.__dict__)


class Unshrunk:
    """A plug-in: that a law fails is enough to know, not for which smallest example."""

    def pytest_sessionstart(self) -> None:
        """After the conftest has chosen its profile and before a test module reads it."""
        from hypothesis import Phase, settings

        phases = (Phase.explicit, Phase.generate)
        settings.register_profile("unshrunk", settings(phases=phases, derandomize=True, database=None))
        settings.load_profile("unshrunk")


def is_noticed(module: Path, source: str, tests: Sequence[Path]) -> bool:
    """Whether any of `tests` fails when `module` (a path in the package) says `source`.

    The calling process must not have imported the package. Only systems that can fork know the answer.
    """
    child = os.fork()
    if child == 0:
        os._exit(run_changed(module, source, tests))
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status) != 0


def run_changed(module: Path, source: str, tests: Sequence[Path]) -> int:
    """Run the tests in this process with the changed module; pytest's exit code, or minus the signal."""
    import pytest

    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(PATIENCE)
    os.environ.pop("PYTEST_ADDOPTS", None)  # options of the run around this one may need plug-ins that are off here
    name = ".".join(module.resolve().relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    sys.meta_path.insert(0, Changed(name, module, source))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        return int(pytest.main([*OPTIONS, *map(str, tests)], [Unshrunk()]))
