"""The three-way comparison of one leaf: what the manifest says, what was sent and seen, what is live."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from reconciler.core.canonical.canonical_form import effective_value, is_at_default, is_masked, json_equal, leaves
from reconciler.core.canonical.field_tree import field_at, looks_secret
from reconciler.core.secrets.secret_book import HIDDEN, MASKED, UNKNOWN, SecretBook, has_secret, is_unseen
from reconciler.core.serialization.digest import digest
from reconciler.types.address import SecretRef
from reconciler.types.change import Direction
from reconciler.types.json import Json, Object
from reconciler.types.kind import Field, KindSpec
from reconciler.types.plan import Obstacle

ASSUMED = "hidden by the server: taken as what the manifest says; --resend-secrets writes it"
EMPTY: tuple[Json, ...] = ("", [], {})
"""What says no more than an absent member does."""
NOT_COMPARABLE = "its digest was made with a key that is not here: not compared, taken as unchanged"
KEY_CHANGED = "digest key changed: sent again"
TRUSTED = "taken on trust at import: sent now that its value is here"
UNAVAILABLE = "secret not available here: taken as unchanged"


class Sync(Enum):
    """Whether a leaf needs a write, and who moved."""

    SAME = "same"
    GIT = "git"
    LIVE = "live"
    BOTH = "both"

    @property
    def direction(self) -> Direction:
        return Direction(self.value)


@dataclass(frozen=True, slots=True)
class Verdict:
    """The outcome for one leaf."""

    sync: Sync
    note: str | None = None
    assumed: bool = False
    desired_moved: bool = False
    """The manifest is no longer what was sent (only meaningful with a sent digest)."""
    obstacle: Obstacle | None = None
    """What kept the manifest from being held against what was sent."""
    noted: bool = False
    """Of what needs no write: the account holds another value than the manifest, and an apply took note of it."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One desired leaf with everything that is known about it."""

    path: str
    desired: Json
    live: Json
    sent: str | None
    seen: str | None
    parent_present: bool = True
    tracked: bool = True
    """The object is in state; a hidden secret of an object that is only now adopted is assumed."""


def compare(spec: KindSpec, leaf: Leaf, book: SecretBook) -> Verdict:
    """Apply the three-way rules in their order."""
    row = field_at(spec, leaf.path)
    secret = is_secret(row, leaf.desired)
    missing = has_secret(leaf.desired) and bool(book.missing(leaf.desired))
    if leaf.desired is not None and (
        was_removed_outside(row, leaf.live, leaf.sent, leaf.seen)
        or moved_behind_masks(leaf.live, leaf.sent, leaf.seen, book)
    ):
        same_wish = missing or _as_sent(row, leaf.desired, leaf.sent or "", book) is not False
        absent = Obstacle.SECRET_MISSING if missing else None
        return Verdict(Sync.LIVE, obstacle=absent) if same_wish else Verdict(Sync.BOTH, desired_moved=True)
    if hidden(row, leaf.live, leaf.desired) and not _shown_whole(leaf):
        return _hidden(row, leaf, book, missing=missing)
    live = effective_value(row, leaf.live, parent_present=leaf.parent_present)
    if leaf.desired is None:
        if live in EMPTY or is_at_default(row, live) or only_defaults(spec, leaf.path, live):
            return Verdict(Sync.SAME)
    elif not missing:
        desired = effective_value(row, book.fill(leaf.desired) if secret else leaf.desired)
        if json_equal(desired, live) or (live is None and desired in EMPTY):
            return Verdict(Sync.SAME)
    if leaf.sent is None and missing:
        return _absent(leaf, UNAVAILABLE)
    if leaf.sent is None or (leaf.sent == UNKNOWN and not missing):
        return Verdict(Sync.GIT)
    live_same = _live_same(leaf, live, book)
    if missing:
        return Verdict(
            Sync.SAME if live_same else Sync.LIVE,
            UNAVAILABLE if live_same else None,
            obstacle=Obstacle.SECRET_MISSING,
        )
    desired_same = _as_sent(row, leaf.desired, leaf.sent, book)
    if desired_same is None:
        return _under_another_key(Sync.SAME if live_same else Sync.LIVE, book)
    if desired_same:
        return Verdict(Sync.SAME, noted=True) if live_same else Verdict(Sync.LIVE)
    return Verdict(Sync.GIT if live_same else Sync.BOTH, desired_moved=True)


