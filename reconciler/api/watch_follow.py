"""Workspaces that other processes reconcile, as those note beside the state: for one page over all of a fleet."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.api.session import Session
from reconciler.api.watch import Fleet, Watched, watched
from reconciler.api.watch_requests import RequestStore, waiting_plan
from reconciler.errors import PlanUnreadable, ReconcilerError
from reconciler.types.watch import Round, Status

TOGETHER = 8
"""Stores that are asked at the same time."""


@dataclass
class Followers:
    """Looks at what is noted of all watched workspaces of a project, again and again; it asks no account."""

    fleet: Fleet
    _digests: dict[str, str] = field(default_factory=dict)
    """Of the plan that each shows."""

    def keep(self, seconds: float) -> None:
        """Look every so many seconds until the fleet is to stop."""
        while not self.fleet.stop.wait(seconds):
            self.look()

    def look(self) -> None:
        """Look at all of them once."""
        with ThreadPoolExecutor(min(TOGETHER, len(self.fleet.workspaces))) as pool:
            for _ in pool.map(self._look_at, self.fleet.workspaces):
                pass

    def _look_at(self, one: Watched) -> None:
        try:
            noted = RequestStore(one.session).look()
        except ReconcilerError as error:
            with one.turn:
                why = f"what its watcher noted cannot be read: {error.message}"
                one.last = Round(one.name, Status.FAILED, why, one.memory.commit, hint=error.hint)
            return
        report, waiting = noted.requests.report, noted.requests.waiting
        digest = waiting.digest if waiting is not None else ""
        if digest != self._digests.get(one.name, ""):
            try:
                one.plan = waiting_plan(one.session, waiting) if waiting is not None else None
            except PlanUnreadable:
                one.plan = None
            self._digests[one.name] = digest
        with one.turn:
            if report is not None:
                one.last, one.memory, one.looked, one.next = (
                    report.round, report.memory, report.memory.looked, report.next,
                )  # fmt: skip
            one.doing = ""
            if noted.holder is not None:
                one.doing, one.looked = "writing", datetime.fromisoformat(noted.holder.since)


def follow(session: Session, stop: threading.Event) -> Followers:
    """All watched workspaces of the project, as others noted them until now. Raises `UsageError` where there are
    none."""
    found = Followers(Fleet(watched(session), lambda one, done, before: None, lambda text: None, stop))
    found.look()
    return found
