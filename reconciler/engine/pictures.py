"""What a migration reads besides the manifest that it changes, as each workspace has it: overlays merged in."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from reconciler.engine.units import Layers, View, merged
from reconciler.migrations.base import Context, Finding, Migration, Subject


@dataclass(frozen=True, slots=True)
class Picture:
    """The manifests of one workspace, of those kinds that a migration only reads."""

    workspace: str
    context: Context
    overlays: tuple[str, ...]
    """The files that make it another picture than that of the base manifests."""


def pictures(layers: Layers, context: Context, kinds: tuple[str, ...]) -> tuple[Picture, ...]:
    """The workspaces in which overlays change manifests of other kinds than `kinds`; none costs nothing."""
    return tuple(_pictures(layers, context, kinds))


def _pictures(layers: Layers, context: Context, kinds: tuple[str, ...]) -> Iterator[Picture]:
    bases = {name: layers.bases[name] for name in layers.overlays if name in layers.bases}
    read = [name for name, base in bases.items() if base.subject.address.kind not in kinds]
    for workspace, paths in layers.workspaces.items():
        bodies: dict[str, Subject] = {}
        files: dict[str, None] = {}
        for name in read:
            base = bases[name]
            over = [one for path in paths for one in layers.overlays[name].get(path, ())]
            if over:
                bodies[name] = replace(base.subject, spec=merged(View(workspace, (base, *over)), {}))
                files |= dict.fromkeys(one.path for one in over)
        if bodies:
            subjects = (
                bodies.get(str(one.address), one)
                for one in context.subjects
                if not (one.overlay and str(one.address) in bodies)
            )
            yield Picture(workspace, replace(context, subjects=tuple(subjects), cache={}), tuple(files))


def differs(found: Collection[Picture], migration: Migration, subject: Subject, finding: Finding) -> str | None:
    """Why the change would be another one in some workspace that has the manifest; None: it is the same in all."""
    for one in found:
        same = any(
            other.edits == finding.edits and other.documents == finding.documents
            for other in migration.search(subject, one.context)
        )
        if not same:
            where = f" in workspace {one.workspace}" if one.workspace else ""
            return f"what it rests on is another{where}, because of {', '.join(one.overlays)}"
    return None
