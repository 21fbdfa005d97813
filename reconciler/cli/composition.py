"""The composition root of a command: settings -> a session with clock, progress, questions and Ctrl-C."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, TypeAlias

from reconciler.api.session import Hooks, Session, Sources, SystemClock, choose_project, report_project
from reconciler.cli.exit_codes import INTERRUPTED
from reconciler.cli.output import ask, is_terminal, say, say_in_signal_handler

if TYPE_CHECKING:
    from reconciler.cli.settings import Settings
    from reconciler.errors import NotTrusted
    from reconciler.types.project import Project

Handler: TypeAlias = Callable[[int, FrameType | None], None]
SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Ctrl-C, a polite kill, a terminal that went away (which Windows does not have)."""


class Interrupts:
    """Listens to Ctrl-C and to a polite kill. `stop` is set when running requests should be the last ones."""

    def __init__(self) -> None:
        self.stop = threading.Event()
        self.graceful = False
        """While False a signal ends the run at once (`KeyboardInterrupt`): nothing is on its way yet."""

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.stop.is_set():
            abort("Aborted. The next run finds out what became of the requests that were on their way.")
            return
        self.stop.set()
        if not self.graceful:
            raise KeyboardInterrupt
        say_in_signal_handler("Interrupted: finishing the requests that are on their way (once more: abort at once).")


def abort(message: str) -> None:
    """End this process here and now; the state is as safe as after kill -9."""
    say_in_signal_handler(message)
    # Not sys.exit: threads that wait for an answer would hold it up.
    os._exit(INTERRUPTED)


@contextmanager
def abortable() -> Iterator[None]:
    """Ctrl-C ends a reading run at once: it holds no lock and has nothing to save."""
    with handled(lambda number, frame: abort("Interrupted."), (signal.SIGINT,)):
        yield


@contextmanager
def listening() -> Iterator[Interrupts]:
    """Interrupts of this run; the handlers that were there come back afterwards."""
    interrupts = Interrupts()
    with handled(interrupts, SIGNALS):
        yield interrupts


@contextmanager
def handled(handler: Handler, numbers: Sequence[signal.Signals]) -> Iterator[None]:
    """`handler` hears these signals; only the main thread can arrange that, elsewhere nothing happens."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # What is ignored stays ignored: `nohup` means it.
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


def open_session(
    settings: Settings,
    *,
    ref: str | None = None,
    root: Path | None = None,
    prefer: str | None = None,
    upward: bool = True,
) -> Session:
    """Read the project file and choose the workspace; `root` is where the run takes place, else the current folder,
    or with `upward` that of the project that it lies in.

    `prefer` is the workspace where neither an option nor the environment names one.

    Raises `UsageError` for a workspace that does not exist, `ManifestError` for a project file that is not valid.
    """
    from reconciler.api.boundary import redacting
    from reconciler.cli.output import choose_workspace, gate
    from reconciler.cli.progress import choose_emit

    environ = dict(os.environ)
    project, workspace = choose_project(
        settings.workspace, settings.manifests, environ=environ, file=settings.project, root=root, ref=ref,
        prefer=prefer, parallelism=settings.parallelism, give_up_after=settings.give_up_after, upward=upward,
    )  # fmt: skip
    choose_workspace(workspace.name)
    clock = SystemClock()
    redactor = gate()
    emit = redacting(choose_emit(settings, clock), redactor)
    report_project(project, workspace, emit)
    return Session(
        project=project,
        workspace=workspace,
        clock=clock,
        emit=emit,
        environ=environ,
        sources=Sources(paths=settings.manifests, ref=ref, allow_literal_secrets=settings.allow_literal_secrets),
        redactor=redactor,
        cached=not settings.no_cache,
        state_root=root,
        location_options=("-C", settings.chdir) if settings.chdir else (),
        hooks=Hooks(grant_trust=vouch, abortable=abortable, settle=getattr(emit, "close", lambda: None)),
    )


def vouch(session: Session, refused: NotTrusted) -> bool:
    """Ask on the terminal, once for each host and command; a yes is kept. Without a terminal: no."""
    from reconciler.api.trust import add_trusted

    session.hooks.settle()
    file = session.project.file
    if file is None or (refused.host is None and refused.command is None):
        return False
    if not (is_terminal(sys.stdin) and is_terminal(sys.stderr)):
        return False
    say(f"{refused.message[:1].upper()}{refused.message[1:]}.")
    what = f"credentials may go to {refused.host}" if refused.host else "the command may be run"
    if not ask(f"Trust {file}?", f"From now on {what}, whatever branch the file is of."):
        return False
    add_trusted(file, session.environ, host=refused.host, command=refused.command)
    return True


def find_project(settings: Settings) -> Project:
    """The project that the command runs in, or the built-in workspaces.

    Raises `ManifestError` for a project file or a catalogue that is not valid.
    """
    from reconciler.manifests.project.project_file import load_project
    from reconciler.platforms import PLATFORMS

    where = settings.project if settings.project is not None else "."
    return load_project(where, PLATFORMS, manifests=settings.manifests or None)
