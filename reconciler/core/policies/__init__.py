"""What a plan may not do: one file a policy, one line here. A refused change is shown with its reasons, never hidden.

Policies on values (models, hosts, prompt sizes) judge what would be written. A value that breaks one but is live
already and stays as it is gives a warning: the plan does not make it worse, and blocking it would stop every other
change until somebody repairs what nobody touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.registry import Registry
from reconciler.types.change import Block, Change

POLICIES: Registry[PolicyRule] = Registry(
    "policy",
    "reconciler.core.policies",
    {
        "deletes": "deletes:RULE",
        "protect": "lifecycle_protect:RULE",
        "protected": "protected_addresses:RULE",
        "allowed_models": "allowed_models:RULE",
        "denied_models": "denied_models:RULE",
        "allowed_hosts": "allowed_hosts:RULE",
        "https_only": "https_only:RULE",
        "max_prompt_tokens": "max_prompt_tokens:RULE",
        "no_deprecated": "no_deprecated:RULE",
        "empty_set": "empty_manifests:RULE",
        "mass_change": "mass_change:RULE",
        "max_deletes": "max_deletes:RULE",
        "account": "account_check:RULE",
    },
)


def guard(changes: Sequence[Change], situation: Situation) -> tuple[tuple[Change, ...], tuple[Block, ...]]:
    """The changes with the blocks of each, and the blocks of the plan as a whole."""
    from reconciler.core.policies.value_policies import value_blocks

    rules = [rule for rule in POLICIES.all().values() if rule.active(situation.policy)]
    guarded = list(changes)
    for index, change in enumerate(changes):
        found = [block for rule in rules if rule.change for block in rule.change(change, situation)]
        found += value_blocks(change, situation, rules)
        if found:
            guarded[index] = replace(change, blocked=(*change.blocked, *found))
    whole = [rule.plan(guarded, situation) for rule in rules if rule.plan]
    return tuple(guarded), tuple(block for block in whole if block is not None)
