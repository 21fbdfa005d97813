"""The state of an opened project: look at it, repair it, move it, free its lock, go back to an earlier apply."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Unpack

from reconciler.api.boundary import BackFlags, parse_address, plan_options, redact_errors
from reconciler.api.connect import open_backend, open_store, read_state, reading_run, writing_run
from reconciler.api.manifests import known_secrets, locating_errors, read_files

if TYPE_CHECKING:
    from reconciler.api.apply import Carried
    from reconciler.api.plan_cache import Verdict
    from reconciler.api.session import Session
    from reconciler.engine.state.state_operations import Managed, StateAccess
    from reconciler.types.address import Address
    from reconciler.types.history import HistoryEntry
    from reconciler.types.json import Object
    from reconciler.types.manifest import Lifecycle
    from reconciler.types.options import ApplyOptions, PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.report import ApplyResult
    from reconciler.types.state import LockInfo, State


@contextmanager
def access(session: Session, lock_timeout: float = 0.0) -> Iterator[StateAccess]:
    """The state of the session's workspace, to be written. `lock_timeout`: seconds to wait for the lock."""
    from reconciler.engine.state.state_operations import StateAccess

    with open_store(session) as backend:
        yield StateAccess(
            backend, session.workspace.name, session.clock, session.emit, lock_timeout, session.rescue,
            session.workspace.history, session.project.identity,
        )  # fmt: skip


def with_backend(session: Session, type: str, settings: Object) -> Session:
    """The same run with its state elsewhere; `settings` as they would stand in the project file, but the caller's."""
    from reconciler.types.address import SecretRef
    from reconciler.types.project import BackendSettings

    marked: Object = {
        key: SecretRef.of({word: str(name) for word, name in value.items()}) if isinstance(value, dict) else value
        for key, value in settings.items()
    }
    return replace(session, workspace=replace(session.workspace, state=BackendSettings(type, marked, own=True)))


def take_name(session: Session, former: str, lock_timeout: float = 0.0) -> State:
    """Give the state of the project that was called `former` the name of this one (`engine.state`)."""
    from reconciler.engine.state.state_operations import rename_project
    from reconciler.errors import UsageError

    name = session.project.identity
    if name is None or name == former:
        raise UsageError(
            "--from-project takes the name that the project had before"
            + (f"; {name} is its name now" if name else ", and there is no project file here"),
            hint="change metadata.name in the project file first, then give the old name",
        )
    before = replace(session, project=replace(session.project, name=former))
    with access(before, lock_timeout) as source, access(session, lock_timeout) as target:
        return rename_project(source, target)


