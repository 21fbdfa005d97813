"""Watched workspaces: each is reconciled again and again, in a thread of its own, until somebody says stop."""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING

from reconciler.api.apply import apply_now, apply_options
from reconciler.api.plan import plan_now
from reconciler.api.remembered_rates import read_rates
from reconciler.api.session import Session
from reconciler.core.continuous.schedule import check_window, remember, seconds_to_next
from reconciler.engine.continuous.reconcile_once import Done, reconcile_once
from reconciler.errors import Interrupted, UsageError
from reconciler.manifests.project.project_file import load_project
from reconciler.manifests.tree.source_version import digest_of, fetch_commit
from reconciler.platforms import PLATFORMS
from reconciler.platforms.pace import Paces
from reconciler.types.json import number_in
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult
from reconciler.types.watch import Memory, Round, Status, Watch

if TYPE_CHECKING:
    from reconciler.types.json import Object
    from reconciler.types.watch import Memory, Notification, Round


SANDBOX = Watch(interval=2.0, drift_interval=2.0, jitter=0.0)
"""Of a simulated account, which costs nothing to look at."""


@dataclass
class Watched:
    """One workspace under watch, and what is known of it so far. Its thread alone changes it."""

    session: Session
    watch: Watch
    memory: Memory = Memory()
    last: Round | None = None

    @property
    def name(self) -> str:
        return self.session.workspace.name


