"""Compared resources -> a Plan: what leaves, requests of writes, ids of the vendor's library, safety rules."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.planning.account_findings import (
    drift_items,
    find_incomplete,
    find_namesakes,
    find_references,
    find_unmanaged,
)
from reconciler.core.planning.assemble_changes import in_order, order_deletes, plan_leaving, summarise
from reconciler.core.planning.preconditions import WRITES, newly_managed, refusal_reason
from reconciler.core.planning.records import Compared, PlanRequest
from reconciler.core.planning.usage import claimed, keep_used, kept_warning, wait_for_users, with_users
from reconciler.core.policies.guard import guard, standing_violations
from reconciler.core.policies.policy import Situation
from reconciler.core.resource_diff.name_conflicts import refuse_taken
from reconciler.core.state.entry_format import entry_digest
from reconciler.core.state.entry_records import record, refresh_change
from reconciler.engine.account_reader import run_parallel
from reconciler.engine.placeholders import missing_secrets
from reconciler.engine.run_context import RunContext
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.live import Account
from reconciler.types.manifest import Lifecycle, Manage
from reconciler.types.plan import DriftItem, Kept, Plan
from reconciler.types.ports import Provider
from reconciler.types.project import Policy

MOST = 50
"""The most distinct ids that are checked; further ids of a large plan are not."""


def check_libraries(changes: Iterable[Change], provider: Provider, width: int) -> list[Diagnostic]:
    """A warning for each id of a voice, face and the like that the vendor's library lacks. Asks once for each id, and
    only for ids that are written."""
    named: dict[tuple[str, str], list[tuple[Address, str]]] = {}
    for change in changes:
        if change.action not in (Action.CREATE, Action.UPDATE):
            continue
        for field in change.fields:
            row = field_at(change.kind, field.path)
            if row is not None and row.library and isinstance(field.after, str) and field.after:
                named.setdefault((row.library, field.after), []).append((change.address, field.path))
    asked = sorted(named)[:MOST]
    problems = run_parallel(lambda library_id: provider.check_library(*library_id), asked, width)
    return [
        Diagnostic(
            "E-library",
            Severity.WARNING,
            problem,
            hint="the API may refuse it, or calls may fail; look the id up in the vendor's dashboard",
            address=address,
            pointer=pointer,
        )
        for library_id, problem in zip(asked, problems, strict=True)
        if problem is not None
        for address, pointer in named[library_id]
    ]


def assemble_plan(compared: Compared, request: PlanRequest, known: Sequence[Diagnostic], run: RunContext) -> Plan:
    """The plan with requests, order, policies, drift and counts; `known` are the findings so far.

    Raises `ProviderError`.
    """
    manifests, options, state = request.manifests, request.options, compared.desired.state
    account = run.provider.account()
    drift = drift_items(compared, request, run.catalogue)
    drafted = _refresh(compared, drift) if options.refresh_only else _draft(compared, request, run.provider)
    changes, blocks, standing = _judge(drafted.changes, compared, request, account, run)
    problems = [*known, *drafted.problems, *standing, *missing_secrets(changes, compared.bound.context.book)]
    problems += check_libraries(changes, run.provider, run.workspace.parallelism)
    since = now_of(run) - timedelta(seconds=options.since) if options.since else None
    unmanaged, incomplete = find_unmanaged(compared, since), find_incomplete(compared)
    return Plan(
        workspace=run.workspace.name,
        account=account,
        lineage=state.lineage,
        serial=state.serial,
        changes=changes,
        drift=drift,
        blocked=blocks,
        diagnostics=tuple(problem for problem in problems if not problem.is_error),
        summary=summarise(
            [change for change in changes if change.is_difference],
            not_looked_at=compared.desired.scope.not_looked_at,
            unmanaged=len(unmanaged),
            unchanged=drafted.unchanged,
            incomplete=len(incomplete),
        ),
        unmanaged=unmanaged if options.unmanaged else (),
        kept=drafted.kept,
        mode="destroy" if options.destroy else "refresh-only" if options.refresh_only else "normal",
        inputs_digest=manifests.inputs_digest,
        commit=manifests.commit,
        project=run.project,
        rollback=options.rollback,
        namesakes=find_namesakes(compared, changes),
        entries={
            str(change.address): entry_digest(change.address, entry)
            for change in changes
            if (entry := state.resources.get(change.address)) is not None
        },
        references=find_references(compared, changes),
        incomplete=incomplete,
        options=replace(options, record=False),
    )


def now_of(run: RunContext) -> datetime:
    """The time of the run's clock, with its time zone."""
    return datetime.fromisoformat(run.clock.now())


@dataclass(frozen=True, slots=True)
class _Drafted:
    """Every change with its requests, before policies apply."""

    changes: Sequence[Change]
    unchanged: int
    """How many resources are in sync."""
    kept: tuple[Kept, ...] = ()
    problems: tuple[Diagnostic, ...] = ()


