"""Before the first write of a saved plan: it says what it would send, and the rules of today let it."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.planning.assemble_changes import in_order
from reconciler.core.planning.plan_proof import Ground, find_forgeries, state_of_plan
from reconciler.core.planning.preconditions import unlawful
from reconciler.core.policies.guard import guard
from reconciler.core.policies.policy import Situation
from reconciler.core.resource_diff.name_conflicts import refuse_taken
from reconciler.engine.apply.run_changes import refuse_blocked
from reconciler.engine.run_context import RunContext
from reconciler.errors import PlanStale
from reconciler.types.change import Action, Block, Change, Reason
from reconciler.types.manifest import Adopt
from reconciler.types.plan import Plan
from reconciler.types.state import Entry

MOST = 5
"""So many contradictions are named; the others are counted."""


def prove(plan: Plan, ground: Ground, setting: RunContext, *, begun: bool) -> None:
    """Raise `PlanStale` for a plan that contradicts itself, the state or the account, `PlanBlocked` for one that the
    workspace's policy, the state or the lifecycles do not allow, whatever it says of that itself.

    `begun`: the state knows this very plan, so it was proved when it was begun; the account has moved by it since.
    """
    if not begun:
        found = find_forgeries(plan, ground)
        if found:
            more = f"\n  and {len(found) - MOST} more" if len(found) > MOST else ""
            raise PlanStale(
                "the plan does not say what it would do; nothing was sent:\n  " + "\n  ".join(found[:MOST]) + more,
                hint="it was edited, or another version made it: make a new plan with `reconciler plan --out FILE`",
            )
    refuse_blocked(judged_again(plan, replace(ground, listings={}) if begun else ground, setting))


def judged_again(plan: Plan, ground: Ground, setting: RunContext) -> Plan:
    """The plan with the blocks that its changes, the state and the policy of the workspace call for now."""
    then = state_of_plan(plan, ground.state)
    options = replace(
        plan.options, destroy=plan.mode == "destroy", refresh_only=plan.mode == "refresh-only",
        rollback=plan.rollback, accept_account=True,  # the account was held against the state before
    )  # fmt: skip
    left = sum(one.action not in (Action.DELETE, Action.FORGET) for one in plan.changes) + plan.summary.unchanged
    situation = Situation(
        then, plan.account, ground.listings, options, setting.workspace.policy, left,
        lambda: setting.fingerprint(ground.state), setting.catalogue,
    )  # fmt: skip
    addresses = {(address.kind, entry.id): address for address, entry in then.resources.items()}
    changes = [
        replace(one, blocked=(*one.blocked, *_lawless(one, then.resources.get(one.address), plan)))
        for one in refuse_taken(plan.changes, ground.listings, addresses, setting.book(then))
    ]
    guarded, blocks = guard(changes, situation)
    return replace(plan, changes=in_order(guarded), blocked=(*plan.blocked, *blocks))


def _lawless(change: Change, entry: Entry | None, plan: Plan) -> tuple[Block, ...]:
    remembered = change.action is Action.DELETE or plan.rollback is not None
    today = entry.lifecycle if entry is not None and remembered else None
    found = [block for block in unlawful(change, today=today) if block.rule != "protect"]
    if today is not None and today.protect and change.action is Action.DELETE and not change.lifecycle.protect:
        found += unlawful(replace(change, lifecycle=today))
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
