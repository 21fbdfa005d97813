"""A state whose default place got another name: read where it was, moved by the first write, whole whatever dies."""

from __future__ import annotations

import base64
import http.client
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from reconciler.backends import PLACES, open_state
from reconciler.backends.context import BackendContext
from reconciler.backends.relocated import Relocated
from reconciler.core.state.journal_records import Outcome, encode
from reconciler.core.state.state_document import dump_state, is_moved, new_state, parse_state
from reconciler.engine.state.lock_owner import describe_run
from reconciler.engine.state.state_reader import read_only_state
from reconciler.engine.state.state_session import open_session
from reconciler.errors import StateLocked, StateUnreadable
from reconciler.types.address import Address
from reconciler.types.event import Notice
from reconciler.types.json import Object
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from reconciler.types.state import Entry, State
from tests.support.state import Events, JumpingClock
from tests.support.stores import place

OLD = (Path(__file__).parent.parent / "core" / "states" / "format-2.json").read_bytes()
WORKSPACE = "production"
KEYS = {name: base64.b64encode(name.encode() * 32).decode() for name in "AB"}


@pytest.fixture(params=sorted(PLACES))
def store(request: pytest.FixtureRequest) -> Iterator[tuple[str, Object]]:
    """A type and settings that name no place of their own."""
    with place(request.param) as found:
        if request.param == "s3":
            # The servers of one process have their objects in common.
            address = urlsplit(str(found.settings()["endpoint"])).netloc
            for method, path in (("POST", "/moto-api/reset"), ("PUT", "/states")):
                connection = http.client.HTTPConnection(address)
                connection.request(method, path, headers={"Authorization": "AWS test"})
                assert connection.getresponse().status == 200
                connection.close()
        settings = {key: value for key, value in found.settings().items() if key not in ("name", "key")}
        if request.param == "postgres":
            settings["schema"] = f"s{uuid4().hex}"
        yield request.param, settings


Open = Callable[..., Backend]


@pytest.fixture
def at(store: tuple[str, Object], tmp_path: Path) -> Open:
    def open_for(owner: str | None, **more: Object) -> Backend:
        environ = {**os.environ, **KEYS}
        context = BackendContext(tmp_path / ".reconciler" / "w", WORKSPACE, environ=environ, owner=owner)
        return open_state(BackendSettings(store[0], {**store[1], **more}), context)

    return open_for


def read(backend: Backend, project: str | None) -> State:
    return read_only_state(backend, WORKSPACE, project, emit=Events().append)


def write(backend: Backend, project: str | None, id: str = "p9") -> None:
    with open_session(
        backend, workspace=WORKSPACE, operation="t", clock=JumpingClock(), emit=Events().append, project=project
    ) as session:
        session.claim()
        session.record(Outcome(Address("persona", "added"), "created", Entry(id)))


def test_two_projects_in_one_store_never_meet(at: Open) -> None:
    write(at("shop"), "shop", "p1")
    write(at("bank"), "bank", "p2")
    found = {name: read(at(name), name) for name in ("shop", "bank")}
    ids = {name: [entry.id for entry in state.resources.values()] for name, state in found.items()}
    assert ids == {"shop": ["p1"], "bank": ["p2"]}
    assert {state.project for state in found.values()} == {"shop", "bank"}
    assert at("shop").describe() != at("bank").describe()
    assert "shop/production" in at("shop").describe()


def test_readers_use_the_old_place_and_write_nothing(at: Open) -> None:
    at(None).write(OLD)
    assert read(at("shop"), "shop") == parse_state(OLD)
    assert at(None).read() == OLD
    assert at("shop").holder() is None


def test_the_first_write_moves_it_and_older_versions_refuse_what_is_left(at: Open) -> None:
    at(None).write(OLD)
    write(at("shop"), "shop")
    state = read(at("shop"), "shop")
    assert state.resources.keys() == parse_state(OLD).resources.keys() | {Address("persona", "added")}
    assert (state.project, state.lineage, state.serial) == ("shop", "l-1", 5)
    left = at(None).read() or b""
    assert is_moved(left)
    assert json.loads(left)["format"] > 2
    assert "persona" not in left.decode()
    with pytest.raises(StateUnreadable, match="was moved to"):
        read(at(None), None)
    fresh = read(at("bank"), "bank")
    assert (fresh.serial, dict(fresh.resources)) == (0, {})
    write(at("bank"), "bank")
    assert read(at("shop"), "shop") == state
    write(at("shop"), "shop", "p10")
    assert read(at("shop"), "shop").serial == 6


