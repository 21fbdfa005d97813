"""rollback: an ordinary plan back to the moment right after an earlier apply, made from the history in the state.

1. check the chain of the history, and that it reaches back far enough
2. the runs since then -> what each object was, what leaves (`core.history.rollback_goal`)
3. plan it like manifests, and say what a person should know: orphans, lost secrets, edits that stay, files in git
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.history.history_chain import changes_of, close_run, short_commit, verify
from reconciler.core.history.restored import Restored, not_made, vanished_items
from reconciler.core.history.rollback_goal import Goal, make_goal, released_objects
from reconciler.core.planning.account_findings import drift_from_state
from reconciler.core.planning.records import Planned
from reconciler.core.resource_diff.name_conflicts import RULE as NAME_TAKEN
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.engine.account_reader import read_apart, run_parallel
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.run_context import RunContext
from reconciler.errors import UsageError
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Action, Change, Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Lifecycle, Manage, ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.state import Entry, State


def plan_rollback(
    serial: int,
    state: State,
    options: PlanOptions,
    run: RunContext,
    today: Mapping[Address, Lifecycle] | None = None,
) -> Planned:
    """The plan with what it was made against. Sends nothing but GET requests.

    `today` is what the manifests say of ignore, observe and protect; of all others what state remembers holds.
    Raises `UsageError` for a serial that the history does not reach, `StateUnreadable` where its chain is broken,
    and what `make_plan` raises.
    """
    # What a killed run left behind is an entry like any other, though no writing run has closed it yet.
    state, _ = close_run(state, state.serial, run.workspace.history)
    verify(state)
    check_serial(serial, state)
    runs = [changes_of(entry) for entry in state.history.entries if entry.serial > serial]
    book = run.book(state)
    today = today or {}
    resources = {
        address: replace(entry, lifecycle=today.get(address, entry.lifecycle))
        for address, entry in state.resources.items()
    }
    state = replace(state, resources=resources)
    alive = still_there(released_objects(runs, state, run.provider.kinds), run)
    goal, rotated = without_rotated(make_goal(serial, runs, state, run.provider.kinds, alive, today), book)
    planned = make_plan(ManifestSet(), state, replace(options, rollback=serial), run, goal=goal)
    plan = planned.plan
    changes = tuple(_explained(change, goal) for change in plan.changes)
    notes = [*_notes(goal, plan, planned.live, book), *rotated_notes(rotated)]
    if plan.differences:
        notes.append(_ahead(serial, state))
    return replace(planned, plan=replace(plan, changes=changes, diagnostics=(*plan.diagnostics, *notes)))


def still_there(ids: Sequence[tuple[str, str]], run: RunContext) -> dict[tuple[str, str], LiveObject]:
    """What there still is of these objects, by kind and id, with everything that the API keeps apart from them."""

    def look(key: tuple[str, str]) -> LiveObject | None:
        live = run.provider.get(*key)
        return read_apart(run.provider, live, live.kind.separate_pointers) if live is not None else None

    found = run_parallel(look, ids, run.workspace.parallelism)
    return {key: live for key, live in zip(ids, found, strict=True) if live is not None}


def check_serial(serial: int, state: State) -> None:
    """Raise `UsageError` for a moment that the history does not reach, or at which no apply ended."""
    anchor = state.history.anchor
    if serial < anchor.serial:
        raise UsageError(
            f"the history reaches back to serial {anchor.serial}; what came before was dropped",
            hint="go back in git and apply; history.keep in the project file says how many entries are kept",
        )
    if serial > state.serial:
        raise UsageError(
            f"the state is at serial {state.serial}, there is no serial {serial}", hint="see reconciler state history"
        )
    known = [anchor.serial, *(entry.serial for entry in state.history.entries)]
    if serial not in known:
        raise UsageError(
            f"no apply ended at serial {serial}",
            hint=f"the last one before it is serial {max(before for before in known if before < serial)}; "
            "see reconciler state history",
        )


def without_rotated(goal: Goal, book: SecretBook) -> tuple[Goal, dict[Address, tuple[str, ...]]]:
    """The goal without secrets that were rotated under one reference, and where: the value then is kept nowhere, so
    the live one stays. The live value still travels where a write needs it."""
    resources = dict(goal.resources)
    rotated: dict[Address, tuple[str, ...]] = {}
    for address, restored in goal.restored.items():
        leaves = restored.resource.leaves
        paths = tuple(
            path for path, then in restored.secrets.items() if path in leaves and _differs(leaves[path], then, book)
        )
        if not paths:
            continue
        rotated[address] = paths
        now = restored.held.sent if restored.held is not None else {}
        stale = {path for path in paths if path in now and _differs(leaves[path], now[path], book)}
        resources[address] = replace(
            restored.resource,
            leaves={path: value for path, value in leaves.items() if path not in stale},
            kept=(*restored.resource.kept, *sorted(stale)),
        )
    return replace(goal, resources=resources), rotated


def _differs(value: Json, digest: str, book: SecretBook) -> bool:
    """Whether the secret that `value` refers to is here and another one than was digested."""
    secret = book.value(value) if isinstance(value, SecretRef) else None
    return secret is not None and book.matches(secret, digest) is False


def _explained(change: Change, goal: Goal) -> Change:
    """The change in words of a rollback."""
    if any(block.rule == NAME_TAKEN for block in change.blocked):
        hint = f"rename or delete that one where nobody needs it, or --exclude {change.address} to go without"
        blocked = tuple(replace(block, hint=hint) if block.rule == NAME_TAKEN else block for block in change.blocked)
        return replace(change, blocked=blocked)
    if change.action is Action.DELETE and change.address in goal.leaving:
        hint = f"--allow-deletes, or --exclude {change.address} to leave it as it is"
        blocked = tuple(replace(block, hint=hint) if block.rule == "deletes" else block for block in change.blocked)
        return replace(change, reason=Reason.ADDED_SINCE, blocked=blocked)
    if change.action is Action.FORGET and change.address in goal.orphans:
        return replace(change, reason=Reason.ADDED_SINCE)
    return change


def _notes(
    goal: Goal, plan: Plan, live: Mapping[tuple[str, str], LiveObject], book: SecretBook
) -> Iterator[Diagnostic]:
    """Warnings about what a rollback leaves behind, does not make again, or puts back only in part."""
    changes = {change.address: change for change in plan.changes}
    for address in sorted(goal.orphans & changes.keys()):
        yield _note(
            address,
            f"{address} ({changes[address].id}) came after serial {goal.serial}; it stays in the account as "
            "an orphan and leaves state: a rollback deletes nothing that others may use",
            "delete it by hand once nothing uses it, or leave it declared",
        )
    for address, why in sorted(goal.unknown.items()):
        yield not_made(address, why)
    for address, restored in sorted(goal.restored.items()):
        change = changes.get(address)
        yield from _unrecorded(address, restored, made=change is not None and change.action is Action.CREATE)
        now = restored.held
        if restored.resource.lifecycle.manage is Manage.OBSERVE and restored.touched:
            yield _note(address, f"{address} is only observed: it stays as it is", None)
        elif now is not None and (found := live.get((address.kind, now.id))) is not None:
            yield from _kept_as_live(address, restored, found)
            written = [field.path for field in change.fields] if change is not None else []
            yield from _edits_of_others(address, restored, now, found, written, book)


def _unrecorded(address: Address, restored: Restored, *, made: bool) -> Iterator[Diagnostic]:
    """Warnings about values of then that the history does not hold; `made`: the object is created again."""
    if made and (lost := restored.resource.kind.lost_with_object):
        yield _note(address, f"it was deleted since, and no run has kept {lost}", "look whether they need it again")
    for path in restored.lost:
        yield _note(address, f"{path} was a secret whose reference was not recorded: it stays as it is", None, path)
    for path in restored.unrestorable:
        yield _note(
            address,
            f"{path} was something else before somebody deleted the object, and no run has kept what: it stays",
            "go back in git and apply, where it matters",
            path,
        )
    for path in restored.changed:
        yield _note(
            address,
            f"{path} was changed by somebody before the first apply since then: what they had made of it comes "
            "back; what it was before is kept nowhere",
            None,
            path,
        )
    if made and restored.apart:
        yield _note(
            address, f"no run has kept what it had at {', '.join(restored.apart)}", "look whether it is needed"
        )


def _kept_as_live(address: Address, restored: Restored, found: LiveObject) -> Iterator[Diagnostic]:
    """Warnings about parts of a live object that a rollback cannot put back."""
    body = live_document(restored.resource.kind, found)
    for item in sorted(vanished_items(restored.resource, body)):
        yield _note(
            address,
            f"{item} was taken away by somebody else and stays away: runs have written only a part of it",
            "write it into the manifest and apply, where it is needed",
            item,
        )
    for place, path in restored.spoilt(body).items():
        yield _note(
            address,
            f"{place} stays as it is: the API takes it only whole, and {path} was a secret whose reference "
            "was not recorded",
            "write the object as it was into its manifest, with a secret of yours, and apply",
            place,
        )


def _edits_of_others(
    address: Address, restored: Restored, now: Entry, found: LiveObject, written: Sequence[str], book: SecretBook
) -> Iterator[Diagnostic]:
    """What a person changed since the last apply: what stays so, and what going back writes over."""
    moved = drift_from_state(
        address, replace(now, sent=_only(now.sent, {*restored.resource.kept, *written})), found, book
    )
    for field in moved.changes if moved is not None else ():
        end = "going back writes over it" if field.path in written else "stays as it is"
        yield _note(address, f"{field.path} was changed by somebody else and {end}", None, field.path)


def _only(sent: Mapping[str, str], paths: Collection[str]) -> dict[str, str]:
    wanted = frozenset(paths)
    return {path: digest for path, digest in sent.items() if path in wanted}


def rotated_notes(rotated: Mapping[Address, tuple[str, ...]]) -> tuple[Diagnostic, ...]:
    """Secrets that the rollback leaves as they are."""
    return tuple(
        _note(
            address,
            f"{path} was rotated since: the earlier value is kept nowhere, the live one stays",
            "put the earlier value where the reference points, and roll back again",
            path,
        )
        for address, paths in sorted(rotated.items())
        for path in paths
    )


def _ahead(serial: int, state: State) -> Diagnostic:
    commit = next((entry.header.commit for entry in state.history.entries if entry.serial == serial), None)
    where = f" (commit {short_commit(commit)})" if commit else ""
    return Diagnostic(
        "E-rollback",
        Severity.WARNING,
        f"this takes the account back to what serial {serial} left; the manifests are then ahead of it",
        hint=f"take the manifests back as well{where}, for example with git revert: the next apply does it all again "
        "otherwise",
    )


def _note(address: Address, summary: str, hint: str | None, pointer: str | None = None) -> Diagnostic:
    return Diagnostic("E-rollback", Severity.WARNING, summary, hint=hint, address=address, pointer=pointer)