def _draft(compared: Compared, request: PlanRequest, provider: Provider) -> _Drafted:
    """Creates, updates and deletes with their requests: no name that is in use, no delete of a used object."""
    changes: list[Change] = []
    unchanged = compared.settled
    for result in compared.planned.values():
        change = result.change
        if change.action is Action.NOOP and not change.is_difference:
            unchanged += 1
            worth = request.options.record and _is_worth_recording(change, compared)
            if not (worth or change.reason is Reason.OBSERVE):
                continue
        changes.append(_with_requests(change, compared, request, provider))
    changes += [_with_requests(change, compared, request, provider) for change in _leaving(compared, request)]
    addresses = claimed(compared.bound.matching, compared.desired.state)
    book = compared.bound.context.book
    changes = refuse_taken(changes, compared.account.seen.listings, addresses, book, provider.reserved)
    changes = order_deletes(changes, compared.desired.state)
    changes, kept = keep_used(changes, compared.usage, destroy=request.options.destroy)
    changes = wait_for_users(changes, compared.usage)
    told = [with_users(change, compared.usage, provider.vocabulary) for change in changes]
    return _Drafted(told, unchanged, kept, tuple(map(kept_warning, kept)))


def _refresh(compared: Compared, drift: Sequence[DriftItem]) -> _Drafted:
    """Changes of a refresh: live values go into the state, nothing is sent, and entries of missing objects stay."""
    held = compared.desired.state.resources
    found = [
        refresh_change(held[item.address], item, live)
        for item in drift
        if (live := compared.live.get((item.address.kind, held[item.address].id))) is not None
    ]
    return _Drafted(found, len(compared.desired.scope.deletable & held.keys()) - len(drift))


def _is_worth_recording(change: Change, compared: Compared) -> bool:
    """Whether an apply would change the state entry although nothing differs (adopted, new digests or lifecycle)."""
    live = compared.live[change.address.kind, change.id or ""]
    old = compared.desired.state.resources.get(change.address)
    return record(change, live, old, compared.bound.context.book, {}) != old


def _leaving(compared: Compared, request: PlanRequest) -> list[Change]:
    """A delete or forget for every entry without a manifest, by its current lifecycle."""
    desired = compared.desired
    lifecycles = {manifest.address: manifest.lifecycle for manifest in request.manifests.manifests}
    changes: list[Change] = []
    for address in sorted(desired.scope.deletable):
        entry = desired.state.resources[address]
        live = compared.live.get((address.kind, entry.id))
        changes.append(
            plan_leaving(
                address,
                compared.bound.context.kinds.get(address.kind),
                entry,
                live,
                destroy=request.options.destroy,
                removed=address in desired.moves.removed,
                protect=lifecycles.get(entry.gives_way_to or address, Lifecycle()).protect,
                observe=lifecycles.get(address, Lifecycle()).manage is Manage.OBSERVE,
                previous=desired.moves.previous.get(address),
            )
        )
    return changes


def _with_requests(change: Change, compared: Compared, request: PlanRequest, provider: Provider) -> Change:
    """The change with its requests, or with the blocks that forbid them."""
    if change.action not in WRITES:
        return change
    scope = compared.desired.scope
    entry = compared.desired.state.resources.get(change.address)
    rules = {block.rule for block in change.blocked}
    blocks = tuple(
        block
        for block in refusal_reason(
            change,
            in_scope=change.address in scope.wanted or change.address in scope.deletable,
            today=entry.lifecycle if entry is not None and request.options.rollback is not None else None,
        )
        # A protected object is blocked by its policy, in the plan of what it would take.
        if block.rule not in rules and block.rule != "protect"
    )
    if blocks:
        return replace(change, blocked=(*change.blocked, *blocks))
    live = compared.live.get((change.address.kind, change.id or ""))
    lifted = newly_managed(entry.lifecycle, change) if entry is not None and change.action is Action.UPDATE else ()
    requests = provider.requests(change, live.body if live else None)
    return replace(change, requests=requests, notes=(*change.notes, *lifted))


def _judge(
    changes: Sequence[Change], compared: Compared, request: PlanRequest, account: Account, run: RunContext
) -> tuple[tuple[Change, ...], tuple[Block, ...], list[Diagnostic]]:
    """The changes in plan order with the blocks of the policies, the blocks of the whole plan, and warnings about
    existing violations."""
    state, policy, manifests = compared.desired.state, run.workspace.policy, request.manifests.manifests
    situation = Situation(
        state, account, compared.account.seen.listings, request.options, policy, len(manifests),
        lambda: run.fingerprint(state), run.catalogue,
    )  # fmt: skip
    guarded, blocks = guard(changes, situation)
    sources = {manifest.address: manifest.source for manifest in manifests} if policy != Policy() else {}
    every = (planned.change for planned in compared.planned.values())
    return in_order(guarded), blocks, standing_violations(every, situation, sources)
