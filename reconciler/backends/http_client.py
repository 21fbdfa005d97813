"""The settings of the http backend, and its requests: tried again, checked, with messages that say what to do."""

from __future__ import annotations

import base64
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from reconciler.backends.context import BackendContext, check_settings, read_flag, read_number, read_text
from reconciler.backends.lease import Patience, Tries
from reconciler.core.network import PLAIN, Due, bound_client, speaks_plainly
from reconciler.core.serialization.checked_json import ENCODINGS, Unfit, receive
from reconciler.core.setting_reader import STATE, read_limits
from reconciler.errors import NotTrusted, StateError, UsageError
from reconciler.types.json import number_in
from reconciler.types.options import Limits
from reconciler.types.project import BackendSettings
from reconciler.waits import Waits

if TYPE_CHECKING:
    import httpx

REFUSED = frozenset({401, 403})
AGAIN = frozenset({429, 500, 502, 503, 504})
LONGEST_ASKED = 60.0
"""Seconds that a server may have us wait (`Retry-After`)."""
SETTINGS = (
    "address", "update_method", "lock_address", "lock_method", "unlock_address", "unlock_method", "username",
    "password", "token", "skip_cert_verification", "ca_file", "timeout", "retry_max", "retry_wait_min",
    "retry_wait_max", *STATE,
)  # fmt: skip
FORGES = "/terraform/state/"
"""Part of the addresses of GitLab and Gitea, whose locks are at `<address>/lock`, by POST and DELETE."""


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a request that got no answer is sent again, and for how many seconds it waits in between."""

    count: int = 4
    shortest: float = 0.5
    longest: float = 10.0


@dataclass(frozen=True, slots=True)
class Reply:
    """What the server said; `tries` is how often it was asked."""

    status: int
    body: bytes
    digest: str | None = None
    """Its Content-MD5, where it sent one."""
    tries: int = 1


class HttpClient:
    """A connection to the server; safe for several threads. Credentials go only into the request's headers."""

    def __init__(
        self,
        headers: dict[str, str],
        trust: bool | str,
        timeout: float,
        retries: Retries,
        *,
        barred: NotTrusted | None = None,
        limits: Limits | None = None,
        waits: Waits | None = None,
    ) -> None:
        """`trust`: True, False for any certificate, or the path of a file of certificates. `barred`: why nothing but
        GET may be sent; a line with credentials is never made for such a place."""
        self._barred = barred
        self._headers = {**headers, "Accept-Encoding": ENCODINGS}
        self.limits = limits or Limits()
        self._trust = trust
        self._timeout = timeout
        self._retries = retries
        self.patience = Patience(self.limits.whole, waits)
        self._made: httpx.Client | None = None
        self._due = Due(time.monotonic)

    def ask(
        self,
        method: str,
        address: str,
        body: bytes | None = None,
        headers: dict[str, str] | None = None,
        *,
        most: int | None = None,
    ) -> Reply:
        """Send one request; again after no answer, 429 and 5xx, as long as there is patience. Every request of this
        protocol may be repeated.

        The decoded answer has at most `most` bytes where it is what was asked for (200); else, and without it, those
        of an ordinary answer.

        Raises `StateError` for no answer after all tries and for 401, 403 and redirects, `NotTrusted` for what may
        not go there; other answers are returned.
        """
        if self._barred is not None and (method != "GET" or body is not None):
            raise self._barred
        with self.patience.request() as tries:
            return self._ask(tries, method, address, body, headers, most or self.limits.answer)

    def _ask(
        self, tries: Tries, method: str, address: str, body: bytes | None, headers: dict[str, str] | None, most: int
    ) -> Reply:
        import httpx

        last = self._retries.count + 1
        for number in range(1, last + 1):
            try:
                answer, content = self._once(tries.left(), method, address, body, headers, most)
                tries.answered = True
            except Unfit as error:
                raise StateError(
                    f"the state at {without_credentials(address)} cannot be read: {error}",
                    hint="check the address; RECONCILER_MAX_STATE_MB sets how large a state may be",
                ) from None
            except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
                what = PLAIN if speaks_plainly(error) else type(error).__name__
                if number < last and what is not PLAIN and tries.again(self._pause(number, None)):
                    continue
                proxied = isinstance(error, httpx.ProxyError)
                through = " (the proxy that HTTPS_PROXY, HTTP_PROXY or ALL_PROXY names fails)" if proxied else ""
                raise StateError(
                    f"the state at {without_credentials(address)} cannot be reached: {what}{through}",
                    hint="check the network and the address; whether the last request arrived is not known, "
                    "so run the same command again",
                ) from None
            except (httpx.InvalidURL, ValueError):
                raise UsageError(f"the state address {without_credentials(address)} is no HTTP address") from None
            failing = answer.status_code in AGAIN and number < last
            if failing and tries.again(self._pause(number, answer.headers.get("Retry-After"))):
                continue
            refuse(answer.status_code, method, address)
            return Reply(answer.status_code, content, answer.headers.get("Content-MD5"), number)
        raise AssertionError("unreachable")

    def _once(
        self, seconds: float, method: str, address: str, body: bytes | None, headers: dict[str, str] | None, most: int
    ) -> tuple[httpx.Response, bytes]:
        """One try of at most so many seconds: the answer and its decoded body, of at most `most` bytes."""
        with (
            self._due.within(min(seconds, self.limits.seconds(self._timeout))),
            self._client().stream(method, address, content=body, headers=headers) as answer,
        ):
            chunks = answer.iter_bytes() if answer.is_stream_consumed else answer.iter_raw()
            encoding = "" if answer.is_stream_consumed else answer.headers.get("Content-Encoding", "")
            return answer, receive(chunks, encoding, most if answer.status_code == 200 else self.limits.answer)

    def close(self) -> None:
        """Give the connections back; the next request makes new ones."""
        made, self._made = self._made, None
        if made is not None:
            made.close()

    def _client(self) -> httpx.Client:
        if self._made is None:
            import httpx

            try:
                made = httpx.Client(headers=self._headers, verify=self._trust, timeout=self._timeout)
                self._made = bound_client(made, self._due)
            except (OSError, ValueError) as error:
                raise UsageError(f"the certificates for the state address cannot be read: {error}") from None
        return self._made

    def _pause(self, number: int, after: str | None) -> float:
        """Seconds before the next try; `after` is what the server asked for."""
        longest = self._retries.longest
        pause: float = min(longest, self._retries.shortest * 2 ** (number - 1)) * random.uniform(0.5, 1.0)  # noqa: S311
        if (asked := number_in(after or "")) is not None:
            pause = max(pause, min(float(asked), LONGEST_ASKED))
        return pause


