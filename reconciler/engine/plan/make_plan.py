"""plan, drift and import: manifests, state and the account -> what apply would do, what moved; reads only.

1. build the desired resources and the state after Moved documents; select the scope
2. read the lists of the account; find managed ids that they lack
3. bind each resource to its live object, and its references to ids
4. compare; read an object in detail where its list item may be incomplete or the account seems to have drifted
5. find the users of objects to delete, and entries without a manifest; build the requests; apply the policies
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from reconciler.core.canonical.references import resources_of
from reconciler.core.planning.account_findings import unlisted_text
from reconciler.core.planning.assemble_changes import bind
from reconciler.core.planning.attachments import leftover_warnings
from reconciler.core.planning.desired import build_desired, to_replace, unmatched_selection, with_needed, with_orphans
from reconciler.core.planning.id_names import names_in
from reconciler.core.planning.records import Account, Planned, PlanRequest
from reconciler.core.planning.run_scope import expand_options, select_scope
from reconciler.core.planning.selection_check import addresses_of
from reconciler.core.policies.plan_policies import other_account, same_account
from reconciler.core.resource_diff.match_objects import names_of
from reconciler.core.resource_diff.resource_plan import DiffContext
from reconciler.engine.account_reader import AccountReader
from reconciler.engine.plan.assemble_plan import assemble_plan
from reconciler.engine.plan.compare_account import compare, read_account
from reconciler.engine.plan.read_usage import usage_of
from reconciler.engine.run_context import RunContext
from reconciler.errors import PlanError, ProviderError, UnknownAddress, UsageError
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Action, Change, Direction
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import ManifestSet, Resource
from reconciler.types.options import PlanOptions
from reconciler.types.plan import DriftField, Plan, Summary
from reconciler.types.state import State

if TYPE_CHECKING:
    from reconciler.core.history.rollback_goal import Goal


def make_plan(
    manifests: ManifestSet,
    state: State,
    options: PlanOptions,
    run: RunContext,
    *,
    goal: Goal | None = None,
    replaced: tuple[Address, ...] = (),
) -> Planned:
    """The plan for one workspace against the state as it was read, with what it was made against. Only GETs are sent.

    With a `goal` the resources are those of a rollback, and only what it names can leave. `replaced` is made anew:
    the ids are unknown, so all that refers to them is compared with that; a plan that finds such objects is made once
    more. Raises `NothingFound` where there is nothing to look at, `PlanError` with every problem found (ambiguous
    names, foreign ids, dangling references), `ProviderError` when the account cannot be read.
    """
    options = expand_options(options, addresses_of(manifests, state))
    request = PlanRequest(manifests, state, options, goal, replaced)
    reader = AccountReader(run.provider, run.clock, run.workspace.parallelism, tolerant=True)
    provider = run.provider
    context = DiffContext(run.book(state), provider.kinds, provider.vocabulary, options.resend_secrets, run.catalogue)
    desired = build_desired(request)
    account = read_account(desired, reader, run, context.book, everything=options.unmanaged)
    verdicts = run.verdicts
    whole = with_orphans(request, desired, account.seen, context)
    bound = bind(request, whole, account, context)
    if (
        verdicts is not None
        and run.reread is not None
        and verdicts.drop(verdicts.moved(state, account.seen.listings, bound.ids))
    ):
        manifests, state = run.reread()
        request = PlanRequest(manifests, state, options, goal, replaced)
        desired = build_desired(request)
        whole = with_orphans(request, desired, account.seen, context)
        bound = bind(request, whole, account, context)
    problems = [
        *desired.problems,
        *unlisted_warnings(account.unlisted),
        *unmatched_selection(request, desired, account.seen),
    ]
    desired = whole
    desired, lost = with_needed(request, desired, bound)
    compared = compare(desired, account, bound, reader, goal, verdicts.taken if verdicts is not None else ())
    problems += [*bound.problems, *lost, *compared.problems]
    if not options.drift_only:
        problems += leftover_warnings(compared.planned, bound.resources, setting_word=run.workspace.migrate)
    if errors := [problem for problem in problems if problem.is_error]:
        raise PlanError("no plan can be made", errors, hint=_other_account(request, account, run))
    if found := to_replace(request, compared):
        return make_plan(manifests, state, options, run, goal=goal, replaced=found)
    before = {*reader.not_shown}
    compared = replace(compared, usage=usage_of(request, compared, reader), unlisted=reader.unlisted)
    unseen = {key: why for key, why in reader.not_shown.items() if key not in before}
    compared = replace(compared, unseen=unseen)
    new = {name: error for name, error in reader.unlisted.items() if name not in account.unlisted}
    plan = assemble_plan(compared, request, [*problems, *unlisted_warnings(new)], run)
    if verdicts is not None:
        verdicts.note(compared, {problem.address for problem in (*problems, *plan.diagnostics)})
    names = names_of(account.seen.listings, bound.matching, desired.state)
    listed = {name: tuple(listing.objects) for name, listing in account.seen.listings.items()}
    return Planned(replace(plan, names=names_in(plan, names)), compared.live, names, compared.noted, listed)


def _other_account(request: PlanRequest, account: Account, run: RunContext) -> str | None:
    """A hint that the account is another one than that of the state; None if it is the same."""
    state, options = request.state, request.options
    if options.accept_account or same_account(
        state, run.provider.account(), account.seen.listings, lambda: run.fingerprint(state),
        back=request.goal is not None,
    ):  # fmt: skip
        return None
    block = other_account(state)
    return f"{block.message}: {block.hint}"


def unlisted_warnings(unlisted: Mapping[str, ProviderError]) -> Iterable[Diagnostic]:
    """A warning for each kind whose list was refused and that the plan can do without."""
    for name, error in unlisted.items():
        yield Diagnostic("E-list", Severity.WARNING, unlisted_text(name, error.message), hint=error.hint)


@dataclass(frozen=True, slots=True)
class Differences:
    """The drift of an account, and all other differences between it and the manifests."""

    plan: Plan
    fields: Mapping[Address, tuple[DriftField, ...]]
    """Every leaf that differs, whoever moved it: what only the manifest moved has the direction `git`, what an apply
    has taken note of the direction `live`."""


def find_drift(manifests: ManifestSet, state: State, run: RunContext, options: PlanOptions | None = None) -> Plan:
    """A plan without changes whose `drift` says what moved, by whom, and which managed objects are gone.

    Only what state holds is looked at; pending changes of the manifests do not count. An empty set of manifests is
    fine: then the values before are known only by their digests. Raises `ProviderError` when the account cannot be
    read, `PlanError` when an entry is not one of the account's own objects.
    """
    return find_differences(manifests, state, run, options).plan


def find_differences(
    manifests: ManifestSet, state: State, run: RunContext, options: PlanOptions | None = None
) -> Differences:
    """The same, with all that differs and did not move since the last apply. Raises the same."""
    planned = make_plan(manifests, state, replace(options or PlanOptions(), drift_only=True), run)
    plan = planned.plan
    unread = {
        incomplete.address for incomplete in plan.incomplete if incomplete.address is not None and not incomplete.path
    }
    looked = len(state.resources) - plan.summary.not_looked_at - len(unread)
    counts = Summary(
        unchanged=max(looked - len(plan.drift), 0),
        not_looked_at=plan.summary.not_looked_at,
        unmanaged=plan.summary.unmanaged if plan.options.unmanaged else 0,
        incomplete=plan.summary.incomplete,
    )
    blocked = tuple(block for block in plan.blocked if block.rule == "account")
    drift = replace(plan, changes=(), summary=counts, mode="drift", blocked=blocked)
    return Differences(drift, _all_fields(planned))


def _all_fields(planned: Planned) -> dict[Address, tuple[DriftField, ...]]:
    found = {item.address: {change.path: change for change in item.changes} for item in planned.plan.drift}
    for address, fields in planned.noted.items():
        for leaf in fields:
            found.setdefault(address, {}).setdefault(leaf.path, leaf)
    for change in planned.plan.changes:
        mine = found.setdefault(change.address, {})
        for field in change.fields:
            pending = DriftField(field.path, Direction.GIT, None, field.before, sensitive=field.sensitive)
            mine.setdefault(field.path, pending)
        for adoption in change.adopt:
            mine.setdefault(adoption.path, DriftField(adoption.path, Direction.VENDOR, None, adoption.live))
    return {address: tuple(fields.values()) for address, fields in found.items() if fields}


def view(
    manifests: ManifestSet, state: State, options: PlanOptions, run: RunContext, key: bytes
) -> tuple[Plan, Mapping[Address, Resource], Mapping[tuple[str, str], str]]:
    """The plan of a workspace, what its manifests want with references still by name, and the names of what was
    read. Literal secrets are compared by digests under `key`, which should live no longer than the comparison.
    Sends nothing but GET requests. Raises what `make_plan` raises."""
    from reconciler.core.planning.account_comparison import digest_literals

    planned = make_plan(manifests, state, options, run)
    resources = resources_of(manifests.manifests)
    chosen = select_scope(resources, state, options, manifests.paths).wanted

    def literal_digest(where: str) -> str:
        value = run.secrets.resolve(SecretRef("literal", where))
        return "" if value is None else hmac.digest(key, value.encode("utf-8", "surrogatepass"), "sha256").hex()

    def with_literal_digests(resource: Resource) -> Resource:
        leaves = {path: digest_literals(value, literal_digest) for path, value in resource.leaves.items()}
        return replace(resource, leaves=leaves)

    return (
        planned.plan,
        {address: with_literal_digests(resource) for address, resource in resources.items() if address in chosen},
        planned.names,
    )


def plan_import(address: Address, id: str, manifests: ManifestSet, state: State, run: RunContext) -> Plan:
    """A plan of one change: `id` becomes `address` in state.

    What the manifest and the object agree on is recorded as applied, hidden secrets as assumed; what differs stays a
    difference for the next plan. Raises `UsageError` when the address is managed already, `UnknownAddress` when it
    has no manifest, `PlanError` when the id is not one of the account's own objects.
    """
    entry = state.resources.get(address)
    if entry is not None:
        raise UsageError(
            f"{address} is managed already, as {entry.id}",
            hint=f"`reconciler state rm {address}` first, if another object is meant",
        )
    manifest = next((manifest for manifest in manifests.manifests if manifest.address == address), None)
    if manifest is None:
        close = get_close_matches(str(address), [str(one.address) for one in manifests.manifests], n=1)
        raise UnknownAddress(
            f"{address} has no manifest, so the next plan would want to delete it",
            hint=f"did you mean {close[0]}?"
            if close
            else "write its manifest first; for a start, its name is enough",
        )
    named = replace(manifest, id=id)
    chosen = replace(
        manifests,
        manifests=tuple(named if manifest.address == address else manifest for manifest in manifests.manifests),
        moved=(),
        removed=(),
    )
    try:
        plan = make_plan(chosen, state, PlanOptions(targets=(address,), record=True), run).plan
    except PlanError as error:
        if id in run.provider.list(address.kind).objects:
            raise
        # The id was typed here; the manifest says nothing about it, and no line of it is to be shown.
        wrong = Diagnostic(
            "E-id",
            Severity.ERROR,
            f"{address}: {id} is not the id of one of the account's own {address.kind} objects",
            hint="`reconciler plan --unmanaged` lists what nothing claims, with ids; "
            "stock objects and those of other people cannot be managed",
        )
        others = [diagnostic for diagnostic in error.diagnostics if diagnostic.address != address]
        raise PlanError("nothing was recorded", [wrong, *others]) from error
    change = next(change for change in plan.changes if change.address == address)
    return replace(
        plan,
        changes=(taken_as_is(change),),
        drift=(),
        blocked=tuple(block for block in plan.blocked if block.rule == "account"),
        summary=replace(plan.summary, imported=1, added=0, changed=0, destroyed=0, forgotten=0, moved=0),
    )


def taken_as_is(change: Change) -> Change:
    """The change without its writes, and without a claim on what differs."""
    differing = {field.path for field in change.fields}
    managed = {path: value for path, value in (change.managed or {}).items() if path not in differing}
    return replace(change, action=Action.NOOP, patch=(), requests=(), fields=(), managed=managed, blocked=())
