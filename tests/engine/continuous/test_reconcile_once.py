"""One round of a watched workspace: every end that it can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from reconciler.core.continuous.schedule import update_memory
from reconciler.engine.continuous.reconcile_once import ENDS, Done, reconcile_once
from reconciler.errors import (
    AuthRefused,
    DiagnosticsError,
    Interrupted,
    ManifestError,
    NotTrusted,
    PlanStale,
    ReconcilerError,
    SourceAway,
    StateLocked,
    StateUnreadable,
    Unavailable,
)
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.live import Account
from reconciler.types.plan import DriftItem, Plan
from reconciler.types.report import ApplyResult, StepResult
from reconciler.types.watch import (
    Answer,
    Call,
    Memory,
    Mode,
    Pause,
    Requests,
    Round,
    Status,
    WaitingPlan,
    Watch,
    Window,
)

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
DESK = Address("persona", "desk")
EMPTY = Plan("w", Account("a", "pal"), "lineage", 1)
CHANGED = replace(EMPTY, changes=(Change(DESK, kind("persona"), Action.UPDATE),))
DRIFTED = replace(CHANGED, drift=(DriftItem(DESK, kind("persona"), "p1", ()),))
BLOCKED = replace(CHANGED, blocked=(Block("deletes", "2 deletes are not allowed", "--allow-deletes"),))
CARRIED_OUT = ApplyResult((StepResult(DESK, Action.UPDATE, "done"),))
FIRST = Memory()
DIGEST = "0123456789abcdef"
WAITING = WaitingPlan(DIGEST, "c1", NOW, NOW + timedelta(hours=1), "1 to update", "")
YES, NO = (Answer(DIGEST, yes, "kim@host", NOW, "not now") for yes in (True, False))
APPROVE: dict[str, object] = {"mode": Mode.APPROVE}
SHUT = Window("deny", "0 0 * * *", 24 * 3600.0)


@dataclass
class Bench:
    """A workspace that answers what a test wants, and notes what was asked of it."""

    found: Plan | ReconcilerError = EMPTY
    result: ApplyResult | ReconcilerError | None = CARRIED_OUT
    commit: str | ReconcilerError = "c1"
    neighbours: dict[str, str] = field(default_factory=dict)
    said: Requests | ReconcilerError = Requests()
    lifted: Plan | None = None
    asked: list[str] = field(default_factory=list)

    def _answer(self, word: str, answer: object) -> object:
        self.asked.append(word)
        if isinstance(answer, ReconcilerError):
            raise answer
        return answer

    def fetch(self) -> str | None:
        return self._answer("fetch", self.commit)  # type: ignore[return-value]

    def requests(self) -> Requests:
        return self._answer("requests", self.said)  # type: ignore[return-value]

    def plan(self, commit: str | None, *, asked: bool = False) -> Plan:
        found = self.lifted if asked and self.lifted is not None else self.found
        return self._answer("plan", found)  # type: ignore[return-value]

    def keep(self, plan: Plan | None, summary: str, commit: str) -> str:
        self.asked.append("forget" if plan is None else "keep")
        return DIGEST

    def apply_kept(self, waiting: WaitingPlan) -> ApplyResult | None:
        return self._answer("apply kept", self.result)  # type: ignore[return-value]

    def apply(self, commit: str | None) -> tuple[Plan, ApplyResult | None]:
        result = self._answer("apply", self.result)
        assert isinstance(self.found, Plan)
        return self.found, result  # type: ignore[return-value]

    def synced_at(self, workspace: str) -> str | None:
        return self.neighbours.get(workspace)

    @property
    def wrote(self) -> bool:
        return "apply" in self.asked or "apply kept" in self.asked


def once(bench: Bench, memory: Memory = FIRST, **watch: object) -> Done:
    settings = replace(Watch(mode=Mode.AUTO), **watch)  # type: ignore[arg-type]
    done = reconcile_once("w", settings, bench, memory, NOW)
    assert done is not None
    return done


BY: dict[str, tuple[Bench, dict[str, object], Status, bool]] = {
    "nothing differs": (Bench(), {}, Status.SYNCED, False),
    "auto": (Bench(CHANGED), {}, Status.SYNCED, True),
    "drift": (Bench(CHANGED), {"mode": Mode.DRIFT}, Status.DRIFTED, False),
    "off": (Bench(CHANGED), {"mode": Mode.OFF}, Status.PAUSED, False),
    "nothing differs in drift mode": (Bench(), {"mode": Mode.DRIFT}, Status.SYNCED, False),
    "blocked": (Bench(BLOCKED), {}, Status.BLOCKED, False),
    "a window": (Bench(CHANGED), {"windows": (SHUT,)}, Status.FROZEN, False),
    "a window over nothing": (Bench(), {"windows": (SHUT,)}, Status.SYNCED, False),
    "a window that cannot be read": (
        Bench(CHANGED), {"windows": (replace(SHUT, cron="soon"),)}, Status.FROZEN, False,
    ),
    "a neighbour that is behind": (
        Bench(CHANGED, neighbours={"staging": "c0"}), {"depends_on": ("staging",)}, Status.PENDING, False,
    ),
    "a neighbour that is there": (
        Bench(CHANGED, neighbours={"staging": "c1"}), {"depends_on": ("staging",)}, Status.SYNCED, True,
    ),
    "git is away": (Bench(CHANGED, commit=SourceAway("no route")), {}, Status.STALE_SOURCE, False),
    "the key is refused": (Bench(AuthRefused("401")), {}, Status.UNAUTHORIZED, False),
    "locked": (Bench(CHANGED, StateLocked("locked", holder={"who": "kim"})), {}, Status.LOCKED, True),
    "bad manifests": (Bench(ManifestError("2 errors", ())), {}, Status.BLOCKED, False),
    "an account that does not answer": (Bench(Unavailable("503")), {}, Status.FAILED, False),
    "cut short": (
        Bench(CHANGED, ApplyResult((StepResult(DESK, Action.UPDATE, "failed", message="503"),))),
        {}, Status.FAILED, True,
    ),
    "paused": (Bench(CHANGED, said=Requests(pause=Pause("kim", NOW))), {}, Status.PAUSED, False),
    "a pause that is over": (Bench(CHANGED, said=Requests(pause=Pause("kim", NOW, NOW))), {}, Status.SYNCED, True),
    "requests that cannot be read": (Bench(CHANGED, said=StateUnreadable("garbage")), {}, Status.FAILED, False),
    "nobody answered": (Bench(CHANGED), APPROVE, Status.AWAITING_APPROVAL, False),
    "nothing to ask about": (Bench(said=Requests(waiting=WAITING)), APPROVE, Status.SYNCED, False),
    "approved": (Bench(CHANGED, said=Requests(waiting=WAITING, answer=YES)), APPROVE, Status.SYNCED, True),
    "approved, but another plan": (
        Bench(CHANGED, said=Requests(waiting=WAITING, answer=replace(YES, digest="f" * 16))),
        APPROVE, Status.AWAITING_APPROVAL, False,
    ),
    "approved, but a new commit": (
        Bench(CHANGED, commit="c2", said=Requests(waiting=WAITING, answer=YES)),
        APPROVE, Status.AWAITING_APPROVAL, False,
    ),
    "approved, but expired": (
        Bench(CHANGED, said=Requests(waiting=replace(WAITING, expires=NOW), answer=YES)),
        APPROVE, Status.AWAITING_APPROVAL, False,
    ),
    "approved, and the answer taken back": (
        Bench(CHANGED, None, said=Requests(waiting=WAITING, answer=YES)), APPROVE, Status.PENDING, True,
    ),
    "approved, but stale": (
        Bench(CHANGED, PlanStale("moved"), said=Requests(waiting=WAITING, answer=YES)),
        APPROVE, Status.AWAITING_APPROVAL, True,
    ),
    "approved in a window": (
        Bench(CHANGED, said=Requests(waiting=WAITING, answer=YES)),
        {**APPROVE, "windows": (SHUT,)}, Status.FROZEN, False,
    ),
    "approved in a window that lets it": (
        Bench(CHANGED, said=Requests(waiting=WAITING, answer=YES)),
        {**APPROVE, "windows": (replace(SHUT, manual=True),)}, Status.SYNCED, True,
    ),
    "rejected": (Bench(CHANGED, said=Requests(waiting=WAITING, answer=NO)), APPROVE, Status.BLOCKED, False),
    "blocked whoever asks": (Bench(BLOCKED), APPROVE, Status.BLOCKED, False),
    "blocked until somebody says yes": (Bench(BLOCKED, lifted=CHANGED), {}, Status.BLOCKED, False),
    "blocked, and somebody said yes": (
        Bench(BLOCKED, lifted=CHANGED, said=Requests(waiting=WAITING, answer=YES)), {}, Status.SYNCED, True,
    ),
    "approved, then only looked at": (
        Bench(CHANGED, said=Requests(waiting=WAITING, answer=YES)), {"mode": Mode.DRIFT}, Status.DRIFTED, False,
    ),
    "gone under the lock": (Bench(CHANGED, None), {}, Status.SYNCED, True),
}  # fmt: skip


@pytest.mark.parametrize(("bench", "watch", "status", "wrote"), BY.values(), ids=BY)
def test_every_end(bench: Bench, watch: dict[str, object], status: Status, wrote: bool) -> None:
    bench.asked.clear()
    done = once(bench, **watch)
    assert (done.round.status, bench.wrote) == (status, wrote), done.round.reason
    assert done.round.reason


@pytest.mark.parametrize("error", [kind for kind, _ in ENDS])
@pytest.mark.parametrize("where", ["found", "commit", "result"])
def test_an_error_wherever_it_comes_from_is_an_end(error: type[ReconcilerError], where: str) -> None:
    bench = Bench(CHANGED)
    made: Callable[..., ReconcilerError] = error
    more = {"holder": {"who": "kim"}} if error is StateLocked else {}
    setattr(bench, where, made("trouble", *([()] if issubclass(error, DiagnosticsError) else []), **more))
    assert once(bench).round.status is dict(ENDS)[error]
    assert once(bench).round.reason == "trouble"


def test_an_interrupt_is_no_end() -> None:
    with pytest.raises(Interrupted):
        once(Bench(Interrupted("stopped")))


def test_the_same_drift_is_put_back_later_each_time() -> None:
    memory, bench = Memory(commit="c1"), Bench(DRIFTED)
    done = once(bench, memory)
    assert done.round.status is Status.SYNCED and done.healed
    memory = update_memory(memory, done.round, NOW - timedelta(seconds=10), healed=done.healed)
    memory = replace(memory, looked=NOW - timedelta(hours=1))
    bench.asked.clear()
    waiting = once(bench, memory)
    assert (waiting.round.status, waiting.round.after, bench.wrote) == (Status.PENDING, 50.0, False)


def test_a_change_of_git_is_no_heal() -> None:
    assert once(Bench(CHANGED), Memory(commit="c0", synced="c0")).healed is None
    assert once(Bench(CHANGED), Memory(commit="c1", synced="c1")).healed is not None


def test_without_git_it_is_looked_at_against_the_last_commit() -> None:
    done = once(Bench(CHANGED, commit=SourceAway("no route")), Memory(commit="c0"))
    assert done.round.commit == "c0"
    assert "1 to update" in done.round.reason


def test_without_git_and_without_any_commit_nothing_is_looked_at() -> None:
    """Not the files of the clone as they happen to be, which nobody asked for."""
    bench = Bench(CHANGED, commit=SourceAway("no route"))
    assert once(bench).round == Round("w", Status.STALE_SOURCE, "no route")
    assert bench.asked == ["requests", "fetch"]


def test_what_a_person_asked_for_since_the_last_look_is_done_whoever_hears_of_it() -> None:
    """Also by a worker to which nobody said so: it finds the call beside the state."""
    synced = Memory(Status.SYNCED, NOW, "c1", "c1", looked=NOW - timedelta(minutes=1))
    for at, looks in ((NOW - timedelta(minutes=2), False), (NOW - timedelta(seconds=30), True)):
        bench = Bench(CHANGED, said=Requests(call=Call("kim@host", at)))
        done = reconcile_once("w", Watch(mode=Mode.AUTO), bench, synced, NOW)
        assert (done is not None, "plan" in bench.asked) == (looks, looks)


def test_an_untrusted_project_waits_for_the_operator() -> None:
    assert once(Bench(NotTrusted("not known"))).round == Round("w", Status.BLOCKED, "not known", "c1")


def test_what_may_be_let_through_is_put_before_a_person_also_in_auto_mode() -> None:
    bench = Bench(BLOCKED, lifted=CHANGED)
    done = once(bench).round
    assert (done.plan, "keep" in bench.asked) == (DIGEST, True)
    assert DIGEST[:12] in (done.hint or "")
    none = once(Bench(BLOCKED, lifted=BLOCKED)).round
    assert none.plan is None


def test_a_stale_approval_is_forgotten_and_asked_about_anew() -> None:
    bench = Bench(CHANGED, PlanStale("the account moved"), said=Requests(waiting=WAITING, answer=YES))
    done = once(bench, **APPROVE).round
    assert "kim@host" in done.reason and "the account moved" in done.reason
    assert bench.asked[-4:] == ["apply kept", "forget", "plan", "keep"]


def test_one_that_was_cut_short_stays_approved() -> None:
    cut = ApplyResult((StepResult(DESK, Action.UPDATE, "failed", message="503"),))
    bench = Bench(CHANGED, cut, said=Requests(waiting=WAITING, answer=YES))
    assert once(bench, **APPROVE).round.status is Status.FAILED
    assert "forget" not in bench.asked and "keep" not in bench.asked


def test_a_pause_says_who_and_until_when() -> None:
    pause = Pause("kim@host", NOW - timedelta(hours=1), NOW + timedelta(hours=2), "the fair")
    done = once(Bench(CHANGED, said=Requests(pause=pause))).round
    assert all(part in done.reason for part in ("kim@host", "11:00", "14:00", "the fair"))
    assert done.after == 7200.0


@pytest.mark.parametrize(
    ("expires", "after"),
    [
        ("2026-11-28T12:00:40Z", 41.0),
        ("2026-11-28T11:00:00Z", 5.0),
        ("2027-11-28T12:00:40Z", 3600.0),
        ("", None),
        ("soon", None),
    ],
)
def test_a_lock_is_tried_again_when_its_lease_ends(expires: str, after: float | None) -> None:
    bench = Bench(CHANGED, StateLocked("locked", holder={"Expires": expires}))
    assert once(bench, mode=Mode.AUTO).round.after == after
