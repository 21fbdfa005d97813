"""Watched workspaces: each is reconciled again and again, in a thread of its own, until somebody says stop."""

from __future__ import annotations

import os
import random
import socket
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TypeAlias

from reconciler.api.cache_folder import read_rates
from reconciler.api.session import Session
from reconciler.api.watch_requests import RequestStore
from reconciler.api.watch_task import SessionTask
from reconciler.core.continuous.schedule import check_window, seconds_to_next, update_memory
from reconciler.engine.continuous.reconcile_once import Done, reconcile_once
from reconciler.errors import Interrupted, ReconcilerError, UsageError
from reconciler.platforms.rate_limiter import RateLimiters
from reconciler.types.plan import Plan
from reconciler.types.watch import Answer, Call, Memory, Mode, Pause, Report, Round, Seen, Status, Watch, watcher_name

SANDBOX = Watch(interval=2.0, drift_interval=2.0, jitter=0.0)
"""Of a simulated account, which costs nothing to look at."""
OFTEN, SELDOM = 1.0, 15.0
"""Seconds between two looks for requests: a sixtieth of the interval, within these."""
REPORTED = 30.0
"""Seconds after which the same status is noted once more: a watcher that is not heard of for long is dead."""
WINDOW = "a window began to deny writing, and what was under way stopped"
STOPPED = "the watcher was told to stop, and the next round goes on"
Voice: TypeAlias = "tuple[Pause | None, Answer | None, Call | None]"
NOBODY: Voice = (None, None, None)


@dataclass
class Watched:
    """One workspace under watch, and what is known of it so far. Its thread alone changes it; others may read."""

    session: Session
    watch: Watch
    memory: Memory = Memory()
    last: Round | None = None
    looked: datetime | None = None
    """When the last round began."""
    next: datetime | None = None
    """When the next round is due; None while one is under way, and once the watcher ended."""
    doing: str = ""
    """What a round that is under way does: looking | writing; empty between two rounds."""
    plan: Plan | None = None
    """What the last look at the account found."""
    voice: Voice = NOBODY
    """What people asked for when the last round began."""
    rounds: Counter[str] = field(default_factory=Counter)
    """Rounds so far, by status."""
    writes: int = 0
    """Rounds so far that sent something to the account."""
    requests: int = 0
    """Requests that rounds sent so far."""
    told: Report | None = None
    """What stands beside the state."""
    trouble: str = ""
    """Why that could not be written."""
    turn: threading.Lock = field(default_factory=threading.Lock)
    """Held while a round begins or ends, so that nobody sees half of it."""

    @property
    def name(self) -> str:
        return self.session.workspace.name

    @property
    def seen(self) -> Seen:
        """What is known of it now, all of one moment."""
        with self.turn:
            return Seen(
                self.name, self.watch, self.memory, self.last, self.looked, self.next, self.doing, dict(self.rounds),
                self.writes, self.requests, self.plan is not None,
            )  # fmt: skip

    @property
    def now(self) -> datetime:
        return self.session.now


