"""Leaves and list items removed from the manifest, references to them, and removals caused by a mistyped name."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace

from reconciler.core.canonical.canonical_edit import Edit, emptied_parents
from reconciler.core.canonical.canonical_form import (
    comparable_document,
    effective_value,
    has_parent,
    is_at_default,
    leaf_at,
)
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.keyed_lists import enclosing_item, named_lists
from reconciler.core.diff import three_way
from reconciler.core.fields.field_check import UNKNOWN_FIELD, check_fields
from reconciler.core.resource_diff.findings import Findings, Subject, edit_of_whole
from reconciler.core.resource_diff.resource_plan import ResourcePlan, atomic_parent, field_change, ignored
from reconciler.core.secrets.secret_book import HIDDEN, is_unseen
from reconciler.core.serialization.digest import digest
from reconciler.types.change import Block, Direction, FieldChange
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, Object, escape, join, lookup, split, within
from reconciler.types.manifest import Resource
from reconciler.types.plan import DriftField
from reconciler.types.state import Entry

MISTYPED = "E-typo"
NEAR = 2
"""Edits at most between a mistyped name and the known one."""


def find_mistyped(resource: Resource, entry: Entry | None, result: ResourcePlan) -> Iterator[Diagnostic]:
    """An error for each unknown field within two edits of a managed one that left the manifest and would be removed.

    A name that was applied before, beside the known one, is no typing error of today.
    """
    if entry is None:
        return
    gone = [
        field.path for field in result.change.fields if field.path in entry.sent and field.path not in resource.leaves
    ]
    if not gone:
        return
    for finding in check_fields(resource.kind, resource.spec, address=resource.address, source=resource.source):
        if finding.code != UNKNOWN_FIELD or finding.pointer is None:
            continue
        *parents, word = split(finding.pointer)
        if any(within(path, finding.pointer) for path in entry.sent):
            continue
        for name in _names_below(join(*parents) if parents else "", gone):
            place = join(*parents, name)
            if edits_between(word, name) <= NEAR and not any(within(leaf, place) for leaf in resource.leaves):
                yield Diagnostic(
                    MISTYPED,
                    Severity.ERROR,
                    f"{word!r} is not a known field, and {name!r}, which is managed, is gone: it would be removed",
                    hint=f"did you mean {name!r}? If {name} is to go, take {word} out for one apply",
                    address=resource.address,
                    pointer=finding.pointer,
                    source=resource.source,
                )
                break


def edits_between(typed: str, known: str, most: int = NEAR) -> int:
    """How many letters have to be put in, taken out, exchanged, or swapped with their neighbour to make `known` of
    `typed`; `most + 1` where it is more than that."""
    if abs(len(typed) - len(known)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(known) + 1))
    for at, letter in enumerate(typed, 1):
        older, before, row = before, row, [at]
        for to, wanted in enumerate(known, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != wanted))
            if at > 1 and to > 1 and letter == known[to - 2] and typed[at - 2] == wanted:
                cost = min(cost, older[to - 2] + 1)
            row.append(cost)
    return min(row[-1], most + 1)


def _names_below(parent: str, paths: list[str]) -> list[str]:
    """The members of `parent` that lead to one of the paths."""
    depth = len(split(parent)) if parent else 0
    return list(dict.fromkeys(split(path)[depth] for path in paths if within(path, parent) and path != parent))


def find_removals(subject: Subject, found: Findings) -> Findings:
    """Add the removal of leaves that were applied and left the manifest, and of parents left empty by them."""
    entry, spec, resource = subject.entry, subject.spec, subject.resource
    if entry is None or subject.observing:
        return found
    gone: list[str] = []
    for path in entry.sent:
        if path in resource.leaves or path in resource.kept:
            continue
        item = enclosing_item(spec, path)
        if item is not None and lookup(resource.spec, item) is None:
            found += Findings(dropped=(path,))  # items go as a whole, and only from a list that the manifest has
            continue
        related = any(within(path, other) or within(other, path) for other in resource.leaves)
        current = leaf_at(spec, subject.document, path)
        if ignored(path, resource.lifecycle.ignore) or related:
            found += Findings(dropped=(path,))
        elif current is None or is_at_default(field_at(spec, path), current):
            hidden = current is None and entry.seen_at(path) not in (None, digest(None), HIDDEN)
            found += Findings(dropped=(path,), absent=hidden)
        elif path == spec.name_field:
            # An object without a name cannot be found again; the name stays as it is and is no longer ours.
            found += Findings(dropped=(path,))
        else:
            gone.append(path)
            found += _removal_of(subject, entry, path, current)
    return _without_empty_parents(subject, entry, gone, found) if gone else found


def _removal_of(subject: Subject, entry: Entry, path: str, current: Json) -> Findings:
    """The removal of one leaf; also as drift if the live value changed since the last apply."""
    spec = subject.spec
    shown = effective_value(field_at(spec, path), current, parent_present=has_parent(subject.document, path))
    moved = _live_moved(subject, entry, path, shown)
    direction = Direction.BOTH if moved else Direction.GIT
    change = field_change(spec, path, direction, current, None, secret=subject.was_secret(path))
    if path == spec.attachments:
        change = FieldChange(path, direction, current, [])
    drift = DriftField(path, direction, after=change.before, before_unknown=True, sensitive=change.sensitive)
    atomic = atomic_parent(spec, path)
    edits: dict[str, Edit] = {}
    if atomic is not None and atomic != path and lookup(subject.resource.spec, atomic) is not None:
        edits = edit_of_whole(subject, path)
    elif path not in spec.separate_pointers:
        edits = {path: Edit(path, remove=True)}
    return Findings(edits, (change,), (drift,) if moved else ())


def _live_moved(subject: Subject, entry: Entry, path: str, current: Json) -> bool:
    seen = entry.seen_at(path)
    if seen is None or is_unseen(seen):
        return False
    if three_way.hidden(field_at(subject.spec, path), current):
        return False
    return subject.context.book.matches(current, seen) is False


def _without_empty_parents(subject: Subject, entry: Entry, gone: list[str], found: Findings) -> Findings:
    """Remove a parent that we created when nothing but defaults would stay in it."""
    edits = dict(found.edits)
    for parent, inside in emptied_parents(subject.spec, entry, gone, subject.resource.leaves, subject.document):
        for path in inside:
            edits.pop(path, None)
        if not any(within(parent, other) for other in edits):
            edits[parent] = Edit(parent, remove=True)
    return replace(found, edits=edits)


def find_extras(subject: Subject, found: Findings) -> Findings:
    """Add the removal of items that a managed list has and the manifest does not."""
    spec, resource = subject.spec, subject.resource
    for path in named_lists(spec):
        desired = lookup(resource.spec, path)
        if not isinstance(desired, dict):
            continue
        live = lookup(comparable_document(spec, subject.document), path)
        if not isinstance(live, dict):
            continue
        gone: list[str] = []
        for name, item in live.items():
            place = f"{path}/{escape(name)}"
            if name in desired or ignored(place, resource.lifecycle.ignore):
                continue
            if resource.touched is not None and not any(within(other, place) for other in resource.touched):
                continue
            ours = subject.entry is None or any(within(sent, place) for sent in subject.entry.sent)
            direction = Direction.GIT if ours and not subject.observing else Direction.LIVE
            drift = (DriftField(place, direction, after=item),) if direction is Direction.LIVE else ()
            found += Findings({place: Edit(place, remove=True)}, (FieldChange(place, direction, item),), drift)
            gone.append(name)
        if gone and not subject.observing:
            left = {name: item for name, item in live.items() if name not in gone}
            found = _without_references(subject, path, left, {*gone} - {*left, *desired}, found)
    return found


def _without_references(
    subject: Subject, path: str, left: Object, gone: Collection[str], found: Findings
) -> Findings:
    """Also remove references to removed items: the API refuses a reference to nothing."""
    members = [row for row in subject.spec.fields if row.sibling_reference and row.path.startswith(f"{path}/*/")]
    for name, item in left.items():
        for row in members:
            place = f"{path}/{escape(name)}{row.path[len(path) + 2 :]}"
            value = lookup(item, row.path[len(path) + 2 :])
            lost = sorted(_referenced_names(value) & set(gone))
            if not lost or place in subject.resource.leaves or place in found.edits:
                continue
            if ignored(place, subject.resource.lifecycle.ignore):
                message = f"{place} refers to {', '.join(lost)}, which is to go, and the manifest leaves it alone"
                hint = "take it out of lifecycle.ignore, or keep the item in the manifest"
                found += Findings(blocks=(Block("in_use", message, hint, place),))
                continue
            kept = _drop_names(value, lost)
            note = f"refers to {', '.join(lost)}, which goes"
            change = FieldChange(place, Direction.GIT, value, kept, note=note)
            found += Findings({place: Edit(place, kept, remove=kept is None)}, (change,))
    return found


def _referenced_names(value: Json) -> set[str]:
    """The items that a reference names."""
    if isinstance(value, str):
        return {value}
    return {item for item in value if isinstance(item, str)} if isinstance(value, (list, dict)) else set()


def _drop_names(value: Json, names: Collection[str]) -> Json:
    """A reference without some of the items that it names; None where it then names none."""
    if isinstance(value, dict):
        return {name: member for name, member in value.items() if name not in names} or None
    if isinstance(value, list):
        return [item for item in value if item not in names] or None
    return None
