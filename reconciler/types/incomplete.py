"""What a run could not hold against the account: an incomplete comparison is not a clean one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from reconciler.types.address import Address


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
