"""Requests to a watched workspace, kept beside its state: written under a lock of their own, read by the watcher."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from reconciler.core.continuous.request_document import dump_requests, parse_requests, sign_answer, without_forged_yes
from reconciler.errors import PlanStale, UsageError
from reconciler.types.watch import Answer, Call, Noted, Pause, Requests, WaitingPlan

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.types.plan import Plan

BESIDE = "watch"
"""Name of the document beside the state."""
LOCK_SECONDS = 10.0
"""How long another process that writes a request is waited for."""
SHORTEST = 8
"""Characters of a digest that name a plan well enough."""


class RequestStore:
    """The requests of one workspace; several processes and threads may use it at the same time."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def read(self) -> Requests:
        """What was asked; with a RECONCILER_PLAN_KEY only a yes that was signed with it counts. Raises `StateError`
        where that cannot be read."""
        from reconciler.api.connect import open_backend

        with closing(open_backend(self._session, beside=BESIDE)) as backend:
            found = parse_requests(backend.read(), backend.describe())
        return without_forged_yes(found, self._session.plan_key)

    def look(self) -> Noted:
        """The same, and who holds the state at this moment. Raises `StateError` where either cannot be read."""
        from reconciler.api.connect import open_backend

        requests = self.read()
        with closing(open_backend(self._session)) as backend:
            holder = backend.holder() if backend.shows_holder else None
        return Noted(self._session.workspace.name, requests, holder)

    def change(self, operation: str, change: Callable[[Requests], Requests]) -> Requests:
        """Write what `change` makes of the requests as they are, under their lock; what it raises writes nothing.

        Raises `StateLocked`, `StateError`.
        """
        from reconciler.api.connect import claim_folder, open_backend
        from reconciler.engine.state.lock_owner import describe_run

        session = self._session
        claim_folder(session)
        with closing(open_backend(session, beside=BESIDE)) as backend:
            info = describe_run(operation, session.clock.now())
            with backend.lock(info, timeout=LOCK_SECONDS, clock=session.clock, emit=session.emit) as lease:
                before = parse_requests(backend.read(), backend.describe())
                after = change(before)
                if after == before:
                    return before
                after = replace(after, lineage=before.lineage or str(uuid4()), serial=before.serial + 1)
                lease.check()
                backend.write(dump_requests(after))
                return after


def approve(session: Session, digest: str) -> WaitingPlan:
    """Say yes to the plan that waits, which must be the one that `digest` names.

    Raises `PlanStale` for any other one, `UsageError` without the key that it was signed with, `StateError`, and what
    opening the account raises: only who could apply it may approve it.
    """
    return _answer(session, digest, "approve", yes=True)


def reject(session: Session, digest: str, reason: str = "") -> WaitingPlan:
    """Say no to the plan that waits; it is not asked about again until something else would be done. Raises the
    same."""
    return _answer(session, digest, "reject", yes=False, reason=reason)


def pause(session: Session, until: datetime | None = None, reason: str = "") -> Pause:
    """Nothing is looked at or written from the next step on. Raises `UsageError` for an end in the past."""
    who, now = _identify(session, "pause")
    if until is not None and until <= now:
        raise UsageError(f"{until:%Y-%m-%d %H:%M} UTC is over", hint="name a time to come, or a duration: --for 2h")
    found = Pause(who, now, until, reason)
    RequestStore(session).change("pause", lambda asked: replace(asked, pause=found))
    return found


def resume(session: Session) -> Pause | None:
    """End a pause; the one that ended."""
    _identify(session, "resume")
    ended: list[Pause | None] = []

    def end(asked: Requests) -> Requests:
        ended.append(asked.pause)
        return replace(asked, pause=None)

    RequestStore(session).change("resume", end)
    return ended[-1]


def call(session: Session) -> Call:
    """Ask for a round now."""
    found = Call(*_identify(session, "reconcile"))
    RequestStore(session).change("reconcile", lambda asked: replace(asked, call=found))
    return found


def plan_name(plan: Plan) -> str:
    """The digest of a plan as people type it: in digits and the letters a to f."""
    from base64 import urlsafe_b64decode

    from reconciler.core.planning.plan_file import plan_digest

    return urlsafe_b64decode(plan_digest(plan)).hex()


def waiting_plan(session: Session, waiting: WaitingPlan) -> Plan:
    """The plan that waits, with its digest, and its signature where there is a key, checked. Raises
    `PlanUnreadable`."""
    from reconciler.api.offline import load_plan
    from reconciler.errors import PlanUnreadable

    plan = load_plan(waiting.text.encode(), session.plan_key)
    if plan_name(plan) != waiting.digest:
        raise PlanUnreadable("the plan that waits is not the one that its digest names", hint="a new one is made")
    return plan


def _answer(session: Session, digest: str, operation: str, *, yes: bool, reason: str = "") -> WaitingPlan:
    from reconciler.core.operator_trust import PLAN_KEY
    from reconciler.core.planning.plan_file import is_signed

    who, now = _identify(session, operation)
    found: list[WaitingPlan] = []

    def answer(asked: Requests) -> Requests:
        waiting = asked.waiting
        again = "`reconciler watch status` shows what waits"
        if waiting is None:
            raise PlanStale(f"no plan of {session.workspace.name!r} waits for an answer", hint=again)
        if len(digest) < SHORTEST or not waiting.digest.startswith(digest):
            raise PlanStale(
                f"{digest} is not the plan of {session.workspace.name!r} that waits: that is {waiting.digest[:12]}",
                hint=f"something moved since: look at the new plan first; {again}",
            )
        if now >= waiting.expires:
            raise PlanStale(
                f"the plan {waiting.digest[:12]} expired at {waiting.expires:%Y-%m-%d %H:%M} UTC", hint=again
            )
        if yes:
            waiting_plan(session, waiting)
            if session.plan_key is None and is_signed(waiting.text.encode()):
                raise UsageError(
                    f"the plan {waiting.digest[:12]} is signed, so a yes to it has to be",
                    hint=f"set {PLAN_KEY} here too",
                )
        found.append(waiting)
        answer = Answer(waiting.digest, yes, who, now, reason)
        return replace(asked, answer=sign_answer(answer, waiting, session.plan_key))

    RequestStore(session).change(operation, answer)
    return found[-1]


def _identify(session: Session, operation: str) -> tuple[str, datetime]:
    """Who asks, and when; raises where this person could not apply anything here."""
    from reconciler.api.connect import open_provider
    from reconciler.api.manifests import known_secrets
    from reconciler.engine.state.lock_owner import describe_run

    with open_provider(session, known_secrets(session), reading=False):
        pass
    now = session.clock.now()
    info = describe_run(operation, now)
    return info.who, datetime.fromisoformat(now)


def ends_after(session: Session, seconds: float) -> datetime:
    """The time in so many seconds."""
    return session.now + timedelta(seconds=seconds)
