"""One attempt at one request: send it, follow redirects within the service, read the answer to its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from reconciler.core.network import PLAIN, Due, speaks_plainly
from reconciler.core.serialization.checked_json import ENCODINGS, Unfit, parse_json, receive
from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.platforms.tavus.client.retry_policy import Trouble
from reconciler.types.json import Json
from reconciler.types.options import Limits
from reconciler.types.ports import Clock, Gate
from reconciler.version import __version__

if TYPE_CHECKING:
    import httpx

MOST_REDIRECTS = 3
CONNECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the provider wants it."""

    method: str
    path: str
    """Below the base URL, ids already quoted."""
    query: Mapping[str, str] = field(default_factory=dict)
    body: Json = None
    unread: bool = False
    """Whoever asks takes the bytes as they come."""
    create: bool = False
    """Not to be sent again once the API may have seen it."""
    accept: Callable[[Json], bool] | None = None
    """Whether a success has the shape that is wanted; a fault may have put anything there, so it is asked again."""
    landed: Callable[[], bool] | None = None
    """Asked before a request is sent again whose first answer was lost: True when it was carried out."""
    gate: Gate | None = None
    """Asked right before each attempt: True when there is nothing left to send. What it raises is passed on."""

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


class Exchange:
    """The connections to one service, and the key that only this service gets. Safe to use from several threads."""

    def __init__(
        self,
        *,
        api_key: str,
        base_url: str,
        transport: httpx.BaseTransport,
        hide: Callable[[str], str] = str,
        clock: Clock,
        timeout: float,
        due: Due | None = None,
        limits: Limits | None = None,
    ) -> None:
        import httpx

        self._limits = limits or Limits()

        self.base_url = base_url
        self._hide = hide
        self._clock = clock
        self._timeout = timeout
        self._due = due or Due(clock.monotonic)
        self._origin = _origin(base_url)
        self._http = httpx.Client(
            transport=transport,
            trust_env=False,  # the transport knows its proxy; nothing else from the environment may reach the wire
            follow_redirects=False,
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS), pool=None),
            headers={
                "x-api-key": api_key,
                "accept": "application/json",
                "accept-encoding": ENCODINGS,
                "user-agent": f"reconciler/{__version__}",
            },
        )

    def close(self) -> None:
        self._http.close()

    def send(self, call: Call, left: Callable[[], None] = lambda: None) -> Reply:
        """One attempt: send, follow redirects within the service, read the answer to its end. `left` is called as the
        first byte is written.

        Raises `Lost` where there is no usable answer, `Rejected` and `OutcomeUnknown` for redirects that lead away.
        """
        url = self.base_url + call.path
        if (
            not call.path.startswith("/")
            or _origin(url) != self._origin
            or any(part in (".", "..") for part in call.path.split("/"))
        ):
            raise Rejected(f"{call.where}: the path leaves {self.base_url}", hint="this is a bug; nothing was sent")
        query: Mapping[str, str] = call.query
        for _ in range(MOST_REDIRECTS + 1):
            reply = self._transmit(call, url, query, left)
            if not 300 <= reply.status < 400 or reply.status == 304:
                return self._readable(call, reply) if reply.ok else reply
            target = self._redirected(call, url, reply)
            # A redirect to the other spelling of the slash means the same request, with its query.
            kept = not urlsplit(target).query and _path(target) == _path(url)
            url, query = target, query if kept else {}
        raise Lost(Trouble.BROKEN, f"more than {MOST_REDIRECTS} redirects", hopeless=True)

    def _transmit(self, call: Call, url: str, query: Mapping[str, str], left: Callable[[], None]) -> Reply:
        import httpx

        def trace(name: str, info: Mapping[str, object]) -> None:
            if name.endswith("send_request_headers.started"):
                left()

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
                extensions={"trace": trace},
            )
            with self._due.within(self._limits.seconds(self._timeout)):
                response = self._http.send(request, stream=True)
                try:
                    body = self._receive(response)
                finally:
                    response.close()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            if speaks_plainly(error):
                raise Lost(Trouble.UNSENT, f"cannot connect: {PLAIN}", hopeless=True) from error
            text = str(error) or "no connection"
            certificate = "CERTIFICATE_VERIFY_FAILED" in text
            raise Lost(Trouble.UNSENT, f"cannot connect: {text}", hopeless=certificate) from error
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
            raise Lost(Trouble.UNSENT, f"cannot send: {error}", hopeless=True) from error
        except (httpx.TimeoutException, TimeoutError) as error:
            seconds = min(self._timeout, self._limits.whole)
            raise Lost(Trouble.TIMEOUT, f"no answer within {seconds:g} s") from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise Lost(Trouble.BROKEN, f"the connection broke off: {error}") from error
        except Unfit as error:
            raise Lost(Trouble.BROKEN, str(error), hopeless=error.hopeless) from error
        except RuntimeError as error:
            if not self._http.is_closed:
                raise
            raise Lost(Trouble.UNSENT, "the provider was closed", hopeless=True) from error
        return Reply(response.status_code, {name.lower(): value for name, value in response.headers.items()}, body)

    def _receive(self, response: httpx.Response) -> bytes:
        """The whole body, decoded. Timeouts of the library are per packet; this adds one for the whole."""
        seconds = self._limits.seconds(self._timeout)
        deadline = self._clock.monotonic() + seconds

        def timed(chunks: Iterable[bytes]) -> Iterator[bytes]:
            for chunk in chunks:
                yield chunk
                if self._clock.monotonic() > deadline:
                    raise Lost(Trouble.TIMEOUT, f"the answer was not complete after {seconds:g} s")

        if response.is_stream_consumed:  # made in this process, and read by the library already
            return receive(timed(response.iter_bytes()), "", self._limits.answer)
        encoding = response.headers.get("content-encoding", "")
        return receive(timed(response.iter_raw()), encoding, self._limits.answer)

    def _redirected(self, call: Call, url: str, reply: Reply) -> str:
        """Where to go next. The key stays with the origin it was given for."""
        location = reply.headers.get("location", "").strip()
        try:
            target = urljoin(url, location)
            same = bool(location) and _origin(target) == self._origin
        except ValueError:
            same, target = False, ""
        if not same:
            if call.create and reply.status == 303:
                raise OutcomeUnknown(f"{call.where} answered 303 without a place that can be asked", status=303)
            place = self._shown(_printable_origin(location))
            raise Rejected(
                f"{call.where} was redirected to {place}, which is not {self._origin}",
                status=reply.status,
                hint="the API key was not sent there; check base_url (https, host, path)",
            )
        if call.method == "GET" or reply.status in (307, 308):
            return target
        if _path(target) == _path(url) and reply.status in (301, 302):
            return target  # only the last slash differs: the same request, under its other spelling
        place = self._shown(urlsplit(target).path)
        if call.create:
            raise OutcomeUnknown(f"{call.where} answered {reply.status} to {place}", status=reply.status)
        raise Rejected(
            f"{call.where} was redirected ({reply.status}) to {place}",
            status=reply.status,
            hint="check base_url",
        )

    def _readable(self, call: Call, reply: Reply) -> Reply:
        """The success with its document. One that cannot be read is a lost answer, where the answer matters."""
        if call.unread:
            return reply
        if call.method != "GET" and (reply.status == 304 or (not reply.content.strip() and not call.create)):
            return reply  # documented: 204 and 304 have no body, and what was written is read back anyway
        try:
            found = replace(reply, document=parse_json(reply.content, self._limits.answer))
        except Unfit as error:
            kind = reply.headers.get("content-type", "").partition(";")[0].lower()
            trouble = Trouble.ODD if call.method != "GET" and kind and "json" not in kind else Trouble.BROKEN
            what = kind or "no content type"
            text = f"the answer ({reply.status}, {what}) is no JSON, or broke off: {error}"
            raise Lost(trouble, text, hopeless=error.hopeless) from error
        if call.accept is not None and not call.accept(found.document):
            raise Lost(Trouble.ODD, "the answer does not have the shape that belongs to this request")
        return found

    def reread(self, call: Call, content: bytes) -> Reply | None:
        """An answer that came before as that to `call`; None where it cannot be one."""
        try:
            return self._readable(call, Reply(200, {}, content))
        except Lost:
            return None

    def _shown(self, text: str) -> str:
        """A piece of a foreign address, fit for a message."""
        return "".join(char for char in self._hide(text) if char.isprintable())[:200]


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
    return origin
