"""The gate, the address and the way out."""

from __future__ import annotations

import time

import httpx
import pytest

from reconciler.core.network import Due
from reconciler.errors import UsageError, WriteRefused
from reconciler.platforms.tavus.client.tavus_transport import (
    ReadOnlyTransport,
    check_base_url,
    is_loopback,
    open_transport,
    proxy_for,
)


@pytest.mark.parametrize("method", ["POST", "PATCH", "PUT", "DELETE", "HEAD", "OPTIONS", "QUERY"])
def test_the_gate_lets_nothing_but_get_through(method: str) -> None:
    inner = httpx.MockTransport(lambda request: pytest.fail("something was sent"))
    with pytest.raises(WriteRefused, match=method):
        ReadOnlyTransport(inner).handle_request(httpx.Request(method, "http://127.0.0.1/v2/pals"))


def test_the_gate_lets_get_through() -> None:
    inner = httpx.MockTransport(lambda request: httpx.Response(200, text="in"))
    response = ReadOnlyTransport(inner).handle_request(httpx.Request("GET", "http://127.0.0.1/v2/pals"))
    assert response.status_code == 200


def test_closing_the_gate_closes_what_is_behind() -> None:
    closed: list[bool] = []

    class Inner(httpx.BaseTransport):
        def close(self) -> None:
            closed.append(True)

    ReadOnlyTransport(Inner()).close()
    assert closed == [True]


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://tavusapi.com/v2", "https://tavusapi.com/v2"),
        ("https://tavusapi.com/v2/", "https://tavusapi.com/v2"),
        (" https://tavusapi.com/v2// ", "https://tavusapi.com/v2"),
        ("https://proxy.northwind.example:8443/tavus", "https://proxy.northwind.example:8443/tavus"),
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("http://localhost:8080/v2", "http://localhost:8080/v2"),
        ("http://[::1]:8080/v2", "http://[::1]:8080/v2"),
        ("http://simulator.localhost/v2", "http://simulator.localhost/v2"),
    ],
)
def test_good_addresses(text: str, url: str) -> None:
    assert check_base_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tavusapi.com/v2",
        "ftp://tavusapi.com",
        "https://",
        "http://tavusapi.com/v2",
        "http://10.0.0.7/v2",
        "http://localhost.evil.example/v2",
        "http://127.0.0.1.evil.example/v2",
        "https://user:secret@tavusapi.com/v2",
        "https://tavusapi.com/v2?key=1",
        "https://tavusapi.com/v2#x",
        "https://tavusapi.com:port/v2",
        "http://[::1/v2",
        "file:///etc/passwd",
    ],
)
def test_bad_addresses(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_base_url(text)
    assert caught.value.hint
    assert "secret" not in caught.value.message


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("localhost", True),
        ("a.localhost", True),
        ("0.0.0.0", False),
        ("10.0.0.1", False),
        ("example.com", False),
        ("", False),
    ],
)
def test_loopback(host: str, local: bool) -> None:
    assert is_loopback(host) is local


def test_the_proxy_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    assert proxy_for("https", "tavusapi.com") is None
    monkeypatch.setenv("HTTPS_PROXY", "proxy.northwind.example:3128")
    assert proxy_for("https", "tavusapi.com") == "http://proxy.northwind.example:3128"
    monkeypatch.setenv("NO_PROXY", "tavusapi.com")
    assert proxy_for("https", "tavusapi.com") is None


def test_the_proxy_for_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.northwind.example:3128")
    assert proxy_for("https", "tavusapi.com") == "http://proxy.northwind.example:3128"


@pytest.mark.parametrize("proxy", ["socks4://127.0.0.1:1", "ftp://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_used(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(UsageError) as caught:
        open_transport("https://tavusapi.com/v2", 10, Due(time.monotonic))
    assert "HTTPS_PROXY" in (caught.value.hint or "")


def test_certificates_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from reconciler.platforms.tavus.client import tavus_transport as transport

    monkeypatch.setattr(transport, "_CONTEXTS", [])
    monkeypatch.setenv("SSL_CERT_FILE", "/does/not/exist.pem")
    with pytest.raises(UsageError) as caught:
        open_transport("https://tavusapi.com/v2", 10, Due(time.monotonic))
    assert "SSL_CERT_FILE" in (caught.value.hint or "")


@pytest.mark.parametrize("url", ["https://tavusapi.com/v2", "http://127.0.0.1:1/v2"])
def test_a_transport_opens_without_a_connection(url: str) -> None:
    transport = open_transport(url, 10, Due(time.monotonic))
    assert isinstance(transport, httpx.HTTPTransport)
    transport.close()
