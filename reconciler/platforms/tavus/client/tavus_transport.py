"""How requests leave the process: the GET-only gate for reading runs, and a transport that never leaks the key."""

from __future__ import annotations

import ipaddress
import os
import sys
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

# httpx brings a command line of its own, which takes rich and pygments along wherever they are installed: 50 ms.
if "httpx" not in sys.modules:
    sys.modules["httpx._main"] = None  # type: ignore[assignment]
import httpx

from reconciler.core.network import Due, bound
from reconciler.errors import Unreachable, UsageError, WriteRefused

if sys.modules.get("httpx._main", httpx) is None:
    del sys.modules["httpx._main"]

if TYPE_CHECKING:
    from ssl import SSLContext

POOL_IDLE_SECONDS = 4.0
"""Idle connections are dropped before common servers (5 s) do: a write should not meet a closing connection."""


class ReadOnlyTransport(httpx.BaseTransport):
    """Lets GET through and raises `WriteRefused` for everything else, before a byte is sent."""

    def __init__(self, inner: httpx.BaseTransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.method != "GET":
            raise WriteRefused(
                f"a reading run tried to send {request.method} {request.url.path}",
                hint="this is a bug in the program; nothing was sent",
            )
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()


def open_transport(base_url: str, parallelism: int, due: Due) -> httpx.BaseTransport:
    """A transport for `base_url` with the proxy that the environment names for it; its waits end when they are `due`.

    The proxy is looked up here, and not by the client, so that no request can go around the gate above. A plain
    loopback address never goes through a proxy, which would see the key.
    """
    parts = urlsplit(base_url)
    limits = httpx.Limits(
        max_connections=parallelism + 10,
        max_keepalive_connections=parallelism + 10,
        keepalive_expiry=POOL_IDLE_SECONDS,
    )
    if parts.scheme == "http":
        return bound(httpx.HTTPTransport(verify=False, trust_env=False, limits=limits), due)
    proxy = proxy_for(parts.scheme, parts.hostname or "")
    try:
        return bound(httpx.HTTPTransport(verify=_tls_context(), limits=limits, proxy=proxy), due)
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        raise UsageError(
            "the proxy that the environment names cannot be used", hint="check HTTPS_PROXY, ALL_PROXY and NO_PROXY"
        ) from error


_CONTEXTS: list[SSLContext] = []


def _tls_context() -> SSLContext:
    """One context for all clients of the process: making one costs some 20 ms."""
    if not _CONTEXTS:
        try:
            _CONTEXTS.append(httpx.create_ssl_context())
        except OSError as error:  # also what the TLS library raises
            raise UsageError(
                f"the certificates of this machine cannot be read: {error.strerror or error}",
                hint="check SSL_CERT_FILE and SSL_CERT_DIR",
            ) from error
    return _CONTEXTS[0]


def proxy_for(scheme: str, host: str) -> str | None:
    """The proxy that the environment (or the system) names for `host`, None for a direct connection."""
    from urllib.request import getproxies, proxy_bypass

    proxies = getproxies()
    proxy = proxies.get(scheme) or proxies.get("all")
    if not proxy or proxy_bypass(host):
        return None
    return proxy if "://" in proxy else f"http://{proxy}"


def describe_proxy(base_url: str) -> str | None:
    """The proxy between here and `base_url` for a message, without its user and password, and who names it; None for
    a direct connection."""
    parts = urlsplit(base_url)
    proxy = proxy_for(parts.scheme, parts.hostname or "") if parts.scheme != "http" else None
    if proxy is None:
        return None
    named = (name for word in (parts.scheme, "all") for name in (f"{word}_proxy", f"{word}_proxy".upper()))
    variable = next((name for name in named if os.environ.get(name)), "the system's settings")
    where = urlsplit(proxy)
    return f"the proxy {where.scheme}://{where.netloc.rpartition('@')[2]}, which {variable} names"


def unreachable(message: str, base_url: str) -> Unreachable:
    """Why nothing could be sent to `base_url`: a proxy in between is named, for it is what fails most often."""
    proxy = describe_proxy(base_url)
    if proxy is None:
        return Unreachable(message, hint=f"check the network and that {base_url} is the right address")
    return Unreachable(
        f"{message} (through {proxy})",
        hint=f"check that proxy; where none is needed, list {urlsplit(base_url).hostname} in NO_PROXY",
    )


def is_loopback(host: str) -> bool:
    """Whether `host` can only be this machine."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_base_url(text: str, shown: str | None = None) -> str:
    """`text` without its last slash. `shown` stands for it in messages: the variable that it comes from.

    Raises `UsageError` for anything that is no absolute URL, carries a user, a query or a fragment, or would send the
    key in clear: http:// is for this machine only.
    """
    named = repr(text) if shown is None else f"in {shown}"
    try:
        parts = urlsplit(text.strip())
        host, _ = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise UsageError(f"base_url {named} is no URL", hint="write it as https://tavusapi.com/v2")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise UsageError(
            f"base_url {named if shown else f'of {host}'} may not carry a user, a password, a query or a fragment",
            hint="write it as https://tavusapi.com/v2; the key goes into api_key",
        )
    if parts.scheme == "http" and not is_loopback(host):
        raise UsageError(
            f"base_url {named} would send the API key in clear",
            hint="use https://; http:// is accepted for this machine only (127.0.0.1, localhost)",
        )
    return text.strip().rstrip("/")
