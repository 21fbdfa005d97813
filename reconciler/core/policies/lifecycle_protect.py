"""`lifecycle.protect` in a manifest: its object is not deleted, whatever the flags say."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.types.change import Action, Block, Change


def judge(change: Change, situation: Situation) -> Iterator[Block]:
    if change.action is Action.DELETE and change.lifecycle.protect:
        yield Block(
            "protect",
            "the object is protected",
            "set lifecycle.protect: false in its manifest and apply that first",
        )


RULE = PolicyRule("protect", "Objects whose manifest protects them are not deleted.", change=judge)
