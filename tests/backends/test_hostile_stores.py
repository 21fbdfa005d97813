"""Settings and answers of stores that are not what they should be: an error that says what to do, never a panic."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.backends.base import BackendContext
from reconciler.backends.holding import parse_holder
from reconciler.backends.httplock import parse_lock
from reconciler.backends.postgresline import as_whole
from reconciler.backends.s3 import open_backend
from reconciler.core.history.preimage import unpack
from reconciler.core.members import Malformed
from reconciler.core.state.file import parse_state, peek
from reconciler.errors import NotTrusted, StateError, StateUnreadable, UsageError
from reconciler.types.project import BackendSettings

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