@dataclass
class Fleet:
    """The workspaces that one process watches together."""

    workspaces: Sequence[Watched]
    told: Callable[[Watched, Round, Memory], None]
    """Called after each round with what was known before it; what it raises ends nothing, and is complained of."""
    complain: Callable[[str], None]
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)
    elsewhere: Callable[[str], str | None] = lambda name: None
    """The commit at which a workspace that this process does not watch was synced last."""
    superseded: Callable[[], bool] = lambda: False
    """Whether another process makes this round by now: how it ended here is not noted or told."""

    def dead(self) -> list[str]:
        """Workspaces whose thread ended though nobody said stop: a fault."""
        return [] if self.stop.is_set() else [thread.name for thread in self.threads if not thread.is_alive()]

    def run(self) -> None:
        """Reconcile all of them until `stop` is set; changes that are on their way are finished."""
        self.threads = [
            threading.Thread(target=self._keep, args=(workspace,), name=workspace.name)
            for workspace in self.workspaces
        ]
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            while thread.is_alive():
                thread.join(1.0)  # in turns, so that signals are heard meanwhile
        self.close()

    def once(self) -> list[Round]:
        """One round of each, those first that others depend on; what they came to."""
        done: list[Round] = []
        for one in in_order(self.workspaces):
            if self.stop.is_set():
                break
            done.append(self.one_round(one, called=True, last=True)[0])
        self.close()
        return done

    def close(self) -> None:
        """Give back the connections that rounds have in common; a later round makes new ones."""
        for workspace in self.workspaces:
            if workspace.session.rate_limiters is not None:
                workspace.session.rate_limiters.close()

    def _keep(self, one: Watched) -> None:
        called = False
        while not self.stop.is_set():
            try:
                _, seconds = self.one_round(one, called=called)
            except Interrupted:
                break
            called = self._wait(one, seconds)
        one.next, one.doing = None, ""
        self._report(one)

    def _wait(self, one: Watched, seconds: float) -> bool:
        """Wait for the next round; True where a person asked for something meanwhile."""
        turn = min(SELDOM, max(OFTEN, one.watch.interval / 60))
        until = one.session.clock.monotonic() + seconds
        while (left := until - one.session.clock.monotonic()) > 0 and not self.stop.wait(min(turn, left)):
            try:
                if RequestStore(one.session).read().voice != one.voice:
                    return True
            except ReconcilerError:
                continue  # the next round says so
        return False

    def one_round(self, one: Watched, *, called: bool, last: bool = False) -> tuple[Round, float]:
        """One round, and how many seconds after it the next one is due; noted beside the state before it is told.

        Raises `Interrupted`.
        """
        before, now = one.memory, one.now
        with one.turn:
            one.looked, one.next = now, None
        task = SessionTask(one, self._synced_at, self.stop.is_set)
        try:
            done = reconcile_once(one.name, one.watch, task, before, now, called=called)
        except Interrupted:
            if self.stop.is_set() or not task.window_began:
                raise
            done = Done(Round(one.name, Status.FROZEN, WINDOW, before.commit))
        except Exception as error:  # a fault of ours in one workspace must not end the others
            done = _fault(one.name, before, error)
        if done is not None and task.window_began and done.round.status is Status.FAILED:
            done = Done(replace(done.round, status=Status.FROZEN, reason=f"{WINDOW}; {done.round.reason}"))
        if self.superseded():
            raise Interrupted("another process makes this round")
        stopped = done is not None and done.round.status is Status.FAILED and self.stop.is_set()
        if done is not None and stopped:
            done = Done(replace(done.round, status=Status.PENDING, reason=f"{STOPPED}; {done.round.reason}"))
        if done is not None:
            done = replace(done, round=replace(done.round, requests=task.requests_sent))
        with one.turn:
            one.doing = ""
            if done is not None:
                stretch = task.stretch(done.round)
                one.memory = update_memory(before, done.round, now, healed=done.healed, stretch=stretch)
                one.last = done.round
                one.requests += done.round.requests
                one.rounds[done.round.status.value] += 1
                one.writes += done.round.wrote
            assert one.last is not None, "without an earlier round there is always one to do"
            seconds = seconds_to_next(one.watch, one.memory, one.last, random.random())  # noqa: S311 - jitter
            one.next = None if last else one.now + timedelta(seconds=seconds)
        self._report(one)
        if done is None:
            return one.last, seconds
        try:
            self.told(one, done.round, before)
        except Exception as error:  # whoever is told must not stop what is told of
            self.complain(f"{one.name}: this round could not be told: {type(error).__name__}: {error}")
        if stopped:
            raise Interrupted(STOPPED)
        return done.round, seconds

    def _report(self, one: Watched) -> None:
        """Say beside the state how the last round ended, so that other processes can tell."""
        if one.last is None:
            return
        report = Report(
            watcher_name(os.getpid(), socket.gethostname()),
            one.now,
            one.next,
            one.watch.mode.value,
            one.last,
            one.memory,
        )
        if one.told is not None and not _news(one.told, report):
            return
        try:
            RequestStore(one.session).change("watch", lambda asked: replace(asked, report=report))
            one.told, one.trouble = report, ""
        except ReconcilerError as error:
            if error.message != one.trouble:
                self.complain(f"{one.name}: its status could not be noted beside the state: {error.message}")
            one.trouble = error.message

    def _synced_at(self, name: str) -> str | None:
        here = next((workspace for workspace in self.workspaces if workspace.name == name), None)
        return self.elsewhere(name) if here is None else here.memory.synced


def _news(told: Report, report: Report) -> bool:
    """Whether others would say something else of a workspace by `told`, or could take its watcher for dead."""
    same = replace(told.round, after=None, requests=0) == replace(report.round, after=None, requests=0)
    other = told.watcher != report.watcher or (told.next is None) != (report.next is None)
    return not same or other or report.at - told.at >= timedelta(seconds=REPORTED)


def watched(session: Session, names: Sequence[str] = (), mode: str | None = None) -> tuple[Watched, ...]:
    """The workspaces of the project that have `watch:`, or those named; with a `mode` in place of their own, and
    then that of the session where none has `watch:`.

    Raises `UsageError` where there is none, and for a window that cannot be read.
    """
    chosen = names or session.project.watched
    if not chosen and mode is not None:
        chosen = [session.workspace.name]
    if not chosen:
        raise UsageError(
            "no workspace of this project is watched",
            hint="add `watch: {mode: drift}` to a workspace in the project file, or name one: -w NAME",
        )
    found = []
    session = replace(session, rate_limiters=session.rate_limiters or RateLimiters(read_rates(session.environ)))
    for name in chosen:
        own = session.in_workspace(name)
        for window in own.workspace.watch.windows if own.workspace.watch else ():
            check_window(window)
        usual = SANDBOX if own.workspace.embedded else Watch()
        watch = own.workspace.watch or usual
        found.append(recall(Watched(own, replace(watch, mode=Mode(mode)) if mode else watch)))
    return tuple(found)


def recall(watched: Watched) -> Watched:
    """The same, knowing what an earlier watcher knew of this workspace, and noted; it is looked at all the same."""
    try:
        watched.told = RequestStore(watched.session).read().report
    except ReconcilerError:
        return watched  # the first round says so
    if watched.told is not None:
        watched.memory = replace(watched.told.memory, looked=None)
    return watched


def in_order(workspaces: Sequence[Watched]) -> list[Watched]:
    """The same, each after those that it depends on; a circle is left as it stands in the file."""
    by_name = {workspace.name: workspace for workspace in workspaces}
    found: dict[str, Watched] = {}
    for first in workspaces:
        above = {first.name: iter(first.watch.depends_on)} if first.name not in found else {}
        while above:  # no recursion: a chain may be as long as the file
            name, others = next(reversed(above.items()))
            other = next((one for one in others if one in by_name and one not in found and one not in above), None)
            if other is None:
                del above[name]
                found[name] = by_name[name]
            else:
                above[other] = iter(by_name[other].watch.depends_on)
    return list(found.values())


def _fault(name: str, memory: Memory, error: Exception) -> Done:
    reason = f"this is a bug in reconciler: {type(error).__name__}: {error}"
    return Done(Round(name, Status.FAILED, reason, memory.commit, hint="please report it"))
