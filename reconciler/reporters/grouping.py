"""In which order people should look at changes, and changes that say the same of several objects as one.

What is blocked, and everything that only two objects share, stays by itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from reconciler.reporters.shown_leaves import Leaf, change_leaves, drift_leaves
from reconciler.reporters.values import show
from reconciler.reporters.wording import plural
from reconciler.types.change import Action, Change, Direction
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.json import within
from reconciler.types.kind import KindSpec
from reconciler.types.plan import DriftItem


def rank_change(change: Change) -> int:
    """0 is the most dangerous: blocked, deletes, forgets, updates by what they touch, creates, imports and moves."""
    if change.blocked:
        return 0
    match change.action:
        case Action.DELETE:
            return 1
        case Action.FORGET:
            return 2
        case Action.UPDATE:
            return _rank_update(change)
        case Action.CREATE:
            return 6
        case Action.NOOP:
            return 7


def _rank_update(change: Change) -> int:
    if any(field.direction is Direction.BOTH for field in change.fields):
        return 3
    touched = any(within(field.path, place) for field in change.fields for place in change.kind.prominent_fields)
    return 4 if touched else 5


def rank_changes(changes: Iterable[Change]) -> list[Change]:
    """Most dangerous first; equals by the number of changed fields, then by address."""
    return sorted(changes, key=lambda change: (rank_change(change), -len(change.fields), change.address))


SMALLEST = 3
"""So many like changes make a group."""
MOST_NAMES = 12
SHOWN_LEAVES = 2
MOST_OPEN = 8

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Group(Generic[Item]):
    """Several that say the same; the first stands for all."""

    members: tuple[Item, ...]

    @property
    def first(self) -> Item:
        return self.members[0]


def grouped(items: Sequence[Item], key: Callable[[Item], Hashable | None]) -> list[Item | Group[Item]]:
    """The items with what is alike put together, each group where its first member stood. None: stays alone."""
    keys = [key(item) for item in items]
    members: dict[Hashable, list[Item]] = {}
    for item, its in zip(items, keys, strict=True):
        if its is not None:
            members.setdefault(its, []).append(item)
    result: list[Item | Group[Item]] = []
    done: set[Hashable] = set()
    for item, its in zip(items, keys, strict=True):
        if its is None or len(members[its]) < SMALLEST:
            result.append(item)
        elif its not in done:
            done.add(its)
            result.append(Group(tuple(members[its])))
    return result


def group_changes(changes: Sequence[Change]) -> list[Change | Group[Change]]:
    """Like changes together; objects that are only taken into the state are one group, whatever their kinds."""
    return grouped(changes, _change_key)


def group_drift(items: Sequence[DriftItem]) -> list[DriftItem | Group[DriftItem]]:
    """Like edits together."""
    return grouped(
        items, lambda item: (item.kind.name, item.reason, _leaves_key(drift_leaves(item))) if item.changes else None
    )


def group_findings(found: Sequence[Diagnostic]) -> list[Diagnostic | Group[Diagnostic]]:
    """Findings that say the same of several places together."""
    return grouped(
        found,
        lambda diagnostic: (
            diagnostic.code,
            diagnostic.severity,
            diagnostic.summary,
            diagnostic.detail,
            diagnostic.hint,
        ),
    )


def first_of(one: Item | Group[Item]) -> Item:
    """What stands for a group, or the single one itself."""
    return one.first if isinstance(one, Group) else one


def size_of(one: object) -> int:
    """How many a line stands for."""
    return len(one.members) if isinstance(one, Group) else 1


def opens_single(shown: Sequence[object]) -> bool:
    """Whether what is no group is shown open on a page: while there are few of them."""
    return sum(not isinstance(one, Group) for one in shown) <= MOST_OPEN


def place_of(diagnostic: Diagnostic) -> str:
    """Where a finding is: `manifests/desk.yaml:7:12`, the file alone, or nothing."""
    return str(diagnostic.span) if diagnostic.span else diagnostic.source.path if diagnostic.source else ""


def places_of(found: Sequence[Diagnostic]) -> tuple[str, list[str]]:
    """How often and where, in words (`in 3 places`, `in 1 place, 40 times` for defaults of 40 resources), and the
    places, each once."""
    places = list(dict.fromkeys(place for diagnostic in found if (place := place_of(diagnostic))))
    repeated = f", {len(found):,} times" if len(places) < len(found) else ""
    return f"in {plural(len(places), 'place')}{repeated}" if places else f"{len(found):,} times", places


def is_pure_import(change: Change) -> bool:
    """Whether the object is taken into the state, and nothing else."""
    return change.action is Action.NOOP and change.importing is not None and not change.adopt and not change.blocked


def _change_key(change: Change) -> Hashable | None:
    if change.blocked:
        return None
    if is_pure_import(change) and change.previous is None:
        return (change.action, change.reason)
    if change.action is not Action.UPDATE or change.previous is not None:
        return None
    leaves = change_leaves(change, mixed=True)
    importing = change.importing is not None
    return (change.kind.name, change.reason, importing, _leaves_key(leaves)) if leaves else None


def _leaves_key(leaves: Sequence[Leaf]) -> Hashable:
    return tuple(
        (leaf.path, repr((leaf.before, leaf.after)), leaf.direction, leaf.unknown, leaf.forgotten) for leaf in leaves
    )


def kinds_word(kinds: Sequence[KindSpec]) -> str:
    """`28 personas`, `30 objects`."""
    names = {kind.name for kind in kinds}
    if len(names) > 1:
        return f"{len(kinds):,} objects"
    from reconciler.core.export.exported_manifests import folder_name

    return f"{len(kinds):,} {folder_name(kinds[0]).replace('_', ' ')}"


def leaves_word(leaves: Sequence[Leaf]) -> str:
    """The leaves in few words: `/layers/llm/model "a" -> "b"`, and how many more there are."""
    parts = []
    for leaf in leaves[:SHOWN_LEAVES]:
        before = "(not known)" if leaf.forgotten else show(leaf.before, 40)
        after = "(known after apply)" if leaf.unknown else show(leaf.after, 40)
        values = {"+": after, "-": f"{before} -> null"}.get(leaf.sign, f"{before} -> {after}")
        parts.append(f"{leaf.path} {values}")
    more = len(leaves) - SHOWN_LEAVES
    return ", ".join(parts) + (f" and {more} more" if more > 0 else "")


def title_of(group: Group[Change]) -> str:
    """What a group of changes is: its head line."""
    who = kinds_word([member.kind for member in group.members])
    if is_pure_import(group.first):
        return f"{who} will be imported, and nothing of them changes"
    taken = " (imported too)" if group.first.importing is not None else ""
    return f"{who}{taken}: {leaves_word(change_leaves(group.first, mixed=True))}"


def notes_of(group: Group[Change]) -> Iterator[str]:
    """The notes of all, each once, with how many it is about where that is not everybody."""
    counts = Counter(note for member in group.members for note in dict.fromkeys(member.notes))
    for note, count in counts.items():
        yield note if count == len(group.members) else f"{count:,} of them: {note}"


def names_of(addresses: Sequence[str], most: int = MOST_NAMES) -> str:
    """The first names, and how many more there are."""
    shown = ", ".join(addresses[:most])
    return shown + (f" and {len(addresses) - most:,} more" if len(addresses) > most else "")
