"""A non-empty state and a key that shows none of its objects: probably the wrong key."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.types.change import Block, Change
from reconciler.types.live import Account, Listing
from reconciler.types.state import State


def judge(changes: Sequence[Change], situation: Situation) -> Block | None:
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


RULE = PolicyRule("account", "The account is the one that the state belongs to.", plan=judge)
