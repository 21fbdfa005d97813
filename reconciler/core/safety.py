"""What a plan may not do without being asked twice: deletes, mass changes, an empty project, another account."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.setaside import new_address
from reconciler.types.change import Action, Block, Change, Direction, Reason
from reconciler.types.live import Account, Listing
from reconciler.types.options import PlanOptions
from reconciler.types.project import Policy
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Situation:
    """What the rules look at beside the changes."""

    state: State
    account: Account
    listings: Mapping[str, Listing]
    options: PlanOptions
    policy: Policy
    manifests: int
    """How many manifests the run read (before targets)."""
    fingerprint: Callable[[], str] = lambda: ""
    """Salted digest of the API key; slow on purpose, so asked only when nothing else tells the account."""


def guard(changes: Sequence[Change], situation: Situation) -> tuple[tuple[Change, ...], tuple[Block, ...]]:
    """The changes with the blocks of each, and the blocks of the plan as a whole."""
    guarded = tuple(_guard_delete(change, situation) for change in changes)
    return guarded, tuple(
        block
        for block in (_empty_set(situation), _mass_change(guarded, situation), other_account(situation))
        if block is not None
    )


def _guard_delete(change: Change, situation: Situation) -> Change:
    if change.action is not Action.DELETE:
        return change
    blocks = list(change.blocked)
    options, policy = situation.options, situation.policy
    if policy.deletes == "never":
        blocks.append(
            Block(
                "deletes",
                "the project's policy never deletes",
                f"write a Removed document, or --exclude {change.address}",
            )
        )
    elif policy.deletes == "deny" and not (options.allow_deletes or options.destroy):
        blocks.append(_denied(change))
    if change.lifecycle.protect:
        blocks.append(
            Block(
                "protect",
                "the object is protected",
                "set lifecycle.protect: false in its manifest and apply that first",
            )
        )
    return replace(change, blocked=tuple(blocks)) if blocks else change


def _denied(change: Change) -> Block:
    if change.reason is Reason.REPLACED:
        new = new_address(change.address)
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


def _empty_set(situation: Situation) -> Block | None:
    options = situation.options
    if situation.manifests or not situation.state.resources or options.destroy or options.allow_mass_change:
        return None
    if options.refresh_only:
        return None
    return Block(
        "empty_set",
        f"no manifest was found, and the state holds {len(situation.state.resources)} objects",
        "check the folder that was read; --allow-mass-change if the project is meant to be empty",
    )


def _mass_change(changes: Sequence[Change], situation: Situation) -> Block | None:
    """Updates and deletes over the objects in state; what restores or re-points does not count."""
    options, policy = situation.options, situation.policy
    total = len(situation.state.resources)
    if options.destroy or options.allow_mass_change or options.migrate or total < policy.min_resources:
        return None
    counted = sum(1 for change in changes if _counts(change))
    percent = 100 * counted / total
    if percent <= policy.max_change_percent:
        return None
    return Block(
        "mass_change",
        f"{counted} of {total} objects ({percent:.0f} %) would be changed or deleted, "
        f"more than {policy.max_change_percent:g} %",
        "look at the plan, then --allow-mass-change, or apply in parts with --target",
    )


def _counts(change: Change) -> bool:
    if change.action is Action.DELETE:
        return True
    if change.action is not Action.UPDATE or change.importing or change.reason is Reason.REPOINTED:
        return False
    return any(field.direction is not Direction.LIVE for field in change.fields)


def other_account(situation: Situation) -> Block | None:
    """A non-empty state and a key that shows none of its objects: probably the wrong key."""
    if situation.options.accept_account or same_account(
        situation.state, situation.account, situation.listings, situation.fingerprint
    ):
        return None
    return Block(
        "account",
        f"the state of workspace {situation.state.workspace!r} belongs to another account than this key",
        "use the key of that account; --accept-account if the account really changed",
    )


def same_account(
    state: State, account: Account, listings: Mapping[str, Listing], fingerprint: Callable[[], str]
) -> bool:
    """By owner where the API shows one, else by any managed id in the key's user list, else by a known key."""
    if not state.resources:
        return True
    if state.owner is not None and account.owner is not None:
        return state.owner == account.owner
    if any(
        entry.id in listing.objects
        for address, entry in state.resources.items()
        if (listing := listings.get(address.kind)) is not None
    ):
        return True
    return bool(state.keys) and fingerprint() in state.keys
