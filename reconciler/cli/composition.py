"""The composition root of a command: settings -> a session with clock, progress, questions and Ctrl-C."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api.session import Hooks, Session, Sources, SystemClock, choose_project, report_project
from reconciler.cli.interrupt import abortable
from reconciler.cli.output import ask, is_terminal, say

if TYPE_CHECKING:
    from reconciler.cli.global_options import Settings
    from reconciler.errors import NotTrusted
    from reconciler.types.project import Project


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
    from reconciler.api.output_gate import redacting
    from reconciler.cli.output import gate
    from reconciler.cli.progress import choose_emit

    environ = dict(os.environ)
    project, workspace = choose_project(
        settings.workspace, settings.manifests, environ=environ, file=settings.project, root=root, ref=ref,
        prefer=prefer, parallelism=settings.parallelism, give_up_after=settings.give_up_after, upward=upward,
    )  # fmt: skip
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
        place=root,
        way=("-C", settings.chdir) if settings.chdir else (),
        hooks=Hooks(vouch=vouch, abortable=abortable, settle=getattr(emit, "close", lambda: None)),
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
