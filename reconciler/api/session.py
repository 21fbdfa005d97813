"""A project with one of its workspaces chosen: files, account, state and clock of a run, each opened late."""

from __future__ import annotations

import os
import random
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reconciler.core.secrets.redact_text import OPERATORS, Learning, Redactor
from reconciler.core.settings.operator_trust import DIGEST_KEY, PLAN_KEY, PREVIOUS_KEY, WORKSPACE
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.core.settings.operator_trust import Trusted
    from reconciler.engine.run_context import Setting
    from reconciler.engine.state.lock_owner import Rescue
    from reconciler.errors import NotTrusted
    from reconciler.types.catalogue import Catalogue
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import PlanOptions
    from reconciler.types.ports import Backend, Clock, Emit, Provider, Secrets
    from reconciler.types.project import Project, Workspace
    from reconciler.types.state import State

T = TypeVar("T")

SIMULATOR = "simulator"
ACCOUNT = "tavus"
"""The built-in workspace that needs nothing but a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The surroundings of one run. Nothing is read or connected before a method asks for it."""

    project: Project
    workspace: Workspace
    clock: Clock
    emit: Emit
    environ: Mapping[str, str]
    paths: tuple[str, ...] = ()
    """Manifest files and folders; empty: the project's own."""
    allow_literal_secrets: bool = False
    ref: str | None = None
    """The commit that manifests are read from; None: the work tree."""
    redactor: Redactor = field(default_factory=Redactor)
    """Learns every secret that this run resolves; what people read goes through it."""
    place: Path | None = None
    """The folder that holds `.reconciler/`, where somebody chose one; else it goes by the project."""
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """Manifest files taken to have another content than on disk: what a migration makes of them."""
    unmoved: tuple[Diagnostic, ...] = ()
    """What that migration left as it is, with the reasons."""

    def __post_init__(self) -> None:
        self.redactor.spare(self.project.name, *self.project.workspaces)
        self.redactor.learn(*(self.environ.get(name) for name in OPERATORS))

    @property
    def folder(self) -> Path:
        """Where this workspace keeps its own files: `.reconciler/<workspace>`. Raises `ReconcilerError` where a link
        of the repository leads out of it."""
        from reconciler.api.state_paths import find_state_folder
        from reconciler.manifests.tree.repository import check_way

        found = find_state_folder(self.project, self.workspace.name, self.place)
        check_way(found)
        return found

    def claim(self) -> None:
        """From here on the workspace's folder is this project file's, which a run says before it writes there."""
        from reconciler.api.state_paths import claim_folder

        settings = self.workspace.state
        if settings.type == "local" and "path" not in settings.settings:
            claim_folder(self.folder, self.project)

    @property
    def digest_key(self) -> bytes | None:
        """The key that secrets are digested with, None where there is none."""
        return _key(self.environ, DIGEST_KEY)

    @property
    def plan_key(self) -> bytes | None:
        """The key that saved plans are signed with, None where there is none."""
        return plan_key(self.environ)

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
        from reconciler.manifests.read.load_manifests import load_manifests

        found, secrets = load_manifests(
            self.project,
            self.workspace,
            paths=self.paths or None,
            ref=self.ref,
            allow_literal_secrets=self.allow_literal_secrets,
            environ=self.environ,
            texts=self.texts,
        )
        self.redactor.spare(*map(str, found.manifests))
        return replace(found, diagnostics=(*found.diagnostics, *self.unmoved)), Learning(secrets, self.redactor)

    def remarks(self, manifests: ManifestSet) -> tuple[str, ...]:
        """What a person may want to know about what was read: that there was nothing to read."""
        if manifests.manifests or manifests.moved or manifests.removed:
            return ()
        return (f"There are no manifests in {self.searched()}.",)

    def searched(self) -> str:
        """Where manifests are looked for, for a person."""
        from reconciler.api.state_paths import searched

        return searched(self.project, self.paths)

    def require_something(self, manifests: ManifestSet, options: PlanOptions) -> None:
        """Raise `NothingFound` where there is nothing to look at, before anything is connected or made."""
        from reconciler.core.planning.selection_check import require_something

        if options.drift_only or not (manifests.manifests or manifests.moved or manifests.removed):
            with self.placing(manifests):
                require_something(manifests, self.state(), options)

    @contextmanager
    def placing(self, manifests: ManifestSet) -> Iterator[None]:
        """Findings of the planner get their places in the files before anybody sees them; and where there was nothing
        to look at, the places that were searched are named, and where a project is."""
        from reconciler.errors import NothingFound, PlanError

        try:
            yield
        except NothingFound as error:
            from reconciler.api.state_paths import describe_search

            where = describe_search(self.project, self.paths, self.backend().describe())
            raise NothingFound(f"{error.message}: {where}", error.diagnostics, hint=error.hint) from error
        except PlanError as error:
            from reconciler.api.plan import anchored
            from reconciler.manifests.read.load_manifests import place

            found = anchored(error.diagnostics, manifests)
            placed = place(self.project, found, manifests=manifests.manifests, ref=self.ref)
            raise PlanError(error.message, placed, hint=error.hint) from error

    def secrets(self) -> Secrets:
        """The secrets of a run that opens no manifest."""
        from reconciler.manifests.read.load_manifests import secrets_of

        return Learning(secrets_of(self.project, self.environ), self.redactor)

    @contextmanager
    def provider(self, secrets: Secrets, *, reading: bool) -> Iterator[Provider]:
        """The account; with `reading` the transport refuses everything but GET."""
        from reconciler.platforms.base import ProviderContext
        from reconciler.platforms.providers import PROVIDERS

        context = ProviderContext(
            workspace=self.workspace.name,
            state_folder=str(self.folder),
            clock=self.clock,
            secrets=secrets,
            random=random.random,
            environ=self.environ,
            trusted=self.trusted,
            redactor=self.redactor,
            emit=self.emit,
            reading=reading,
            keyless=next(
                (one.name for one in self.project.workspaces.values() if one.provider.type == SIMULATOR), ""
            ),
            parallelism=self.workspace.parallelism,
            max_requests_per_second=self.workspace.max_requests_per_second,
        )
        make = PROVIDERS.get(self.workspace.provider.type)
        provider = self._vouched(lambda: make(self.workspace.provider, context))
        try:
            yield provider
        finally:
            provider.close()

    def catalogue(self) -> Catalogue:
        """The model catalogue of this project."""
        from reconciler.manifests.project.read_catalogue import load_catalogue

        return self.project.catalogue or load_catalogue()

    def backend(self) -> Backend:
        """Where the state is kept."""
        from reconciler.backends import open_state
        from reconciler.backends.context import BackendContext
        from reconciler.manifests.tree.repository import check_way

        settings = self.workspace.state
        context = BackendContext(
            folder=self.folder,
            workspace=self.workspace.name,
            environ=self.environ,
            owner=self.project.identity,
            secrets=self.secrets() if settings.settings else None,
            trusted=self.trusted,
            redactor=self.redactor,
        )
        path = settings.settings.get("path")
        if settings.type == "local" and isinstance(path, str):
            check_way(context.project / path)
        return self._vouched(lambda: open_state(settings, context))

    def trusted(self) -> Trusted:
        """What the user trusts this project file with, as the trust file has it now."""
        from reconciler.api.trust import read_trusted

        return read_trusted(self.project.file, self.environ)

    def _vouched(self, open: Callable[[], T]) -> T:
        """What `open` gives; where it is refused for want of trust, somebody who can give that is asked first."""
        from reconciler.errors import NotTrusted

        while True:
            try:
                return open()
            except NotTrusted as refused:
                if not self.vouch(refused):
                    raise

    def vouch(self, refused: NotTrusted) -> bool:
        """Whether trust was given just now, so that it is worth another try. Without a terminal nobody is asked."""
        return False

    def rescue(self) -> Rescue:
        """Where a state goes that the backend does not take, and how it is put in place from the current folder."""
        from reconciler.engine.state.lock_owner import Rescue

        root = Path(self.project.root)
        return Rescue(root, self.command([] if root == Path.cwd() else ["-C", os.path.relpath(root)]))

    def command(self, words: Sequence[str]) -> str:
        """The program as a shell takes it, with `words` and what leads to this project file and workspace."""
        import shlex

        file = self.project.file and os.path.relpath(self.project.file, self.project.root)
        usual = {str(Path("manifests") / "reconciler.yaml"), "reconciler.yaml"}
        chosen = ["--project", file] if file and file not in usual else []
        return shlex.join(["reconciler", *words, *chosen, "-w", self.workspace.name])

    def state(self) -> State:
        """The state as it is now, without a lock; what a dead run left behind is folded in."""
        from reconciler.engine.state.state_reader import read_only_state

        with closing(self.backend()) as backend:
            return read_only_state(
                backend, self.workspace.name, self.project.identity, clock=self.clock, emit=self.emit
            )

    def setting(self, provider: Provider, secrets: Secrets) -> Setting:
        """The same for the engine."""
        from reconciler.engine.run_context import Setting

        return Setting(
            self.workspace,
            provider,
            secrets,
            self.project.name,
            self.digest_key,
            self.catalogue,
            previous_key=_key(self.environ, PREVIOUS_KEY),
            identity=self.project.identity,
        )