def _hidden(row: Field | None, leaf: Leaf, book: SecretBook, *, missing: bool) -> Verdict:
    if leaf.desired is None:
        # A mask means that there is a value; nothing at all is what the manifest wants.
        return Verdict(Sync.GIT) if is_masked(leaf.live) else Verdict(Sync.SAME)
    if missing:
        return _absent(leaf, ASSUMED)
    if leaf.sent is None:
        return Verdict(Sync.GIT) if leaf.tracked else Verdict(Sync.SAME, ASSUMED, assumed=True)
    if leaf.sent == UNKNOWN:
        return Verdict(Sync.GIT, TRUSTED)
    equal = _as_sent(row, leaf.desired, leaf.sent, book)
    if equal is None:
        return _under_another_key(Sync.SAME, book)
    return Verdict(Sync.SAME) if equal else Verdict(Sync.GIT, desired_moved=True)


def _absent(leaf: Leaf, adopting: str) -> Verdict:
    """The value of a secret is not here: nothing can be said of it, so it is no change. `adopting` is the note where
    the object is only now adopted."""
    adopted = leaf.sent is None and not leaf.tracked
    note = adopting if adopted else UNAVAILABLE
    return Verdict(Sync.SAME, note, assumed=adopted, obstacle=Obstacle.SECRET_MISSING)


def _under_another_key(sync: Sync, book: SecretBook) -> Verdict:
    """What was sent was digested with a key that is not here. A run with a key of its own sends the value again, so
    that it can be compared from then on; a run without one can only say so."""
    if book.digests.key_id is not None:
        return Verdict(Sync.GIT, KEY_CHANGED)
    return Verdict(sync, NOT_COMPARABLE, obstacle=Obstacle.DIGEST_KEY)


def _as_sent(row: Field | None, desired: Json, sent: str, book: SecretBook) -> bool | None:
    """Whether the manifest says what was sent; None under a key that is not here. A text that was none before may be
    a secret now, or the other way round."""
    return book.matches(effective_value(row, book.fill(desired) if has_secret(desired) else desired), sent)


def _live_same(leaf: Leaf, live: Json, book: SecretBook) -> bool:
    """Whether the live value is what was seen last; a value hidden then and shown now is held against `sent`."""
    seen = leaf.seen if leaf.seen is not None else leaf.sent
    if is_unseen(seen):
        seen = leaf.sent
    return seen is not None and book.matches(live, seen) is not False


def was_removed_outside(row: Field | None, live: Json, sent: str | None, seen: str | None) -> bool:
    """Whether a secret, or a header, that the server showed (or showed to be there by a mask) is gone."""
    may_hide = row is not None and row.by_look != ""
    if live is not None or sent is None or not (":" in sent or seen == MASKED or may_hide):
        return False
    return (seen or sent) not in (HIDDEN, UNKNOWN, digest(None))


def moved_behind_masks(live: Json, sent: str | None, seen: str | None, book: SecretBook) -> bool:
    """Whether an object or a list with masks in it shows others than it did, and not the whole of what was sent.

    A service that left its secrets out, or hid them by null, and starts to mask them shows the same.
    """
    mark, colon, shown = (seen or "").partition(":")
    if mark != MASKED or not colon or (sent is not None and book.matches(live, sent) is True):
        return False
    return all(book.matches(_in_sight(live, masks=masks), shown) is False for masks in (True, False))


