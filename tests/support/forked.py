"""Real processes of the command line that start quickly: forked from one that has imported everything already.

`Popen` and `run` are those of `subprocess`. Commands of this Python with `-m MODULE` or `-c TEXT` are forked from the
nursery, a process of its own beside this one; everything else starts as ever, and so does all of it where the system
has no `pidfd_open`. A forked process is as real as any: its own pid, its own memory, signals and kills reach it, it
ends through the interpreter's own end. What it does not do is import the program: a second of this machine.
"""

from __future__ import annotations

import functools
import gc
import json
import os
import pkgutil
import runpy
import selectors
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.support.unhurried import hurry

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 1 << 20
"""Of one order, in bytes: words, folder and environment."""
LATER = ("yaml", "psycopg", "obstore", "obstore.store", "importlib.readers", "encodings.utf_8_sig", "pytest",
         "tavus_mcp.cli.main")  # fmt: skip
"""Modules that functions import."""
OPTIONS = {"cwd", "env", "stdin", "stdout", "stderr", "text"}


@functools.cache
def nursery() -> tuple[socket.socket, Path]:
    """The way to the process that others are forked from, and its door for others; it ends with this one."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, LIMIT)
    door = Path(tempfile.mkdtemp(prefix="rec-forked-", dir="/tmp")) / "door"
    with theirs, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
        listener.bind(str(door))
        listener.listen(16)
        ends = [theirs.fileno(), listener.fileno()]
        subprocess.Popen(
            [sys.executable, "-m", "tests.support.forked", *map(str, ends), str(door.parent)],
            cwd=ROOT, pass_fds=ends, stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    return ours, door


def program(module: str) -> str:
    """A command line that others may start: it does what `python -m MODULE` does."""
    if not hasattr(os, "pidfd_open"):
        return f"{sys.executable} -m {module}"
    return f"{sys.executable} -I -S {Path(__file__).with_name('asking.py')} {nursery()[1]} -m {module}"


class Popen(subprocess.Popen[Any]):
    """`subprocess.Popen`, forked from the nursery where that can be."""

    _status: int | None = None

    def __init__(self, args: list[str], **options: Any) -> None:
        self._quick = (
            args[0] == sys.executable and args[1] in {"-m", "-c"} and options.keys() <= OPTIONS
            and hasattr(os, "pidfd_open")
        )  # fmt: skip
        super().__init__(args, **options)

    def _execute_child(self, *given: Any) -> None:
        if not self._quick:
            super()._execute_child(*given)  # type: ignore[misc]
            return
        args, cwd, env, (stdin, _, _, stdout, _, stderr) = given[0], given[5], given[6], given[10:16]
        told, tells = os.pipe()
        order = {
            "args": args[1:],
            "cwd": os.fspath(cwd or Path.cwd()),
            "env": dict(os.environ if env is None else env),
        }
        ends = [own if end == -1 else end for own, end in enumerate((stdin, stdout, stderr))]
        socket.send_fds(nursery()[0], [json.dumps(order).encode()], [*ends, tells])
        os.close(tells)
        self._status = told
        self.pid = int(os.read(told, 16))
        self._child_created = True
        self._close_pipe_fds(*given[10:16])  # type: ignore[attr-defined]

    def _try_wait(self, flags: int) -> tuple[int, int]:
        if self._status is None:
            return super()._try_wait(flags)  # type: ignore[misc,no-any-return]
        os.set_blocking(self._status, not flags)
        try:
            said = os.read(self._status, 16)
        except BlockingIOError:
            return 0, 0
        os.close(self._status)
        self._status = -1
        return self.pid, int(said)

    def _internal_poll(self, *given: Any, **named: Any) -> int | None:
        if self._status is None:
            return super()._internal_poll(*given, **named)  # type: ignore[misc,no-any-return]
        if self.returncode is None:
            pid, status = self._try_wait(os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode


def run(
    args: list[str], *, input: Any = None, timeout: float | None = None, check: bool = False,
    capture_output: bool = False, **options: Any,
) -> subprocess.CompletedProcess[Any]:  # fmt: skip
    """`subprocess.run` with the `Popen` of this module."""
    if capture_output:
        options |= {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    if input is not None:
        options["stdin"] = subprocess.PIPE
    with Popen(args, **options) as process:
        try:
            out, err = process.communicate(input, timeout)
        except BaseException:
            process.kill()
            raise
    done = subprocess.CompletedProcess(args, process.returncode, out, err)
    if check:
        done.check_returncode()
    return done


# the nursery


def serve(orders: socket.socket, listener: socket.socket) -> dict[str, Any] | None:
    """Fork a process for every order; in that process, what it has to do. None once nobody can give orders."""
    with selectors.DefaultSelector() as waiting:
        waiting.register(orders, selectors.EVENT_READ)
        waiting.register(listener, selectors.EVENT_READ)
        while True:
            for key, _ in waiting.select():
                if key.data is not None:
                    waiting.unregister(key.fileobj)
                    end_of(key.fd, *key.data)
                    continue
                if key.fileobj is listener:
                    waiting.register(listener.accept()[0], selectors.EVENT_READ)
                    continue
                text, ends, _, _ = socket.recv_fds(key.fileobj, LIMIT, 4)  # type: ignore[arg-type]
                if not text:
                    if key.fileobj is orders:
                        return None
                    waiting.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
                    continue
                *three, tells = ends
                pid = os.fork()
                if pid == 0:
                    become(three)
                    return dict(json.loads(text))
                tell(tells, pid)
                for end in three:
                    os.close(end)
                waiting.register(os.pidfd_open(pid), selectors.EVENT_READ, (pid, tells))


def end_of(handle: int, pid: int, tells: int) -> None:
    """A process ended: say how."""
    os.close(handle)
    tell(tells, os.waitpid(pid, 0)[1])
    os.close(tells)


def tell(end: int, number: int) -> None:
    """A number for whoever gave the order; it may be gone."""
    try:
        os.write(end, b"%16d" % number)
    except BrokenPipeError:
        pass


def become(ends: list[int]) -> None:
    """Take over the three standard ends, and leave everything that is the nursery's."""
    for number, end in enumerate(ends):
        os.dup2(end, number)
    os.closerange(3, 4096)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def obey(order: dict[str, Any]) -> None:
    """Be the process that was ordered."""
    os.environ.clear()
    os.environ.update(order["env"])
    os.chdir(order["cwd"])
    sys.stdin, sys.stdout, sys.stderr = (open_text(number) for number in range(3))
    sys.__stdin__, sys.__stdout__, sys.__stderr__ = sys.stdin, sys.stdout, sys.stderr
    how, what, *words = order["args"]
    sys.argv = [what, *words]
    if how == "-m":
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.argv[0] = "-c"
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__"})


def open_text(number: int) -> Any:
    """A standard stream as the interpreter opens it."""
    lines = number == 2 or "PYTHONUNBUFFERED" in os.environ
    return os.fdopen(
        number, "w" if number else "r", buffering=1 if lines and number else -1, encoding="utf-8", closefd=False,
        errors="backslashreplace" if number == 2 else "strict",
    )  # fmt: skip


def import_all() -> None:
    """What any command may need."""
    import reconciler

    inside = [one.name for one in pkgutil.walk_packages(reconciler.__path__, "reconciler.")]
    for name in (*(name for name in inside if not name.endswith("__main__")), *LATER):
        try:
            import_module(name)
        except ImportError:
            pass  # an extra that is not installed here


if __name__ == "__main__":
    import_all()
    hurry()
    gc.freeze()
    ways = [socket.socket(fileno=int(word)) for word in sys.argv[1:3]]
    order = serve(*ways)
    if order is not None:
        for way in ways:
            way.detach()
        obey(order)
    else:
        shutil.rmtree(sys.argv[3])
