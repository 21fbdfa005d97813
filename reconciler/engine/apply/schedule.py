"""Which changes may start: each as soon as what it depends on has ended, in the order of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from reconciler.types.address import Address
from reconciler.types.change import Change


class Schedule:
    """The changes of a plan that have not ended yet. What depends on each other in a circle starts in plan order."""

    def __init__(self, changes: Sequence[Change]) -> None:
        """`changes` in the order of the plan."""
        self._changes = {change.address: change for change in changes}
        self._places = {address: place for place, address in enumerate(self._changes)}
        self._needs = {
            change.address: {used for used in change.depends_on if used in self._changes and used != change.address}
            for change in changes
        }
        self._users: dict[Address, list[Address]] = {address: [] for address in self._changes}
        self._break_circles()
        for address, needs in self._needs.items():
            for used in needs:
                self._users[used].append(address)
        self._ready = [address for address, needs in self._needs.items() if not needs]
        self._left = len(self._changes)

    def place(self, address: Address) -> int:
        """Where a change stands in the plan."""
        return self._places[address]

    @property
    def left(self) -> int:
        """How many changes have not ended."""
        return self._left

    def ready(self) -> list[Change]:
        """Those that may start and were not handed out yet."""
        found, self._ready = self._ready, []
        return [self._changes[address] for address in found]

    def end(self, address: Address) -> None:
        """A change has ended, however it did."""
        self._left -= 1
        for user in self._users[address]:
            self._needs[user].discard(address)
            if not self._needs[user]:
                self._ready.append(user)

    def held_up(self, by: Sequence[Address]) -> int:
        """How many changes wait for these, directly or by way of others."""
        found: set[Address] = set()
        todo = list(by)
        while todo:
            new = [user for user in self._users[todo.pop()] if user not in found and self._needs[user]]
            found.update(new)
            todo += new
        return len(found)

    def _break_circles(self) -> None:
        while True:
            try:
                TopologicalSorter(self._needs).prepare()
            except CycleError as error:
                circle: list[Address] = error.args[1]
                self._needs[min(circle, key=self.place)].difference_update(circle)
            else:
                return
