"""The guard rails of the suite itself: a test that could reach the network would not prove anything."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import FOREIGN, import_quietly, is_local, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "::1%lo"])
def test_loopback_addresses_are_recognised(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["192.0.2.1", "2001:db8::1", "example.invalid", "127.0.0.1.example.invalid", ""])
def test_everything_else_is_not_loopback(host: str) -> None:
    assert not is_loopback(host)


@given(st.ip_addresses())
def test_only_loopback_addresses_are_local(address: object) -> None:
    assert is_local((str(address), 80)) == address.is_loopback  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["connect", "connect_ex"])
def test_a_connection_beyond_this_machine_is_refused(name: str) -> None:
    with socket.socket() as client, pytest.raises(RuntimeError, match=r"192\.0\.2\.1"):
        getattr(client, name)(("192.0.2.1", 80))


def test_a_name_is_not_looked_up() -> None:
    with pytest.raises(RuntimeError, match=r"example\.invalid"):
        socket.getaddrinfo("example.invalid", 443)


def test_create_connection_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(RuntimeError, match="only 127"):
        socket.create_connection(("example.invalid", 443), timeout=1)


def test_the_loopback_interface_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def answer() -> None:
            server.accept()[0].close()

        answered = threading.Thread(target=answer)
        answered.start()
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            assert client.recv(1) == b""
        answered.join(timeout=10)
        assert not answered.is_alive()


def test_unix_sockets_are_left_alone(tmp_path: Path) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
        server.bind(path)
        server.listen()
        client.connect(path)
        assert client.getpeername() == path


def test_the_environment_holds_nothing_of_the_developer() -> None:
    allowed = {"GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"}
    allowed |= {"GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"}
    allowed |= {"XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"}
    left = {name for name in os.environ if name.startswith(FOREIGN)} - allowed
    assert left == set()
    assert "CI" not in os.environ


@pytest.mark.parametrize("again", [1, 2])
def test_every_test_has_an_empty_home(again: int) -> None:
    home = Path.home()
    assert list(home.iterdir()) == []
    (home / f"left-behind-{again}").touch()
    assert os.environ["XDG_CONFIG_HOME"].startswith(str(home))


def test_git_can_commit(tmp_path: Path) -> None:
    for arguments in (["init", "-q"], ["commit", "-q", "--allow-empty", "-m", "one"]):
        subprocess.run(["git", *arguments], cwd=tmp_path, check=True, capture_output=True)
    log = subprocess.run(["git", "log", "--format=%an"], cwd=tmp_path, check=True, capture_output=True, text=True)
    assert log.stdout == "Test\n"


@pytest.mark.parametrize(
    "text", ["import pytest\npytest.skip('rare', allow_module_level=True)", "1 / 0", "import no_such_module", "("]
)
def test_a_file_that_is_skipped_or_broken_ends_no_worker(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "some_test_file.py").write_text(text)
    import_quietly("some_test_file")
    assert "some_test_file" not in sys.modules, "it is collected as if nobody had tried"
