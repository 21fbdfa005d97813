"""state list, show, rm, mv, pull, push, and the lock."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.state.journal_records import IntentNoted, Outcome, encode
from reconciler.core.state.state_document import dump_state
from reconciler.engine.state.lock_owner import describe_run
from reconciler.engine.state.state_operations import (
    Managed,
    StateAccess,
    force_unlock,
    list_entries,
    move_entry,
    pull_state,
    push_state,
    remove_entries,
    show_entry,
    unlock,
)
from reconciler.engine.state.state_reader import read_only_state
from reconciler.engine.state.state_session import open_session
from reconciler.errors import NothingFound, ReconcilerError, StateError, StateLocked, StateMoved, StateUnreadable
from reconciler.types.address import Address
from reconciler.types.state import Entry, Intent, State
from tests.support.state import Events, JumpingClock, open_local

CLAIMS = Address("persona", "claims")
DESK = Address("persona", "desk")
TOOL = Address("tool", "lookup")
OPEN = Address("persona", "open")


@pytest.fixture
def access(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StateAccess:
    """A state with a persona that uses a tool, and one create whose outcome is open."""
    monkeypatch.chdir(tmp_path)
    found = StateAccess(open_local(tmp_path), "w", JumpingClock(), Events().append)
    with open_session(found.backend, workspace="w", operation="t", clock=found.clock, emit=found.emit) as session:
        session.record(Outcome(CLAIMS, "created", Entry("p1", {"/x": "d"}, name="Claims", refs=("tool.lookup",))))
        session.record(Outcome(TOOL, "created", Entry("t1")))
        session.record(IntentNoted(Intent(OPEN, "persona", "Open", ("p9",), "2026-11-21T05:00:00Z")))
    return found


def now(access: StateAccess) -> State:
    return read_only_state(access.backend, "w", clock=access.clock, emit=access.emit)


def test_list(access: StateAccess) -> None:
    assert list_entries(now(access)) == (
        Managed(CLAIMS, "p1", "Claims"), Managed(OPEN, None, "Open"), Managed(TOOL, "t1", None),
    )  # fmt: skip
    assert [one.address for one in list_entries(now(access), ["tool", "persona.c"])] == [CLAIMS, TOOL]
    with pytest.raises(NothingFound, match="starts with x"):
        list_entries(now(access), ["tool", "x"])


def test_show(access: StateAccess) -> None:
    shown = show_entry(now(access), CLAIMS)
    assert (shown["address"], shown["id"], shown["sent"]) == ("persona.claims", "p1", {"/x": "d"})
    assert show_entry(now(access), OPEN)["pending"] is True
    with pytest.raises(NothingFound) as caught:
        show_entry(now(access), Address("persona", "claim"))
    assert caught.value.hint == "did you mean persona.claims?"


def test_remove_forgets_all_or_none(access: StateAccess) -> None:
    with pytest.raises(NothingFound, match=r"persona\.nobody"):
        remove_entries(access, [CLAIMS, Address("persona", "nobody")])
    assert CLAIMS in now(access).resources
    assert [one.id for one in remove_entries(access, [CLAIMS, CLAIMS, OPEN])] == ["p1", None]
    assert set(now(access).resources) == {TOOL}
    assert now(access).pending == ()


def test_move_keeps_the_object_and_what_refers_to_it(access: StateAccess) -> None:
    serial = now(access).serial
    found = Address("tool", "find")
    assert move_entry(access, TOOL, found) == Managed(found, "t1", None)
    state = now(access)
    assert state.resources[found].id == "t1"
    assert TOOL not in state.resources
    assert state.resources[CLAIMS].refs == ("tool.find",)
    assert state.serial == serial + 1


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (CLAIMS, OPEN, "exists already"),
        (CLAIMS, CLAIMS, "exists already"),
        (CLAIMS, Address("tool", "claims"), "keeps its kind"),
        (DESK, Address("persona", "x"), "not in the state"),
    ],
)
def test_move_refuses(access: StateAccess, before: Address, after: Address, message: str) -> None:
    stored = access.backend.read()
    with pytest.raises(ReconcilerError, match=message) as caught:
        move_entry(access, before, after)
    assert caught.value.exit_code == (1 if before == DESK else 64)
    assert access.backend.read() == stored


def test_pull_and_push(access: StateAccess) -> None:
    state = now(access)
    data = pull_state(state)
    assert push_state(access, data) == state
    newer = replace(state, serial=state.serial + 3, owner="o")
    assert push_state(access, dump_state(newer)) == newer
    assert now(access) == newer
    with pytest.raises(StateMoved, match="serial"):
        push_state(access, data)
    assert push_state(access, data, force=True) == state
    assert now(access) == state


def test_push_refuses_what_does_not_belong_here(access: StateAccess) -> None:
    state = now(access)
    with pytest.raises(StateMoved, match="lineage"):
        push_state(access, dump_state(replace(state, lineage="other", serial=99)))
    with pytest.raises(StateMoved):
        push_state(access, dump_state(replace(state, owner="somebody")))
    with pytest.raises(StateUnreadable, match="workspace 'x'"):
        push_state(access, dump_state(replace(state, workspace="x", serial=99)))
    with pytest.raises(StateUnreadable):
        push_state(access, dump_state(state)[:-20])
    assert now(access) == state


def test_push_into_nothing_and_over_a_damaged_state(tmp_path: Path, access: StateAccess) -> None:
    state = now(access)
    elsewhere = replace(access, backend=open_local(tmp_path / "elsewhere"))
    assert push_state(elsewhere, dump_state(state)) == state
    elsewhere.backend.write(b"garbage")
    with pytest.raises(StateUnreadable):
        push_state(elsewhere, dump_state(state))
    assert push_state(elsewhere, dump_state(state), force=True) == state


def test_a_pushed_state_replaces_the_journal_that_it_contains(access: StateAccess) -> None:
    state = now(access)
    access.backend.journal.append(encode(Outcome(TOOL, "deleted"), state.lineage, state.serial))
    push_state(access, dump_state(replace(state, serial=state.serial + 1)))
    assert TOOL in now(access).resources


def test_unlock_frees_the_dead_and_names_the_living(access: StateAccess) -> None:
    unlock(access)
    info = describe_run("apply", access.clock.now())
    with access.backend.lock(info, timeout=0, clock=access.clock, emit=access.emit):
        with pytest.raises(StateLocked) as caught:
            unlock(access)
        assert caught.value.holder["ID"] == info.id
        force_unlock(access.backend, info.id)
        assert access.backend.holder() is None
    with pytest.raises(StateError, match="no lock"):
        force_unlock(access.backend, info.id)


@pytest.mark.parametrize("damaged", [b"", b'{"x":', b"\xff", b"[]"])
def test_a_copy_is_put_over_a_damaged_document_by_the_way_that_its_error_names(
    access: StateAccess, damaged: bytes
) -> None:
    good = dump_state(now(access))
    access.backend.write(damaged)
    with pytest.raises(StateUnreadable) as caught:
        push_state(access, good)
    assert "push --force" in str(caught.value.hint)
    push_state(access, good, force=True)
    assert dump_state(now(access)) == good
