"""Watched workspaces: each is reconciled again and again, in a thread of its own, until somebody says stop."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from reconciler.api.apply import apply_now, apply_options
from reconciler.api.plan import plan_now
from reconciler.api.remembered_rates import read_rates
from reconciler.api.session import Session
from reconciler.core.continuous.schedule import remember, seconds_to_next
from reconciler.core.continuous.windows import check_window
from reconciler.engine.continuous.reconcile_once import Done, reconcile_once
from reconciler.errors import Interrupted, UsageError
from reconciler.manifests.project.project_file import load_project
from reconciler.manifests.tree.source_version import digest_of, fetch_commit
from reconciler.platforms import PLATFORMS
from reconciler.platforms.pace import Paces
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult
from reconciler.types.watch import Memory, Round, Status, Watch

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
