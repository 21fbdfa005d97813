"""A project with one of its workspaces chosen: the record that every verb is handed, and how it is chosen."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.core.operator_trust import DIGEST_KEY, PLAN_KEY, PREVIOUS_KEY, WORKSPACE
from reconciler.core.secrets.redact_text import OPERATORS, Redactor
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.run_recording import Recording
    from reconciler.core.planning.resource_verdicts import ResourceVerdicts
    from reconciler.core.platform import Platform
    from reconciler.engine.state.lock_owner import Rescue
    from reconciler.errors import NotTrusted
    from reconciler.manifests.read.parse_cache import Documents
    from reconciler.platforms.base import OpenProvider
    from reconciler.platforms.rate_limiter import RateLimiter, RateLimiters
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.ports import Clock, Emit
    from reconciler.types.project import Project, Workspace


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the manifests of a session come from."""

    paths: tuple[str, ...] = ()
    """Manifest files and folders; empty: the project's own."""
    ref: str | None = None
    """The commit that manifests are read from; None: the work tree."""
    allow_literal_secrets: bool = False
    texts: Mapping[str, bytes] = field(default_factory=dict)
    """Manifest files taken to have another content than on disk: what a migration makes of them."""
    unmoved: tuple[Diagnostic, ...] = ()
    """What that migration left as it is, with the reasons."""
    known: Documents | None = None
    """What was parsed before, for a process that reads the same files for several workspaces, or again and again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What a caller at a terminal adds to a session; without one nobody is asked, and nothing is taken away."""

    grant_trust: Callable[[Session, NotTrusted], bool] = lambda session, refused: False
    """Whether trust was given just now, so that what was refused for want of it is worth another try."""
    abortable: Callable[[], AbstractContextManager[None]] = nullcontext
    """Around the reading of an account: how the user ends it at once."""
    settle: Callable[[], None] = lambda: None
    """Takes the status line away, before anything else is written."""
    sent: Callable[[int, RateLimiter | None], None] = lambda count, pace: None
    """Told of how many requests an account got, and its pace where several share that, when it is closed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One project, one workspace, and what a run meets them with. Nothing is read or connected by having one."""

    project: Project
    workspace: Workspace
    clock: Clock
    emit: Emit
    environ: Mapping[str, str]
    sources: Sources = Sources()
    stop: Callable[[], bool] = lambda: False
    """True once somebody asked to stop: running requests end, nothing new begins."""
    redactor: Redactor = field(default_factory=Redactor)
    """Learns every secret that this session resolves; what people read goes through it."""
    state_root: Path | None = None
    """The folder that holds `.reconciler/`, where somebody chose one; else it goes by the project."""
    location_options: tuple[str, ...] = ()
    """Options that lead from where the user stands to the folder of the run, for commands that people are told."""
    hooks: Hooks = Hooks()
    rate_limiters: RateLimiters | None = None
    """What sessions of one process share: how fast each account takes requests. None: this session's own."""
    cached: bool = True
    """Whether verdicts of earlier runs may be taken and kept."""
    recording: Recording | None = None
    """Hears what the run reads."""
    lineage: str | None = None
    """What a first state is called, so that plans made before there is one are the same; None: something new."""
    connect: OpenProvider | None = None
    """Opens the account instead of the table of providers."""

    def __post_init__(self) -> None:
        self.redactor.spare(self.project.name, *self.project.workspaces)
        variables = (*OPERATORS, *self.platform.vendor.credentials)
        self.redactor.learn(*(self.environ.get(name) for name in variables))

    @property
    def platform(self) -> Platform:
        """Whose API the workspace speaks."""
        from reconciler.platforms import PLATFORMS

        return PLATFORMS.of(self.workspace.provider.type)

    @property
    def verdicts(self) -> ResourceVerdicts | None:
        """What earlier runs found in sync; None for a run that looks at everything itself."""
        return self.recording.verdicts if self.recording is not None else None

    @property
    def now(self) -> datetime:
        """The time by the session's clock, with its zone."""
        return datetime.fromisoformat(self.clock.now())

    @property
    def folder(self) -> Path:
        """Where this workspace keeps its own files: `.reconciler/<workspace>`. Raises `ReconcilerError` where a link
        of the repository leads out of it."""
        from reconciler.api.paths import find_state_folder
        from reconciler.manifests.tree.repository import check_way

        found = find_state_folder(self.project, self.workspace.name, self.state_root)
        check_way(found)
        return found

    @property
    def provider_files(self) -> dict[str, Path]:
        """The files that settings of the provider name, by setting: relative to the folder of the project file; one
        that is not there, to that of the run."""
        from reconciler.core.setting_reader import Role

        provider = self.workspace.provider
        roles = self.platform.settings.get(provider.type, {})
        named = {name: value for name, value in provider.settings.items() if roles.get(name) is Role.PATH}
        places = {name: Path(self.project.home, value) for name, value in named.items() if isinstance(value, str)}
        others = {name: Path(self.project.root, str(named[name])) for name in places}
        return {
            name: others[name] if others[name].exists() and not place.exists() else place
            for name, place in places.items()
        }

    @property
    def digest_key(self) -> bytes | None:
        """The key that secrets are digested with, None where there is none."""
        return _key(self.environ, DIGEST_KEY)

    @property
    def previous_key(self) -> bytes | None:
        """The key that secrets were digested with before, None where there was none."""
        return _key(self.environ, PREVIOUS_KEY)

    @property
    def plan_key(self) -> bytes | None:
        """The key that saved plans are signed with, None where there is none."""
        return plan_key(self.environ)

    @property
    def rescue(self) -> Rescue:
        """Where a state goes that its store does not take, and the command that puts it in place."""
        from reconciler.engine.state.lock_owner import Rescue

        return Rescue(Path(self.project.root), self.command())

    def command(self, *arguments: str, workspace: bool = True) -> str:
        """The command line that runs `arguments` over the same project file, quoted for a shell, from the folder in
        which the user started this run; without `workspace` the default one, or that of a saved plan."""
        import shlex

        file = self.project.file and os.path.relpath(self.project.file, self.project.root)
        usual = {str(Path("manifests") / "reconciler.yaml"), "reconciler.yaml"}
        chosen = ["--project", file] if file and file not in usual else []
        named = ["-w", self.workspace.name] if workspace else []
        return shlex.join(["reconciler", *self.location_options, *arguments, *chosen, *named])

    def in_workspace(self, name: str) -> Session:
        """The same with another workspace of the project. Raises `UsageError` for an unknown one."""
        return replace(self, workspace=choose_workspace(self.project, name))

    def with_sources(self, **sources: object) -> Session:
        """The same with other sources: `ref`, `paths`, `texts` and so on."""
        return replace(self, sources=replace(self.sources, **sources))  # type: ignore[arg-type]


