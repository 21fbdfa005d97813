"""What a run is asked to do: one field an option, with its spelling on the command line and what `--help` says.

Beside it the caps on answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import Enum
from typing import Any

from reconciler.types.address import Address


class Value(Enum):
    """What an option takes."""

    SWITCH = "switch"
    ADDRESSES = "addresses"
    """`kind.name`, any number of them."""
    LABELS = "labels"
    """`KEY=VALUE`, any number of them."""
    SECONDS = "seconds"


@dataclass(frozen=True, slots=True)
class Flag:
    """A field as the command line has it."""

    name: str
    """`--target`."""
    help: str
    value: Value
    commands: frozenset[str]
    """Those that take it, without the name of the program."""
    lasting: bool = False
    """A switch that changes the plan or lifts a rule: reports say that it was given."""


PLANNING = frozenset({"plan", "apply"})
DRIFT = frozenset({"drift"})
DESTROY = frozenset({"destroy"})
ROLLBACK = frozenset({"state rollback"})
FILES = frozenset({"validate", "migrate"})


def flag(
    name: str, help: str, commands: frozenset[str], value: Value = Value.SWITCH, *, lasting: bool = False
) -> Any:  # as `dataclasses.field`: the type is that of the field
    """A field with its `Flag`."""
    known = {"flag": Flag(name, help, value, commands, lasting)}
    match value:
        case Value.SWITCH:
            return field(default=False, metadata=known)
        case Value.ADDRESSES:
            return field(default=(), metadata=known)
        case Value.LABELS:
            return field(default_factory=dict, metadata=known)
        case Value.SECONDS:
            return field(default=0.0, metadata=known)


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What decides what a plan holds. The fields stand in the order of `--help`."""

    targets: tuple[Address, ...] = flag(
        "--target", "Only this and what it depends on; of deletes: only this, and with destroy what depends on it.",
        PLANNING | DESTROY | DRIFT | ROLLBACK, Value.ADDRESSES,
    )  # fmt: skip
    excludes: tuple[Address, ...] = flag(
        "--exclude", "Not this, nor what depends on it; of deletes: not this, nor what it uses.",
        PLANNING | DESTROY | DRIFT | ROLLBACK, Value.ADDRESSES,
    )  # fmt: skip
    replace: tuple[Address, ...] = flag(
        "--replace", "Make this anew, re-point its users and delete what it was.",
        PLANNING | DESTROY | DRIFT, Value.ADDRESSES,
    )  # fmt: skip
    selector: Mapping[str, str] = flag(
        "--selector", "Only with this label.", PLANNING | DESTROY | DRIFT, Value.LABELS
    )
    destroy: bool = flag("--destroy", "Plan to delete everything that is managed.", PLANNING, lasting=True)
    refresh_only: bool = flag(
        "--refresh-only", "Only take what is live into state; write nothing.", PLANNING, lasting=True
    )
    migrate: bool = flag(
        "--migrate", "With the manifests as `reconciler migrate` would write them.", PLANNING, lasting=True
    )
    allow_empty: bool = flag(
        "--allow-empty", "A project without manifests and without a state is no error.",
        PLANNING | DESTROY | DRIFT | FILES,
    )  # fmt: skip
    strict_complete: bool = flag(
        "--strict-complete", "Exit with 1 when something could not be compared; apply sends nothing.",
        PLANNING | DRIFT,
    )  # fmt: skip
    allow_deletes: bool = flag(
        "--allow-deletes", "Let deletes through; they are blocked otherwise.", PLANNING | DESTROY | ROLLBACK,
        lasting=True,
    )  # fmt: skip
    allow_mass_change: bool = flag(
        "--allow-mass-change", "Lift the ratio rule and the rule of the empty set.", PLANNING | DESTROY | ROLLBACK,
        lasting=True,
    )  # fmt: skip
    accept_account: bool = flag(
        "--accept-account", "This is another account than last time, and that is right.",
        PLANNING | DESTROY | ROLLBACK | {"import"}, lasting=True,
    )  # fmt: skip
    resend_secrets: bool = flag(
        "--resend-secrets", "Write every secret again.", PLANNING | DESTROY | ROLLBACK, lasting=True
    )
    unmanaged: bool = flag(
        "--unmanaged", "Also list the account's objects that nothing claims, of every kind; drift: the new ones.",
        frozenset({"plan"}) | DRIFT,
    )  # fmt: skip
    since: float = flag(
        "--since", "With --unmanaged: new is what was made in this time, e.g. 24h [default: since the last apply].",
        DRIFT, Value.SECONDS,
    )  # fmt: skip
    accepted: tuple[Address, ...] = ()
    """What `drift --accept` names."""
    drift_only: bool = False
    """Look only at what state holds: manifests that were never applied do not count."""
    rollback: int | None = None
    """Go back to the moment right after the apply of this serial."""
    record: bool = False
    """Also keep no-ops whose recorded digests would change: needed by apply and by saved plans, not by a look."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Those that a person would type for what changes the plan or lifts a rule, in the spelling of the command
        line."""
        given = [(one, getattr(self, name)) for name, one in PLAN_FLAGS.items()]
        return (
            *(one.name for one, value in given if one.lasting and value),
            *(f"{one.name} {address}" for one, value in given if one.value is Value.ADDRESSES for address in value),
            *(f"--selector {key}={value}" for key, value in self.selector.items()),
        )


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """What decides how a plan is carried out."""

    parallelism: int = 10
    lock_timeout: float = flag(
        "--lock-timeout", "Wait this long for a lock, e.g. 30s or 5m [default: 0]; plan takes none.",
        PLANNING | DESTROY | ROLLBACK, Value.SECONDS,
    )  # fmt: skip
    force_maker: bool = flag(
        "--force-maker", "Discard what a person is editing in the vendor's editor right now.",
        frozenset({"apply"}) | DESTROY | ROLLBACK,
    )  # fmt: skip
    saved: bool = False
    """The plan comes from a file: every promise of the file is checked before the first write."""
    accept_account: bool = False


def flags_of(record: type[PlanOptions] | type[ApplyOptions]) -> dict[str, Flag]:
    """The options of a record by the name of their field, in the order of `--help`."""
    return {one.name: one.metadata["flag"] for one in fields(record) if "flag" in one.metadata}


PLAN_FLAGS = flags_of(PlanOptions)
APPLY_FLAGS = flags_of(ApplyOptions)

EXCLUSIONS = (("destroy", "refresh_only"),)
"""Switches that contradict each other."""
IMPLIED = {"destroy": ("allow_deletes", "allow_mass_change"), "since": ("unmanaged",)}
"""Switches that another option brings along: a destroy is a mass deletion on purpose; `protect` still holds."""


MB = 1024 * 1024
SLOWEST = 4
"""From connecting to the last byte of the answer an attempt may take this many timeouts in all."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Caps on what a server sends."""

    answer: int = 64 * MB
    """Bytes of one decoded answer of the API."""
    state: int = 1024 * MB
    """Bytes of a decoded state."""
    pages: int = 10_000
    """Pages of one list."""
    whole: float = 120.0
    """Seconds of one request, from connecting to the last byte."""

    def seconds(self, timeout: float) -> float:
        """Seconds for the whole of a request whose single waits end after `timeout` seconds."""
        return min(self.whole, timeout * SLOWEST)
