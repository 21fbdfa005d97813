"""Differences that the vendor itself made: models moved to their successors, fields merged, fields renamed.

The platform rewrites its customers' objects from time to time (tavus-llama-4 to tavus-gpt-oss in December 2025,
`context` into `system_prompt` in February 2026). Writing the manifest's value again would fight that, so such a leaf
is neither written nor removed: it is shown, and offered to the manifest. What may have happened is data: the
successors in the catalogue, `merges` and `renames` of the kind.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from reconciler.core.canonical.canonical_form import json_equal, leaf_at
from reconciler.core.diff.three_way import Sync, Verdict
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue, Status, Successor, is_hosted
from reconciler.types.change import Adoption
from reconciler.types.json import Json, Object, within
from reconciler.types.kind import KindSpec
from reconciler.types.state import Entry

LONGEST_SEPARATOR = 200
"""Characters that may stand between two texts that were merged: a blank line, a heading."""
EXCHANGED = ("llm",)
"""Tables in which the platform exchanges entries that still run. A perception, ear or voice that is only outdated has
never been changed by it: there a difference is a person's, and is held against the manifest."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One leaf of a manifest that is not what is live."""

    path: str
    desired: Json
    live: Json
    verdict: Verdict

    @property
    def sync(self) -> Sync:
        return self.verdict.sync


@dataclass(frozen=True, slots=True)
class VendorContext:
    """What the rules look at beside the differences."""

    spec: KindSpec
    address: Address
    catalogue: Catalogue
    leaves: Mapping[str, Json]
    """The manifest, by canonical pointer."""
    document: Object
    """The live object in canonical words."""
    tracked: bool
    """The object is in state; else nobody knows what was there before, and `git` says nothing about who moved."""

    def moved(self, *differences: Difference) -> bool:
        """Whether the account moved, as far as anybody knows: a manifest that alone moved is a person's wish."""
        return not self.tracked or any(difference.sync in (Sync.LIVE, Sync.BOTH) for difference in differences)


def may_involve_vendor(spec: KindSpec, differences: Sequence[Difference]) -> bool:
    """Whether the vendor could have had a hand in any of them: the catalogue need not be read otherwise."""
    return any(
        difference.path in spec.catalogue_tables
        or difference.path in spec.merged_texts
        or any(within(difference.path, old) for old in spec.renamed_fields)
        for difference in differences
    )


def merged_counterpart(
    spec: KindSpec, leaves: Mapping[str, Json], document: Object, written: Collection[str]
) -> tuple[str, ...]:
    """The other half of two texts that the vendor merged, where one half is written: on its own it would say one of
    them twice, or lose it."""
    found: list[str] = []
    for pair in spec.merged_texts.items():
        if not leaves.get(pair[0]) or leaf_at(spec, document, pair[0]) or not any(path in written for path in pair):
            continue
        found += [
            path
            for path in pair
            if path in leaves and path not in written and not json_equal(leaves[path], leaf_at(spec, document, path))
        ]
    return tuple(found)


def vendor_changes(differences: Sequence[Difference], look: VendorContext) -> dict[str, Adoption]:
    """The differences that are the vendor's doing, by path; pure."""
    found: dict[str, Adoption] = {}
    by_path = {difference.path: difference for difference in differences}
    for old, into in look.spec.merged_texts.items():
        found |= _merged(old, into, by_path, look)
    for difference in differences:
        if (
            difference.path not in found
            and (adoption := _replaced(difference, look) or _renamed(difference, look)) is not None
        ):
            found[difference.path] = adoption
    return found


def successor_link(catalogue: Catalogue, table: str, old: str, new: str) -> Successor | None:
    """The link by which the catalogue leads from an outdated entry to `new`, over any number of steps."""
    met: set[str] = set()
    while old not in met and catalogue.status(old, table).is_outdated:
        met.add(old)
        after = catalogue.successor(old, table)
        if after is None or after.id is None:
            return None
        if after.id == new:
            return after
        old = after.id
    return None


def replaced_entry(catalogue: Catalogue, table: str, seen: str | None, live: Json, book: SecretBook) -> str | None:
    """The outdated entry that state knows by its digest only, where the vendor put `live` in its place."""
    if seen is None or not isinstance(live, str) or not _is_platforms(catalogue, table, live):
        return None
    for old in catalogue.known(table):
        gone = catalogue.status(old, table) is Status.REMOVED
        led = old != live and (gone or _exchanged(catalogue, table, old, live) is not None)
        if led and book.matches(old, seen):
            return old
    return None


def without_vendor(
    spec: KindSpec, differences: Sequence[Difference], entry: Entry, catalogue: Catalogue, book: SecretBook
) -> list[Difference]:
    """The differences, `both` taken for `git` where it was the vendor that moved the account."""
    return [
        replace(difference, verdict=replace(difference.verdict, sync=Sync.GIT))
        if difference.sync is Sync.BOTH
        and (table := spec.catalogue_tables.get(difference.path)) is not None
        and replaced_entry(catalogue, table, entry.seen_at(difference.path), difference.live, book)
        else difference
        for difference in differences
    ]


