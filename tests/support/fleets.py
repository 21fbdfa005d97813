"""Fleets and watchers as processes, Temporal's own server for them, and their status once it is as wanted."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from typing import Any

import pytest

from tests.cli.conftest import ROOT, Ended
from tests.support import forked, servers

Call = Callable[..., Ended]


def missing_temporal() -> str | None:
    """Why no fleet can be tried here; None where it can."""
    if find_spec("temporalio") is None:
        return "rare: the extra `fleet` is not installed"
    return None if servers.find_program("temporal") else "rare: the program `temporal` is not installed"


needs_temporal = pytest.mark.skipif(missing_temporal() is not None, reason=str(missing_temporal()))


@contextmanager
def running(*words: str, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "KEY": "any"}
    given: dict[str, Any] = {"stdout": subprocess.DEVNULL, **options}
    process = forked.Popen([sys.executable, "-m", "reconciler", *words], env=environment, **given)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def temporal(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of Temporal's own server."""
    with servers.temporal() as (address, _):
        monkeypatch.setenv("TEMPORAL_ADDRESS", address)
        yield address


def status(call: Call) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(call("fleet", "status", "--format", "json").out)["workspaces"][0]
    return found


def until(call: Call, *workers: subprocess.Popen[bytes], **wanted: object) -> dict[str, Any]:
    """The status, once it has all this."""
    while True:
        found = status(call)
        if all(found.get(key) == value for key, value in wanted.items()):
            return found
        with suppress(subprocess.TimeoutExpired):  # the cores are for the workers
            workers[0].wait(0.3)
        assert any(one.poll() is None for one in workers), found
