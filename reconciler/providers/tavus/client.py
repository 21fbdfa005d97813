"""The HTTP client: one request at a time per thread, with retries, redirects, pacing and errors of our own.

What is retried, and why it is safe: reading; PATCH and DELETE, which a caller may settle after a lost answer; and the
attaching of tools, which the API documents as idempotent. A create is sent until the API has surely seen it once: a
connection that was never made and a 429 (turned away before it was handled) are tried again, anything else is an
`OutcomeUnknown`, because the API has neither idempotency keys nor unique names.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler import __version__
from reconciler.errors import NotFound, OutcomeUnknown, ProviderError, Rejected, Unavailable
from reconciler.providers.tavus.conceal import conceal
from reconciler.providers.tavus.pace import Pace
from reconciler.providers.tavus.refusal import error_for
from reconciler.providers.tavus.retry import RetryPolicy, Trouble, parse_retry_after
from reconciler.types.event import Notice
from reconciler.types.json import Json
from reconciler.types.ports import Answer, Clock, Emit

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 3
CONNECT_SECONDS = 10.0
SLOWEST = 6
"""An answer that trickles in may take this many timeouts in all."""
LARGEST = 256 * 1024 * 1024
"""Bytes of one answer."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the provider wants it."""

    method: str
    path: str
    """Below the base URL, ids already quoted."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    create: bool = False
    """Not to be sent again once the API may have seen it."""
    secrets: tuple[str, ...] = ()
    """Texts in the body that no message may show."""
    landed: Callable[[], bool] | None = None
    """Asked before a request is sent again whose first answer was lost: True when it was carried out."""

    @property
    def where(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""
    content: bytes = b""
    document: Json = None
    """The content as JSON, where it was asked for and is."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300 or self.status == 304


