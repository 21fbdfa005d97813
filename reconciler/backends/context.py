"""What every backend is opened with, and the check of its settings."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from reconciler.core.operator_trust import Operator, Trusted, Vendor
from reconciler.core.secrets.redact_text import Redactor
from reconciler.core.setting_reader import ROLES, Role, SettingsReader
from reconciler.errors import NotTrusted, UsageError
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object
from reconciler.types.ports import Backend, Secrets
from reconciler.types.project import BackendSettings
from reconciler.waits import Waits

OWN = ".reconciler"
"""The folder of our own files in a project."""


@dataclass(frozen=True, slots=True)
class BackendContext:
    """Surroundings of a backend."""

    folder: Path
    """Where this workspace keeps its own files: `<project>/.reconciler/<workspace>`, or a folder further down."""
    workspace: str
    environ: Mapping[str, str] = field(default_factory=dict)
    lease_seconds: float = 60.0
    """How long a lock outlives a holder that no longer renews it."""
    heartbeat_seconds: float = 15.0
    """How often a holder renews it."""
    owner: str | None = None
    """The name of the project; None where no project file gives one."""
    secrets: Secrets | None = None
    """Resolves `{file: path}` references in settings; `{env: X}` needs only `environ`."""
    trusted: Callable[[], Trusted] = Trusted
    """What the user trusts this project file with, beyond what the environment says."""
    vendor: Vendor = Vendor()
    """What is the operator's by the platform of the workspace."""
    redactor: Redactor = field(default_factory=Redactor)
    """Learns every credential, so that no message shows it."""
    beside: str = ""
    """The name of another document with a lock of its own, next to that of the state; empty: the state itself."""

    @property
    def operator(self) -> Operator:
        """Tells which hosts, commands and variables a project file may name."""
        return Operator(self.environ, self.trusted, self.vendor)

    def reader(self, what: str, roles: Mapping[str, Role], settings: Object, *, own: bool) -> SettingsReader:
        """Reads texts of `settings`, each in its role; `what` is for messages, `own` as in `BackendSettings`."""
        return SettingsReader(what, roles, settings, self.operator, self._resolve, own, self.redactor.learn)

    def _resolve(self, reference: SecretRef) -> str | None:
        found = self.environ.get(reference.variable) if reference.variable else None
        return found if found is not None or self.secrets is None else self.secrets.resolve(reference)

    @property
    def project(self) -> Path:
        """What paths in settings are relative to."""
        own = own_folder(self.folder)
        return self.folder.parent.parent if own is None else own.parent


BackendFactory: TypeAlias = Callable[[BackendSettings, BackendContext], Backend]


def own_folder(folder: Path) -> Path | None:
    """The `.reconciler` that `folder` lies in; None where it lies in none."""
    return next((parent for parent in folder.parents if parent.name == OWN), None)


def default_place(context: BackendContext) -> str:
    """What the state of a workspace is called in a store that several projects share."""
    return context.workspace if context.owner is None else f"{context.owner}/{context.workspace}"


def store_waits() -> Waits:
    """The pauses of one backend between two tries."""
    return Waits(time, "for the store of the state")


def check_settings(settings: BackendSettings, known: Iterable[str]) -> None:
    """Raise `UsageError` for a setting that this backend does not have."""
    names = sorted(known)
    for name in settings.settings:
        if name not in names:
            close = get_close_matches(name, names, n=1)
            raise UsageError(
                f"state backend {settings.type!r} has no setting {name!r}; known: {', '.join(names) or 'none'}",
                hint=f"did you mean {close[0]!r}?" if close else None,
            )


def read_text(
    settings: BackendSettings, name: str, context: BackendContext, put_off: list[NotTrusted] | None = None
) -> str | None:
    """The setting `name` as text, its `{env: X}` or `{file: path}` reference resolved; None where it is not set.

    Raises what `SettingsReader.text` does. The value of a reference is never in a message.
    """
    reader = context.reader(
        f"state backend {settings.type!r}", ROLES.get(settings.type, {}), settings.settings, own=settings.own
    )
    return reader.text(name, put_off)


def read_number(settings: BackendSettings, name: str, default: float) -> float:
    """The setting `name` as a number that is not negative. Raises `UsageError`."""
    value: Json = settings.settings.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        raise UsageError(f"state backend {settings.type!r}: the setting {name!r} is a number, zero or more")
    return float(value)


def read_flag(settings: BackendSettings, name: str, default: bool) -> bool:
    """The setting `name` as true or false. Raises `UsageError`."""
    value: Json = settings.settings.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise UsageError(f"state backend {settings.type!r}: the setting {name!r} is true or false")
    return value
