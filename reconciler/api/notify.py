"""Tells people of rounds by webhook: once for each change of status, tried again while a receiver fails."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias

from reconciler.core.network import Due, bound_client
from reconciler.errors import ReconcilerError
from reconciler.types.json import number_in
from reconciler.types.watch import Status

if TYPE_CHECKING:
    from reconciler.api.watch import Watched
    from reconciler.types.json import Object
    from reconciler.types.watch import Memory, Notification, Round

TRIES = 4
SECONDS = 10.0
"""A receiver that takes longer has failed."""
PAUSE = 1.0
"""Seconds before the second try; they double."""
LONGEST = 60.0
"""Seconds that a receiver may ask to wait (`Retry-After`)."""
WAITING = 1000
"""Messages that may wait for one receiver; what comes on top is dropped and said."""

Message: TypeAlias = "tuple[Watched, Notification, Object]"


class Notifier:
    """Sends from a thread for each receiver, so that a slow one holds up no round, and no other receiver."""

    def __init__(self, complain: Callable[[str], None]) -> None:
        """`complain` is told of what could not be delivered; never with the address, which is a secret."""
        self._complain = complain
        self._lines: dict[Hashable, tuple[queue.Queue[Message | None], threading.Thread]] = {}
        self._due = Due(time.monotonic)  # of each thread by itself
        self._start = threading.Lock()

    def tell(self, watched: Watched, done: Round, before: Memory) -> None:
        """Queue a message for everybody who wants to hear of this round; the same end again is no news."""
        from reconciler.core.continuous.schedule import has_recovered
        from reconciler.reporters.watch_status import notification

        better = has_recovered(before, done)
        if done.status is before.status:
            return
        if done.status is Status.UNAUTHORIZED and done.after is not None:
            return  # found out by another workspace of the account, which told it
        for target in watched.watch.notify:
            if done.status.value not in target.on and not (better and "recovered" in target.on):
                continue
            body = notification(target.format, done, watched.memory, watched.watch, watched.now, recovered=better)
            try:
                self._line(watched, target).put_nowait((watched, target, body))
            except queue.Full:
                self._complain(f"{watched.name}: too many messages are waiting to be sent; this one is dropped")

    def close(self, seconds: float = SECONDS) -> None:
        """Deliver what waits, for at most `seconds`."""
        end = time.monotonic() + seconds
        for waiting, _ in self._lines.values():
            with suppress(queue.Full):
                waiting.put_nowait(None)
        for _, thread in self._lines.values():
            thread.join(max(0.0, end - time.monotonic()))

    def _line(self, watched: Watched, target: Notification) -> queue.Queue[Message | None]:
        """What waits for the receiver of `target`."""
        key = watched.session.project.file, target.webhook
        with self._start:
            if key not in self._lines:
                waiting: queue.Queue[Message | None] = queue.Queue(WAITING)
                thread = threading.Thread(target=self._deliver, args=(waiting,), name="notify", daemon=True)
                self._lines[key] = waiting, thread
                thread.start()
            return self._lines[key][0]

    def _deliver(self, waiting: queue.Queue[Message | None]) -> None:
        while (item := waiting.get()) is not None:
            watched, target, body = item
            if (problem := self._send(watched, target, body)) is not None:
                self._complain(f"{watched.name}: a message to {target.webhook} could not be delivered: {problem}")

    def _send(self, watched: Watched, target: Notification, body: Object) -> str | None:
        """None once it was taken; else why not."""
        import httpx

        from reconciler.api.manifests import known_secrets

        try:
            address = known_secrets(watched.session).resolve(target.webhook)
        except ReconcilerError as error:
            return error.message
        if not address:
            return "it is not set"
        problem = ""
        for turn in range(TRIES):
            wait = PAUSE * 2.0**turn
            try:
                with (
                    self._due.within(SECONDS),
                    bound_client(httpx.Client(timeout=SECONDS), self._due) as client,
                    client.stream("POST", address.strip(), json=body) as answer,
                ):
                    pass  # what it says besides its status is not read, however long
            except (httpx.HTTPError, httpx.InvalidURL, TimeoutError, ValueError) as error:
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
                watched.session.clock.sleep(wait)
        return problem
