"""Real places to keep state in, started by the tests on loopback: settings for each backend of the table."""

from __future__ import annotations

import atexit
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from reconciler.backends import BACKENDS
from reconciler.backends.context import BackendContext
from reconciler.types.json import Object
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from tests.support.postgres import missing_postgres, postgres
from tests.support.tfserver import serving

SETTINGS = "TEST_BACKEND_SETTINGS"
"""The variable that hands the settings to a second process."""


class Place:
    """Where one kind of backend keeps its state; every `settings()` is a place of its own."""

    def __init__(self, type: str, fixed: Object, fresh: tuple[str, str] | None) -> None:
        """`fresh`: the setting that tells places apart, and its value with `{}` for something new."""
        self.type = type
        self._fixed = fixed
        self._fresh = fresh

    def settings(self) -> Object:
        if self._fresh is None:
            return dict(self._fixed)
        name, shape = self._fresh
        return {**self._fixed, name: shape.format(uuid4().hex)}


RUNNING = ExitStack()
"""What was started for the tests of this process; stopped when it ends."""
atexit.register(RUNNING.close)


@contextmanager
def place(type: str) -> Iterator[Place]:
    """Start what backend `type` needs, once for all tests of this process; skips the test where it is not there."""
    if type not in STARTED:
        STARTED[type] = RUNNING.enter_context(start(type))
    yield STARTED[type]


STARTED: dict[str, Place] = {}


@contextmanager
def start(type: str) -> Iterator[Place]:
    """A server of its own."""
    if type == "local":
        yield Place(type, {}, None)
    elif type == "http":
        with serving() as server:
            yield Place(type, {"retry_wait_min": 0.1, "retry_wait_max": 0.4}, ("address", server.address + "/{}"))
    elif type == "postgres":
        if (reason := missing_postgres()) is not None:
            pytest.skip(reason)
        with postgres() as server:
            yield Place(type, {"dsn": server.dsn}, ("name", "w-{}"))
    elif type == "s3":
        pytest.importorskip("obstore", reason="rare: obstore is not installed")
        pytest.importorskip("moto", reason="rare: moto is not installed")
        from tests.support.objectstore import moto_server

        with moto_server() as fixed:
            yield Place(type, fixed, ("key", "{}/state.json"))
    else:
        raise AssertionError(f"say in tests/support/stores.py where backend {type!r} keeps its state")


def open_store(folder: Path, type: str, settings: Object, *, beside: str = "", **context: float) -> Backend:
    """The backend of workspace `w` in a project at `folder`."""
    found = BackendContext(folder / ".reconciler" / "w", "w", environ=dict(os.environ), beside=beside, **context)
    return BACKENDS.get(type)(BackendSettings(type, settings), found)


def settings_of(environ: Mapping[str, str]) -> Object:
    """What the first process handed over."""
    found: Object = json.loads(environ.get(SETTINGS) or "{}")
    return found
