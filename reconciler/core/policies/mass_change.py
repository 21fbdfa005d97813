"""`max_change_percent` of `min_resources` or more: a plan that touches most of the account is asked about twice."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.types.change import Action, Block, Change, Direction, Reason


def judge(changes: Sequence[Change], situation: Situation) -> Block | None:
    """Updates and deletes over the objects in state; what restores or re-points does not count."""
    options, policy = situation.options, situation.policy
    total = len(situation.state.resources)
    # A target of `destroy` takes along what depends on it: how much that is, nobody has typed.
    everything = options.destroy and not options.targets
    if everything or options.allow_mass_change or options.migrate or options.rollback is not None:
        return None
    if total < policy.min_resources:
        return None
    # A refresh writes nothing to the account; each of its changes is an entry whose live value moved.
    counted = len(changes) if options.refresh_only else sum(1 for change in changes if _counts(change))
    percent = 100 * counted / total if total else 0.0
    if percent <= policy.max_change_percent:
        return None
    done = "moved in the account" if options.refresh_only else "would be changed or deleted"
    return Block(
        "mass_change",
        f"{counted} of {total} objects ({percent:.0f} %) {done}, more than {policy.max_change_percent:g} %",
        "look at the plan, then --allow-mass-change, or apply in parts with --target",
    )


def _counts(change: Change) -> bool:
    if change.action is Action.DELETE:
        return True
    if change.action is not Action.UPDATE or change.importing or change.reason is Reason.REPOINTED:
        return False
    return any(field.direction is not Direction.LIVE for field in change.fields)


RULE = PolicyRule("mass_change", "How large a share of the account one plan may change or delete.", plan=judge)
