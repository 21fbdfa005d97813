"""`protected: [address globs]`: objects that are not deleted, whatever their manifests and the flags say."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.core.text.glob import any_matches
from reconciler.types.change import Action, Block, Change


def judge(change: Change, situation: Situation) -> Iterator[Block]:
    if change.action is not Action.DELETE:
        return
    # An object that gives way to its successor goes by another address; it is the same object to its owner.
    names = (str(change.address), str(change.gives_way_to or change.address))
    patterns = situation.policy.protected
    pattern = next((found for name in names if (found := any_matches(name, patterns)) is not None), None)
    if pattern is not None:
        yield Block(
            "protected",
            f"the project's policy protects {pattern} from deletion",
            f"--exclude {names[1]}, or take {pattern} out of policy.protected",
        )


RULE = PolicyRule(
    "protected", "Addresses that are never deleted.", change=judge, active=lambda policy: bool(policy.protected)
)