def refuse(status: int, method: str, address: str) -> None:
    """Raise `StateError` for an answer that no request of the protocol expects."""
    if status in REFUSED:
        raise StateError(
            f"the state at {without_credentials(address)} refuses {method} ({status})",
            hint="check `username` and `password`, or `token`, under `state:`; locking often needs more rights "
            "than reading (GitLab: Maintainer)",
        )
    if status in AGAIN:
        raise StateError(
            f"the state at {without_credentials(address)} fails ({status})", hint="try again in a moment"
        )
    if 300 <= status < 400:
        raise StateError(
            f"the state at {without_credentials(address)} redirects ({status}); credentials do not follow",
            hint="give the address that it redirects to",
        )


def without_credentials(address: str) -> str:
    """An address for messages: without a user, a password or a query, which may hold secrets."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to send what."""

    address: str
    update_method: str
    lock_address: str
    lock_method: str
    unlock_address: str
    unlock_method: str


def read_addresses(
    settings: BackendSettings, context: BackendContext, put_off: list[NotTrusted] | None = None
) -> Addresses:
    """Addresses and methods; for those of GitLab and Gitea, the ones that their locks need.

    Raises `UsageError` for unknown settings, an address that is none, and a reference to nothing; `NotTrusted` for a
    host that is not the operator's, unless `put_off` collects it.
    """
    check_settings(settings, SETTINGS)
    address = _text("address", settings, context, put_off)
    if address is None:
        raise UsageError(
            "state backend 'http' needs an address",
            hint="set `address:` under `state:` in the project file, or TF_HTTP_ADDRESS",
        )
    address = _checked(address)
    forge = FORGES in urlsplit(address).path
    lock = _text("lock_address", settings, context, put_off) or (f"{address.rstrip('/')}/lock" if forge else address)
    found = Addresses(
        address=address,
        update_method=(_text("update_method", settings, context) or "POST").upper(),
        lock_address=_checked(lock),
        lock_method=(_text("lock_method", settings, context) or ("POST" if forge else "LOCK")).upper(),
        unlock_address=_checked(_text("unlock_address", settings, context, put_off) or lock),
        unlock_method=(_text("unlock_method", settings, context) or ("DELETE" if forge else "UNLOCK")).upper(),
    )
    return _beside(found, context.beside) if context.beside else found


