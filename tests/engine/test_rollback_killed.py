"""Runs that are killed at any of their writes: what they had begun is in the history, and one more run goes back."""

from __future__ import annotations

import shutil
from pathlib import Path

import httpx
import pytest

from reconciler.backends import BACKENDS
from reconciler.backends.context import BackendContext
from reconciler.core.history.history_chain import changes_of
from reconciler.core.state.state_document import parse_state
from reconciler.types.project import BackendSettings
from tests.engine.plan.test_plan_rollback import TOOL, custom, inline, migrated, persona
from tests.support.chronicle import Chronicle
from tests.support.stores import place

BEFORE = (inline("a"), custom("c"), persona("gone", greeting="Hi"))
AFTER = (TOOL, migrated("a"), custom("c", "m-2"), persona("new"))


class Killed(BaseException):
    """Stands for kill -9: nothing after it is kept."""


class Deadly(httpx.BaseTransport):
    """Hands requests on; the process dies with write number `at`, before or after it arrived."""

    def __init__(self, inner, folder: Path, at: int, *, arrived: bool) -> None:
        self.inner, self.folder, self.at, self.arrived = inner, folder, at, arrived
        self.writes = 0
        self.dead = False

    @property
    def requests(self):
        return self.inner.requests

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.dead:
            raise Killed
        if request.method != "GET":
            self.writes += 1
            if self.writes == self.at:
                if self.arrived:
                    self.inner.handle_request(request)
                self.dead = True
                shutil.copytree(self.folder, self.folder.with_name("left"))
                raise Killed
        return self.inner.handle_request(request)


def killed(world: Chronicle, folder: Path, at: int, arrived: bool, run) -> bool:
    """Whether `run` was killed at its write number `at`; the state is then as it was in that moment."""
    inner = world.lab.transport
    world.lab.transport = Deadly(inner, folder, at, arrived=arrived)
    try:
        run()
    except Killed:
        shutil.rmtree(folder)
        shutil.move(folder.with_name("left"), folder)
        for lock in folder.glob("*.lock*"):
            lock.unlink()  # its process is dead
        return True
    finally:
        world.lab.transport = inner
    return False


@pytest.mark.parametrize("arrived", [False, True])
def test_a_killed_apply_can_be_rolled_back(tmp_path, arrived):
    for at in range(1, 30):
        folder = tmp_path / str(at) / "state"
        world = Chronicle(folder)
        world.apply(*BEFORE)
        before = world.world()
        if not killed(
            world,
            folder,
            at,
            arrived,
            lambda world=world: world.apply(*AFTER, allow_deletes=True, allow_mass_change=True),
        ):
            assert at > 6, "every write of the run was cut off once"
            return
        world.rollback(1, allow_deletes=True)
        assert world.world() == before, at
        results = [entry.result for entry in world.state().history.entries]
        assert results[1] == "interrupted", at
        assert world.state().running is None
    raise AssertionError("the run never came to its end")


@pytest.mark.parametrize("arrived", [False, True])
def test_a_killed_rollback_is_done_by_one_more(tmp_path, arrived):
    for at in range(1, 30):
        folder = tmp_path / str(at) / "state"
        world = Chronicle(folder)
        world.apply(*BEFORE)
        before = world.world()
        world.apply(*AFTER, allow_deletes=True, allow_mass_change=True)
        if not killed(world, folder, at, arrived, lambda world=world: world.rollback(1, allow_deletes=True)):
            assert at > 5
            return
        world.rollback(1, allow_deletes=True)
        assert world.world() == before, at
    raise AssertionError("the run never came to its end")


def test_a_store_without_a_journal_has_the_pre_image_before_the_write(tmp_path):
    with place("http") as store:
        settings = BackendSettings("http", store.settings())
        backend = BACKENDS.get("http")(settings, BackendContext(tmp_path, "lab"))
        world = Chronicle(tmp_path, backend)
        world.apply(*BEFORE)
        before = world.world()
        seen = []
        inner = world.lab.transport

        class Watching(httpx.BaseTransport):
            requests = inner.requests

            def handle_request(self, request: httpx.Request) -> httpx.Response:
                if request.method == "PATCH":
                    state = parse_state(backend.read())
                    seen.append(any(str(a) in ("persona.a", "persona.c") for a in state.running.items))
                return inner.handle_request(request)

        world.lab.transport = Watching()
        world.apply(*AFTER, allow_deletes=True, allow_mass_change=True)
        world.lab.transport = inner
        assert seen
        assert all(seen)
        assert world.state().running is None
        world.rollback(world.state().history.entries[0].serial, allow_deletes=True)
        assert world.world() == before
        entries = world.state().history.entries
        assert [entry.result for entry in entries] == ["done"] * 3
        assert {str(item.address) for item in changes_of(entries[1])} >= {"persona.a", "persona.c", "persona.gone"}
