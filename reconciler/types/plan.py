"""The plan: everything that apply needs, and nothing that it has to work out again.

Beside it what keeps a plan from being whole.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, Direction
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.json import Json
from reconciler.types.kind import KindSpec
from reconciler.types.live import Account
from reconciler.types.options import PlanOptions


class Obstacle(Enum):
    """Why something could not be compared. The value is what reports for machines call it."""

    SECRET_MISSING = "secret_missing"
    """The value that a secret's reference points to is not here."""
    DIGEST_KEY = "digest_key"
    """What was sent was digested with a key that this run does not have."""
    UNREADABLE = "unreadable"
    """The account did not show the object, or the whole kind."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """One leaf, or one object, of which nothing can be said."""

    obstacle: Obstacle
    address: Address | None = None
    """None: objects of a kind that could not be listed; `detail` names it."""
    path: str = ""
    """Canonical pointer; empty: the whole object."""
    detail: str = ""
    """What stood in the way, for a person: `env LLM_KEY`, or the account's answer."""


@dataclass(frozen=True, slots=True)
class DriftField:
    """One managed leaf that somebody moved in the account. Path "" means the whole object is gone."""

    path: str
    direction: Direction
    before: Json = None
    """The manifest's value while its digest equals what was sent, else null with `before_unknown`."""
    after: Json = None
    """The live value; `(sensitive)` for a secret."""
    before_unknown: bool = False
    sensitive: bool = False
    note: str | None = None
    """Why, and what to do: of a leaf that the vendor changed."""


@dataclass(frozen=True, slots=True)
class DriftItem:
    """One managed object that moved outside."""

    address: Address
    kind: KindSpec = field(compare=False, repr=False)
    id: str
    changes: tuple[DriftField, ...]
    reason: str | None = None
    """`deleted_outside`, `observe`, `vendor` (nobody else moved anything), or None."""
    edited: str | None = None
    """When the object was last changed, by the account's clock: `2026-10-01 08:30 UTC`."""
    source: str = ""
    """The manifest file that declared it when it was last applied, relative to the folder of the manifests."""
    editor: str | None = None
    """Who changed it, where the API tells."""


@dataclass(frozen=True, slots=True)
class Summary:
    """Counts for the summary line."""

    imported: int = 0
    added: int = 0
    changed: int = 0
    destroyed: int = 0
    forgotten: int = 0
    moved: int = 0
    adopted: int = 0
    """Objects that the vendor changed."""
    unchanged: int = 0
    not_looked_at: int = 0
    """Entries whose source lies outside the paths given."""
    unmanaged: int = 0
    """User objects of the account that no manifest claims."""
    incomplete: int = 0
    """Leaves and objects that could not be compared."""

    @property
    def is_empty(self) -> bool:
        return not (
            self.imported
            or self.added
            or self.changed
            or self.destroyed
            or self.forgotten
            or self.moved
            or self.adopted
        )


@dataclass(frozen=True, slots=True)
class Unmanaged:
    """One object of the account that neither a manifest nor the state claims."""

    kind: str
    id: str
    name: str | None = None
    made: str | None = None
    """When, by the account's clock: `2026-10-01 08:30 UTC`."""
    is_new: bool = False
    """Made since the last run that the state remembers, or since the time that was asked for."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What a `destroy` leaves where it is, because something that stays uses it."""

    address: Address
    users: tuple[str, ...]
    """Their addresses, or kind, name and id where nobody manages them; sorted."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Changes in the order in which they will be applied."""

    workspace: str
    account: Account
    lineage: str
    serial: int
    changes: tuple[Change, ...] = ()
    """Every difference, plus no-ops whose recorded digests would change (hidden from reports)."""
    drift: tuple[DriftItem, ...] = ()
    blocked: tuple[Block, ...] = ()
    """Blocks of the plan as a whole; those of one change are on the change."""
    diagnostics: tuple[Diagnostic, ...] = ()
    summary: Summary = Summary()
    mode: str = "normal"
    """normal | destroy | refresh-only"""
    inputs_digest: str = ""
    commit: str | None = None
    """The git commit that the manifests came from, with `-dirty` behind it where the files differ from it."""
    project: str | None = None
    references: Mapping[str, str] = field(default_factory=dict)
    """`kind/id` -> digest of live objects that the plan only refers to."""
    unmanaged: tuple[Unmanaged, ...] = ()
    """Only where the run was asked for them."""
    namesakes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Address of a create -> ids that bore its name when it was planned: told apart from it while settling."""
    entries: Mapping[str, str] = field(default_factory=dict)
    """Address -> digest of what state said of each object that the plan changes: a plan that was cut short rests on
    these alone, whatever other runs wrote."""
    names: Mapping[str, str] = field(default_factory=dict)
    """`kind/id` -> address or name, of the ids in this plan: for reports that people read."""
    rollback: int | None = None
    """The serial of the state that this plan goes back to."""
    incomplete: tuple[Incomplete, ...] = ()
    """What could not be compared, in the order of addresses."""
    kept: tuple[Kept, ...] = ()
    """Only in a `destroy`."""
    options: PlanOptions = PlanOptions()
    """What the run was asked for: which rules that lifts is judged once more when a saved plan is applied, and the
    flags stand on the first line of every report."""

    @property
    def all_blocks(self) -> tuple[Block, ...]:
        return self.blocked + tuple(block for change in self.changes for block in change.blocked)

    @property
    def applyable(self) -> bool:
        return not self.all_blocks and not any(d.is_error for d in self.diagnostics)

    @property
    def edited(self) -> tuple[DriftItem, ...]:
        """Drift that the changes do not tell already: what the vendor did stands there with the way to adopt it."""
        told = {change.address for change in self.changes if change.adopt}
        return tuple(item for item in self.drift if item.reason != "vendor" or item.address not in told)

    @property
    def differences(self) -> tuple[Change, ...]:
        """What reports show: no-ops left out, except imports and moves."""
        return tuple(change for change in self.changes if change.is_difference)

    def count(self, action: Action) -> int:
        return sum(1 for change in self.changes if change.action is action)
