"""Settings and answers of stores that are not what they should be: an error that says what to do, never a panic."""

from __future__ import annotations

import json
import os
import socket
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest

from reconciler.backends.context import BackendContext
from reconciler.backends.http import parse_lock
from reconciler.backends.http_client import LONGEST_ASKED, HttpClient, Retries, read_client
from reconciler.backends.lock_acquire import (
    describe_holder,
    lease_end,
    now_utc,
    parse_holder,
    process_marks,
    reason_to_take,
)
from reconciler.backends.postgres_connection import as_whole
from reconciler.backends.s3 import open_backend
from reconciler.core.history.history_chain import close_run, verify
from reconciler.core.history.preimage import unpack
from reconciler.core.serialization.checked_json import Malformed
from reconciler.core.serialization.digest import SecretDigests
from reconciler.core.state.state_document import dump_state, new_state, parse_state, peek
from reconciler.errors import NotTrusted, StateError, StateUnreadable, UsageError
from reconciler.types.address import Address, SecretRef
from reconciler.types.history import DEFAULT_RETENTION, RunHeader, Running
from reconciler.types.project import BackendSettings
from reconciler.waits import Waits

NO_URLS = ["not a url", "http://", "://x", "http://[::1", "http://a b", "http://h:99999", "a\0b", "localhost:9000"]
NOISE = [
    b"",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 5_000,
    b"\xff",
    b"null",
    b"[1]",
    b'{"format": true}',
    b'{"format": 1e999}',
]


@pytest.mark.parametrize("endpoint", NO_URLS)
@pytest.mark.parametrize("place", ["setting", "option", "environment"])
def test_an_endpoint_that_is_no_url_is_told(tmp_path: Path, endpoint: str, place: str) -> None:
    settings: dict = {"bucket": "b", "region": "r"}
    if place == "setting":
        settings["endpoint"] = endpoint
    elif place == "option":
        settings["options"] = {"aws_endpoint": endpoint}
    environ = {"AWS_ENDPOINT_URL": endpoint} if place == "environment" else {}
    with pytest.raises((UsageError, NotTrusted)):
        open_backend(BackendSettings("s3", settings), BackendContext(tmp_path / ".reconciler" / "w", "w", environ))


@pytest.mark.parametrize("data", NOISE)
def test_noise_is_no_state_and_no_lock(data: bytes) -> None:
    with pytest.raises(StateUnreadable):
        parse_state(data)
    with pytest.raises(StateError):
        parse_holder(data, "here")
    assert parse_lock(data) is None
    assert peek(data) is None


def test_a_head_that_cannot_be_read_tells_nothing() -> None:
    assert peek(b'"lineage": "\\x",\n"serial": 1,') is None
    assert peek(b'"lineage": "\xff",\n"serial": 1,') is None


def test_a_packed_text_that_is_a_bomb_is_malformed() -> None:
    import base64
    import zlib

    packer = zlib.compressobj(9)
    data = b"".join([*(packer.compress(bytes(4_000_000)) for _ in range(40)), packer.flush()])
    with pytest.raises(Malformed):
        unpack(base64.b64encode(data).decode())


@pytest.mark.parametrize("value", ["x", None, b"1", 1.5])
def test_a_version_that_does_not_count_is_an_error(value: object) -> None:
    with pytest.raises(StateError):
        as_whole(value)


def context_of(folder: Path, **environ: str) -> BackendContext:
    return BackendContext(folder / ".reconciler" / "w", "w", environ)


def test_an_answer_to_a_lock_is_no_larger_than_an_answer(tmp_path: Path) -> None:
    small = {"address": "http://127.0.0.1:9/x", "retry_max": 0}
    line = read_client(BackendSettings("http", small), context_of(tmp_path, RECONCILER_MAX_ANSWER_MB="0.001"))
    body = b" " * 5_000
    line._made = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(423, content=body)))
    with pytest.raises(StateError, match="larger than"):
        line.ask("LOCK", "http://127.0.0.1:9/x", b"{}")
    line._made = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(200, content=body)))
    assert line.ask("GET", "http://127.0.0.1:9/x", most=line.limits.state).body == body


