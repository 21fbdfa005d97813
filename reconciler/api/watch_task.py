"""A workspace of a session, as a round of its watcher meets it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from reconciler.api.apply import apply_now, apply_options, apply_plan
from reconciler.api.plan import plan_now
from reconciler.api.watch_requests import RequestStore, plan_name, waiting_plan
from reconciler.core.continuous.schedule import closed_window, period
from reconciler.core.planning.plan_file import dump_plan
from reconciler.errors import PlanUnreadable, UsageError
from reconciler.manifests.project.project_file import load_project
from reconciler.manifests.tree.source_version import digest_of, fetch_commit
from reconciler.platforms import PLATFORMS
from reconciler.types.options import PlanOptions
from reconciler.types.watch import Requests, Round, WaitingPlan

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.api.watch import Watched
    from reconciler.platforms.rate_limiter import RateLimiter
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.plan import Plan
    from reconciler.types.report import ApplyResult

ASKED = PlanOptions(allow_deletes=True, allow_mass_change=True, record=True)
"""Of a plan that is shown to a person: a yes to it lifts what these flags lift, and nothing else does."""


WRITING = "writing"


class SessionTask:
    """The port `engine.continuous.reconcile_once.Task` over a session."""

    def __init__(self, watched: Watched, synced_at: Callable[[str], str | None], stop: Callable[[], bool]) -> None:
        self._one = watched
        self._session = replace(
            watched.session,
            stop=lambda: stop() or self._window_began(),
            hooks=replace(watched.session.hooks, sent=self._count),
        )
        self._sent: tuple[int, RateLimiter | None] | None = None
        self._stopping = [window for window in watched.watch.windows if window.stops]
        self._looked = float("-inf")
        self._manual = False
        self.window_began = False
        """Whether a window that stops what is under way began to deny."""
        self._watch = watched.watch
        self._synced_at = synced_at
        self._requests = RequestStore(watched.session)

    @property
    def requests_sent(self) -> int:
        """How many requests the account got so far."""
        return self._sent[0] if self._sent is not None else 0

    def stretch(self, done: Round) -> float:
        """How many times as long the next pause must be, for the account to carry it; after a round that wrote, or
        asked the account nothing, as before."""
        if self._sent is None or done.wrote:
            return self._one.memory.stretch
        count, pace = self._sent
        if pace is None:
            return 1.0
        who = str(self._session.project.file), self._one.name
        return pace.stretch(who, count, period(self._watch, done.status))

    def _count(self, count: int, pace: RateLimiter | None) -> None:
        self._sent = count + (self._sent[0] if self._sent is not None else 0), pace

    def requests(self) -> Requests:
        """What people ask, as it stands beside the state now."""
        found = self._requests.read()
        self._one.voice = found.voice
        return found

    def fetch(self) -> str:
        """The commit that is to be there, or a digest of the folder."""
        home = self._session.project.home
        if self._watch.ref is not None:
            return fetch_commit(home, self._watch.ref)
        settings = self._session.workspace.state
        path = settings.settings.get("path") if settings.type == "local" else None
        return digest_of(home, str(self._session.folder.parent.parent / path) if isinstance(path, str) else None)

    def plan(self, commit: str, *, asked: bool = False) -> Plan:
        """What differs; no lock is taken."""
        self._one.doing = "looking"
        session = self._at(commit)
        if asked and (waiting := self._requests.read().waiting) is not None:
            session = replace(session, lineage=_lineage(session, waiting))
        found = plan_now(session, ASKED if asked else PlanOptions()).plan
        self._one.plan = found
        return found

    def apply(self, commit: str) -> tuple[Plan, ApplyResult | None]:
        """The plan made again under the lock, and what became of it."""
        self._one.doing = WRITING
        session = self._at(commit)
        done = apply_now(session, PlanOptions(), apply_options(session), self._may_write)
        return done.plan, done.result if done.plan.differences else None

    def _may_write(self, plan: Plan, manifests: ManifestSet) -> bool:
        return not _pauses(self._requests.read(), self._now)

    def keep(self, plan: Plan | None, summary: str, commit: str) -> str:
        """Put the plan beside the state, unless it stands there already and did not expire."""
        now = self._now
        digest = "" if plan is None else plan_name(plan)
        text = "" if plan is None else dump_plan(plan, self._session.plan_key).decode()
        expires = now + timedelta(seconds=self._watch.approval_expires)
        fresh = None if plan is None else WaitingPlan(digest, commit, now, expires, summary, text)

        def put(asked: Requests) -> Requests:
            there = asked.waiting
            if fresh is None:
                return replace(asked, waiting=None, answer=None)
            if there is not None and there.digest == digest and there.commit == commit and now < there.expires:
                return asked
            refused = asked.answer if there is not None and there.digest == digest and asked.answer else None
            return replace(asked, waiting=fresh, answer=refused if refused and not refused.yes else None)

        self._requests.change("watch", put)
        return digest

    def apply_kept(self, waiting: WaitingPlan) -> ApplyResult | None:
        """Exactly the plan that waited; None where it may not be carried out any more."""
        plan = waiting_plan(self._session, waiting)
        requests, now = self._requests.read(), self._now
        answer = requests.answered(now)
        if answer is None or not answer.yes or answer.digest != waiting.digest or _pauses(requests, now):
            return None
        self._one.doing, self._one.plan, self._manual = WRITING, plan, True
        session = self._at(waiting.commit)
        return apply_plan(session, plan, apply_options(session))

    def synced_at(self, workspace: str) -> str | None:
        return self._synced_at(workspace)

    def _window_began(self) -> bool:
        """Whether a window that stops what is under way denies by now; asked a few times a second."""
        seconds = self._session.clock.monotonic()
        if self._stopping and not self.window_began and self._one.doing == WRITING and seconds - self._looked >= 0.2:
            self._looked = seconds
            self.window_began = closed_window(self._stopping, self._now, manual=self._manual) is not None
        return self.window_began

    @property
    def _now(self) -> datetime:
        return self._session.now

    def _at(self, commit: str) -> Session:
        """The session over the manifests of `commit`: overlays and policy are those of the commit, the account and
        the store of the state those of the project file on disk, so that a merge cannot lead elsewhere."""
        session, ref = self._session, commit if self._watch.ref is not None else None
        if session.project.file is None:
            return session
        try:
            project = load_project(session.project.file, PLATFORMS, root=session.project.root, ref=ref)
        except UsageError as error:
            if ref is None:
                raise
            raise UsageError(
                f"the commit cannot be used: {error.message}",
                hint=f"put it right on {self._watch.ref}; the account is left as it is meanwhile",
            ) from None
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
            account=own.account,
        )  # fmt: skip
        project = replace(project, fleet=session.project.fleet)
        return replace(session, project=project, workspace=workspace).with_sources(ref=ref)


def _lineage(session: Session, waiting: WaitingPlan) -> str | None:
    """The lineage that the plan which waits was made with; None where it cannot be read any more."""
    try:
        return waiting_plan(session, waiting).lineage
    except PlanUnreadable:
        return None


def _pauses(requests: Requests, now: datetime) -> bool:
    return requests.pause is not None and requests.pause.holds(now)