@redact_errors
@dataclass(frozen=True, slots=True)
class ProjectState:
    """What `reconciler state` does. What writes takes the lock, and raises `StateLocked` when somebody has it."""

    session: Session
    lock_timeout: float = 0.0

    def read(self) -> State:
        """The whole state as a record; what a killed run left behind is folded in. Takes no lock."""
        return read_state(self.session)

    def list(self, *prefixes: str) -> tuple[Managed, ...]:
        """Every managed address with its id, sorted; only those that start with one of `prefixes`, where given."""
        from reconciler.engine.state.state_operations import list_entries

        return list_entries(read_state(self.session), prefixes)

    def show(self, address: str | Address) -> Object:
        """What is recorded of one address, as JSON. Raises `NothingFound` for an unknown one."""
        from reconciler.engine.state.state_operations import show_entry

        return show_entry(read_state(self.session), parse_address(address))

    def history(self) -> tuple[HistoryEntry, ...]:
        """Every apply that is kept, oldest first. Raises `StateUnreadable` where the chain is broken."""
        from reconciler.engine.state.state_reader import read_history

        return read_history(read_state(self.session)).entries

    def entry(self, serial: int) -> Object:
        """The apply of `serial` and what each object was before it, as JSON. Raises `UsageError` where none was."""
        from reconciler.engine.state.state_reader import show_run
        from reconciler.reporters.history import run_document

        return run_document(*show_run(read_state(self.session), serial))

    def plan_rollback(self, serial: int, **flags: Unpack[BackFlags]) -> Plan:
        """The way back to the moment right after the apply of `serial`; `apply` of the project carries it out.

        `flags`: `targets`, `excludes`, `allow_deletes`, `allow_mass_change`, `accept_account`, `resend_secrets`.
        Cannot write, by construction. Raises `UsageError` for a serial that the history does not reach,
        `StateUnreadable` where its chain is broken, `PlanError`, `ProviderError`, `StateError`.
        """
        return plan_rollback_now(self.session, serial, plan_options(**flags, record=True)).plan

    def rollback(
        self,
        serial: int,
        *,
        confirm: Callable[[Plan], bool] = lambda plan: True,
        force_maker: bool = False,
        stop: Callable[[], bool] = lambda: False,
        **flags: Unpack[BackFlags],
    ) -> ApplyResult | None:
        """Make that plan under the lock, ask `confirm` (None: it said no), carry it out. The manifests stay ahead.

        Raises `PlanBlocked`, `StateLocked`, `SecretMissing` before anything is sent, and what `plan_rollback` raises.
        """
        from reconciler.api.apply import apply_options

        how = apply_options(
            self.session, force_maker=force_maker, lock_timeout=self.lock_timeout,
            accept_account=flags.get("accept_account", False),
        )  # fmt: skip
        options = plan_options(**flags, record=True)
        return rollback_now(replace(self.session, stop=stop), serial, options, how, confirm).result

    def move(self, before: str | Address, after: str | Address) -> Managed:
        """Rename an address; neither the account nor the manifests are touched."""
        from reconciler.engine.state.state_operations import move_entry

        with access(self.session, self.lock_timeout) as state:
            return move_entry(state, parse_address(before), parse_address(after))

    def forget(self, *addresses: str | Address) -> Sequence[Managed]:
        """Forget addresses, all or none; the live objects stay."""
        from reconciler.engine.state.state_operations import remove_entries

        with access(self.session, self.lock_timeout) as state:
            return remove_entries(state, [parse_address(address) for address in addresses])

    def pull(self) -> bytes:
        """The document as it would be stored now."""
        from reconciler.engine.state.state_operations import pull_state

        return pull_state(read_state(self.session))

    def push(self, data: bytes, *, force: bool = False) -> State:
        """Put a document in place. Raises `StateMoved` over a newer one or one of another lineage (`force`: not)."""
        from reconciler.engine.state.state_operations import push_state

        with access(self.session, self.lock_timeout) as state:
            return push_state(state, data, force=force)

    def migrate(self, backend: str, settings: Object | None = None, *, force: bool = False) -> State:
        """Copy the state into another backend, under both locks; the old copy stays.

        `settings` as they would stand under `state:` in the project file, `{"env": "NAME"}` for values of variables.
        """
        from reconciler.engine.state.state_operations import migrate_state

        target = with_backend(self.session, backend, settings or {})
        with access(self.session, self.lock_timeout) as before, access(target, self.lock_timeout) as after:
            return migrate_state(before, after, force=force)

    def rename_project(self, former: str) -> State:
        """Take over the state that this project had as `former`. Raises `StateError` where there is none."""
        return take_name(self.session, former, self.lock_timeout)

    def lock_holder(self) -> LockInfo | None:
        """Who holds the lock now, None when nobody does."""
        with closing(open_backend(self.session)) as backend:
            return backend.holder()

    def unlock(self) -> None:
        """Free a lock whose holder is dead or whose lease is over. Raises `StateLocked` where it is at work."""
        from reconciler.engine.state.state_operations import unlock

        with access(self.session, self.lock_timeout) as state:
            unlock(state)

    def force_unlock(self, lock_id: str) -> None:
        """Free the lock with this id, whoever holds it."""
        from reconciler.engine.state.state_operations import force_unlock

        with closing(open_backend(self.session)) as backend:
            force_unlock(backend, lock_id)


def current_lifecycles(session: Session) -> dict[Address, Lifecycle]:
    """What the manifests say of ignore, observe and protect now, as far as they can be read: a rollback honours it,
    and does not need the rest of them."""
    from reconciler.errors import ReconcilerError

    try:
        found, _ = read_files(session)
    except ReconcilerError:
        return {}
    return {manifest.address: manifest.lifecycle for manifest in found.manifests}


def plan_rollback_now(session: Session, serial: int, options: PlanOptions) -> Verdict:
    """The way back to the moment right after the apply of `serial`, by a client that cannot write.

    Raises `UsageError` for a serial that the history does not reach, `StateUnreadable` where its chain is broken,
    `PlanError`, `ProviderError`, `StateError`.
    """
    from reconciler.api.plan import against_current_state
    from reconciler.api.plan_cache import Verdict
    from reconciler.engine.plan.plan_rollback import plan_rollback
    from reconciler.types.manifest import ManifestSet

    secrets, none, lifecycles = known_secrets(session), ManifestSet(), current_lifecycles(session)
    with reading_run(session, secrets) as context:
        made = against_current_state(
            session, context, none, lambda state: plan_rollback(serial, state, options, context, lifecycles).plan
        )
    return Verdict(made)


def rollback_now(
    session: Session,
    serial: int,
    options: PlanOptions,
    how: ApplyOptions,
    confirm: Callable[[Plan], bool],
) -> Carried:
    """Plan the way back under the lock, ask `confirm`, carry out. Raises what `plan_rollback` and `apply_rollback`
    raise."""
    from reconciler.api.apply import Carried
    from reconciler.engine.apply.locked_apply import apply_rollback
    from reconciler.types.manifest import ManifestSet

    secrets, none, lifecycles = known_secrets(session), ManifestSet(), current_lifecycles(session)
    with locating_errors(session, none), writing_run(session, secrets) as context:
        plan, result = apply_rollback(serial, context, options, how, confirm=confirm, today=lifecycles)
    return Carried(plan, none, result)