def why_replaced(catalogue: Catalogue, table: str, old: str, live: Json) -> str:
    """The sentence about an entry that another one has taken the place of."""
    after = successor_link(catalogue, table, old, live) if isinstance(live, str) else None
    status = catalogue.status(old, table)
    said = "was removed by the vendor and is not put back" if status is Status.REMOVED else f"is {status.value}"
    return f"{old} {said}" + (f"; {live} follows it: {after.reason} ({after.basis})" if after else "")


def _replaced(difference: Difference, look: VendorContext) -> Adoption | None:
    """A model or engine that the vendor exchanged for another."""
    table = look.spec.catalogue_tables.get(difference.path)
    if table is None or not isinstance(difference.desired, str) or not _is_vendors(difference, table, look):
        return None
    catalogue, old, live = look.catalogue, difference.desired, difference.live
    led = (
        _exchanged(catalogue, table, old, live) is not None
        and look.moved(difference)
        and difference.sync is not Sync.BOTH
    )
    if not led and catalogue.status(old, table) is not Status.REMOVED:
        return None
    after = successor_link(catalogue, table, old, live) if isinstance(live, str) else None
    reason = why_replaced(catalogue, table, old, live)
    return Adoption(
        difference.path,
        old,
        live,
        reason,
        _command(difference.path, look, _answer(look.spec, table, old, live, after)),
    )


def _exchanged(catalogue: Catalogue, table: str, old: str, live: Json) -> Successor | None:
    """The link from `old` to `live`, where the platform puts the one in the place of the other by itself."""
    return successor_link(catalogue, table, old, live) if table in EXCHANGED and isinstance(live, str) else None


def _is_vendors(difference: Difference, table: str, look: VendorContext) -> bool:
    """Whether both values are the platform's own: a custom model may be called anything."""
    if any(within(difference.path, own.under) and look.leaves.get(own.when) for own in look.spec.companions):
        return False
    # Servers leave out what is the default there.
    return difference.live is None or (
        isinstance(difference.live, str) and _is_platforms(look.catalogue, table, difference.live)
    )


def _is_platforms(catalogue: Catalogue, table: str, live: str) -> bool:
    if table == "llm" and not is_hosted(live):
        return False
    return catalogue.status(live, table) is not Status.REMOVED


def _answer(spec: KindSpec, table: str, old: str, live: Json, after: Successor | None) -> str:
    name = spec.follow_up_migrations[table]
    if not isinstance(live, str) or (after is not None and after.is_documented):
        return f"reconciler migrate --only {name} --write"
    return f"reconciler migrate --only {name} --answer {name}.{old}={live} --write"


def _merged(old: str, into: str, differences: Mapping[str, Difference], look: VendorContext) -> dict[str, Adoption]:
    """A text that the vendor put behind (or before) another one, and emptied: both leaves, or none."""
    said, prompt = look.leaves.get(old), look.leaves.get(into)
    live = leaf_at(look.spec, look.document, into)
    if not isinstance(said, str) or not said.strip() or leaf_at(look.spec, look.document, old):
        return {}
    if not isinstance(live, str) or not isinstance(prompt, str | None) or not is_merge(live, prompt or "", said):
        return {}
    ours = [differences[path] for path in (old, into) if path in differences]
    if old not in differences or not look.moved(*ours):
        return {}
    order = "prepend" if live.strip().startswith(said.strip()) else "append"
    name = look.spec.follow_up_migrations[old]
    migrate = f"reconciler migrate --only {name} --answer {name}={order} --write"
    command = _command(old, look, migrate, *(difference.path for difference in ours if difference.path != old))
    reason = f"the vendor merged {old[1:]} into {into[1:]} on the server"
    return {
        difference.path: Adoption(difference.path, difference.desired, difference.live, reason, command)
        for difference in ours
    }


def is_merge(live: str, prompt: str, said: str) -> bool:
    """Whether `live` is the two texts in one, in either order, with nothing but a separator between them."""
    whole, first, second = live.strip(), prompt.strip(), said.strip()
    for head, tail in ((first, second), (second, first)):
        between = len(whole) - len(head) - len(tail)
        if whole.startswith(head) and whole.endswith(tail) and 0 <= between <= LONGEST_SEPARATOR:
            return True
    # The manifest may hold the merged text already, with the field still beside it.
    return whole == first and second in first


def _renamed(difference: Difference, look: VendorContext) -> Adoption | None:
    """A field that reads back under its newer name, with the same value."""
    for old, new in look.spec.renamed_fields.items():
        if (
            not within(difference.path, old)
            or difference.live is not None
            or difference.desired in (None, "", [], {})
        ):
            continue
        place = new + difference.path[len(old) :]
        if place in look.leaves or not json_equal(leaf_at(look.spec, look.document, place), difference.desired):
            continue
        if not look.moved(difference):
            continue
        reason = f"the vendor renamed {old.rpartition('/')[2]} to {new.rpartition('/')[2]}"
        return Adoption(
            difference.path,
            difference.desired,
            None,
            reason,
            "reconciler migrate --only perception-field-names --write",
        )
    return None


def _command(path: str, look: VendorContext, migrate: str, *more: str) -> str:
    """How the manifest takes it in: a live value is written as it is; of an object that state does not hold yet,
    the manifest is migrated."""
    if not look.tracked:
        return migrate
    return "reconciler drift " + " ".join(f"--accept {look.address}{pointer}" for pointer in (path, *more))
