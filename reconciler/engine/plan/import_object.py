"""import: take one live object under an address, without writing to it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.engine.plan.make_plan import make_plan
from reconciler.engine.run_context import RunContext
from reconciler.errors import PlanError, UsageError
from reconciler.types.address import Address
from reconciler.types.change import Action, Change
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import Plan
from reconciler.types.state import State


def plan_import(address: Address, id: str, manifests: ManifestSet, state: State, setting: RunContext) -> Plan:
    """A plan of one change: `id` becomes `address` in state.

    What the manifest and the object agree on is recorded as applied, hidden secrets as assumed; what differs stays a
    difference for the next plan. Raises `UsageError` when the address is managed already or has no manifest,
    `PlanError` when the id is not one of the account's own objects.
    """
    entry = state.resources.get(address)
    if entry is not None:
        raise UsageError(
            f"{address} is managed already, as {entry.id}",
            hint=f"`reconciler state rm {address}` first, if another object is meant",
        )
    manifest = next((one for one in manifests.manifests if one.address == address), None)
    if manifest is None:
        raise UsageError(
            f"{address} has no manifest, so the next plan would want to delete it",
            hint="write its manifest first; for a start, its name is enough",
        )
    named = replace(manifest, id=id)
    chosen = replace(
        manifests,
        manifests=tuple(named if one.address == address else one for one in manifests.manifests),
        moved=(),
        removed=(),
    )
    try:
        plan = make_plan(chosen, state, PlanOptions(targets=(address,), record=True), setting).plan
    except PlanError as error:
        if id in setting.provider.list(address.kind).objects:
            raise
        # The id was typed here; the manifest says nothing about it.
        wrong = Diagnostic(
            "E-id",
            Severity.ERROR,
            f"{id} is not the id of one of the account's own {address.kind} objects",
            hint="`reconciler plan --unmanaged` lists what nothing claims, with ids; "
            "stock objects and those of other people cannot be managed",
            address=address,
        )
        others = [one for one in error.diagnostics if one.address != address]
        raise PlanError("nothing was recorded", [wrong, *others]) from error
    change = next(one for one in plan.changes if one.address == address)
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
