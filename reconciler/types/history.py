"""What was applied, run by run: chained entries, the run that is at work, and how many entries are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.types.address import Address


@dataclass(frozen=True, slots=True)
class Retention:
    """How much of the history the state keeps; the newest entry always stays."""

    keep: int = 50
    """Entries."""
    max_bytes: int = 16 * 1024 * 1024
    """Of packed pre-images, all entries together."""


DEFAULT_RETENTION = Retention()


@dataclass(frozen=True, slots=True)
class RunHeader:
    """Who applied what. All texts; `at` is ISO 8601 UTC."""

    operation: str
    """apply | destroy | rollback | state mv | state rm"""
    who: str = ""
    """user@host"""
    at: str = ""
    version: str = ""
    plan: str | None = None
    """Digest of the plan."""
    commit: str | None = None
    """The git commit the manifests came from."""
    run: str | None = None
    """URL of the CI job, where there is one."""
    target: int | None = None
    """For a rollback: the serial it went back to."""


@dataclass(frozen=True, slots=True)
class Running:
    """A run that has begun to change the account; what a killed one leaves behind."""

    header: RunHeader
    items: Mapping[Address, str] = field(default_factory=dict)
    """Address -> packed pre-image (`core.history.preimage`), from before its first request."""
    done: frozenset[Address] = frozenset()
    """Those whose outcome was recorded."""
    ended: str | None = None
    """done | failed | interrupted, once the run came to its end."""
    failed: frozenset[Address] = frozenset()
    skipped: frozenset[Address] = frozenset()
    """Announced and not begun after all."""


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One run, closed. `digest` is over the digest of the entry before it and every other member."""

    number: int
    """Counts from 1 for each state, whatever was dropped."""
    serial: int
    """Of the state document that first held this entry."""
    previous: int
    """Serial of the entry before it, 0 for the first."""
    header: RunHeader
    result: str
    """done | failed | interrupted"""
    counts: Mapping[str, int] = field(default_factory=dict)
    """How many were imported, added, changed, destroyed, forgotten, moved, failed; `unknown` after a kill."""
    changes: str = ""
    """Packed pre-images; read only when somebody asks."""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where the chain begins: what is known of the last entry that was dropped; zeros where none was."""

    number: int = 0
    serial: int = 0
    digest: str = ""


@dataclass(frozen=True, slots=True)
class History:
    """The entries that are kept, oldest first."""

    anchor: Anchor = Anchor()
    entries: tuple[HistoryEntry, ...] = ()