class Lost(Exception):
    """An attempt without a usable answer."""

    def __init__(self, trouble: Trouble, text: str, *, hopeless: bool = False) -> None:
        super().__init__(text)
        self.trouble = trouble
        self.text = text
        self.hopeless = hopeless


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
        policy: RetryPolicy | None = None,
    ) -> None:
        import httpx

        self.base_url = base_url
        self._key = api_key
        self._clock = clock
        self._random = random
        self._timeout = timeout
        self._emit = emit
        self._policy = policy or RetryPolicy()
        self._pace = Pace(clock, max_requests_per_second)
        self._origin = _origin(base_url)
        self._http = httpx.Client(
            transport=transport,
            trust_env=False,  # the transport knows its proxy; nothing else from the environment may reach the wire
            follow_redirects=False,
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS), pool=None),
            headers={"x-api-key": api_key, "accept": "application/json", "user-agent": f"reconciler/{__version__}"},
        )

    def close(self) -> None:
        self._http.close()

    def read(self, path: str, query: Mapping[str, str] | None = None) -> Json:
        """GET a JSON document. Raises `ProviderError`s."""
        call = Call("GET", path, query or {})
        return self._perform(call).document

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
            retry_after: float | None = None
            problem: ProviderError
            try:
                reply = self._exchange(call)
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
                    secrets=(self._key, *call.secrets),
                    retry_after=retry_after,
                )
                kind = _trouble(reply.status)
                if kind is None:
                    if call.method == "DELETE" and uncertain and isinstance(problem, NotFound):
                        return Reply(204, {})  # an earlier attempt of ours did it
                    raise problem
                trouble, hopeless = kind, False
            uncertain = uncertain or trouble.may_have_happened
            if call.create and uncertain:
                raise _unknown(problem)
            failures[trouble] += 1
            if hopeless or failures[trouble] >= self._policy.attempts(trouble):
                raise problem
            self._wait(call, trouble, failures.total(), retry_after, problem)
            if trouble.may_have_happened and call.landed is not None and call.landed():
                return Reply(200, {})

    def _wait(
        self, call: Call, trouble: Trouble, failures: int, retry_after: float | None, problem: ProviderError
    ) -> None:
        seconds = self._policy.delay(failures, retry_after, self._random)
        if self._emit is not None:
            self._emit(Notice(f"{problem.message}; trying again in {seconds:.1f} s"))
        if trouble is Trouble.THROTTLED:
            self._pace.pause(seconds)  # the limit is the account's, so it stops every thread
        elif seconds > 0:
            self._clock.sleep(seconds)

    def _exchange(self, call: Call) -> Reply:
        """One attempt: send, follow redirects within the service, read the answer to its end."""
        url = self.base_url + call.path
        if (
            not call.path.startswith("/")
            or _origin(url) != self._origin
            or any(part in (".", "..") for part in call.path.split("/"))
        ):
            raise Rejected(f"{call.where}: the path leaves {self.base_url}", hint="this is a bug; nothing was sent")
        query: Mapping[str, str] = call.query
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._transmit(call, url, query)
            if not 300 <= reply.status < 400 or reply.status == 304:
                return _readable(call, reply) if reply.ok else reply
            target = self._redirected(call, url, reply)
            # A redirect to the other spelling of the slash means the same request, with its query.
            kept = not urlsplit(target).query and _path(target) == _path(url)
            url, query = target, query if kept else {}
        raise Lost(Trouble.BROKEN, f"more than {MOST_REDIRECTS} redirects", hopeless=True)

    def _transmit(self, call: Call, url: str, query: Mapping[str, str]) -> Reply:
        import httpx

        try:
            content = None if call.body is None else json.dumps(call.body, allow_nan=False).encode()
        except (ValueError, RecursionError) as error:
            raise Rejected(f"{call.where}: the body is no JSON", hint="numbers must be finite") from error
        try:
            request = self._http.build_request(
                call.method,
                url,
                params=dict(query) or None,
                content=content,
                headers={"content-type": "application/json"} if content is not None else None,
            )
            response = self._http.send(request, stream=True)
            try:
                body = self._receive(response)
            finally:
                response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            text = str(error) or "no connection"
            certificate = "CERTIFICATE_VERIFY_FAILED" in text
            raise Lost(Trouble.UNSENT, f"cannot connect: {text}", hopeless=certificate) from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Lost(Trouble.UNSENT, f"cannot send: {error}", hopeless=True) from error
        except httpx.TimeoutException as error:
            raise Lost(Trouble.TIMEOUT, f"no answer within {self._timeout:g} s") from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise Lost(Trouble.BROKEN, f"the connection broke off: {error}") from error
        except RuntimeError as error:
            if not self._http.is_closed:
                raise
            raise Lost(Trouble.UNSENT, "the provider was closed", hopeless=True) from error
        return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    def _receive(self, response: httpx.Response) -> bytes:
        """The whole body. Timeouts of the library are per packet; this adds one for the whole."""
        deadline = self._clock.monotonic() + self._timeout * SLOWEST
        chunks: list[bytes] = []
        size = 0
        for chunk in response.iter_bytes():
            chunks.append(chunk)
            size += len(chunk)
            if self._clock.monotonic() > deadline:
                raise Lost(Trouble.TIMEOUT, f"the answer was not complete after {self._timeout * SLOWEST:g} s")
            if size > LARGEST:
                raise Lost(Trouble.BROKEN, "the answer is larger than 256 MB", hopeless=True)
        return b"".join(chunks)

    def _redirected(self, call: Call, url: str, reply: Reply) -> str:
        """Where to go next. The key stays with the origin it was given for."""
        from urllib.parse import urljoin

        location = reply.headers.get("location", "").strip()
        try:
            target = urljoin(url, location)
            same = bool(location) and _origin(target) == self._origin
        except ValueError:
            same, target = False, ""
        if not same:
            if call.create and reply.status == 303:
                raise OutcomeUnknown(f"{call.where} answered 303 without a place that can be asked", status=303)
            place = conceal(_printable_origin(location), (self._key,))
            raise Rejected(
                f"{call.where} was redirected to {place}, which is not {self._origin}",
                status=reply.status,
                hint="the API key was not sent there; check base_url (https, host, path)",
            )
        if call.method == "GET" or reply.status in (307, 308):
            return target
        if _path(target) == _path(url) and reply.status in (301, 302):
            return target  # only the last slash differs: the same request, under its other spelling
        if call.create:
            raise OutcomeUnknown(
                f"{call.where} answered {reply.status} to {urlsplit(target).path}", status=reply.status
            )
        raise Rejected(
            f"{call.where} was redirected ({reply.status}) to {urlsplit(target).path}",
            status=reply.status,
            hint="check base_url",
        )

    def _no_answer(self, call: Call, lost: Lost) -> Unavailable:
        text = conceal(" ".join(lost.text.split()), (self._key, *call.secrets))
        return Unavailable(
            f"{call.where}: {text}", hint=f"check the network and that {self.base_url} is the right address"
        )


def _readable(call: Call, reply: Reply) -> Reply:
    """The success with its document. One that cannot be read is a lost answer, where the answer matters."""
    if reply.status == 304 or (not reply.content and not call.create and call.method != "GET"):
        return reply
    try:
        return replace(reply, document=json.loads(reply.content))
    except (ValueError, RecursionError) as error:
        kind = reply.headers.get("content-type", "").partition(";")[0].lower()
        if call.method not in ("GET", "POST") and kind and "json" not in kind:
            return reply  # "OK" as plain text says enough; what was written is read back anyway
        what = kind or "no content type"
        raise Lost(Trouble.BROKEN, f"the answer ({reply.status}, {what}) is no JSON, or broke off") from error


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


def _origin(url: str) -> str:
    """Scheme, host and port, with the default port written out."""
    parts = urlsplit(url)
    port = parts.port or {"http": 80, "https": 443}.get(parts.scheme)
    if parts.username is not None or parts.password is not None:
        return ""
    return f"{parts.scheme}://{(parts.hostname or '').lower()}:{port}"


def _path(url: str) -> str:
    return urlsplit(url).path.rstrip("/")


def _printable_origin(location: str) -> str:
    if not location:
        return "nowhere (no Location)"
    try:
        parts = urlsplit(location)
        origin = f"{parts.scheme}://{parts.hostname}"
    except ValueError:
        return "a place that is no URL"
    return "".join(char for char in origin if char.isprintable())[:200]
