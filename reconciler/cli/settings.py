"""What the global options of a run were set to, wherever on the command line they stood."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

Given: TypeAlias = Mapping[str, object]

LISTS = ("manifests", "reports")


@dataclass(frozen=True, slots=True)
class Settings:
    """One value for each global option; None or empty where it was not given."""

    workspace: str | None = None
    chdir: str | None = None
    manifests: tuple[str, ...] = ()
    project: str | None = None
    format: str | None = None
    reports: tuple[tuple[str, str], ...] = ()
    """Pairs of a format and the file that takes it."""
    no_color: bool = False
    quiet: bool = False
    verbose: bool = False
    json_log: bool = False
    detail: str | None = None
    """full | compact | summary; None: compact beyond a screen."""
    allow_literal_secrets: bool = False
    parallelism: int | None = None
    give_up_after: float | None = None
    no_cache: bool = False

    def merge(self, given: Given) -> Settings:
        """These settings with what was given nearer to the command: lists add up, all else is replaced."""
        joined: dict[str, object] = dict(given)
        for name in LISTS:
            if name in joined:
                joined[name] = (*getattr(self, name), *_tuple(joined[name]))
        return replace(self, **joined)  # type: ignore[arg-type]

    def summarised(self, wanted: bool) -> Settings:
        """These settings, where the command was asked for one line an object."""
        return replace(self, detail="summary") if wanted else self

    def with_paths(self, paths: tuple[str, ...]) -> Settings:
        """These settings, where the arguments of the command are manifests too (`plan PATH` is `plan -m PATH`)."""
        return replace(self, manifests=(*self.manifests, *paths))


def _tuple(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, (list, tuple)) else (value,)
