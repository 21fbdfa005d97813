"""What a run was asked to do, as the engine sees it: the flags of plan and apply without their spelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.types.address import Address


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """Flags that decide what a plan holds."""

    targets: tuple[Address, ...] = ()
    """Only these and what they depend on."""
    excludes: tuple[Address, ...] = ()
    """All but these and what depends on them."""
    replace: tuple[Address, ...] = ()
    """Make these anew and delete what they were."""
    accepted: tuple[Address, ...] = ()
    """What `drift --accept` names."""
    selector: Mapping[str, str] = field(default_factory=dict)
    """Only resources whose labels have all of these."""
    destroy: bool = False
    refresh_only: bool = False
    """Only take what is live into state: no write to the account."""
    allow_deletes: bool = False
    allow_mass_change: bool = False
    accept_account: bool = False
    resend_secrets: bool = False
    migrate: bool = False
    drift_only: bool = False
    """Look only at what state holds: manifests that were never applied do not count."""
    unmanaged: bool = False
    """Read every kind, and list what nobody claims."""
    rollback: int | None = None
    """Go back to the moment right after the apply of this serial."""
    allow_empty: bool = False
    """A project without manifests and without a state is meant: that is no error."""
    strict_complete: bool = False
    """What cannot be compared is an error: an apply sends nothing."""
    record: bool = False
    """Also keep no-ops whose recorded digests would change: needed by apply and by saved plans, not by a look."""

    @property
    def flags(self) -> tuple[str, ...]:
        """Those that a person would type for what changes the plan or lifts a rule, in the spelling of the command
        line."""
        words = {
            "--destroy": self.destroy, "--refresh-only": self.refresh_only, "--migrate": self.migrate,
            "--allow-deletes": self.allow_deletes, "--allow-mass-change": self.allow_mass_change,
            "--accept-account": self.accept_account, "--resend-secrets": self.resend_secrets,
        }  # fmt: skip
        named = (("--target", self.targets), ("--exclude", self.excludes), ("--replace", self.replace))
        return (
            *(word for word, given in words.items() if given),
            *(f"{word} {address}" for word, addresses in named for address in addresses),
            *(f"--selector {key}={value}" for key, value in self.selector.items()),
        )


@dataclass(frozen=True, slots=True)
class ApplyOptions:
    """Flags that decide how a plan is carried out."""

    parallelism: int = 10
    lock_timeout: float = 0.0
    force_maker: bool = False
    saved: bool = False
    """The plan comes from a file: every promise of the file is checked before the first write."""
    accept_account: bool = False
