"""What an object, and what state knew of it, were before a run changed it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.types.address import Address
from reconciler.types.json import Object
from reconciler.types.state import Entry


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
