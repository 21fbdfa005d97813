"""`max_deletes: N`: so many deletes in one plan at most, even where deletes are allowed."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.types.change import Action, Block, Change


def judge(changes: Sequence[Change], situation: Situation) -> Block | None:
    options, most = situation.options, situation.policy.max_deletes
    count = sum(change.action is Action.DELETE for change in changes)
    everything = options.destroy and not options.targets
    if most is None or count <= most or everything or options.allow_mass_change:
        return None
    return Block(
        "max_deletes",
        f"{count} objects would be deleted, and the project's policy allows {most} in one plan",
        "look at the plan, then --allow-mass-change, or apply in parts with --target or --exclude",
    )


RULE = PolicyRule(
    "max_deletes",
    "How many objects one plan may delete.",
    plan=judge,
    active=lambda policy: policy.max_deletes is not None,
)
