"""The state of an opened project: look at it, repair it, move it, free its lock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

from reconciler.api.asking import parse_address

if TYPE_CHECKING:
    from reconciler.api.opened import Opened
    from reconciler.engine.state import Managed, StateAccess
    from reconciler.types.address import Address
    from reconciler.types.json import Object
    from reconciler.types.ports import Backend
    from reconciler.types.state import LockInfo, State

R = TypeVar("R", bound="Opened")


def access(run: Opened, lock_timeout: float = 0.0, backend: Backend | None = None) -> StateAccess:
    """The state of the run's workspace, to be written. `lock_timeout`: seconds to wait for the lock."""
    from reconciler.engine.state import StateAccess

    return StateAccess(
        backend or run.backend(), run.workspace.name, run.clock, run.emit, lock_timeout, run.rescue(),
        run.workspace.history,
    )  # fmt: skip


def in_workspace(run: R, name: str) -> R:
    """The same run in another workspace of its project. Raises `UsageError` for an unknown one."""
    from reconciler.api.opened import choose_workspace

    return replace(run, workspace=choose_workspace(run.project, name))


def with_backend(run: R, type: str, settings: Object) -> R:
    """The same run with its state elsewhere; `settings` as they would stand in the project file."""
    from reconciler.types.json import SECRET
    from reconciler.types.project import BackendSettings

    marked: Object = {key: {SECRET: value} if isinstance(value, dict) else value for key, value in settings.items()}
    return replace(run, workspace=replace(run.workspace, state=BackendSettings(type, marked)))


@dataclass(frozen=True, slots=True)
class ProjectState:
    """What `reconciler state` does. What writes takes the lock, and raises `StateLocked` when somebody has it."""

    run: Opened
    lock_timeout: float = 0.0

    def read(self) -> State:
        """The whole state as a record; what a killed run left behind is folded in. Takes no lock."""
        return self.run.state()

    def list(self, *prefixes: str) -> tuple[Managed, ...]:
        """Every managed address with its id, sorted; only those that start with one of `prefixes`, where given."""
        from reconciler.engine.state import list_entries

        return list_entries(self.run.state(), prefixes)

    def show(self, address: str | Address) -> Object:
        """What is recorded of one address, as JSON. Raises `UsageError` for an unknown one."""
        from reconciler.engine.state import show_entry

        return show_entry(self.run.state(), parse_address(address))

    def move(self, before: str | Address, after: str | Address) -> Managed:
        """Rename an address; neither the account nor the manifests are touched."""
        from reconciler.engine.state import move_entry

        return move_entry(self._access(), parse_address(before), parse_address(after))

    def forget(self, *addresses: str | Address) -> Sequence[Managed]:
        """Forget addresses, all or none; the live objects stay."""
        from reconciler.engine.state import remove_entries

        return remove_entries(self._access(), [parse_address(one) for one in addresses])

    def pull(self) -> bytes:
        """The document as it would be stored now."""
        from reconciler.engine.state import pull_state

        return pull_state(self.run.state())

    def push(self, data: bytes, *, force: bool = False) -> State:
        """Put a document in place. Raises `StateMoved` over a newer one or one of another lineage (`force`: not)."""
        from reconciler.engine.state import push_state

        return push_state(self._access(), data, force=force)

    def migrate(self, backend: str, settings: Object | None = None, *, force: bool = False) -> State:
        """Copy the state into another backend, under both locks; the old copy stays.

        `settings` as they would stand under `state:` in the project file, `{"env": "NAME"}` for values of variables.
        """
        from reconciler.engine.state import migrate_state

        target = with_backend(self.run, backend, settings or {})
        return migrate_state(self._access(), access(target, self.lock_timeout), force=force)

    def lock_holder(self) -> LockInfo | None:
        """Who holds the lock now, None when nobody does."""
        return self.run.backend().holder()

    def unlock(self) -> None:
        """Free a lock whose holder is dead or whose lease is over. Raises `StateLocked` where it is at work."""
        from reconciler.engine.state import unlock

        unlock(self._access())

    def force_unlock(self, lock_id: str) -> None:
        """Free the lock with this id, whoever holds it."""
        from reconciler.engine.state import force_unlock

        force_unlock(self.run.backend(), lock_id)

    def _access(self) -> StateAccess:
        return access(self.run, self.lock_timeout)
