"""The writing runs: lock, read, plan or prove a saved plan, confirm, carry out, save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace

from reconciler.core.planning.assemble_changes import in_order
from reconciler.core.planning.plan_file import plan_digest
from reconciler.core.planning.plan_proof import ProofContext, find_forgeries, state_of_plan
from reconciler.core.planning.preconditions import refusal_reason
from reconciler.core.policies.guard import guard
from reconciler.core.policies.policy import Situation
from reconciler.core.resource_diff.name_conflicts import refuse_taken
from reconciler.core.state.journal_records import (
    AccountNoted,
    DigestKeyNoted,
    IntentDropped,
    PlanFinished,
    PlanStarted,
)
from reconciler.engine.account_reader import AccountReader
from reconciler.engine.apply.account_lists import FRESH
from reconciler.engine.apply.execute_plan import Worker, apply_changes, refuse_blocked
from reconciler.engine.apply.staleness import NOTHING, InterruptedRun, check_account, check_state, remaining_plan
from reconciler.engine.apply.step import StepContext
from reconciler.engine.apply.step_recorder import StepRecorder
from reconciler.engine.placeholders import check_digest_key, check_secrets
from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.plan.plan_rollback import plan_rollback
from reconciler.engine.plan.read_usage import refuse_newly_used
from reconciler.engine.run_context import RunContext
from reconciler.engine.state.lock_owner import describe_run
from reconciler.engine.state.state_session import StateSession, open_session
from reconciler.errors import PlanError, PlanStale
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.event import Notice
from reconciler.types.history import RunHeader
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Adopt, Lifecycle, ManifestSet
from reconciler.types.options import ApplyOptions, PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult
from reconciler.types.state import Entry

MOST = 5
"""So many contradictions are named; the others are counted."""


def prove(plan: Plan, proof: ProofContext, context: RunContext, *, begun: bool) -> None:
    """Raise `PlanStale` for a plan that contradicts itself, the state or the account, `PlanBlocked` for one that the
    workspace's policy, the state or the lifecycles do not allow, whatever it says of that itself.

    `begun`: the state knows this very plan, so it was proved when it was begun; the account has moved by it since.
    """
    if not begun:
        found = find_forgeries(plan, proof)
        if found:
            more = f"\n  and {len(found) - MOST} more" if len(found) > MOST else ""
            raise PlanStale(
                "the plan does not say what it would do; nothing was sent:\n  " + "\n  ".join(found[:MOST]) + more,
                hint="it was edited, or another version made it: make a new plan with `reconciler plan --out FILE`",
            )
    refuse_blocked(with_current_policies(plan, replace(proof, listings={}) if begun else proof, context))


def with_current_policies(plan: Plan, proof: ProofContext, context: RunContext) -> Plan:
    """The plan with the blocks that its changes, the state and the policy of the workspace call for now."""
    then = state_of_plan(plan, proof.state)
    options = replace(
        plan.options, destroy=plan.mode == "destroy", refresh_only=plan.mode == "refresh-only",
        rollback=plan.rollback, accept_account=True,  # the account was held against the state before
    )  # fmt: skip
    left = (
        sum(change.action not in (Action.DELETE, Action.FORGET) for change in plan.changes) + plan.summary.unchanged
    )
    situation = Situation(
        then, plan.account, proof.listings, options, context.workspace.policy, left,
        lambda: context.fingerprint(proof.state), context.catalogue,
    )  # fmt: skip
    addresses = {(address.kind, entry.id): address for address, entry in then.resources.items()}
    changes = [
        replace(
            change, blocked=(*change.blocked, *_lifecycle_blocks(change, then.resources.get(change.address), plan))
        )
        for change in refuse_taken(plan.changes, proof.listings, addresses, context.book(then))
    ]
    guarded, blocks = guard(changes, situation)
    return replace(plan, changes=in_order(guarded), blocked=(*plan.blocked, *blocks))


def _lifecycle_blocks(change: Change, entry: Entry | None, plan: Plan) -> tuple[Block, ...]:
    remembered = change.action is Action.DELETE or plan.rollback is not None
    today = entry.lifecycle if entry is not None and remembered else None
    found = [block for block in refusal_reason(change, today=today) if block.rule != "protect"]
    if today is not None and today.protect and change.action is Action.DELETE and not change.lifecycle.protect:
        found += refusal_reason(replace(change, lifecycle=today))
    if (
        change.importing is not None
        and change.reason is Reason.ADOPTED_BY_NAME
        and change.lifecycle.adopt is Adopt.SAME
        and change.fields
    ):
        found.append(
            Block("name_taken", f"{change.importing} says something else than the manifest", "make a new plan")
        )
    return tuple(found)


def writing_session(
    context: RunContext, operation: str, options: ApplyOptions, *, lineage: str | None = None
) -> AbstractContextManager[StateSession]:
    """The lock and the state of a run that writes; `lineage` is that of the saved plan that it carries out.

    Raises `StateLocked`, `StateError`.
    """
    return open_session(
        context.store, workspace=context.workspace.name, operation=operation, clock=context.clock, emit=context.emit,
        lock_timeout=options.lock_timeout, stop=context.stop, lineage=lineage, rescue=context.rescue,
        retention=context.workspace.history, project=context.identity,
    )  # fmt: skip


def apply_manifests(
    manifests: ManifestSet,
    context: RunContext,
    plan_options: PlanOptions,
    options: ApplyOptions,
    *,
    confirm: Callable[[Plan], bool],
    review: Callable[[Plan], Plan] = lambda plan: plan,
) -> tuple[Plan, ApplyResult | None]:
    """Plan under the lock, show it to `confirm`, and carry it out; the result is None when the answer was no.

    `review` may add findings to the plan, or refuse it by raising. A plan that changes nothing is not asked about.
    Raises `StateLocked`, `PlanError`, `PlanBlocked`, `SecretMissing`, `ProviderError` (the account cannot be read).
    """
    context = context.for_writing()
    with writing_session(context, "apply", options) as session:
        planned = make_plan(manifests, session.state, plan_options, context)
        read_at = context.clock.monotonic()
        plan = review(planned.plan)
        refuse_blocked(plan)
        if plan_options.strict_complete:
            refuse_incomplete(plan)
        if not approved(plan, confirm):
            return plan, None
        _drop_settled(plan, manifests, session)
        result = _carry_out(plan, planned.live, planned.listed, read_at, session, context, options)
    return plan, _saved(result, session)


def approved(plan: Plan, confirm: Callable[[Plan], bool]) -> bool:
    """Whether a plan may be carried out: only one that changes something is asked about."""
    changes = bool(plan.differences) or (plan.mode == "refresh-only" and bool(plan.changes))
    return not changes or confirm(plan)


def refuse_incomplete(plan: Plan) -> None:
    """Raise `PlanError` for a plan that could not compare everything."""
    if plan.incomplete:
        problems = [
            Diagnostic(
                "E-incomplete", Severity.ERROR, f"not compared: {incomplete.detail or incomplete.obstacle.value}",
                address=incomplete.address, pointer=incomplete.path or None,
            )
            for incomplete in plan.incomplete
        ]  # fmt: skip
        raise PlanError("not everything could be compared (--strict-complete); nothing was sent", problems)


def apply_rollback(
    serial: int,
    context: RunContext,
    plan_options: PlanOptions,
    options: ApplyOptions,
    *,
    confirm: Callable[[Plan], bool],
    today: Mapping[Address, Lifecycle] | None = None,
) -> tuple[Plan, ApplyResult | None]:
    """Plan the way back to the moment right after `serial` under the lock, show it to `confirm`, and carry it out.

    Raises what `plan_rollback` and `apply_manifests` raise.
    """
    context = context.for_writing()
    with writing_session(context, "rollback", options) as session:
        planned = plan_rollback(serial, session.state, plan_options, context, today)
        read_at, plan = context.clock.monotonic(), planned.plan
        refuse_blocked(plan)
        if not approved(plan, confirm):
            return plan, None
        result = _carry_out(plan, planned.live, planned.listed, read_at, session, context, options)
    return plan, _saved(result, session)


def apply_saved(plan: Plan, digest: str, context: RunContext, options: ApplyOptions) -> ApplyResult:
    """Carry out exactly a saved plan, or refuse it before the first write when anything it rests on moved.

    Raises `PlanStale`, `PlanBlocked`, `StateLocked`, `SecretMissing`.
    """
    refuse_blocked(plan)
    context = context.for_writing()
    with writing_session(context, "apply", options, lineage=plan.lineage) as session:
        progress = check_state(plan, session.state, workspace=context.workspace.name, digest=digest)
        rest = remaining_plan(plan, progress)
        reader = AccountReader(context.provider, context.clock, context.workspace.parallelism)
        live, begun, listings = check_account(
            rest, session.state, context, reader, accept=options.accept_account, progress=progress
        )
        read_at = context.clock.monotonic()
        if options.saved:
            book, requests = context.book(session.state), context.provider.requests
            proof = ProofContext(session.state, live, listings, book, requests)
            prove(rest, proof, context, begun=progress is not None)
        if progress is not None:
            whole = len(plan.differences)
            done = whole - len(rest.differences)
            context.emit(Notice(f"this plan was cut short: {done} of {whole} changes are done, the rest is taken up"))
        listed = {kind: tuple(listing.objects) for kind, listing in listings.items()}
        result = _carry_out(rest, live, listed, read_at, session, context, options, digest=digest, begun=begun)
    return _saved(result, session)


def _saved(result: ApplyResult, session: StateSession) -> ApplyResult:
    """The result with the serial of the document that holds it, which is that of its entry in the history."""
    return replace(result, serial=session.state.serial)


def _carry_out(
    plan: Plan,
    live: Mapping[tuple[str, str], LiveObject],
    listed: Mapping[str, tuple[str, ...]],
    read_at: float,
    session: StateSession,
    context: RunContext,
    options: ApplyOptions,
    *,
    digest: str | None = None,
    begun: InterruptedRun = NOTHING,
) -> ApplyResult:
    check_digest_key(plan.changes, session.state, context.book(session.state))
    session.claim()
    if digest is not None or context.clock.monotonic() - read_at >= FRESH:
        reader = AccountReader(context.provider, context.clock, context.workspace.parallelism)
        refuse_newly_used(plan.changes, session.state, reader)
    if digest is not None:
        check_secrets(
            plan.changes, context.book(session.state)
        )  # what stops here was not started: it may be tried again
        session.record(PlanStarted(digest))
    ledger = StepRecorder(session, lambda: describe_plan(plan, context.clock.now(), digest), digest)
    steps = StepContext(
        context.provider,
        ledger,
        context.book(session.state),
        context.clock,
        live,
        read_at,
        plan.namesakes,
        listed,
        force_maker=options.force_maker,
        refresh=plan.mode == "refresh-only",
        begun=begun,
    )
    session.sent = steps.sent.describe
    result = apply_changes(plan, Worker(steps), parallelism=options.parallelism, emit=context.emit, stop=context.stop)
    if result.count("done"):
        _record_account(session, context)
    _record_digest_key(session, context)
    ledger.end(result)
    if digest is not None and not result.interrupted and result.count("done") == len(result.steps):
        session.record(PlanFinished(digest))
    return result


def describe_plan(plan: Plan, now: str, digest: str | None) -> RunHeader:
    """The head of this run's entry in the history; `digest` names a saved plan."""
    info = describe_run("rollback" if plan.rollback is not None else "apply", now)
    operation = "destroy" if plan.mode == "destroy" else info.operation
    digest = digest or plan_digest(plan)
    return RunHeader(operation, info.who, now, info.version, digest, plan.commit, info.run, plan.rollback)


def _record_account(session: StateSession, context: RunContext) -> None:
    """Remember whose account this is."""
    account = context.provider.account()
    key = context.fingerprint(session.state)
    session.record(AccountNoted(account.owner, key, account.base_url))


def _record_digest_key(session: StateSession, context: RunContext) -> None:
    """Remember under which key secrets are digested, once a digest in the state is made with it."""
    state = session.state
    digests = context.book(state).digests
    if digests.lacks_key or digests.key_id == state.digest_key:
        return
    way = f"{digests.scheme}:"
    if any(recorded.startswith(way) for entry in state.resources.values() for recorded in entry.sent.values()):
        session.record(DigestKeyNoted(digests.key_id))


def _drop_settled(plan: Plan, manifests: ManifestSet, session: StateSession) -> None:
    """Open creates that left nothing behind and that no manifest asks for any more are closed; not by a refresh."""
    if plan.mode == "refresh-only":
        return
    wanted = {manifest.address for manifest in manifests.manifests} | {change.address for change in plan.changes}
    for intent in session.state.pending:
        if intent.address not in wanted and manifests.paths is None:
            session.record(IntentDropped(intent.address))
