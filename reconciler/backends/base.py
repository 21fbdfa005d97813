"""What every backend is opened with, and the check of its settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TypeAlias

from reconciler.errors import UsageError
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings


@dataclass(frozen=True, slots=True)
class BackendContext:
    """Surroundings of a backend."""

    folder: Path
    """Where this workspace keeps its own files: `<project>/.reconciler/<workspace>`."""
    workspace: str
    environ: Mapping[str, str] = field(default_factory=dict)
    lease_seconds: float = 60.0
    """How long a lock outlives a holder that no longer renews it."""
    heartbeat_seconds: float = 15.0
    """How often a holder renews it."""

    @property
    def project(self) -> Path:
        """What paths in settings are relative to."""
        return self.folder.parent.parent


BackendFactory: TypeAlias = Callable[[BackendSettings, BackendContext], Backend]


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
