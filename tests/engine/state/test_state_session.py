"""A writing run: what it recorded is kept whatever happens, and written once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.backends.local import FileJournal
from reconciler.core.state.journal_records import AccountNoted, IntentDropped, IntentNoted, Outcome, encode
from reconciler.core.state.state_document import dump_state, parse_state
from reconciler.engine.apply.step_recorder import StepRecorder
from reconciler.engine.state.lock_owner import describe_run, run_url
from reconciler.engine.state.state_reader import read_only_state
from reconciler.engine.state.state_session import open_session
from reconciler.errors import Interrupted, StateError, StateLocked, StateMoved, StateUnreadable
from reconciler.types.address import Address
from reconciler.types.event import Notice, StateSaved
from reconciler.types.ports import Backend
from reconciler.types.state import Entry, Intent, State
from tests.support.state import RESCUE, Events, JumpingClock, open_local

CLAIMS = Address("persona", "claims")
CREATED = Outcome(CLAIMS, "created", Entry("p1"))


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Backend:
    monkeypatch.chdir(tmp_path)
    return open_local(tmp_path)


@pytest.fixture
def events() -> Events:
    return Events()


def session(backend: Backend, events: Events, lineage: str | None = None):
    return open_session(
        backend, workspace="w", operation="apply", clock=JumpingClock(), emit=events.append, lineage=lineage
    )


def look(backend: Backend, events: Events) -> State:
    return read_only_state(backend, "w", clock=JumpingClock(), emit=events.append)


def killed(backend: Backend, *records) -> State:
    """What a run leaves that recorded this and was killed; the state as it stands in its document."""
    stored = backend.read()
    assert stored is not None
    state = parse_state(stored)
    for record in records:
        backend.journal.append(encode(record, state.lineage, state.serial))
    return state


def test_a_run_is_saved_once_at_its_end(backend: Backend, events: Events) -> None:
    with session(backend, events, "l-1") as run:
        assert run.state.serial == 0
        run.record(IntentNoted(Intent(CLAIMS, "persona", "Claims")))
        run.record(CREATED)
        assert run.state.resources == {CLAIMS: Entry("p1")}
        assert run.entry(CLAIMS) == Entry("p1")
        assert not events.of(StateSaved)
    assert events.of(StateSaved) == [StateSaved(1)]
    state = look(backend, events)
    assert (state.lineage, state.serial, state.pending) == ("l-1", 1, ())
    assert list(backend.journal.read()) == []
    assert backend.holder() is None


def test_nothing_changed_nothing_written(backend: Backend, events: Events) -> None:
    with session(backend, events):
        pass
    assert backend.read() is None
    with session(backend, events) as run:
        run.record(CREATED)
    stored = backend.read()
    with session(backend, events) as run:
        run.record(IntentNoted(Intent(Address("persona", "b"), "persona", "B")))
        run.record(IntentDropped(Address("persona", "b")))
    assert backend.read() == stored
    assert list(backend.journal.read()) == []


def test_an_exception_saves_too(backend: Backend, events: Events) -> None:
    with pytest.raises(RuntimeError), session(backend, events) as run:
        run.record(CREATED)
        raise RuntimeError
    assert look(backend, events).resources == {CLAIMS: Entry("p1")}


def test_the_first_record_leaves_a_document_that_the_journal_continues(backend: Backend, events: Events) -> None:
    with session(backend, events, "l-1") as run:
        run.record(IntentNoted(Intent(CLAIMS, "persona", "Claims")))
        stored, lines = backend.read(), list(backend.journal.read())
    assert stored is not None
    assert (parse_state(stored).lineage, parse_state(stored).serial) == ("l-1", 0)
    assert len(lines) == 1


def test_what_a_killed_run_left_is_taken_up(backend: Backend, events: Events) -> None:
    with session(backend, events) as run:
        run.record(AccountNoted(owner="o"))
    killed(backend, CREATED)
    seen = look(backend, events)
    assert (seen.serial, seen.resources) == (2, {CLAIMS: Entry("p1")})
    assert len(list(backend.journal.read())) == 1
    with session(backend, events) as run:
        # A plan made by the reader above still fits.
        assert run.state == seen
        assert list(backend.journal.read()) == []
        stored = backend.read()
        assert stored is not None
        assert parse_state(stored) == seen
    assert events.of(Notice)


def test_a_crash_between_document_and_journal_does_no_harm(backend: Backend, events: Events) -> None:
    with session(backend, events) as run:
        run.record(AccountNoted(owner="o"))
    old = killed(backend, CREATED)
    assert old.serial == 1
    lines = list(backend.journal.read())
    with session(backend, events):
        pass
    with session(backend, events) as run:
        run.record(Outcome(CLAIMS, "deleted"))
    for line in lines:
        backend.journal.append(line)
    assert look(backend, events).resources == {}


def test_a_journal_without_its_document_is_not_thrown_away(backend: Backend, events: Events) -> None:
    backend.journal.append(encode(CREATED, "l-1", 5))
    with pytest.raises(StateUnreadable, match="is missing"), session(backend, events):
        pass
    with pytest.raises(StateUnreadable):
        look(backend, events)
    assert len(list(backend.journal.read())) == 1


def test_a_reader_writes_nothing(tmp_path: Path, backend: Backend, events: Events) -> None:
    assert look(backend, events).serial == 0
    assert not (tmp_path / ".reconciler").exists()


def test_a_reader_beside_a_run_is_warned_and_makes_no_plan_that_would_fit_later(
    backend: Backend, events: Events
) -> None:
    with session(backend, events) as run:
        run.record(CREATED)
        seen = look(backend, events)
        assert seen.resources == {CLAIMS: Entry("p1")}
    (notice,) = events.of(Notice)
    assert isinstance(notice, Notice)
    assert notice.level == "warning"
    assert look(backend, events).serial != seen.serial


def test_a_second_run_is_refused_and_told_who_holds_the_lock(backend: Backend, events: Events) -> None:
    with session(backend, events), pytest.raises(StateLocked) as caught, session(backend, events):
        pass
    assert caught.value.holder["Operation"] == "apply"
    assert caught.value.exit_code == 4


def test_many_threads_record(backend: Backend, events: Events) -> None:
    with session(backend, events) as run, ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda n: run.record(Outcome(Address("persona", f"p{n}"), "created", Entry(f"i{n}"))), range(80))
        )
    assert len(look(backend, events).resources) == 80


def test_what_sends_nothing_is_marked_by_one_write_and_counts_whole_or_not_at_all(
    backend: Backend, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes: list[int] = []
    append = FileJournal.append

    def counted(journal: FileJournal, *lines: bytes) -> None:
        writes.append(len(lines))
        append(journal, *lines)

    def full(journal: FileJournal, *lines: bytes) -> None:
        raise StateError("no space left")

    addresses = [Address("persona", f"p{number}") for number in range(300)]
    monkeypatch.setattr(FileJournal, "append", counted)
    with session(backend, events) as run:
        ledger = StepRecorder(run, digest="d")
        with ledger.batch():
            for address in addresses:
                ledger.keep(address, Entry(f"id-{address.name}"))
                ledger.finish(address)
            assert not run.state.resources, "nothing of it counts before it is written"
        assert writes == [600]
        assert run.state.resources.keys() == set(addresses)
        ledger.forget(addresses[0])
        assert writes == [600, 1]
        monkeypatch.setattr(FileJournal, "append", full)
        with pytest.raises(StateError), ledger.batch():
            ledger.keep(CLAIMS, Entry("p1"))
        assert run.entry(CLAIMS) is None
    assert look(backend, events).resources.keys() == set(addresses[1:])


def test_a_lost_lock_is_told_and_the_state_is_rescued(tmp_path: Path, backend: Backend, events: Events) -> None:
    with pytest.raises(StateLocked) as caught, session(backend, events) as run:
        run.record(CREATED)
        run.check()
        holder = backend.holder()
        assert holder is not None
        backend.break_lock(holder.id)
        with pytest.raises(StateLocked):
            run.check()
    assert "reconciler state push" in str(caught.value.hint)
    assert parse_state((tmp_path / RESCUE).read_bytes()).resources == {CLAIMS: Entry("p1")}


def test_a_state_written_by_somebody_else_is_not_overwritten(backend: Backend, events: Events) -> None:
    other = dump_state(State("other", 9, "w", salt="s"))
    with pytest.raises(StateMoved) as caught, session(backend, events) as run:
        run.record(CREATED)
        backend.write(other)
    assert caught.value.exit_code == 5
    assert backend.read() == other


def test_a_failed_write_names_the_command_that_repairs(
    tmp_path: Path, backend: Backend, events: Events, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(data: bytes) -> None:
        raise StateError("the disk is full", hint="make room")

    with pytest.raises(StateError, match="the disk is full") as caught, session(backend, events) as run:
        run.record(CREATED)
        monkeypatch.setattr(backend, "write", fail)
    assert f"reconciler state push {RESCUE}" in str(caught.value.hint)
    assert (tmp_path / RESCUE).exists()
    monkeypatch.undo()
    monkeypatch.chdir(tmp_path)
    assert look(backend, events).resources == {CLAIMS: Entry("p1")}


def test_the_job_of_a_runner_is_named() -> None:
    github = {"GITHUB_SERVER_URL": "https://git.test", "GITHUB_REPOSITORY": "a/b", "GITHUB_RUN_ID": "7"}
    assert run_url(github) == "https://git.test/a/b/actions/runs/7"
    assert run_url({"CI_JOB_URL": "https://lab.test/1"}) == "https://lab.test/1"
    assert run_url({"BUILD_URL": "https://jenkins.test/1"}) == "https://jenkins.test/1"
    assert run_url({"GITHUB_SERVER_URL": "https://git.test"}) is None
    assert describe_run("apply", "2026-11-21T05:00:00Z", environ=github).run == "https://git.test/a/b/actions/runs/7"


def test_the_wait_for_the_lock_ends_when_somebody_asks_to_stop(tmp_path):
    backend, clock = open_local(tmp_path), JumpingClock()
    began = clock.monotonic()
    with open_session(backend, workspace="w", operation="apply", clock=clock, emit=lambda event: None):
        asked = []

        def stop():
            asked.append(clock.monotonic())
            return len(asked) > 3

        with (
            pytest.raises(Interrupted, match="the lock"),
            open_session(
                backend, workspace="w", operation="apply", clock=clock, emit=lambda event: None, lock_timeout=600,
                stop=stop,
            ),
        ):  # fmt: skip
            pass
    assert clock.monotonic() - began < 600
