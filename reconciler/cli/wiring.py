"""The composition root: settings -> project, workspace, provider, backend, clock and progress of one run."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.settings import Settings
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.engine.setting import Setting
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.ports import Backend, Emit, Provider, Secrets
    from reconciler.types.project import Project, Workspace
    from reconciler.types.state import State

WORKSPACE = "RECONCILER_WORKSPACE"
DIGEST_KEY = "RECONCILER_DIGEST_KEY"
STATE_FOLDER = ".reconciler"


class SystemClock:
    """The real time."""

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


@dataclass(frozen=True, slots=True)
class Run:
    """The surroundings of one command."""

    settings: Settings
    project: Project
    workspace: Workspace
    clock: SystemClock
    emit: Emit
    environ: Mapping[str, str]
    ref: str | None = None
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """Manifest files taken to have another content than on disk: what a migration makes of them."""

    @property
    def folder(self) -> Path:
        """Where this workspace keeps its own files: `.reconciler/<workspace>`."""
        return Path(self.project.root) / STATE_FOLDER / self.workspace.name

    @property
    def digest_key(self) -> bytes | None:
        """The key that secrets are digested with, None where there is none."""
        key = self.environ.get(DIGEST_KEY)
        return key.encode() if key else None

    def manifests(self) -> tuple[ManifestSet, Secrets]:
        """What the files say. Raises `ManifestError` with everything that is wrong with them."""
        from reconciler.errors import ManifestError

        found, secrets = self.files()
        count = sum(one.is_error for one in found.diagnostics)
        if count:
            noun = "error" if count == 1 else "errors"
            raise ManifestError(f"{count} {noun} in the manifests; nothing was read or sent", found.diagnostics)
        return found, secrets

    def files(self) -> tuple[ManifestSet, Secrets]:
        """The same, with what is wrong left in `ManifestSet.diagnostics`."""
        from reconciler.loader.manifests import load_manifests

        return load_manifests(
            self.project,
            self.workspace,
            paths=self.settings.manifests or None,
            ref=self.ref,
            allow_literal_secrets=self.settings.allow_literal_secrets,
            environ=self.environ,
            texts=self.texts,
        )

    def remarks(self, manifests: ManifestSet) -> tuple[str, ...]:
        """What a person may want to know about what was read: that there was nothing to read."""
        if manifests.manifests or manifests.moved or manifests.removed:
            return ()
        places = self.settings.manifests or self.project.manifests or (self.project.home,)
        return (f"There are no manifests in {', '.join(os.path.relpath(one) for one in places)}.",)

    @contextmanager
    def placing(self, manifests: ManifestSet) -> Iterator[None]:
        """Findings of the planner get their places in the files before anybody sees them."""
        from reconciler.errors import PlanError

        try:
            yield
        except PlanError as error:
            from reconciler.loader.manifests import place

            placed = place(self.project, error.diagnostics, manifests=manifests.manifests, ref=self.ref)
            raise PlanError(error.message, placed, hint=error.hint) from error

    def secrets(self) -> Secrets:
        """The secrets of a run that opens no manifest."""
        from reconciler.loader.manifests import secrets_of

        return secrets_of(self.project, self.environ)

    @contextmanager
    def provider(self, secrets: Secrets, *, reading: bool) -> Iterator[Provider]:
        """The account; with `reading` the transport refuses everything but GET."""
        from reconciler.cli.interrupt import abortable
        from reconciler.providers import PROVIDERS
        from reconciler.providers.base import ProviderContext

        context = ProviderContext(
            workspace=self.workspace.name,
            state_folder=str(self.folder),
            clock=self.clock,
            secrets=secrets,
            random=random.random,
            environ=self.environ,
            emit=self.emit,
            reading=reading,
            parallelism=self.workspace.parallelism,
            max_requests_per_second=self.workspace.max_requests_per_second,
        )
        provider = PROVIDERS.get(self.workspace.provider.type)(self.workspace.provider, context)
        try:
            with abortable() if reading else nullcontext():
                yield provider
        finally:
            provider.close()
            self.settle()

    def settle(self) -> None:
        """Take the status line away, before anything else is written."""
        close = getattr(self.emit, "close", None)
        if close is not None:
            close()

    def backend(self) -> Backend:
        """Where the state is kept."""
        from reconciler.backends import open_state
        from reconciler.backends.base import BackendContext

        settings = self.workspace.state
        context = BackendContext(
            folder=self.folder,
            workspace=self.workspace.name,
            environ=self.environ,
            secrets=self.secrets() if settings.settings else None,
        )
        return open_state(settings, context)

    def state(self) -> State:
        """The state as it is now, without a lock; what a dead run left behind is folded in."""
        from reconciler.engine.session import read_only_state

        return read_only_state(self.backend(), self.workspace.name, clock=self.clock, emit=self.emit)

    def setting(self, provider: Provider, secrets: Secrets) -> Setting:
        """The same for the engine."""
        from reconciler.engine.setting import Setting

        return Setting(self.workspace, provider, secrets, self.project.name, self.digest_key)


def open_run(
    settings: Settings, *, ref: str | None = None, root: Path | None = None, prefer: str | None = None
) -> Run:
    """Read the project file and choose the workspace; `root` is where the run takes place, the current folder.

    `prefer` is the workspace where neither an option nor the environment names one.

    Raises `UsageError` for a workspace that does not exist, `ManifestError` for a project file that is not valid.
    """
    from reconciler.cli.progress import choose_emit
    from reconciler.loader.project import load_project

    environ = dict(os.environ)
    where = settings.project if settings.project is not None else root or "."
    project = load_project(where, manifests=settings.manifests or None, ref=ref, root=root)
    workspace = choose_workspace(project, settings.workspace or environ.get(WORKSPACE) or prefer)
    if settings.parallelism is not None:
        workspace = replace(workspace, parallelism=settings.parallelism)
    clock = SystemClock()
    return Run(settings, project, workspace, clock, choose_emit(settings, clock), environ, ref)


def choose_workspace(project: Project, name: str | None) -> Workspace:
    """The workspace called `name`, or the project's default one."""
    wanted = name or project.default_workspace
    if wanted in project.workspaces:
        return project.workspaces[wanted]
    from difflib import get_close_matches

    close = get_close_matches(wanted, project.workspaces, n=1)
    known = ", ".join(project.workspaces)
    where = project.file or "no project file, so only the built-in ones exist"
    raise UsageError(
        f"unknown workspace {wanted!r}; known: {known} ({where})",
        hint=f"did you mean {close[0]!r}?" if close else "choose one with --workspace NAME",
    )
