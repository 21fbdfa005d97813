"""What a plan may take away or touch as a whole: deletes, protection, shares of the account, the account itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from reconciler.core.policies.policy import PolicyRule, Situation
from reconciler.core.text import any_matches
from reconciler.types.change import Action, Block, Change, Direction, Reason
from reconciler.types.live import Account, Listing
from reconciler.types.state import State


def deny_deletes(change: Change, situation: Situation) -> Iterator[Block]:
    """`deletes: deny | allow | never`: deletes are listed, and carried out only where somebody said so."""
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


DELETES = PolicyRule("deletes", "Whether objects may be deleted.", change=deny_deletes)


def keep_protected(change: Change, situation: Situation) -> Iterator[Block]:
    """`lifecycle.protect` in a manifest: its object is not deleted, whatever the flags say."""
    if change.action is Action.DELETE and change.lifecycle.protect:
        yield Block(
            "protect",
            "the object is protected",
            "set lifecycle.protect: false in its manifest and apply that first",
        )


PROTECT = PolicyRule("protect", "Objects whose manifest protects them are not deleted.", change=keep_protected)


def keep_addresses(change: Change, situation: Situation) -> Iterator[Block]:
    """`protected: [address globs]`: objects that are not deleted, whatever their manifests and the flags say."""
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


PROTECTED = PolicyRule(
    "protected",
    "Addresses that are never deleted.",
    change=keep_addresses,
    active=lambda policy: bool(policy.protected),
)


def count_deletes(changes: Sequence[Change], situation: Situation) -> Block | None:
    """`max_deletes: N`: so many deletes in one plan at most, even where deletes are allowed."""
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


MAX_DELETES = PolicyRule(
    "max_deletes",
    "How many objects one plan may delete.",
    plan=count_deletes,
    active=lambda policy: policy.max_deletes is not None,
)


def weigh_changes(changes: Sequence[Change], situation: Situation) -> Block | None:
    """`max_change_percent` of `min_resources` or more: a plan that touches most of the account is asked about twice.

    Updates and deletes over the objects in state; what restores or re-points does not count.
    """
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


MASS_CHANGE = PolicyRule(
    "mass_change", "How large a share of the account one plan may change or delete.", plan=weigh_changes
)


def refuse_emptying(changes: Sequence[Change], situation: Situation) -> Block | None:
    """No manifest at all over a state that holds something: probably the wrong folder."""
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


EMPTY_SET = PolicyRule("empty_set", "A project without a manifest does not empty the account.", plan=refuse_emptying)


def check_account(changes: Sequence[Change], situation: Situation) -> Block | None:
    """A non-empty state and a key that shows none of its objects: probably the wrong key."""
    if situation.options.accept_account or same_account(
        situation.state, situation.account, situation.listings, situation.fingerprint,
        back=situation.options.rollback is not None,
    ):  # fmt: skip
        return None
    return other_account(situation.state)


def other_account(state: State) -> Block:
    """What is said of a key that the state does not fit."""
    return Block(
        "account",
        f"the state of workspace {state.workspace!r} belongs to another account than this key",
        "use the key of that account; --accept-account if the account really changed",
    )


def same_account(
    state: State,
    account: Account,
    listings: Mapping[str, Listing],
    fingerprint: Callable[[], str],
    *,
    back: bool = False,
) -> bool:
    """By owner where the API shows one, else by any managed id in the key's user list, else by a known key.

    A state without objects fits every account as long as it has no history, which is of one account, too. `back`:
    what the history holds is to come back.
    """
    if not state.resources and not state.history.entries:
        return True
    if state.owner is not None and account.owner is not None:
        return state.owner == account.owner
    if not state.resources and not back:
        return True
    if any(
        entry.id in listing.objects
        for address, entry in state.resources.items()
        if (listing := listings.get(address.kind)) is not None
    ):
        return True
    return bool(state.keys) and fingerprint() in state.keys


ACCOUNT = PolicyRule("account", "The account is the one that the state belongs to.", plan=check_account)
