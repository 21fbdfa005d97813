"""Records of the comparison of one resource: what it is bound to, what it needs, what is found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from reconciler.core.canonical.keyed_lists import ToolBody
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.change import Change, Reason
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.json import Json
from reconciler.types.kind import Kinds
from reconciler.types.live import Listing
from reconciler.types.plan import DriftField, Incomplete
from reconciler.types.state import Entry


@dataclass(frozen=True, slots=True)
class Context:
    """What planning one resource needs beside the resource."""

    book: SecretBook
    kinds: Kinds
    vocabulary: str
    resend_secrets: bool = False
    catalogue: Callable[[], Catalogue] | None = None
    """What follows outdated models; read only where something differs. None: no difference is the vendor's."""
    migrate: bool = False
    """Also take away what nobody ever applied, where a manifest has the same in the place of today."""
    tool: Callable[[Json], ToolBody | None] = lambda item: None
    """The registry tool behind an item of an attachment set: an id, or a reference."""


@dataclass(frozen=True, slots=True)
class ResourcePlan:
    """The change (None when there is nothing at all to say), and what drifted."""

    change: Change
    drift: tuple[DriftField, ...] = ()
    absent: bool = False
    """Some difference rests on a member that the list item lacks: worth a GET before it is believed."""
    dropped: tuple[str, ...] = ()
    """Paths that leave state without a write."""
    assumed: tuple[str, ...] = ()
    """Hidden secrets of an adopted object, taken to be what the manifest says."""
    left: tuple[Left, ...] = ()
    """What stays beside that which took its place."""
    incomplete: tuple[Incomplete, ...] = ()
    """Leaves that could not be compared."""
    noted: tuple[DriftField, ...] = ()
    """Leaves that differ from the manifest and stay as they are, because nobody moved them since the last apply."""


@dataclass(frozen=True, slots=True)
class Left:
    """Something in the live object that no manifest speaks of, beside what took its place."""

    path: str
    """Canonical pointer into the live object."""
    beside: str
    """Canonical pointer of what the manifest has in its place."""
    summary: str
    hint: str


@dataclass(frozen=True, slots=True)
class Binding:
    """`id` None means: create. `rename_of` names the entry that a new manifest seems to be the new name of."""

    id: str | None
    reason: Reason
    entry: Entry | None = None
    previous: Address | None = None
    rename_of: Address | None = None


@dataclass(slots=True)
class Matching:
    """The bindings of a run, and what went wrong."""

    bindings: dict[Address, Binding] = field(default_factory=dict)
    problems: list[Diagnostic] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is known of the account's objects while matching."""

    listings: Mapping[str, Listing]
    gone: frozenset[str] = frozenset()
    """Managed ids that a GET by id confirmed to be gone."""
    foreign: frozenset[str] = frozenset()
    """Ids that exist but are not in the user list."""
    unread: frozenset[str] = frozenset()
    """Managed ids that no list shows and of which the account does not say what became of them."""
