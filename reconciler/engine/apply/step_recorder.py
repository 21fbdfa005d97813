"""What a step needs of the state while it runs: durable marks before and after each request."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from reconciler.types.address import Address
from reconciler.types.preimage import Preimage
from reconciler.types.state import Entry, Intent, Move, State


class Ledger(Protocol):
    """Every method is durable when it returns, and safe to call from several threads."""

    @property
    def state(self) -> State:
        """The state with everything recorded so far."""
        ...

    def confirm(self, seconds: float) -> None:
        """Make sure that the lock stays ours for `seconds`. Raises `StateLocked` when it was lost, `StateError` when
        the store does not say: nothing more may be sent."""
        ...

    @property
    def together(self) -> bool:
        """Whether single marks are dear: then all marks of a stage are made at once, by `announce`."""
        ...

    def announce(self, intents: Sequence[Intent], preimages: Sequence[Preimage] = ()) -> None:
        """These creates and changes come next: marks them all, where marks are made together. Raises `StateError`."""
        ...

    def retract(self) -> None:
        """Of the announced creates, those that were not sent after all are not open."""
        ...

    def begin(self, preimage: Preimage) -> None:
        """This change comes next, and this is what it changes."""
        ...

    def intend(self, intent: Intent) -> None:
        """A create is about to be sent."""
        ...

    def drop(self, address: Address) -> None:
        """The create of `address` was refused: nothing is open any more."""
        ...

    def rename(self, moves: Sequence[Move], preimages: Sequence[Preimage]) -> None:
        """What is at these addresses is at others from now on, all at once; `preimages` say what that changes."""
        ...

    def keep(self, address: Address, entry: Entry, *, previous: Address | None = None) -> None:
        """The object is ours and this is what is known of it; closes an open create; `previous` was its address."""
        ...

    def forget(self, address: Address) -> None:
        """The object is deleted or no longer ours."""
        ...

    def finish(self, address: Address) -> None:
        """The change of `address` was carried out whole; what a saved plan that is cut short need not do again."""
        ...
