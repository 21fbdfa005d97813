"""What holds for every test: no network beyond this machine, a home of its own, and nobody else's environment."""

from __future__ import annotations

import gc
import hashlib
import importlib
import ipaddress
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.unhurried import REAL, hurry

# How long an example takes says more about the machine than about the code; the same examples each time on CI.
settings.register_profile(
    "suite", deadline=None, derandomize="CI" in os.environ, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("suite")

# Whatever a developer or a CI runner has set and the program, git or a library would listen to.
FOREIGN = (
    "TAVUS_", "RECONCILER_", "GITHUB_", "GITLAB_", "CI_", "BUILD_",
    "GIT_", "XDG_", "AWS_", "PG", "TF_HTTP_", "CLICK_",
    "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy",
    "SSL_CERT_", "NO_COLOR", "FORCE_COLOR", "CLICOLOR", "COLUMNS", "LINES", "_RECONCILER_COMPLETE",
    "PYTHONDONTWRITEBYTECODE",  # a process that compiles the program first takes half a second more
)  # fmt: skip

# A shell that starts us in the background has processes ignore Ctrl-C, `nohup` has them ignore a terminal that went
# away; whatever they start inherits that.
for number, usual in ((signal.SIGINT, signal.default_int_handler), (signal.SIGHUP, signal.SIG_DFL)):
    if signal.getsignal(number) is signal.SIG_IGN:
        signal.signal(number, usual)

homes = count(1)
hurry()


class NetworkBlocked(RuntimeError):
    """A test tried to leave this machine. No `OSError`, so that no library takes it for a network that is down."""


def is_local(address: object) -> bool:
    """Whether a socket address is a loopback one, a name for it, or no internet address at all."""
    if not isinstance(address, tuple) or not address:
        return True
    host = address[0]
    if isinstance(host, bytes):
        host = host.decode("ascii", "replace")
    return host in {None, "", "localhost"} or is_loopback(str(host))


def is_loopback(host: str) -> bool:
    """Whether `host` is the text of a loopback address."""
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def guarded(real: Callable[..., Any], position: int) -> Callable[..., Any]:
    """`real`, refusing when its argument at `position` is an address (or a host name) beyond this machine."""

    def guard(*arguments: Any, **options: Any) -> Any:
        if len(arguments) > position:
            target = arguments[position]
            address = target if isinstance(target, tuple) else (target,)
            unix = isinstance(arguments[0], socket.socket) and arguments[0].family == socket.AF_UNIX
            if not unix and not is_local(address):
                raise NetworkBlocked(f"a test tried to reach {address[0]!r}; only 127.0.0.1 is allowed")
        return real(*arguments, **options)

    return guard


GUARDS = (
    (socket.socket, "connect", guarded(socket.socket.connect, 1)),
    (socket.socket, "connect_ex", guarded(socket.socket.connect_ex, 1)),
    (socket, "getaddrinfo", guarded(socket.getaddrinfo, 0)),
)


def pytest_configure(config: pytest.Config) -> None:
    """Each worker of pytest-xdist compiles its share of the test files first; it finds the others' shares done.

    To rewrite the assertions of a file is what takes long when tests are collected, and every worker collects all.
    """
    worker: dict[str, Any] | None = getattr(config, "workerinput", None)
    if worker is None or sys.dont_write_bytecode or config.option.collectonly:
        return
    number, count = int(worker["workerid"].removeprefix("gw")), int(worker["workercount"])
    root = Path(__file__).parent.parent
    for path in sorted((root / "tests").rglob("test_*.py"))[number::count] if len(config.args) == 1 else ():
        import_quietly(".".join(path.relative_to(root).with_suffix("").parts))


def import_quietly(module: str) -> None:
    """Import a test module; that it fails, or is skipped as a whole, is told when it is collected."""
    with suppress(Exception, pytest.skip.Exception):
        importlib.import_module(module)


def pytest_collection_finish() -> None:
    """Tests by the thousand are no garbage: to look through them again and again took a tenth of the time."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def _homes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("homes")


@pytest.fixture(autouse=True)
def _own_home(_homes: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """What holds for each test, in one fixture since there are so many tests.

    No connection and no look-up beyond the loopback interface (said anew for each test: other plug-ins put the
    originals back). An empty home folder, and an environment without keys, proxies, colours and CI variables.
    Databases of a process stay open, one connection a row of the state; every test has rows of its own, so they are
    closed.
    """
    for place, name, guard in GUARDS:
        setattr(place, name, guard)
    home = _homes / str(next(homes))
    home.mkdir()
    for name in [name for name in os.environ if name == "CI" or name.startswith(FOREIGN)]:
        monkeypatch.delenv(name)
    settings = {
        "HOME": home,
        "XDG_CONFIG_HOME": home / ".config",
        "XDG_CACHE_HOME": home / ".cache",
        "XDG_DATA_HOME": home / ".local" / "share",
        "XDG_STATE_HOME": home / ".local" / "state",
        # A test that commits something needs an author, and nobody's git settings but these.
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "Test",
        "GIT_AUTHOR_EMAIL": "test@example.invalid",
        "GIT_COMMITTER_NAME": "Test",
        "GIT_COMMITTER_EMAIL": "test@example.invalid",
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, str(value))
    yield home
    module = sys.modules.get("reconciler.backends.postgres_connection")
    for database in list(module._OPEN.values()) if module is not None else ():
        database.close()


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds `pyproject.toml`."""
    return Path(__file__).resolve().parent.parent


@pytest.fixture
def slow_digests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Digests as dear as a user's: for tests that are about them, or share a state with processes of a user's."""
    monkeypatch.setattr(hashlib, "scrypt", REAL)