def _in_sight(value: Json, *, masks: bool = True) -> Json:
    """`value` without its nulls, which say no more than what is left out, and where asked for without its masks."""
    if isinstance(value, dict):
        found = {key: _in_sight(member, masks=masks) for key, member in value.items()}
        return {key: member for key, member in found.items() if member is not None}
    if isinstance(value, list):
        return [member for item in value if (member := _in_sight(item, masks=masks)) is not None]
    return None if is_masked(value) and not masks else value


def _shown_whole(leaf: Leaf) -> bool:
    """Whether an object or a list was shown with the secrets in it: what is not there now is gone."""
    seen = leaf.seen or leaf.sent
    return (
        isinstance(leaf.live, dict | list)
        and ":" in (seen or "")
        and not is_unseen(seen)
        and seen != UNKNOWN
        and not _has_masks(leaf.live)
    )


def _has_masks(value: Json) -> bool:
    if isinstance(value, dict | list):
        return any(_has_masks(item) for item in (value.values() if isinstance(value, dict) else value))
    return is_masked(value)


def is_secret(row: Field | None, value: Json) -> bool:
    """Whether this leaf is kept only as a one-way digest and shown as `(sensitive)`."""
    return (row is not None and row.secret) or has_secret(value) or looks_secret(row, value)


def hidden(row: Field | None, live: Json, desired: Json = None) -> bool:
    """Whether the server did not show this value: a mask anywhere; on a secret path also null and absent.

    `desired` makes a secret of a place that no table knows: it is a reference, or (a list) holds some. Such a list is
    hidden when a reference in it is, and nothing beside the references differs.
    """
    if is_masked(live):
        return True
    if live is None:
        return (row is not None and (row.secret or row.by_look != "")) or isinstance(desired, SecretRef)
    if not has_secret(desired):
        return False
    found = set(_references(desired, live))
    return True in found and False not in found


def _references(desired: Json, live: Json) -> Iterator[bool | None]:
    """True for a hidden reference, False for a difference beside the references, None for what tells nothing."""
    if isinstance(desired, SecretRef):
        yield True if live is None or is_masked(live) else None
    elif isinstance(desired, dict) and (live is None or isinstance(live, dict)):
        shown = live or {}
        for key in {**desired, **shown}:
            yield from _references(desired.get(key), shown.get(key))
    elif isinstance(desired, list) and isinstance(live, list):
        wanted = desired
        if len(wanted) != len(live):
            wanted = [item for item in desired if not isinstance(item, SecretRef)]
            yield len(wanted) == len(live)
        for wanted_item, live_item in zip(wanted, live, strict=False):
            yield from _references(wanted_item, live_item)
    elif not json_equal(desired, live):
        yield False


def desired_digest(row: Field | None, desired: Json, book: SecretBook) -> str:
    """What state records as sent. Every reference must be available."""
    secret = is_secret(row, desired)
    value = book.fill(desired) if secret else desired
    return book.digest(effective_value(row, value), secret=secret)


def seen_digest(row: Field | None, desired: Json, live: Json, book: SecretBook, *, parent_present: bool) -> str:
    """What state records as seen."""
    if hidden(row, live, desired):
        if isinstance(live, dict | list):
            return f"{MASKED}:{book.digest(_in_sight(live), secret=True)}"
        return MASKED if is_masked(live) else HIDDEN
    secret = is_secret(row, desired) or is_secret(row, live)
    return book.digest(effective_value(row, live, parent_present=parent_present), secret=secret)


def only_defaults(spec: KindSpec, path: str, value: Json) -> bool:
    """Whether an object at `path` says no more than its absence would."""
    if not isinstance(value, dict):
        return False
    document: Object = value
    for token in reversed(path.split("/")[1:]):
        document = {token: document}
    inner = leaves(spec, document)
    return all(is_at_default(field_at(spec, pointer), leaf) for pointer, leaf in inner.items())
