"""A server on a raw socket that answers what no API would: every answer ends in an error that says what to do."""

from __future__ import annotations

import gzip
import json
import threading
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from socket import create_server

import pytest

from reconciler.api.session import SystemClock
from reconciler.backends.http_client import HttpClient, Retries
from reconciler.errors import IncompleteList, ProviderError, StateError
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.types.options import MB, Limits


@contextmanager
def answering(body: bytes, *headers: str) -> Iterator[str]:
    """Answers every request with 200 and `body`, one a connection."""
    listener = create_server(("127.0.0.1", 0))
    told = "".join(f"{line}\r\n" for line in (*headers, f"Content-Length: {len(body)}", "Connection: close"))

    def serve() -> None:
        while True:
            try:
                line, _ = listener.accept()
                with line:
                    line.recv(65536)
                    line.sendall(f"HTTP/1.1 200 OK\r\n{told}\r\n".encode() + body)
            except OSError:
                if listener.fileno() < 0:
                    return

    threading.Thread(target=serve, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


class NoPause(SystemClock):
    def sleep(self, seconds: float) -> None:
        pass


def provider(url: str) -> TavusProvider:
    limits = Limits(answer=MB, state=MB, pages=50, whole=5)
    return TavusProvider(api_key="k" * 20, base_url=url, clock=NoPause(), random=lambda: 0.0, limits=limits)


def bomb() -> bytes:
    """64 MB of zeros: one piece that does not look back, again and again."""
    packer = zlib.compressobj(9, wbits=31)
    first, again = (packer.compress(bytes(MB)) + packer.flush(zlib.Z_FULL_FLUSH) for _ in range(2))
    return first + again * 63


ODD = {
    "a bomb": (bomb(), "Content-Encoding: gzip"),
    "a bomb in a bomb": (gzip.compress(bomb()), "Content-Encoding: gzip, gzip"),
    "an encoding that nobody asked for": (b"\x0b\x02\x80[]\x03", "Content-Encoding: br"),
    "too large": (b" " * (2 * MB) + b"[]",),
    "deep": (b"[" * 100_000,),
    "no text": (b'{"data": ["\xed\xa0\x80"]}',),
    "an endless number": (b'{"data": [], "total_count": ' + b"9" * 9_000 + b"}",),
    "items that are no objects": (b'{"data": [1, null, "x", [[]]], "total_count": 4}',),
    "one object again and again": (json.dumps({"data": [{"pal_id": "p"}] * 3, "total_count": 3}).encode(),),
    "more than there is": (b'{"data": [{"pal_id": "p"}], "total_count": 18446744073709551616}',),
    "a total of thousands of digits": (json.dumps({"data": [{}], "total": "9" * 6000}).encode(),),
}


@pytest.mark.parametrize("name", ODD)
def test_no_answer_to_a_list_is_more_than_an_error(name):
    with answering(*ODD[name]) as url:
        one = provider(url)
        with pytest.raises(ProviderError) as caught:
            one.list("persona")
        assert caught.value.hint
        one.close()


def test_a_list_of_more_pages_than_anybody_has_is_not_begun():
    with answering(b'{"data": [{"pal_id": "p"}], "total_count": 1000000000000}') as url:
        one = provider(url)
        with pytest.raises(IncompleteList, match="more than 50 pages"):
            one.list("persona")
        one.close()


@pytest.mark.parametrize("name", ["a bomb", "a bomb in a bomb", "too large"])
def test_a_state_server_has_the_same_caps(name):
    with answering(*ODD[name]) as url:
        line = HttpClient({}, True, 5, Retries(count=0), limits=Limits(state=MB))
        with pytest.raises(StateError) as caught:
            line.ask("GET", f"{url}/state", most=line.limits.state)
        assert caught.value.hint
        line.close()
