"""The HTTP client: one request at a time per thread, with retries, redirects, pacing and errors of our own.

What is retried, and why it is safe: reading; PATCH and DELETE, which a caller may settle after a lost answer; and the
attaching of tools, which the API documents as idempotent. A create is sent until the API has surely seen it once: a
connection that was never made and a 429 (turned away before it was handled) are tried again, anything else is an
`OutcomeUnknown`, because the API has neither idempotency keys nor unique names.

How fast requests follow each other is the matter of the account's `RateLimiter`. A request that is turned away waits
for its next turn; it is given up only when the account has let nothing through for a long time.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode

from reconciler.core.network import Due
from reconciler.core.secrets.redact_text import Redactor
from reconciler.errors import NotFound, OutcomeUnknown, ProviderError, Rejected, Unavailable
from reconciler.platforms.base import Answers
from reconciler.platforms.rate_limiter import RateLimiter
from reconciler.platforms.tavus.client.error_mapping import error_for
from reconciler.platforms.tavus.client.http_attempt import Call, Exchange, Lost, Reply
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy, Trouble, parse_retry_after
from reconciler.platforms.tavus.client.tavus_transport import unreachable
from reconciler.types.event import LimitMet, Notice
from reconciler.types.json import Json
from reconciler.types.options import Limits
from reconciler.types.ports import Answer, Clock, Emit
from reconciler.waits import Waits

if TYPE_CHECKING:
    import httpx

LOOKS = 3
"""How often an object is asked whether a patch landed."""
TELL_AGAIN = 10.0
"""Seconds in which a rate is told once."""
LOOK_AGAIN = 0.5
"""Seconds between two looks."""


class Client:
    """Safe to use from several threads; everything they share (connections, pace) is in here."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        transport: httpx.BaseTransport,
        clock: Clock,
        random: Callable[[], float],
        timeout: float = 30,
        pace: RateLimiter | None = None,
        emit: Emit | None = None,
        hide: Callable[[str], str] | None = None,
        policy: RetryPolicy | None = None,
        due: Due | None = None,
        limits: Limits | None = None,
        answers: Answers | None = None,
    ) -> None:
        """`hide` takes secrets out of texts of the service, by default the key; `due` ends the waits
        of `transport`, where that is a network; `answers` hears of every GET."""
        self.base_url = base_url
        if hide is None:
            keyed = Redactor()
            keyed.learn(api_key)
            hide = keyed.hide
        self._hide = hide
        self._clock = clock
        self._random = random
        self._emit = emit
        self._policy = policy or RetryPolicy()
        self._pace = pace or RateLimiter(clock)
        self._waits = Waits(clock, "to send")
        self._told = (0.0, 0.0)
        self._left, self._counting = 0, threading.Lock()
        self._answers = answers
        self._limits = limits or Limits()
        self._exchange = Exchange(
            api_key=api_key,
            base_url=base_url,
            transport=transport,
            hide=hide,
            clock=clock,
            timeout=timeout,
            due=due,
            limits=self._limits,
        )

    @property
    def requests_sent(self) -> int:
        """How many requests of this client left so far."""
        return self._left

    @property
    def requests_per_second(self) -> float | None:
        """About how many requests a second the account takes; None while no limit was met."""
        return self._pace.rate

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """From now on every wait ends with `Interrupted` once `stop` says so."""
        self._waits.stop_when(stop)

    def close(self) -> None:
        self._exchange.close()

    def read(
        self, path: str, query: Mapping[str, str] | None = None, accept: Callable[[Json], bool] | None = None
    ) -> Json:
        """GET a JSON document that `accept` is content with. Raises `ProviderError`s."""
        call = Call("GET", path, query or {}, accept=accept)
        if self._answers is None:
            return self._perform(call).document
        request = f"{path}?{urlencode(call.query)}" if query else path
        known = self._answers.known(request)
        reply = None if known is None else self._exchange.reread(call, known)
        if reply is None:
            try:
                reply = self._perform(call)
            except ProviderError:
                self._answers.refused()
                raise
        self._answers.heard(request, reply.content)
        return reply.document

    def repeat(self, request: str) -> bytes:
        """The answer to a GET that `answers` heard of, as it comes. Raises `ProviderError`."""
        path, _, query = request.partition("?")
        return self._perform(Call("GET", path, dict(parse_qsl(query, keep_blank_values=True)), unread=True)).content

    def write(self, call: Call) -> Answer:
        """Send one write. 304 is an answer like any other.

        Raises `OutcomeUnknown` for a create that may have happened, `NotFound`, `MakerConflict`, `Rejected`,
        `AuthRefused`, `Unavailable`.
        """
        reply = self._perform(call)
        return Answer(reply.status, reply.document)

    def _perform(self, call: Call) -> Reply:
        """Try until there is an answer, or no attempt is left."""
        failures: Counter[Trouble] = Counter()
        uncertain = False
        began = self._clock.monotonic()
        while True:
            reply, apart = self._attempt(call, failures.total())
            retry_after: float | None = None
            problem: ProviderError
            if isinstance(reply, Lost):
                trouble, problem, hopeless = reply.trouble, self._no_answer(call, reply), reply.hopeless
            else:
                if reply.ok:
                    return reply
                retry_after = self._asked(reply)
                problem = error_for(call.where, reply.status, reply.content, hide=self._hide, retry_after=retry_after)
                kind = _trouble(reply.status)
                if kind is None:
                    if uncertain and self._was_done_before(call, problem):
                        return Reply(204, {})
                    raise problem
                trouble, hopeless = kind, False
            uncertain = uncertain or trouble.may_have_happened
            if call.create and uncertain:
                raise _unknown(problem)
            failures[trouble] += 1
            if hopeless or failures[trouble] >= self._policy.attempts(trouble):
                raise problem
            if trouble is Trouble.THROTTLED:
                self._check_hope(problem, began)
            if trouble is Trouble.THROTTLED and not apart:
                self._tell_rate()  # the limit is the account's: the pace makes every thread wait for it
            else:
                self._wait(failures.total(), retry_after, problem)
            if trouble.may_have_happened and self._has_landed(call):
                return Reply(200, {})

    def _attempt(self, call: Call, failures: int) -> tuple[Reply | Lost, bool]:
        """Wait for a turn and send once; whether the answer was a 429 of a limit that is not the whole account's."""
        if self._pace.is_shared and call.gate is not None and call.gate(failures):
            return Reply(204, {}), False
        sent = self._pace.wait(self._waits)
        kinds = (f"{call.method} {call.path.strip('/').partition('/')[0]}", id(call))
        told = False
        try:
            slept = call.gate is not None
            while slept and call.gate is not None:
                if call.gate(failures):
                    return Reply(204, {}), False
                sent, slept = self._pace.leaves(sent, self._waits)
            with self._counting:
                self._left += 1
            reply = self._exchange.send(call, partial(self._pace.on_the_wire, sent))
            apart = False
            if reply.status == 429:
                told, apart = True, self._pace.turned_away(sent, self._asked(reply), *kinds)
            elif reply.status < 500:
                told = True
                self._pace.passed(sent, *kinds)
            return reply, apart
        except Lost as lost:
            return lost, False
        finally:
            if not told:
                self._pace.dropped(sent)

    def _asked(self, reply: Reply) -> float | None:
        """Seconds that an answer asks to wait for, no more than we are willing to."""
        seconds = parse_retry_after(
            reply.headers.get("retry-after"), now=self._clock.now(), date=reply.headers.get("date")
        )
        return None if seconds is None else min(seconds, self._policy.retry_after_cap)

    def _check_hope(self, problem: ProviderError, began: float) -> None:
        """Raises `Unavailable` when the account has let nothing through for too long."""
        since = max(began, self._pace.last_success or began)
        seconds = self._policy.give_up_after
        if self._clock.monotonic() - since >= seconds:
            long = f"{seconds:g} seconds" if seconds < 120 else f"{seconds / 60:.3g} minutes"
            raise Unavailable(
                f"{problem.message}; for {long} the account has let nothing through",
                status=problem.status,
                hint="somebody else may be using up the limit of this account; "
                "run the same command again later, or with a longer --give-up-after",
            )

    def _tell_rate(self) -> None:
        """Say how fast the run goes on; again when that has changed a good deal, but not all the time."""
        rate, now = self._pace.rate, self._clock.monotonic()
        told, at = self._told
        if self._emit is None or rate is None or (told and (now - at < TELL_AGAIN or 0.75 < rate / told < 1.33)):
            return
        self._told = (rate, now)
        self._emit(LimitMet(rate))

    def _has_landed(self, call: Call) -> bool:
        """Whether the object shows a patch whose answer was lost.

        Asked several times: shortly after a write a read may still show the object as it was, and a removal by place
        that is sent again removes the next item, too.
        """
        if call.landed is None:
            return False
        for look in range(LOOKS):
            if look:
                self._waits.sleep(LOOK_AGAIN)
            if call.landed():
                return True
        return False

    def _was_done_before(self, call: Call, problem: ProviderError) -> bool:
        """Whether a refusal only says that an earlier attempt, whose answer was lost, had done it."""
        if call.method == "DELETE":
            return isinstance(problem, NotFound)
        return isinstance(problem, Rejected) and self._has_landed(call)

    def _wait(self, failures: int, retry_after: float | None, problem: ProviderError) -> None:
        seconds = self._policy.delay(failures, retry_after, self._random)
        if self._emit is not None:
            self._emit(Notice(f"{problem.message}; trying again in {seconds:.1f} s"))
        if seconds > 0:
            self._waits.sleep(seconds)

    def _no_answer(self, call: Call, lost: Lost) -> Unavailable:
        text = " ".join(self._hide(lost.text).split())
        if lost.trouble is not Trouble.UNSENT:
            hint = f"check the network and that {self.base_url} is the right address"
            return Unavailable(f"{call.where}: {text}", hint=hint)
        return unreachable(f"{call.where}: {text}", self.base_url)


def _trouble(status: int) -> Trouble | None:
    """What kind of trouble a status is; None for a refusal that stands."""
    if status == 429:
        return Trouble.THROTTLED
    if status == 408 or (status >= 500 and status not in (501, 505)):
        return Trouble.FAULT
    return None


def _unknown(problem: ProviderError) -> OutcomeUnknown:
    return OutcomeUnknown(
        f"{problem.message}; it is not known whether the object was created",
        status=problem.status,
        hint="run `reconciler plan` again: it looks for the object by its name before it creates another",
    )
