"""state list, show, rm, mv, pull, push, migrate and the lock: what the command line prints comes back as records."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches

from reconciler.core.history.preimage import pack, write_item
from reconciler.core.state.entry_format import entry_to_json, intent_to_json
from reconciler.core.state.journal_records import ChangeBegan, Outcome, Renamed, RunBegan, RunEnded
from reconciler.core.state.state_document import check_owner, dump_state, load_state, orphaned_state, parse_state
from reconciler.engine.state.lock_owner import Rescue, describe_run
from reconciler.engine.state.state_session import HERE, StateSession, open_session
from reconciler.errors import NothingFound, StateError, StateMoved, StateUnreadable, UnknownAddress, UsageError
from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.history import DEFAULT_RETENTION, Retention, RunHeader
from reconciler.types.json import Object
from reconciler.types.ports import Backend, Clock, Emit
from reconciler.types.state import Move, Preimage, State

GIVEN = "the given state"


@dataclass(frozen=True, slots=True)
class Managed:
    """One line of `state list`."""

    address: Address
    id: str | None
    """None for a create whose outcome is open."""
    name: str | None = None


@dataclass(frozen=True, slots=True)
class StateAccess:
    """What a command needs to write the state of one workspace."""

    backend: Backend
    workspace: str
    clock: Clock
    emit: Emit
    lock_timeout: float = 0.0
    rescue: Rescue = HERE
    retention: Retention = DEFAULT_RETENTION
    project: str | None = None
    """Whose state it is; None where no project file says so."""


def list_entries(state: State, prefixes: Sequence[str] = ()) -> tuple[Managed, ...]:
    """Every address, sorted; only those that start with one of `prefixes`, where given. Open creates have no id.

    Raises `NothingFound` for prefixes that no address starts with: a typo is not an empty list.
    """
    found = {address: Managed(address, entry.id, entry.name) for address, entry in state.resources.items()}
    for intent in state.pending:
        found.setdefault(intent.address, Managed(intent.address, None, intent.name))
    texts = [str(address) for address in found]
    if missing := [
        prefix for prefix in dict.fromkeys(prefixes) if not any(text.startswith(prefix) for text in texts)
    ]:
        close = get_close_matches(missing[0], texts, n=1)
        hint = f"did you mean {close[0]}?" if close else "`reconciler state list` shows all of them"
        raise NothingFound(f"no address in the state starts with {' or '.join(missing)}", (), hint=hint)
    return tuple(
        found[address] for address in sorted(found) if not prefixes or str(address).startswith(tuple(prefixes))
    )


def show_entry(state: State, address: Address) -> Object:
    """What is recorded of one address, as it stands in the document. Raises `UnknownAddress`."""
    entry = state.resources.get(address)
    if entry is not None:
        return {"address": str(address), **entry_to_json(address, entry)}
    for intent in state.pending:
        if intent.address == address:
            return {**intent_to_json(intent), "pending": True}
    raise _unknown(state, address)


def remove_entries(access: StateAccess, addresses: Sequence[Address]) -> tuple[Managed, ...]:
    """Forget addresses; the live objects stay. All or none: raises `UnknownAddress` before the first is forgotten."""
    with _session(access, "state rm") as session:
        known = {entry.address: entry for entry in list_entries(session.state)}
        wanted = tuple(dict.fromkeys(addresses))
        for address in wanted:
            if address not in known:
                raise _unknown(session.state, address)
        session.claim()
        entries = session.state.resources
        with noted(session, "state rm", access.clock.now()):
            for address in wanted:
                if address in entries:
                    before = Preimage(address, "forget", entries[address].id, entry=entries[address])
                    session.record(ChangeBegan(address, pack(write_item(before))))
                session.record(Outcome(address, "forgotten"))
        return tuple(known[address] for address in wanted)


def move_entry(access: StateAccess, before: Address, after: Address) -> Managed:
    """Give a managed object another address; neither the account nor the manifests are touched.

    Raises `UnknownAddress` for `before`, `UsageError` for an `after` that exists, and for another kind.
    """
    if not NAME_PATTERN.fullmatch(after.name):
        raise UsageError(f"{after.name!r} is no name for a manifest", hint="letters, digits, _ . and -")
    if before.kind != after.kind:
        raise UsageError(
            f"{before} cannot become {after}: an object keeps its kind",
            hint=f"write {before.kind}.{after.name}",
        )
    with _session(access, "state mv") as session:
        state = session.state
        entry = state.resources.get(before)
        if entry is None:
            raise _unknown(state, before)
        if after in state.resources or any(intent.address == after for intent in state.pending):
            raise UsageError(
                f"{after} exists already", hint=f"reconciler state rm {after} forgets it, its live object stays"
            )
        session.claim()
        with noted(session, "state mv", access.clock.now()):
            item = Preimage(after, "noop", entry.id, entry=entry, previous=before)
            session.record(ChangeBegan(after, pack(write_item(item))))
            session.record(Renamed((Move(before, after, entry.id),)))
        return Managed(after, entry.id, entry.name)


@contextmanager
def noted(session: StateSession, operation: str, now: str) -> Iterator[None]:
    """What is recorded inside is one entry of the history, as that of an apply is."""
    info = describe_run(operation, now)
    session.record(RunBegan(RunHeader(operation, info.who, now, info.version, run=info.run)))
    yield
    session.record(RunEnded("done"))


def pull_state(state: State) -> bytes:
    """The document as it would be stored now, for a file of one's own."""
    return dump_state(state)