@pytest.mark.parametrize("status", [201, 204, 302, 404, 409, 500])
def test_an_answer_that_is_no_state_is_no_larger_than_an_answer(tmp_path: Path, status: int) -> None:
    small = {"address": "http://127.0.0.1:9/x", "retry_max": 0}
    line = read_client(BackendSettings("http", small), context_of(tmp_path, RECONCILER_MAX_ANSWER_MB="0.001"))
    line._made = httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(status, content=b" " * 5_000)))
    with pytest.raises(StateError, match="larger than"):
        line.ask("GET", "http://127.0.0.1:9/x", most=line.limits.state)


@pytest.mark.parametrize("after", ["\xb2", "-1", "9" * 5_000, "", "\u0663", "x"])
def test_a_pause_that_a_server_asks_for_is_a_number_or_nothing(tmp_path: Path, after: str) -> None:
    pauses: list[float] = []
    clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=pauses.append)
    line = HttpClient({}, True, 1, Retries(1), waits=Waits(clock, "here"))
    header = {"Retry-After": after.encode("utf-8", "replace")}
    line._made = httpx.Client(transport=httpx.MockTransport(lambda request: httpx.Response(503, headers=header)))
    with pytest.raises(StateError):
        line.ask("GET", "http://127.0.0.1:9/x")
    assert len(pauses) == 1
    assert 0 <= pauses[0] <= LONGEST_ASKED


@pytest.mark.parametrize("marks", [{}, {"start": "1"}])
@pytest.mark.parametrize("process", [10**30, 2**31, -1, 0])
def test_a_holder_whose_process_cannot_be_is_told(marks: dict, process: int) -> None:
    here = process_marks(os.getpid())
    record = {
        "id": "i", "operation": "apply", "who": "x\nError: no\u202e", "host": socket.gethostname(),
        "since": "now", "expires": "9999-12-31T23:59:59-23:59", "version": "", "process": process, "lease": 1e8,
        "marks": {**here, **marks},
    }  # fmt: skip
    held = parse_holder(json.dumps(record).encode(), "here")
    assert reason_to_take(held, now_utc()) is not None or here == {}
    assert reason_to_take(held.renewed_at(datetime.max), "0001-01-01T00:00:00+14:00") is not None or here == {}
    assert "\n" not in describe_holder(held.info)
    alive = {**record, "process": os.getpid(), "marks": {key: here[key] for key in here if key != "start"}}
    reason_to_take(parse_holder(json.dumps(alive).encode(), "here"), now_utc())


def test_the_time_of_a_store_may_be_any_time() -> None:
    for now in ("9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "x", ""):
        assert lease_end(now, 1e10)


def test_a_token_that_no_header_can_hold_is_told_without_it(tmp_path: Path) -> None:
    settings = {"address": "http://127.0.0.1:9/x", "token": SecretRef("env", "T")}
    for token in ("geh\udcff-token", "a\nb-token", "\u20ac-token"):
        with pytest.raises(UsageError) as error:
            read_client(BackendSettings("http", settings), context_of(tmp_path, T=token))
        assert "token" not in str(error.value).replace("the token of", "").replace("`token`", "")


def test_a_password_may_be_bytes_that_are_no_text(tmp_path: Path) -> None:
    settings = {"address": "http://127.0.0.1:9/x", "password": SecretRef("env", "P")}
    line = read_client(BackendSettings("http", settings), context_of(tmp_path, P="\udcff"))
    assert line._headers["Authorization"] == "Basic Ov8="


def test_an_unreadable_run_in_the_state_stops_before_anything_is_written() -> None:
    running = Running(RunHeader("apply"), items={Address("tool", "x"): "eJwrrgUAAVUA9A=="})
    state = replace(new_state("w", "l"), running=running)
    with pytest.raises(StateUnreadable, match="cut short"):
        close_run(parse_state(dump_state(state)), 1, DEFAULT_RETENTION)


def test_a_lineage_and_a_salt_may_be_no_text() -> None:
    state = replace(new_state("w", "l\ud800"), salt="\ud800")
    verify(parse_state(dump_state(state)))
    assert SecretDigests("\ud800").of("value") != SecretDigests("x").of("value")
    assert SecretDigests("\ud800", b"key").of("value") != SecretDigests("x", b"key").of("value")
