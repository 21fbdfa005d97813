"""Records on their way into a store without a journal: what waits, what goes along, and what a failure leaves."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from reconciler.core.state.journal_records import IntentNoted, Outcome, PlanStarted, Record
from reconciler.core.state.state_document import parse_state
from reconciler.engine.apply.step_recorder import StepRecorder
from reconciler.engine.state.checkpoints import GAP, Checkpoints, is_urgent
from reconciler.engine.state.lock_owner import describe_run
from reconciler.engine.state.state_reader import read_only_state
from reconciler.engine.state.state_session import open_session
from reconciler.errors import StateError, StateLocked, StateMoved
from reconciler.types.address import Address
from reconciler.types.event import StateSaved
from reconciler.types.state import Entry, Intent, PlanProgress
from tests.support.state import RESCUE, Events, JumpingClock, Memory, open_local

A, B, C = (Address("persona", name) for name in "abc")


def intent(address: Address) -> IntentNoted:
    return IntentNoted(Intent(address, "persona", address.name))


def created(address: Address) -> Outcome:
    return Outcome(address, "created", Entry(f"id-{address.name}"))


@pytest.fixture
def backend(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Memory:
    monkeypatch.chdir(tmp_path)
    return Memory()


@pytest.fixture
def events() -> Events:
    return Events()


def session(backend: Memory, events: Events):
    return open_session(
        backend, workspace="w", operation="apply", clock=JumpingClock(), emit=events.append, lineage="l"
    )


def test_what_must_be_there_before_a_request_is_there(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        run.record(intent(A))
        assert [one.address for one in parse_state(backend.data or b"").pending] == [A]
        run.record(created(A))
        assert run.entry(A) == Entry("id-a")
        run.record(intent(B))
        state = parse_state(backend.data or b"")
        assert (list(state.resources), [one.address for one in state.pending]) == ([A], [B])
        run.record(created(B))
    last = backend.written[-1]
    assert (sorted(last.resources), last.pending) == ([A, B], ())
    assert [one.serial for one in backend.written] == [1, 2, 3]
    assert events.of(StateSaved) == [StateSaved(3)]


def test_outcomes_alone_need_one_write(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        for number in range(50):
            run.record(created(Address("persona", f"p{number}")))
        assert backend.written == []
    assert len(backend.written) == 1
    assert len(backend.written[0].resources) == 50


def test_a_saved_plan_counts_as_applied_before_its_first_request(backend: Memory, events: Events) -> None:
    """Its start needs no write of its own: the mark of the first change carries it along."""
    with session(backend, events) as run:
        run.record(PlanStarted("digest"))
        run.record(intent(A))
        assert parse_state(backend.data or b"").plan("digest") == PlanProgress("digest", serial=1)


def test_a_killed_run_leaves_its_intents_to_the_next(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        run.record(intent(A))
        left = backend.data
        run.record(created(A))
    backend.data = left
    state = read_only_state(backend, "w", emit=events.append)
    assert [one.address for one in state.pending] == [A]
    assert state.serial == 1
    with session(backend, events) as run:
        assert [one.address for one in run.state.pending] == [A]
        run.record(created(A))
    assert parse_state(backend.data or b"").serial == 2


def test_an_intent_that_cannot_be_stored_counts_as_not_recorded(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        run.record(created(B))
        backend.failing = 1
        with pytest.raises(StateError, match="down"):
            run.record(intent(A))
        assert run.state.pending == ()
    assert backend.written[-1].pending == ()
    assert list(backend.written[-1].resources) == [B]


def test_a_write_that_arrived_without_an_answer_is_our_own(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        backend.lost = 1
        with pytest.raises(StateError, match="no answer"):
            run.record(intent(A))
        run.record(created(B))
    assert list(backend.written[-1].resources) == [B]
    assert backend.written[-1].pending == ()


def test_a_document_of_somebody_else_stops_the_run(backend: Memory, events: Events) -> None:
    with pytest.raises(StateMoved, match="somebody else"), session(backend, events) as run:
        run.record(intent(A))
        mine = backend.data or b""
        backend.data = mine.replace(b'"serial": 1', b'"serial": 7')
        with pytest.raises(StateMoved):
            run.record(intent(B))
        run.record(created(A))
    assert Path(RESCUE).exists()


def test_a_lost_lock_stops_the_run(backend: Memory, events: Events) -> None:
    with pytest.raises(StateLocked) as caught, session(backend, events) as run:
        run.record(intent(A))
        backend.held = False
        with pytest.raises(StateLocked):
            run.record(intent(B))
        run.record(created(A))
    assert "state push" in str(caught.value.hint)
    assert list(parse_state(Path(RESCUE).read_bytes()).resources) == [A]
    assert backend.written[-1].resources == {}


def test_a_failure_at_the_end_is_rescued(backend: Memory, events: Events) -> None:
    with pytest.raises(StateError, match="could not be saved"), session(backend, events) as run:
        run.record(created(A))
        backend.failing = 1
    assert list(parse_state(Path(RESCUE).read_bytes()).resources) == [A]


def test_threads_share_writes(backend: Memory, events: Events) -> None:
    addresses = [Address("persona", f"p{number}") for number in range(60)]
    with session(backend, events) as run, ThreadPoolExecutor(12) as pool:

        def step(address: Address) -> bool:
            run.record(intent(address))
            there = parse_state(backend.data or b"")
            seen = address in {one.address for one in there.pending}
            run.record(created(address))
            return seen

        assert all(pool.map(step, addresses))
    assert sorted(backend.written[-1].resources) == sorted(addresses)
    serials = [one.serial for one in backend.written]
    assert serials == list(range(1, len(serials) + 1))


def test_several_records_are_one_write(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        run.record_all([intent(A), intent(B)])
        assert len(backend.written) == 1
        assert [one.address for one in backend.written[0].pending] == [A, B]


def test_those_who_come_during_a_write_share_the_next() -> None:
    begun, go = threading.Event(), threading.Event()
    batches: list[list[Record]] = []

    def write(records: Sequence[Record]) -> None:
        batches.append(list(records))
        begun.set()
        assert go.wait(10)

    checkpoints = Checkpoints(write, JumpingClock())
    with ThreadPoolExecutor(6) as pool:
        first = pool.submit(checkpoints.put, [intent(A)])
        assert begun.wait(10)
        others = [pool.submit(checkpoints.put, [intent(Address("persona", str(n)))]) for n in range(5)]
        while len(checkpoints._waiting) < 5:
            pass
        go.set()
        for one in (first, *others):
            one.result(10)
    assert [len(batch) for batch in batches] == [1, 5]


def test_at_most_one_write_begins_each_second_and_whoever_comes_meanwhile_shares_it() -> None:
    clock, writes, came = JumpingClock(), [], threading.Barrier(5)
    start = clock.monotonic()

    class Waiting:
        """A clock whose sleep lets four others come."""

        monotonic = staticmethod(clock.monotonic)

        @staticmethod
        def sleep(seconds: float) -> None:
            if seconds:
                came.wait(10)
                while len(checkpoints._waiting) < 5:
                    pass
            clock.sleep(seconds)

    checkpoints = Checkpoints(lambda records: writes.append((clock.monotonic(), len(records))), Waiting())
    checkpoints.put([intent(A)])

    def late(number: int) -> None:
        if number:
            came.wait(10)
        checkpoints.put([intent(Address("persona", str(number)))])

    with ThreadPoolExecutor(5) as pool:
        list(pool.map(late, range(5)))
    assert [(moment - start, count) for moment, count in writes] == [(0.0, 1), (GAP, 5)]


def test_a_failed_write_fails_all_who_shared_it() -> None:
    def write(records: Sequence[Record]) -> None:
        raise StateError("down")

    checkpoints = Checkpoints(write, JumpingClock())
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda n: _error(checkpoints, n), range(12)))
    assert found == ["down"] * 12


def _error(checkpoints: Checkpoints, number: int) -> str:
    try:
        checkpoints.put([intent(Address("persona", str(number)))])
    except StateError as error:
        return error.message
    return ""


def test_an_outcome_is_written_though_nobody_waits_for_it() -> None:
    written, failed = threading.Event(), threading.Event()

    def write(records: Sequence[Record]) -> None:
        assert list(records) == []
        if not failed.is_set():
            failed.set()
            raise StateError("not yet")
        written.set()

    checkpoints = Checkpoints(write, JumpingClock(), longest=0.001)
    checkpoints.note()
    assert written.wait(10)
    checkpoints.close()
    written.clear()
    checkpoints.note()
    assert not written.is_set()


@pytest.mark.parametrize(
    ("record", "urgent"), [(intent(A), True), (PlanStarted("x"), False), (created(A), False)], ids=str
)
def test_only_what_may_not_happen_twice_is_urgent(record: Record, urgent: bool) -> None:
    assert is_urgent(record) is urgent


def test_a_holder_is_described_without_asking(backend: Memory, events: Events) -> None:
    assert read_only_state(backend, "w", emit=events.append).serial == 0
    assert describe_run("apply", JumpingClock().now()).operation == "apply"


def test_the_creates_of_a_stage_are_one_write(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        ledger = StepRecorder(run)
        ledger.announce([intent(one).intent for one in (A, B, C)])
        assert [one.address for one in backend.written[-1].pending] == [A, B, C]
        for one in (A, B):
            ledger.intend(intent(one).intent)
            ledger.keep(one, Entry(f"id-{one.name}"))
        assert len(backend.written) == 1
        ledger.retract()
        assert run.state.pending == ()
        ledger.intend(intent(C).intent)
        assert [one.address for one in backend.written[-1].pending] == [C]
        ledger.drop(C)
    assert (sorted(backend.written[-1].resources), backend.written[-1].pending) == ([A, B], ())


def test_a_second_try_of_a_create_is_marked_again(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        ledger = StepRecorder(run)
        ledger.announce([intent(A).intent])
        ledger.intend(intent(A).intent)
        ledger.drop(A)
        ledger.intend(intent(A).intent)
        assert [one.address for one in backend.written[-1].pending] == [A]


def test_a_stage_that_cannot_be_announced_sends_nothing(backend: Memory, events: Events) -> None:
    with session(backend, events) as run:
        backend.failing = 1
        with pytest.raises(StateError):
            StepRecorder(run).announce([intent(A).intent])
        assert run.state.pending == ()
    assert backend.data is None


def test_a_journal_is_not_told_in_advance(tmp_path: Path, events: Events) -> None:
    store = open_local(tmp_path)
    with open_session(store, workspace="w", operation="apply", clock=JumpingClock(), emit=events.append) as run:
        ledger = StepRecorder(run)
        ledger.announce([intent(A).intent])
        assert list(store.journal.read()) == []
        ledger.intend(intent(A).intent)
        assert len(list(store.journal.read())) == 1
        ledger.retract()
        assert [one.address for one in run.state.pending] == [A]
        ledger.drop(A)