def _beside(places: Addresses, name: str) -> Addresses:
    """The same for another document: what is called after `address` is called after the other one."""
    parts = urlsplit(places.address)
    old = parts.path.rstrip("/")
    new = f"{old}-{name}"

    def moved(address: str) -> str:
        own = urlsplit(address)
        if own[:2] != parts[:2] or not (own.path.rstrip("/") == old or own.path.startswith(f"{old}/")):
            raise UsageError(
                f"the lock address {without_credentials(address)} is not below the address of the state, so that of "
                "the requests beside it is not known",
                hint="use a server whose locks are at the address itself or below it, or another state backend",
            )
        return urlunsplit(own._replace(path=new + own.path[len(old) :].rstrip("/")))

    return replace(
        places,
        address=moved(places.address),
        lock_address=moved(places.lock_address),
        unlock_address=moved(places.unlock_address),
    )


def read_client(settings: BackendSettings, context: BackendContext, foreign: Sequence[NotTrusted] = ()) -> HttpClient:
    """The connection: credentials, certificates, timeout, retries. `foreign`: addresses that are not the operator's.

    Raises `UsageError`, and the first of `foreign` where there are credentials that would go there.
    """
    environ, usual = context.environ, Retries()
    retries = Retries(
        int(read_number(settings, "retry_max", _number(environ, "TF_HTTP_RETRY_MAX", usual.count))),
        read_number(settings, "retry_wait_min", _number(environ, "TF_HTTP_RETRY_WAIT_MIN", usual.shortest)),
        read_number(settings, "retry_wait_max", _number(environ, "TF_HTTP_RETRY_WAIT_MAX", usual.longest)),
    )
    insecure = environ.get("TF_HTTP_SKIP_CERT_VERIFICATION", "").lower() in {"1", "true"}
    ca_file = read_text(settings, "ca_file", context)
    trust: bool | str = str(context.project / ca_file) if ca_file else True
    if read_flag(settings, "skip_cert_verification", insecure):
        trust = False
    given = (_text(name, settings, context) for name in ("username", "password", "token"))
    credentials = _credentials(*given)
    if foreign and credentials:
        raise foreign[0]
    barred = next(iter(foreign), None)
    limits = read_limits(settings.settings, environ)
    timeout = read_number(settings, "timeout", 30)
    return HttpClient(credentials, trust, timeout, retries, barred=barred, limits=limits)


def _text(
    name: str, settings: BackendSettings, context: BackendContext, put_off: list[NotTrusted] | None = None
) -> str | None:
    return read_text(settings, name, context, put_off) or context.environ.get(f"TF_HTTP_{name.upper()}") or None


def _credentials(user: str | None, password: str | None, token: str | None) -> dict[str, str]:
    if token and (user or password):
        raise UsageError("state backend 'http' takes a token, or a username and a password, not both")
    if token:
        if not token.isascii() or not token.isprintable():
            raise UsageError(
                "the token of state backend 'http' holds characters that no header can hold",
                hint="check where it comes from: `token` under `state:`",
            )
        return {"Authorization": f"Bearer {token}"}
    if user or password:
        pair = base64.b64encode(f"{user or ''}:{password or ''}".encode("utf-8", "surrogateescape")).decode("ascii")
        return {"Authorization": f"Basic {pair}"}
    return {}


def _checked(address: str) -> str:
    try:
        parts = urlsplit(address)
        known = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        known = False
    if not known:
        raise UsageError("an address of state backend 'http' is no HTTP address", hint="https://host/path")
    if parts.username or parts.password:
        raise UsageError(
            f"the state address {without_credentials(address)} holds a user or a password",
            hint="use `username` and `password: {env: NAME}`",
        )
    return address


def _number(environ: Mapping[str, str], name: str, default: float) -> float:
    try:
        return float(environ.get(name) or default)
    except ValueError:
        raise UsageError(f"{name} is no number") from None
