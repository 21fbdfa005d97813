"""`deletes: deny | allow | never`: deletes are listed, and carried out only where somebody said so."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.types.change import Action, Block, Change, Reason


def judge(change: Change, situation: Situation) -> Iterator[Block]:
    if change.action is not Action.DELETE:
        return
    options, policy = situation.options, situation.policy
    if policy.deletes == "never":
        yield Block(
            "deletes",
            "the project's policy never deletes",
            f"write a Removed document, or --exclude {change.address}",
        )
    elif policy.deletes == "deny" and not (options.allow_deletes or options.destroy):
        yield _denied(change)


def _denied(change: Change) -> Block:
    if change.reason is Reason.REPLACED:
        new = change.gives_way_to
        return Block(
            "deletes",
            f"{new} is made anew, and deleting what it was is not allowed",
            f"--allow-deletes, or --exclude {new} to leave it as it is",
        )
    return Block(
        "deletes",
        "deletes are not allowed",
        f"--allow-deletes, --exclude {change.address}, or a Removed document to forget it without deleting",
    )


RULE = PolicyRule("deletes", "Whether objects may be deleted.", change=judge)
