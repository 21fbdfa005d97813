"""The composition root of a command: settings -> project, workspace, clock, progress and Ctrl-C."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api.session import Opened, SystemClock, choose_project, tell_project
from reconciler.cli.global_settings import Settings

if TYPE_CHECKING:
    from reconciler.engine.state.lock_owner import Rescue
    from reconciler.errors import NotTrusted
    from reconciler.types.catalogue import Catalogue
    from reconciler.types.ports import Provider, Secrets


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Opened):
    """The surroundings of one command."""

    settings: Settings = Settings()

    @contextmanager
    def provider(self, secrets: Secrets, *, reading: bool) -> Iterator[Provider]:
        """The account; a reading run ends at once on Ctrl-C, and the status line goes in any case."""
        from reconciler.cli.interrupt import abortable

        try:
            # Not `super()`: a dataclass with slots is another class than the one that was written down.
            account = Opened.provider(self, secrets, reading=reading)
            with account as provider, abortable() if reading else nullcontext():
                yield provider
        finally:
            self.settle()

    def vouch(self, refused: NotTrusted) -> bool:
        """Ask whoever sits at the terminal."""
        from reconciler.cli.trust import vouch

        self.settle()
        return vouch(self, refused)

    def rescue(self) -> Rescue:
        """As without a command line, from the folder that the user was in before `--chdir`."""
        from reconciler.engine.state.lock_owner import Rescue

        folder = self.settings.chdir
        return Rescue(Path(self.project.root), self.command(["-C", folder] if folder else []))

    def settle(self) -> None:
        """Take the status line away, before anything else is written."""
        close = getattr(self.emit, "close", None)
        if close is not None:
            close()


def open_run(
    settings: Settings,
    *,
    ref: str | None = None,
    root: Path | None = None,
    prefer: str | None = None,
    upward: bool = True,
) -> Run:
    """Read the project file and choose the workspace; `root` is where the run takes place, else the current folder,
    or with `upward` that of the project that it lies in.

    `prefer` is the workspace where neither an option nor the environment names one.

    Raises `UsageError` for a workspace that does not exist, `ManifestError` for a project file that is not valid.
    """
    from reconciler.api.output_gate import told
    from reconciler.cli.output import gate
    from reconciler.cli.progress import choose_emit

    environ = dict(os.environ)
    project, workspace = choose_project(
        settings.workspace, settings.manifests, environ=environ, file=settings.project, root=root, ref=ref,
        prefer=prefer, parallelism=settings.parallelism, upward=upward,
    )  # fmt: skip
    clock = SystemClock()
    redactor = gate()
    emit = told(choose_emit(settings, clock), redactor)
    tell_project(project, workspace, emit)
    return Run(
        project=project,
        workspace=workspace,
        clock=clock,
        emit=emit,
        redactor=redactor,
        environ=environ,
        paths=settings.manifests,
        allow_literal_secrets=settings.allow_literal_secrets,
        ref=ref,
        place=root,
        settings=settings,
    )


def open_catalogue(settings: Settings) -> Catalogue:
    """The model catalogue, with the project's own file merged over it where there is a project.

    Raises `ManifestError` for a project file or a catalogue that is not valid.
    """
    from reconciler.manifests.project.project_file import load_project
    from reconciler.manifests.project.read_catalogue import load_catalogue

    where = settings.project if settings.project is not None else "."
    return load_project(where, manifests=settings.manifests or None).catalogue or load_catalogue()
