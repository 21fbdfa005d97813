"""The HTTP client: one request at a time per thread, with retries, redirects, pacing and errors of our own.

What is retried, and why it is safe: reading; PATCH and DELETE, which a caller may settle after a lost answer; and the
attaching of tools, which the API documents as idempotent. A create is sent until the API has surely seen it once: a
connection that was never made and a 429 (turned away before it was handled) are tried again, anything else is an
`OutcomeUnknown`, because the API has neither idempotency keys nor unique names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from reconciler.core.network import Due
from reconciler.core.secrets.redact_text import Redactor
from reconciler.errors import NotFound, OutcomeUnknown, ProviderError, Rejected, Unavailable
from reconciler.platforms.tavus.client.error_mapping import error_for
from reconciler.platforms.tavus.client.http_attempt import Call, Exchange, Lost, Reply
from reconciler.platforms.tavus.client.rate_limit import Pace
from reconciler.platforms.tavus.client.retry_policy import RetryPolicy, Trouble, parse_retry_after
from reconciler.platforms.tavus.client.tavus_transport import unreachable
from reconciler.types.answer_limits import Limits
from reconciler.types.event import Notice
from reconciler.types.json import Json
from reconciler.types.ports import Answer, Clock, Emit

if TYPE_CHECKING:
    import httpx

LOOKS = 3
"""How often an object is asked whether a patch landed."""
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
        max_requests_per_second: float | None = None,
        emit: Emit | None = None,
        hide: Callable[[str], str] | None = None,
        policy: RetryPolicy | None = None,
        due: Due | None = None,
        limits: Limits | None = None,
    ) -> None:
        """`hide` takes secrets out of texts of the service, by default the key; `due` ends the waits
        of `transport`, where that is a network."""
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
        self._pace = Pace(clock, max_requests_per_second)
        self._exchange = Exchange(
            api_key=api_key,
            base_url=base_url,
            transport=transport,
            hide=hide,
            clock=clock,
            timeout=timeout,
            due=due,
            limits=limits,
        )

    def heed(self, stop: Callable[[], bool]) -> None:
        """From now on every wait ends with `Interrupted` once `stop` says so."""
        self._pace.heed(stop)

    def close(self) -> None:
        self._exchange.close()

    def read(
        self, path: str, query: Mapping[str, str] | None = None, accept: Callable[[Json], bool] | None = None
    ) -> Json:
        """GET a JSON document that `accept` is content with. Raises `ProviderError`s."""
        return self._perform(Call("GET", path, query or {}, accept=accept)).document

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
        while True:
            self._pace.wait()
            if call.gate is not None and call.gate(failures.total()):
                return Reply(204, {})
            retry_after: float | None = None
            problem: ProviderError
            try:
                reply = self._exchange.send(call)
            except Lost as lost:
                trouble, problem = lost.trouble, self._no_answer(call, lost)
                hopeless = lost.hopeless
            else:
                if reply.ok:
                    return reply
                retry_after = parse_retry_after(
                    reply.headers.get("retry-after"), now=self._clock.now(), date=reply.headers.get("date")
                )
                problem = error_for(
                    call.where,
                    reply.status,
                    reply.content,
                    hide=self._hide,
                    retry_after=retry_after,
                )
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
            self._wait(call, trouble, failures.total(), retry_after, problem)
            if trouble.may_have_happened and self._has_landed(call):
                return Reply(200, {})

    def _has_landed(self, call: Call) -> bool:
        """Whether the object shows a patch whose answer was lost.

        Asked several times: shortly after a write a read may still show the object as it was, and a removal by place
        that is sent again removes the next item, too.
        """
        if call.landed is None:
            return False
        for look in range(LOOKS):
            if look:
                self._pace.sleep(LOOK_AGAIN)
            if call.landed():
                return True
        return False

    def _was_done_before(self, call: Call, problem: ProviderError) -> bool:
        """Whether a refusal only says that an earlier attempt, whose answer was lost, had done it."""
        if call.method == "DELETE":
            return isinstance(problem, NotFound)
        return isinstance(problem, Rejected) and self._has_landed(call)

    def _wait(
        self, call: Call, trouble: Trouble, failures: int, retry_after: float | None, problem: ProviderError
    ) -> None:
        seconds = self._policy.delay(failures, retry_after, self._random)
        if self._emit is not None:
            self._emit(Notice(f"{problem.message}; trying again in {seconds:.1f} s"))
        if trouble is Trouble.THROTTLED:
            self._pace.pause(seconds)  # the limit is the account's, so it stops every thread
        elif seconds > 0:
            self._pace.sleep(seconds)

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
