"""The project file as records: workspaces, providers, policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from reconciler.types.history import Retention
from reconciler.types.json import Json, Object
from reconciler.types.kind import Kinds

if TYPE_CHECKING:
    from reconciler.types.catalogue import Catalogue
    from reconciler.types.watch import Watch


class SettingDoc(NamedTuple):
    """What a setting of a plug-in is, for people."""

    kind: str
    """Its type in words."""
    meaning: str
    default: str = "null"


@dataclass(frozen=True, slots=True)
class ProviderSettings:
    """`type` is one that a platform knows; `settings` the rest of the mapping (markers for `{env: X}`)."""

    type: str
    settings: Object = field(default_factory=dict)
    vocabulary: str = ""
    """The words on the wire; empty: those that the platform prefers."""


@dataclass(frozen=True, slots=True)
class BackendSettings:
    """`type` is a name in the backends table."""

    type: str = "local"
    settings: Object = field(default_factory=dict)
    own: bool = False
    """They stand on the command line, not in a file of the repository."""


@dataclass(frozen=True, slots=True)
class Account:
    """What an account takes that several workspaces, or several machines, use together."""

    name: str
    requests_per_second: float | None = None
    concurrency: int | None = None
    """Requests at a time, of all workspaces in one process."""
    shared: BackendSettings | None = None
    """Where all processes take their turns; None: each process by itself."""


@dataclass(frozen=True, slots=True)
class FleetSettings:
    """How `reconciler fleet` schedules the rounds of a project."""

    address: Json = None
    """HOST:PORT of Temporal, or a marker for `{env: X}`; None: what the environment says."""
    namespace: str | None = None
    heartbeat: float = 15.0
    """Seconds without a sign of life after which a worker is taken for dead."""
    lease: float = 60.0
    """Seconds for which the lock of a state outlives a run that is not heard of any more."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What a plan may not do; `core.policies` judges it."""

    deletes: str = "deny"
    """deny (`--allow-deletes` lifts it) | allow | never"""
    max_change_percent: float = 30
    min_resources: int = 10
    max_deletes: int | None = None
    """Deletes in one plan, also where deletes are allowed; None: any number."""
    protected: tuple[str, ...] = ()
    """Globs over addresses that are never deleted."""
    allowed_models: tuple[str, ...] | None = None
    """Globs over language models; None: any."""
    denied_models: tuple[str, ...] = ()
    allowed_hosts: tuple[str, ...] | None = None
    """Globs over the hosts of every address in a body; None: any."""
    https_only: bool = False
    max_prompt_tokens: int | None = None
    no_deprecated: bool = False
    unknown_fields: str = "warn"
    """warn | deny: what a field is that no table knows."""


@dataclass(frozen=True, slots=True)
class Defaults:
    """What manifests of a kind (in a folder) say where they say nothing themselves."""

    kind: str
    spec: Object
    folder: str = ""
    """Relative to the project folder; empty: everywhere."""

    def concerns(self, kind: str, path: str) -> bool:
        """Whether a manifest of the kind, in the file `path` (relative to the project folder), is one of them."""
        return kind == self.kind and (not self.folder or path.startswith(f"{self.folder}/"))


@dataclass(frozen=True, slots=True)
class Workspace:
    """One account plus its settings."""

    name: str
    provider: ProviderSettings
    kinds: Kinds = field(compare=False, repr=False)
    """What the account may hold, by its provider."""
    state: BackendSettings = BackendSettings()
    overlays: tuple[str, ...] = ()
    """Folders relative to the project folder."""
    policy: Policy = Policy()
    parallelism: int = 10
    max_requests_per_second: float | None = None
    give_up_after: float = 600.0
    """Seconds in which the account lets nothing through, after which a change that met its limit fails."""
    migrate: str = "ask"
    """auto (plan and apply work on the migrated manifests) | ask (only with `--migrate`) | off (never)"""
    history: Retention = Retention()
    embedded: bool = False
    """The account is simulated in this process: it needs neither key nor network."""
    values: Object = field(default_factory=dict)
    """What `{value: name}` stands for here: the project's values, and over them those of the workspace."""
    watch: Watch | None = None
    """How it is reconciled continuously; None: only where somebody names it."""
    account: Account | None = None
    """The one of the project file that `provider.account` names; None: known by its key alone."""


@dataclass(frozen=True, slots=True)
class Project:
    """Two folders: `root`, where the run happens, and `folder`, which everything in the files is relative to."""

    root: str
    """Absolute; holds `.reconciler/`: the folder the command runs in (`--chdir`), wherever the project file is."""
    workspaces: Mapping[str, Workspace]
    default_workspace: str
    name: str = "project"
    file: str | None = None
    """The project file, None for the built-in workspaces."""
    folder: str = ""
    """Absolute; that of the project file, else `root`. Source paths, overlays and files beside the manifests are
    relative to it, and `{file: ...}` never leaves it. Empty: the same as `root`."""
    manifests: tuple[str, ...] = ()
    """Absolute; where the whole project's manifests are looked for."""

    exclude: tuple[str, ...] = ()
    """Globs over paths relative to `folder`: files and folders that are not looked at."""
    migrations: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Answers to the questions of `migrate`: by migration name, then by what the question is about (`*`: any)."""
    answered: Mapping[str, str] = field(default_factory=dict)
    """Places in the project file of the answers that are for one manifest alone, each with its address."""

    defaults: tuple[Defaults, ...] = ()
    """In order: what stands later goes over what stands before."""

    catalogue: Catalogue | None = None
    """The model catalogue with the project's own file merged over it; None: as it ships."""
    catalogue_file: str | None = None
    """Absolute; None where the project has none of its own."""

    fleet: FleetSettings = FleetSettings()

    source: str | None = None
    """Where pipelines install this program from, as the project file says it."""

    beside: tuple[str, ...] = ()
    """Absolute; other project files that could have been meant, and are not read."""

    start: str = ""
    """Absolute; the folder that the run was started in, where the project was found from further down. Paths on the
    command line are relative to it. Empty: the same as `root`."""

    @property
    def kinds(self) -> Kinds:
        """Those of the default workspace: what files mean where none was chosen."""
        return self.workspaces[self.default_workspace].kinds

    @property
    def watched(self) -> tuple[str, ...]:
        """The names of the workspaces that have `watch:`."""
        return tuple(name for name, workspace in self.workspaces.items() if workspace.watch is not None)

    @property
    def base(self) -> str:
        """`start`, or `root` where the run was not started anywhere else."""
        return self.start or self.root

    @property
    def identity(self) -> str | None:
        """The name that its states bear; None for the built-in workspaces, which belong to no project."""
        return self.name if self.file is not None else None

    @property
    def own_files(self) -> tuple[str, ...]:
        """Files among the manifests that are none."""
        return tuple(one for one in (self.file, self.catalogue_file) if one is not None)

    @property
    def home(self) -> str:
        """`folder`, or `root` where it was not given."""
        return self.folder or self.root
