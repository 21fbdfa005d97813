"""A field that would be taken away because its name is mistyped: the manifest has a near one that nobody knows."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.fields.field_check import UNKNOWN_FIELD, check_fields
from reconciler.core.resource_diff.records import ResourcePlan
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import join, split, within
from reconciler.types.manifest import Resource
from reconciler.types.state import Entry

MISTYPED = "E-typo"
NEAR = 2
"""So many letters may differ."""


def find_mistyped(resource: Resource, entry: Entry | None, result: ResourcePlan) -> Iterator[Diagnostic]:
    """An error for each unknown field within two edits of a managed one that left the manifest and would be removed.

    A name that was applied before, beside the known one, is no typing error of today.
    """
    if entry is None:
        return
    gone = [one.path for one in result.change.fields if one.path in entry.sent and one.path not in resource.leaves]
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


def edits_between(one: str, other: str, most: int = NEAR) -> int:
    """How many letters have to be put in, taken out, exchanged, or swapped with their neighbour to make `other` of
    `one`; `most + 1` where it is more than that."""
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        older, before, row = before, row, [at]
        for to, wanted in enumerate(other, 1):
            cost = min(before[to] + 1, row[to - 1] + 1, before[to - 1] + (letter != wanted))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted:
                cost = min(cost, older[to - 2] + 1)
            row.append(cost)
    return min(row[-1], most + 1)


def _names_below(parent: str, paths: list[str]) -> list[str]:
    """The members of `parent` that lead to one of the paths."""
    depth = len(split(parent)) if parent else 0
    return list(dict.fromkeys(split(path)[depth] for path in paths if within(path, parent) and path != parent))