def plan_key(environ: Mapping[str, str]) -> bytes | None:
    """The key that saved plans are signed with; from the environment only, never from a file of the project."""
    return _key(environ, PLAN_KEY)


def _key(environ: Mapping[str, str], name: str) -> bytes | None:
    """The key in a variable; an empty one is none."""
    return environ.get(name, "").encode("utf-8", "surrogateescape") or None


def choose_project(
    workspace: str | None,
    paths: Sequence[str],
    *,
    environ: Mapping[str, str],
    file: str | None = None,
    root: Path | None = None,
    ref: str | None = None,
    prefer: str | None = None,
    parallelism: int | None = None,
    upward: bool = True,
) -> tuple[Project, Workspace]:
    """Read the project file and choose the workspace: the one given, that of the environment, else `prefer`.

    `root` is where the run takes place; without one it is the current folder, or with `upward` that of the project
    which the current folder lies in. The built-in workspace `tavus` belongs to no project, so none is looked for
    further up unless it has a workspace of that name itself. Raises `UsageError` for a workspace that does not exist,
    `ManifestError` for a project file that is not valid.
    """
    from reconciler.manifests.project.project_file import BUILT_IN, load_project

    wanted = workspace or environ.get(WORKSPACE) or prefer
    if file is not None and Path(file).is_dir():
        raise UsageError(f"--project {file} is a folder", hint=f"name the file in it, or go there: -C {file}")
    where = file if file is not None else root or "."
    project = load_project(where, manifests=paths or None, ref=ref, root=root, upward=upward and root is None)
    own = project.workspaces.get(ACCOUNT)
    if (
        wanted == ACCOUNT
        and project.base != project.root
        and (own is None or own.provider == BUILT_IN[ACCOUNT].provider)
    ):
        project = load_project(where, manifests=paths or None, ref=ref, root=root, upward=False)
    chosen = choose_workspace(project, wanted)
    return project, replace(chosen, parallelism=parallelism) if parallelism is not None else chosen


def choose_workspace(project: Project, name: str | None) -> Workspace:
    """The workspace called `name`, or the project's default one."""
    wanted = name or project.default_workspace
    if wanted in project.workspaces:
        return project.workspaces[wanted]
    from difflib import get_close_matches

    from reconciler.api.state_paths import shown

    close = get_close_matches(wanted, project.workspaces, n=1)
    known = ", ".join(project.workspaces)
    where = f"project file {shown(project.file)}" if project.file else "the built-in ones: no project file was found"
    raise UsageError(
        f"unknown workspace {wanted!r}; known: {known} ({where})",
        hint=f"did you mean {close[0]!r}?" if close else "choose one with --workspace NAME",
    )


def tell_project(project: Project, workspace: Workspace, emit: Emit) -> None:
    """Say which project a run is about, where it was found further up."""
    from reconciler.types.event import Notice

    if project.file is not None and project.base != project.root:
        emit(Notice(f"project {project.name}, workspace {workspace.name}: {os.path.relpath(project.file)}", "always"))


class SystemClock:
    """The real time."""

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
