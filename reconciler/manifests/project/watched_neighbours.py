"""Which watched workspaces wait for which others: those have to be there, and nobody may wait for itself."""

from __future__ import annotations

from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter

from reconciler.manifests.tree.problems import PROJECT, Findings, Suggestions
from reconciler.types.diagnostic import Source
from reconciler.types.json import join
from reconciler.types.project import Workspace

NAMED = 12
"""So many workspaces of a circle are named."""


def check_neighbours(workspaces: Mapping[str, Workspace], source: Source, findings: Findings) -> None:
    """A workspace that waits for one that is not watched, or in the end for itself, would wait for ever."""
    waits = {name: one.watch.depends_on for name, one in workspaces.items() if one.watch is not None}
    for name, others in waits.items():
        near = Suggestions(word for word in waits if word != name) if others else None
        for index, other in enumerate(others):
            if near is not None and (other not in waits or other == name):
                findings.error(
                    PROJECT,
                    f"depends_on {other!r} is no other workspace of this project that is watched",
                    source=source,
                    pointer=_place(name, index),
                    hint=near.of(other) or "add `watch:` to that workspace",
                )
    known = {name: [other for other in others if other in waits and other != name] for name, others in waits.items()}
    try:
        TopologicalSorter(known).prepare()
    except CycleError as error:
        circle = list(reversed(error.args[1]))  # it leads from what is waited for to who waits
        first, second = circle[0], circle[1]
        more = f" and {len(circle) - NAMED} more" if len(circle) > NAMED else ""
        findings.error(
            PROJECT,
            f"depends_on goes in a circle: {' -> '.join(circle[:NAMED])}{more}; all of them would wait for ever",
            source=source,
            pointer=_place(first, waits[first].index(second)),
            hint="take one of them out",
        )


def _place(name: str, index: int) -> str:
    return join("workspaces", name, "watch", "depends_on", str(index))
