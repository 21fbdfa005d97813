"""A real PostgreSQL server for tests: its own folder, its own port, gone afterwards."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import IO

OPTIONS = {
    "listen_addresses": "127.0.0.1", "fsync": "off", "full_page_writes": "off",
    "shared_buffers": "32MB", "max_connections": "100",
}  # fmt: skip


def find_binaries() -> Path | None:
    """The folder with `initdb` and `pg_ctl`: the newest of Debian's, or what is on the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    there = shutil.which("initdb")
    return Path(there).resolve().parent if there else None


def missing_postgres() -> str | None:
    """Why there is no server to be had here; None where there is."""
    if find_spec("psycopg") is None:
        return "rare: psycopg is not installed"
    if find_binaries() is None:
        return "rare: no PostgreSQL server is installed (Debian: postgresql)"
    return None


class Postgres:
    """A server that can be killed and started again on its data."""

    def __init__(self, folder: Path, binaries: Path) -> None:
        self.folder = folder
        self._binaries = binaries
        self.port = free_port()
        self._user = unprivileged_user()

    @property
    def dsn(self) -> str:
        return f"host=127.0.0.1 port={self.port} user=postgres dbname=postgres connect_timeout=5"

    def create(self) -> None:
        if self._user is not None:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-D", "data", "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8",
                  "--locale=C.UTF-8")  # fmt: skip

    def start(self) -> None:
        given = [f"-c {name}={value}" for name, value in OPTIONS.items()]
        options = " ".join([f"-p {self.port}", f"-k {self.folder}", *given])
        self._run("pg_ctl", "-D", "data", "-w", "-l", "log", "-o", options, "start")

    def kill(self) -> None:
        """As a power cut: the whole server at once."""
        pid = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop")
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass

    def stop(self) -> None:
        self._run("pg_ctl", "-D", "data", "-m", "immediate", "-w", "stop", check=False)

    def _run(self, program: str, *arguments: str, check: bool = True) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *arguments],
            cwd=self.folder, user=self._user, extra_groups=() if self._user else None,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=120, check=False,
        )  # fmt: skip
        if check and done.returncode != 0:
            log = self.folder / "log"
            more = log.read_text(errors="replace") if log.exists() else ""
            raise RuntimeError(f"{program}: {done.stderr.decode(errors='replace')}\n{more[-2000:]}")


@contextmanager
def postgres() -> Iterator[Postgres]:
    """A fresh server."""
    binaries = find_binaries()
    assert binaries is not None
    # Below the private folder of a test the other user could not reach it.
    folder = Path(tempfile.mkdtemp(prefix="rec-pg-", dir="/tmp"))
    server = Postgres(folder, binaries)
    try:
        server.create()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def unprivileged_user() -> str | None:
    """Who runs a server that refuses to run as root; None where we are not root."""
    return "nobody" if os.getuid() == 0 else None


def free_port() -> int:
    """A port of this process alone for as long as it lives; two workers of one run never get the same.

    It is below the range that clients are given, so that none of them takes it between now and the start.
    """
    for port in range(20_000 + os.getpid() % 5_000, 32_000):
        if reserve(port):
            return port
    raise RuntimeError("no port is free")


def reserve(port: int) -> bool:
    """Take a port for this process, unless somebody listens there or another process of tests has taken it."""
    if port in RESERVED:
        return False
    mark = Path(f"/tmp/rec-port-{os.getuid()}-{port}").open("ab")  # noqa: SIM115 - locked until this process ends
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
    except OSError:
        mark.close()
        return False
    RESERVED[port] = mark
    return True


RESERVED: dict[int, IO[bytes]] = {}
"""The ports of this process, with the files that say so to others."""