def push_state(access: StateAccess, data: bytes, *, force: bool = False) -> State:
    """Put a document in place, for example the one that a failed write left behind; its state as stored.

    It may be sealed with a key of this workspace, or in clear, as `pull_state` hands it out. Raises
    `StateUnreadable` for a damaged one, `StateMoved` for one of another lineage or older than what is there (`force`
    overrides both).
    """
    seal = access.backend.seal
    given = parse_state(data if seal is None else seal.open(data, GIVEN), where=GIVEN)
    if given.workspace != access.workspace:
        raise StateUnreadable(
            f"the given state belongs to workspace {given.workspace!r}, not to {access.workspace!r}",
            hint=f"push it with -w {given.workspace}",
        )
    check_owner(given, access.workspace, access.project, where=GIVEN)
    return _place(access, replace(given, project=access.project), "state push", force=force)


def migrate_state(source: StateAccess, target: StateAccess, *, force: bool = False) -> State:
    """Copy the state into another backend, under both locks; the state as it is there now.

    What a killed run left in the journal of `source` is taken up first; `source` itself stays as it is. Raises
    `StateError` where there is no state, `StateMoved` where `target` has one of another lineage or a newer one
    (`force` overrides both), `UsageError` where both are the same place.
    """
    if source.backend.describe() == target.backend.describe():
        raise UsageError(
            f"the state is in {source.backend.describe()} already", hint="name another backend, or other settings"
        )
    with _session(source, "state migrate") as session:
        if source.backend.read() is None:
            raise StateError(f"there is no state in {source.backend.describe()}", hint="there is nothing to migrate")
        moved = replace(session.state, workspace=target.workspace, project=target.project)
        return _place(target, moved, "state migrate", force=force)


def rename_project(source: StateAccess, target: StateAccess) -> State:
    """Give the state of a project that is called otherwise now its new name; the state as it is there.

    `source` is opened under the old name, `target` under the new one. Where the name is part of the place, the state
    is copied there under both locks, and a note that says so stays at the old one. Raises `StateError` where there is
    no state, `StateUnreadable` for that of a third project, `StateMoved` where the new place has a state already.
    """
    old, new = source.backend, target.backend
    with _session(source, "state migrate") as session:
        if old.read() is None:
            raise StateError(
                f"there is no state of project {source.project!r} in {old.describe()}",
                hint="--from-project takes the name that the project file had before",
            )
        if old.describe() == new.describe():
            session.claim(target.project)
            return session.save()
        stored = _place(target, replace(session.state, project=target.project), "state migrate", force=False)
        old.write(orphaned_state(stored, str(target.project), new.describe()))
        return stored


def _place(access: StateAccess, given: State, operation: str, *, force: bool) -> State:
    """Write `given` under the lock unless what is there is newer or of another life."""
    info = describe_run(operation, access.clock.now())
    with access.backend.lock(info, timeout=access.lock_timeout, clock=access.clock, emit=access.emit) as lease:
        stored = access.backend.read()
        if stored is not None and not force:
            there = load_state(
                stored, access.workspace, lineage=given.lineage, where=access.backend.describe(),
                project=access.project,
            )  # fmt: skip
            if there.lineage != given.lineage:
                raise StateMoved(
                    f"{access.backend.describe()} has another lineage: it is the state of another life",
                    hint="--force puts the given one in its place all the same",
                )
            if there.serial > given.serial or (there.serial == given.serial and there != given):
                raise StateMoved(
                    f"{access.backend.describe()} is at serial {there.serial}, the given one at {given.serial}",
                    hint="something was applied since; --force puts the older one in its place",
                )
            if there == given:
                return given
        lease.check()
        access.backend.write(dump_state(given))
        if access.backend.journal is not None:
            access.backend.journal.clear()
        written = access.backend.read()
        if written is None or parse_state(written, where=access.backend.describe()) != given:
            raise StateError(
                f"{access.backend.describe()} does not hand out what was written to it",
                hint="do not use it for state; what was there before is where it came from",
            )
    return given


def unlock(access: StateAccess) -> None:
    """Free a lock whose holder is dead or whose lease is over. Raises `StateLocked` naming a holder at work."""
    info = describe_run("state unlock", access.clock.now())
    with access.backend.lock(info, timeout=access.lock_timeout, clock=access.clock, emit=access.emit):
        pass  # Taken over and given back: free.


def force_unlock(backend: Backend, lock_id: str) -> None:
    """Free the lock with this id whoever holds it. Raises `StateError` when another lock or none is held."""
    backend.break_lock(lock_id)


def _session(access: StateAccess, operation: str) -> AbstractContextManager[StateSession]:
    return open_session(
        access.backend,
        workspace=access.workspace,
        operation=operation,
        clock=access.clock,
        emit=access.emit,
        lock_timeout=access.lock_timeout,
        rescue=access.rescue,
        retention=access.retention,
        project=access.project,
    )


def _unknown(state: State, address: Address) -> UnknownAddress:
    known = [str(entry.address) for entry in list_entries(state)]
    close = get_close_matches(str(address), known, n=1)
    hint = f"did you mean {close[0]}?" if close else "`reconciler state list` shows all of them"
    return UnknownAddress(f"{address} is not in the state", hint=hint)