def test_a_place_that_is_named_is_used_as_it_is(at: Open, store: tuple[str, Object]) -> None:
    name = PLACES[store[0]]
    named = at("shop", **{name: "mine"})
    assert not isinstance(named, Relocated)
    write(named, "shop")
    with pytest.raises(StateUnreadable, match="belongs to project 'shop', not to 'bank'") as refused:
        read(at("bank", **{name: "mine"}), "bank")
    assert "--from-project shop" in str(refused.value.hint)
    with pytest.raises(StateUnreadable, match="'shop'"):
        write(at("bank", **{name: "mine"}), "bank")


def test_a_journal_that_a_killed_run_left_at_the_old_place_comes_along(at: Open) -> None:
    before = at(None)
    before.write(OLD)
    if before.journal is None:
        pytest.skip("this store keeps no journal, and says so")
    line = encode(Outcome(Address("tool", "late"), "created", Entry("t7")), "l-1", 4)
    before.journal.append(line)
    assert Address("tool", "late") in read(at("shop"), "shop").resources
    write(at("shop"), "shop")
    assert {Address("tool", "late"), Address("persona", "added")} <= read(at("shop"), "shop").resources.keys()
    assert list(before.journal.read()) == []


def test_both_locks_are_held_while_it_moves(at: Open) -> None:
    at(None).write(OLD)
    clock, emit = JumpingClock(), Events().append
    with at("shop").lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=emit) as lease:
        lease.check()
        for other in (at(None), at("shop"), at("bank")):
            with pytest.raises(StateLocked):
                other.lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=emit).__enter__()
    assert at("shop").holder() is None


class Killed(BaseException):
    """Stands for kill -9."""


@pytest.mark.parametrize("survived", range(6))
def test_whenever_the_move_is_cut_short_the_next_run_finishes_it(at: Open, survived: int) -> None:
    at(None).write(OLD)
    backend = at("shop")
    assert isinstance(backend, Relocated)
    left = [survived]

    def mortal(write: Callable[[bytes], None]) -> Callable[[bytes], None]:
        def once(data: bytes) -> None:
            if left[0] == 0:
                raise Killed
            write(data)
            left[0] -= 1

        return once

    for part in (backend._new, backend._old):
        part.write = mortal(part.write)  # type: ignore[method-assign]
    try:
        write(backend, "shop")
    except Killed:
        assert survived < 4
    for one in (at(None), at("shop")):
        holder = one.holder()
        assert holder is None, "released, or its process is gone"
    assert read(at("shop"), "shop").resources.items() >= parse_state(OLD).resources.items()
    assert read(at("bank"), "bank").resources.keys() in (set(), parse_state(OLD).resources.keys())
    if survived:
        assert read(at("bank"), "bank").resources == {}, "it is shop's from the first write on"
    write(at("shop"), "shop")
    assert read(at("shop"), "shop").resources.items() >= parse_state(OLD).resources.items()
    assert Address("persona", "added") in read(at("shop"), "shop").resources
    assert read(at("bank"), "bank").resources == {}


def test_a_sealed_state_moves_too(at: Open) -> None:
    sealed: Object = {"key": {"env": "A"}}
    at(None, encryption=sealed).write(OLD)
    write(at("shop", encryption=sealed), "shop")
    assert b"sealed" in (at("shop").read() or b"")
    assert read(at("shop", encryption=sealed), "shop").project == "shop"
    other = at("bank", encryption={"key": {"env": "B"}})
    write(other, "bank")
    assert read(at("bank", encryption={"key": {"env": "B"}}), "bank").project == "bank"
    assert is_moved(at(None).read() or b"")


def test_an_ordinary_state_is_no_note() -> None:
    assert not is_moved(OLD)
    assert not is_moved(dump_state(new_state("w", "l", "p")))
    assert not is_moved(b'{"moved_to": "x"}')


def told(backend: Backend, project: str) -> list[str]:
    events = Events()
    read_only_state(backend, WORKSPACE, project, emit=events.append)
    with open_session(
        backend, workspace=WORKSPACE, operation="t", clock=JumpingClock(), emit=events.append, project=project
    ):
        pass
    return [one.message for one in events if isinstance(one, Notice)]


def test_a_renamed_project_is_told_whose_states_there_are(at: Open) -> None:
    assert told(at("shop"), "shop") == []
    write(at("shop"), "shop")
    write(at("bank"), "bank")
    assert told(at("shop"), "shop") == []
    found = told(at("store"), "store")
    assert len(found) == 2, "a reader and a writer"
    assert all("'bank', 'shop'" in text and "state migrate --from-project bank" in text for text in found)


def test_states_of_other_workspaces_are_no_neighbours(at: Open, store: tuple[str, Object], tmp_path: Path) -> None:
    context = BackendContext(tmp_path / ".reconciler" / "w", "staging", environ=dict(os.environ), owner="shop")
    other = open_state(BackendSettings(store[0], dict(store[1])), context)
    other.write(OLD)
    assert list(at("store").neighbours()) == []
