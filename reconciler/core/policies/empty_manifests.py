"""No manifest at all over a state that holds something: probably the wrong folder."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.types.change import Block, Change


def judge(changes: Sequence[Change], situation: Situation) -> Block | None:
    options = situation.options
    if situation.manifests or not situation.state.resources or options.destroy or options.rollback is not None:
        return None
    if options.allow_mass_change and options.allow_deletes:
        return None
    return Block(
        "empty_set",
        f"no manifest was found, and the state holds {len(situation.state.resources)} objects",
        "check the folder that was read; --allow-mass-change and --allow-deletes together if the project is meant to "
        "be empty",
    )


RULE = PolicyRule("empty_set", "A project without a manifest does not empty the account.", plan=judge)
