"""The workflow of one watched workspace on Temporal: rounds, the waits between them, calls that cut a wait short.

It decides nothing: a round does, in an activity, and it is the same round that `reconciler watch` makes. What stands
in its history is where the project is, how rounds ended in words, and what the next one must know. No plan, no
secret.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta

from temporalio import workflow
from temporalio.common import Priority, RetryPolicy
from temporalio.exceptions import ActivityError, CancelledError

WORKFLOW = "reconcile-workspace"
ROUND = "round"
QUEUE = "reconciler"
EVENTS = 500
"""Events of a history after which it is begun anew."""
UNLIMITED = 0
"""Attempts, in the words of a retry policy."""
LONGEST = timedelta(hours=6)
"""How long one round may take."""
TAKEN_UP, CALLED, TIMED = 1, 2, 4
"""Priorities of a round that another worker began and may have left half done, of one that a person asked for, and of
one whose time has come; the lower goes first."""


@dataclass(frozen=True)
class Given:
    """What a workflow is about."""

    project: str
    """Path of the project file, the same on every machine with a worker."""
    workspace: str
    account: str = ""
    """Rounds of one account take turns with those of others."""
    heartbeat: float = 15.0
    """Seconds without a sign of life after which a worker is taken for dead."""
    memory: str = ""
    """What the next round must know of earlier ones, as JSON."""
    rounds: int = 0

    @property
    def memo(self) -> dict[str, str | float]:
        """What stands beside the workflow for whoever lists them."""
        return {"project": self.project, "account": self.account, "heartbeat": self.heartbeat}


@dataclass(frozen=True)
class Asked:
    """What one round is asked."""

    project: str
    workspace: str
    memory: str
    called: bool


@dataclass(frozen=True)
class Ended:
    """How it ended."""

    status: str
    reason: str
    memory: str
    wait: float
    """Seconds until the next one is due."""


@workflow.defn(name=WORKFLOW)
class ReconcileWorkspace:
    """One for each workspace, called `<project>/<workspace>`; it ends when it is cancelled."""

    def __init__(self) -> None:
        self._called = False
        self._changed: Given | None = None
        self._last: Ended | None = None

    @workflow.run
    async def run(self, given: Given) -> None:
        """Rounds without end."""
        while True:
            called, self._called = self._called, False
            if self._changed is not None:
                given = replace(self._changed, memory=given.memory, rounds=given.rounds)
                self._changed = None
                workflow.upsert_memo(given.memo)
            self._last = await _round(given, CALLED if called else TIMED, called=called)
            given = replace(given, memory=self._last.memory, rounds=given.rounds + 1)
            try:
                await workflow.wait_condition(
                    lambda: self._called, timeout=timedelta(seconds=max(0.1, self._last.wait))
                )
            except TimeoutError:
                pass  # its time has come
            if workflow.info().get_current_history_length() > EVENTS and not self._called:
                workflow.continue_as_new(given)

    @workflow.signal
    def call(self) -> None:
        """Somebody asked for something: look now."""
        self._called = True

    @workflow.signal
    def change(self, given: Given) -> None:
        """The project file says something else of the workspace: go by that, and look now."""
        self._changed, self._called = given, True

    @workflow.query
    def last(self) -> Ended | None:
        """How the last round ended; None before the first."""
        return self._last


async def _round(given: Given, priority: int, *, called: bool) -> Ended:
    """How a round ended. One whose worker is gone is taken up by the next, before all that wait."""

    async def attempt(priority: int, attempts: int) -> Ended:
        return await workflow.execute_activity(
            ROUND,
            Asked(given.project, given.workspace, given.memory, called),
            result_type=Ended,
            heartbeat_timeout=timedelta(seconds=given.heartbeat),
            start_to_close_timeout=LONGEST,
            retry_policy=RetryPolicy(
                initial_interval=timedelta(seconds=1),
                maximum_interval=timedelta(seconds=30),
                maximum_attempts=attempts,
            ),
            priority=Priority(priority_key=priority, fairness_key=given.account or None),
        )

    try:
        return await attempt(priority, 1)
    except ActivityError as error:
        if isinstance(error.cause, CancelledError):
            raise
        return await attempt(TAKEN_UP, UNLIMITED)
