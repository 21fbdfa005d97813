"""A worker of a fleet: takes rounds from Temporal's queue, and gives signs of life while they last."""

from __future__ import annotations

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta

from temporalio import activity
from temporalio.client import Client
from temporalio.exceptions import ApplicationError, ApplicationErrorCategory
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from reconciler.api.boundary import open_redactors
from reconciler.api.fleet import Rounds, dump_memory
from reconciler.api.fleet_workflow import QUEUE, ROUND, Asked, Ended, ReconcileWorkspace
from reconciler.errors import Interrupted, ReconcilerError
from reconciler.types.watch import Status

GRACE = timedelta(seconds=100)
"""What a worker that is told to stop has for the requests that are on their way."""
STICKY = timedelta(seconds=2)
"""How long a workflow waits for the worker that knows it already, before another one reads its history."""
AGAIN = 60.0
"""Seconds after a round that could not begin."""


def round_activity(rounds: Rounds) -> Callable[[Asked], Ended]:
    """The activity that makes a round. What it raised would stand in the history with all that it says."""

    @activity.defn(name=ROUND, no_thread_cancel_exception=True)
    def a_round(asked: Asked) -> Ended:
        try:
            with _alive() as cancelled:
                done, memory, seconds = rounds.make(asked, cancelled)
        except Interrupted:
            raise ApplicationError("this worker was told to stop", category=ApplicationErrorCategory.BENIGN) from None
        except ReconcilerError as error:  # the project file, before there is a workspace to say so
            reason = open_redactors().hide(error.message)
        except Exception as error:
            reason = f"this is a bug in reconciler: {type(error).__name__}"
        else:
            return Ended(done.status.value, done.reason, dump_memory(memory), seconds)
        return Ended(Status.FAILED.value, reason, asked.memory, AGAIN)

    return a_round


def runner() -> SandboxedWorkflowRunner:
    """Runs workflows; the program's own modules are taken as they are, since they do nothing there."""
    return SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules("reconciler"))


async def work(client: Client, rounds: Rounds, *, parallel: int, stop: asyncio.Event) -> None:
    """Take rounds from the queue until `stop`; those that are on their way finish their running requests."""
    with ThreadPoolExecutor(parallel) as pool:
        worker = Worker(
            client, task_queue=QUEUE, workflows=[ReconcileWorkspace], activities=[round_activity(rounds)],
            activity_executor=pool, max_concurrent_activities=parallel, workflow_runner=runner(),
            graceful_shutdown_timeout=GRACE, sticky_queue_schedule_to_start_timeout=STICKY,
        )  # fmt: skip
        try:
            async with worker:
                rounds.ready.set()
                await stop.wait()
                rounds.stop.set()
        except RuntimeError as error:  # all that the library says of a namespace that is not there, or a lost server
            first = str(error).partition("\n")[0][:200]
            raise ReconcilerError(
                f"Temporal does not let this worker work: {first}",
                hint=f"does it have the namespace {client.namespace!r}? --namespace names another one",
            ) from None
        finally:
            rounds.stop.set()


@contextmanager
def _alive() -> Iterator[Callable[[], bool]]:
    """Signs of life from a thread of its own, while a round waits for an account. Gives whether Temporal gave the
    round to another worker by now: it says so, or this process was frozen for longer than it waits."""
    over, cancelled, context = threading.Event(), threading.Event(), contextvars.copy_context()
    heartbeat = activity.info().heartbeat_timeout
    most = heartbeat.total_seconds() if heartbeat else 15.0
    last = time.monotonic()

    def beat() -> None:
        nonlocal last
        while not over.wait(most / 3):
            if activity.is_cancelled() or is_over():
                cancelled.set()
                break
            activity.heartbeat()
            last = time.monotonic()

    def is_over() -> bool:
        return cancelled.is_set() or time.monotonic() - last > most

    thread = threading.Thread(target=lambda: context.run(beat), name="heartbeat", daemon=True)
    thread.start()
    try:
        yield is_over
    finally:
        over.set()
        thread.join()
