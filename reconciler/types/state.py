"""What we know of the last apply: ids, digests, creates whose outcome is open; and pre-images of its writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.types.address import Address
from reconciler.types.history import History, Running
from reconciler.types.json import Object
from reconciler.types.manifest import Lifecycle


@dataclass(frozen=True, slots=True)
class Entry:
    """One managed object. Digests are by canonical JSON pointer."""

    id: str
    sent: Mapping[str, str] = field(default_factory=dict)
    """Digest of what we sent (or, on adoption, of what the manifest says)."""
    seen: Mapping[str, str] = field(default_factory=dict)
    """Digest of what the server showed, only where it differs from `sent`."""
    lifecycle: Lifecycle = Lifecycle()
    source: str | None = None
    """Path of the manifest relative to the project."""
    parents: tuple[str, ...] = ()
    """Objects on the way to our leaves that we created, so that they can be removed again."""
    assumed: tuple[str, ...] = ()
    """Secret paths taken on trust at import."""
    name: str | None = None
    """The object's name as last seen: for messages about an object that is gone."""
    refs: tuple[str, ...] = ()
    """Addresses that this object refers to: deletes run users first."""
    former: tuple[str, ...] = ()
    """Ids of objects that were deleted outside and that this one was created for again (newest last, bounded)."""
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Pointer -> reference (`{"env": X}`, `{"file": path}`) of each secret that was sent, for a rollback."""
    gives_way_to: Address | None = None
    """The address whose new object takes the place of this one, which is only there until it is deleted."""

    def seen_at(self, pointer: str) -> str | None:
        """The digest the server showed at `pointer`."""
        return self.seen.get(pointer) or self.sent.get(pointer)

    @property
    def secret_paths(self) -> frozenset[str]:
        """Pointers of what was a secret when it was sent: only digests of secrets name the way they were made."""
        return frozenset(self.secrets) | {path for path, digest in self.sent.items() if ":" in digest}


@dataclass(frozen=True, slots=True)
class Intent:
    """A create that was about to be sent: written before the request, dropped with its outcome."""

    address: Address
    kind: str
    name: str
    """The name sent; where that comes from a variable, the manifest's."""
    before: tuple[str, ...] = ()
    """Ids that bore this name before the request."""
    at: str = ""
    digest: str | None = None
    """Of the name sent, where that comes from a variable: it stands nowhere in clear."""


@dataclass(frozen=True, slots=True)
class Move:
    """One managed object, or one open create, gets another address."""

    before: Address
    after: Address
    id: str | None = None
    """The object that moves; None for an open create. Where `before` holds another one, nothing moves."""


@dataclass(frozen=True, slots=True)
class PlanProgress:
    """How far a saved plan came."""

    digest: str
    done: frozenset[Address] = frozenset()
    """Addresses of the changes that were carried out whole."""
    finished: bool = False
    """All of it was; nothing is left to take up."""
    serial: int = 0
    """Of the document that was written last while this plan was carried out: what came later is another run's."""


@dataclass(frozen=True, slots=True)
class State:
    """One workspace. `serial` rises by one with every write of the document; `lineage` never changes."""

    lineage: str
    serial: int = 0
    workspace: str = ""
    resources: Mapping[Address, Entry] = field(default_factory=dict)
    pending: tuple[Intent, ...] = ()
    owner: str | None = None
    """`owner_id` of the account, where the API shows one."""
    keys: tuple[str, ...] = ()
    """Salted digests of the API keys known to belong to this account."""
    base_url: str | None = None
    salt: str = ""
    """Hex; for scrypt digests of secrets and of keys."""
    digest_key: str | None = None
    """Id of the key that secret digests were made with; None for scrypt."""
    plans: tuple[PlanProgress, ...] = ()
    """The saved plans that were begun on this state (newest last, bounded)."""
    history: History = History()
    running: Running | None = None
    """What the run at work, or one that was killed, has begun; closed as an entry of the history."""
    retired: Mapping[Address, tuple[str, ...]] = field(default_factory=dict)
    """Ids of objects that were managed at an address and left it (newest last, bounded): a manifest that still has
    one as its `metadata.id` makes the object anew once it is gone."""
    project: str | None = None
    """The project that the state belongs to; None while no project with a name has written it."""
    moved_to: str | None = None
    """Where the state is kept now: this document only says so, and holds nothing else."""

    def plan(self, digest: str) -> PlanProgress | None:
        """How far the saved plan with this digest came; None where it was never begun."""
        return next((plan for plan in self.plans if plan.digest == digest), None)


@dataclass(frozen=True, slots=True)
class LockInfo:
    """Who holds a lock. All texts; times are ISO 8601 UTC."""

    id: str
    operation: str
    who: str
    """user@host"""
    host: str
    process: int
    since: str
    expires: str
    """End of the lease; the holder renews it while it lives."""
    version: str
    run: str | None = None
    """URL of the CI job, where there is one."""

    def record(self) -> dict[str, str]:
        """The same as text fields, for messages and for backends that store JSON."""
        fields = {
            "ID": self.id, "Operation": self.operation, "Who": self.who, "Host": self.host,
            "Process": str(self.process), "Created": self.since, "Expires": self.expires,
            "Version": self.version,
        }  # fmt: skip
        return {**fields, "Run": self.run} if self.run else fields


@dataclass(frozen=True, slots=True)
class Preimage:
    """One change of one run, from before its first request."""

    address: Address
    action: str
    """create | update | delete | forget | noop"""
    id: str | None = None
    """The live id it had; None for what did not exist."""
    body: Object | None = None
    """The whole object in canonical words, without what the server owns, attached tools included where they were
    read. Secrets are a `SecretRef` where it is known, else `(sensitive)`. None: no object."""
    entry: Entry | None = None
    """What state held of it; None for what was not managed."""
    fields: tuple[str, ...] = ()
    """Canonical pointers that the change was about to write."""
    previous: Address | None = None
    """Its address before a move."""
    replaced: bool = False
    """The object of `id` gave way to a new one."""
    imported: bool = False
    """This run took into state what somebody else had made."""
    whole: bool = False
    """`body` is all of it: read by itself, or a list item that lacks nothing that we know of."""
    became: str | None = None
    """The id of the object that the address held after the run, where it is another one."""
    outcome: str = "unknown"
    """done | failed | unknown (the run was killed, or could not tell)"""