@dataclass
class Fleet:
    """The workspaces that one process watches together."""

    workspaces: Sequence[Watched]
    told: Callable[[Watched, Round, Memory], None]
    """Called after each round with what was known before it; what it raises ends nothing, and is complained of."""
    complain: Callable[[str], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Reconcile all of them until `stop` is set; changes that are on their way are finished."""
        threads = [threading.Thread(target=self._keep, args=(one,), name=one.name) for one in self.workspaces]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive():
                thread.join(1.0)  # in turns, so that signals are heard meanwhile

    def once(self) -> list[Round]:
        """One round of each, those first that others depend on; what they came to."""
        done: list[Round] = []
        for one in in_order(self.workspaces):
            if self.stop.is_set():
                break
            done.append(self._round(one))
        return done

    def _keep(self, one: Watched) -> None:
        while not self.stop.is_set():
            try:
                last = self._round(one)
            except Interrupted:
                return
            self.stop.wait(seconds_to_next(one.watch, one.memory, last, random.random()))  # noqa: S311 - jitter

    def _round(self, one: Watched) -> Round:
        before, now = one.memory, datetime.fromisoformat(one.session.clock.now())
        task = SessionTask(one.session, one.watch, self._synced_at, self.stop.is_set)
        try:
            done = reconcile_once(one.name, one.watch, task, before, now)
        except Interrupted:
            raise
        except Exception as error:  # a fault of ours in one workspace must not end the others
            done = _fault(one.name, before, error)
        if done is None:
            assert one.last is not None, "without an earlier round there is always one to do"
            return one.last
        one.memory = remember(before, done.round, now, healed=done.healed)
        one.last = done.round
        try:
            self.told(one, done.round, before)
        except Exception as error:  # whoever is told must not stop what is told of
            self.complain(f"{one.name}: this round could not be told: {type(error).__name__}: {error}")
        return done.round

    def _synced_at(self, name: str) -> str | None:
        return next((one.memory.synced for one in self.workspaces if one.name == name), None)


class SessionTask:
    """A workspace of a session, as a round meets it."""

    def __init__(
        self, session: Session, watch: Watch, synced_at: Callable[[str], str | None], stop: Callable[[], bool]
    ) -> None:
        self._session = replace(session, stop=stop)
        self._watch = watch
        self._synced_at = synced_at

    def fetch(self) -> str:
        """The commit that is to be there, or a digest of the folder."""
        home = self._session.project.home
        return digest_of(home) if self._watch.ref is None else fetch_commit(home, self._watch.ref)

    def plan(self, commit: str) -> Plan:
        """What differs; no lock is taken."""
        return plan_now(self._at(commit), PlanOptions()).plan

    def apply(self, commit: str) -> tuple[Plan, ApplyResult | None]:
        """The plan made again under the lock, and what became of it."""
        session = self._at(commit)
        done = apply_now(session, PlanOptions(), apply_options(session), lambda plan, manifests: True)
        return done.plan, done.result if done.plan.differences else None

    def synced_at(self, workspace: str) -> str | None:
        return self._synced_at(workspace)

    def _at(self, commit: str) -> Session:
        """The session over the manifests of `commit`: overlays and policy are those of the commit, the account and
        the store of the state those of the project file on disk, so that a merge cannot lead elsewhere."""
        session, ref = self._session, commit if self._watch.ref is not None else None
        if session.project.file is None:
            return session
        project = load_project(session.project.file, PLATFORMS, root=session.project.root, ref=ref)
        own = session.workspace
        found = project.workspaces.get(own.name)
        if found is None:
            raise UsageError(
                f"the project file of {self._watch.ref or 'the folder'} has no workspace {own.name!r} any more",
                hint="take it out of what is watched, or put it back",
            )
        workspace = replace(
            found, provider=own.provider, state=own.state, parallelism=own.parallelism,
            max_requests_per_second=own.max_requests_per_second, give_up_after=own.give_up_after, watch=own.watch,
        )  # fmt: skip
        return replace(session, project=project, workspace=workspace).reading(ref=ref)


def watched(session: Session, names: Sequence[str] = ()) -> tuple[Watched, ...]:
    """The workspaces of the project that have `watch:`, or those named.

    Raises `UsageError` where there is none, and for a window that cannot be read.
    """
    chosen = names or [name for name, one in session.project.workspaces.items() if one.watch is not None]
    if not chosen:
        raise UsageError(
            "no workspace of this project is watched",
            hint="add `watch:` to a workspace in the project file (reconciler explain project), or name one: -w NAME",
        )
    found = []
    session = replace(session, paces=session.paces or Paces(read_rates(session.environ)))
    for name in chosen:
        own = session.in_workspace(name)
        for window in own.workspace.watch.windows if own.workspace.watch else ():
            check_window(window)
        usual = SANDBOX if own.workspace.embedded else Watch()
        found.append(Watched(own, own.workspace.watch or usual))
    return tuple(found)


def in_order(workspaces: Sequence[Watched]) -> list[Watched]:
    """The same, each after those that it depends on; a circle is left as it stands in the file."""
    found: list[Watched] = []
    by_name = {one.name: one for one in workspaces}

    def add(one: Watched, above: tuple[str, ...]) -> None:
        if one.name in above or one in found:
            return
        for name in one.watch.depends_on:
            if name in by_name:
                add(by_name[name], (*above, one.name))
        found.append(one)

    for one in workspaces:
        add(one, ())
    return found


def _fault(name: str, memory: Memory, error: Exception) -> Done:
    reason = f"this is a bug in reconciler: {type(error).__name__}: {error}"
    return Done(Round(name, Status.FAILED, reason, memory.commit, hint="please report it"))


TRIES = 4
SECONDS = 10.0
"""A receiver that takes longer has failed."""
PAUSE = 1.0
"""Seconds before the second try; they double."""
LONGEST = 60.0
"""Seconds that a receiver may ask to wait (`Retry-After`)."""
WAITING = 1000
"""Messages that may wait; what comes on top is dropped and said."""


class Notifier:
    """Sends from a thread of its own, so that a slow receiver holds no round up."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        """`complain` is told of what could not be delivered; never with the address, which is a secret."""
        self._complain = complain
        self._waiting: queue.Queue[tuple[Watched, Notification, Object] | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._deliver, name="notify", daemon=True)
        self._thread.start()

    def tell(self, one: Watched, done: Round, before: Memory) -> None:
        """Queue a message for everybody who wants to hear of this round; the same end again is no news."""
        from reconciler.core.continuous.schedule import recovered
        from reconciler.reporters.watch_status import notification

        better = recovered(before, done)
        if done.status is before.status:
            return
        now = datetime.fromisoformat(one.session.clock.now())
        for target in one.watch.notify:
            if done.status.value not in target.on and not (better and "recovered" in target.on):
                continue
            body = notification(target.format, done, one.memory, one.watch, now, recovered=better)
            try:
                self._waiting.put_nowait((one, target, body))
            except queue.Full:
                self._complain(f"{one.name}: too many messages are waiting to be sent; this one is dropped")

    def close(self, seconds: float = SECONDS) -> None:
        """Deliver what waits, for at most `seconds`."""
        self._waiting.put(None)
        self._thread.join(seconds)

    def _deliver(self) -> None:
        while (item := self._waiting.get()) is not None:
            one, target, body = item
            if (problem := self._send(one, target, body)) is not None:
                self._complain(f"{one.name}: a message to {target.webhook} could not be delivered: {problem}")

    def _send(self, one: Watched, target: Notification, body: Object) -> str | None:
        """None once it was taken; else why not."""
        import httpx

        from reconciler.api.manifests import known_secrets
        from reconciler.errors import ReconcilerError

        try:
            address = known_secrets(one.session).resolve(target.webhook)
        except ReconcilerError as error:
            return error.message
        if not address:
            return "it is not set"
        problem = ""
        for turn in range(TRIES):
            wait = PAUSE * 2.0**turn
            try:
                answer = httpx.post(address.strip(), json=body, timeout=SECONDS, follow_redirects=False)
            except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
                problem = type(error).__name__  # its text may hold the address
            else:
                if answer.is_success:
                    return None
                problem = f"it answered {answer.status_code}"
                if answer.status_code != 429 and answer.status_code < 500:
                    return problem
                asked = number_in(answer.headers.get("retry-after", ""))
                wait = wait if asked is None else min(asked, LONGEST)
            if turn < TRIES - 1:
                one.session.clock.sleep(wait)
        return problem