class SystemClock:
    """The real time."""

    def now(self) -> str:
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)


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
    give_up_after: float | None = None,
    upward: bool = True,
) -> tuple[Project, Workspace]:
    """Read the project file and choose the workspace: the one given, that of the environment, else `prefer`.

    `root` is where the run takes place; without one it is the current folder, or with `upward` that of the project
    which the current folder lies in. A built-in workspace for an account belongs to no project, so none is looked for
    further up unless it has a workspace of that name itself. Raises `UsageError` for a workspace that does not exist,
    `ManifestError` for a project file that is not valid.
    """
    from reconciler.manifests.project.project_file import load_project
    from reconciler.platforms import PLATFORMS

    wanted = workspace or environ.get(WORKSPACE) or prefer
    if file is not None and Path(file).is_dir():
        raise UsageError(f"--project {file} is a folder", hint=f"name the file in it, or go there: -C {file}")
    where = file if file is not None else root or "."
    project = load_project(
        where, PLATFORMS, manifests=paths or None, ref=ref, root=root, upward=upward and root is None
    )
    own = project.workspaces.get(wanted or "")
    account = PLATFORMS.workspaces().get(wanted or "")
    if account is not None and account.type == PLATFORMS.of(account.type).embedded:
        account = None
    if account is not None and project.base != project.root and (own is None or own.provider == account):
        project = load_project(where, PLATFORMS, manifests=paths or None, ref=ref, root=root, upward=False)
    chosen = choose_workspace(project, wanted)
    given = {"parallelism": parallelism, "give_up_after": give_up_after}
    return project, replace(chosen, **{name: value for name, value in given.items() if value is not None})  # type: ignore[arg-type]


def choose_workspace(project: Project, name: str | None) -> Workspace:
    """The workspace called `name`, or the project's default one."""
    wanted = name or project.default_workspace
    if wanted in project.workspaces:
        return project.workspaces[wanted]
    from difflib import get_close_matches

    from reconciler.api.paths import display_path

    close = get_close_matches(wanted, project.workspaces, n=1)
    known = ", ".join(project.workspaces)
    where = (
        f"project file {display_path(project.file)}"
        if project.file
        else "the built-in ones: no project file was found"
    )
    raise UsageError(
        f"unknown workspace {wanted!r}; known: {known} ({where})",
        hint=f"did you mean {close[0]!r}?" if close else "choose one with --workspace NAME",
    )


def report_project(project: Project, workspace: Workspace, emit: Emit) -> None:
    """Say which project a run is about, where it was found further up."""
    from reconciler.types.event import Notice

    if project.file is not None and project.base != project.root:
        emit(Notice(f"project {project.name}, workspace {workspace.name}: {os.path.relpath(project.file)}", "always"))
