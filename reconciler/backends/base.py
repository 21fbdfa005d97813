"""What every backend is opened with, and the check of its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from reconciler.errors import UsageError
from reconciler.types.json import SECRET, Json
from reconciler.types.ports import Backend, Secrets
from reconciler.types.project import BackendSettings

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

    @property
    def project(self) -> Path:
        """What paths in settings are relative to."""
        own = own_folder(self.folder)
        return self.folder.parent.parent if own is None else own.parent


BackendFactory: TypeAlias = Callable[[BackendSettings, BackendContext], Backend]


def own_folder(folder: Path) -> Path | None:
    """The `.reconciler` that `folder` lies in; None where it lies in none."""
    return next((one for one in folder.parents if one.name == OWN), None)


def default_place(context: BackendContext) -> str:
    """What the state of a workspace is called in a store that several projects share."""
    return context.workspace if context.owner is None else f"{context.owner}/{context.workspace}"


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


def read_text(settings: BackendSettings, name: str, context: BackendContext) -> str | None:
    """The setting `name` as text, its `{env: X}` or `{file: path}` reference resolved; None where it is not set.

    Raises `UsageError` for a reference to nothing and for a value that is no text. The value is never in a message.
    """
    value: Json = settings.settings.get(name)
    if isinstance(value, dict) and isinstance(reference := value.get(SECRET), dict):
        target = {str(key): str(text) for key, text in reference.items()}
        found = context.environ.get(target["env"]) if "env" in target else None
        if found is None and context.secrets is not None:
            found = context.secrets.resolve(target)
        if not found:
            kind, of = next(iter(target.items()), ("reference", ""))
            raise UsageError(
                f"state backend {settings.type!r}: {name} refers to {kind} {of}, which is not there or empty",
                hint=f"set the environment variable {of}" if kind == "env" else f"put the value into {of}",
            )
        return found
    if value is None:
        return None
    if not isinstance(value, str) or not value:
        raise UsageError(f"state backend {settings.type!r}: the setting {name!r} is a text")
    return value


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
