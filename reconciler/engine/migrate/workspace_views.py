"""What a migration reads besides the manifest that it changes, as each workspace has it.

Overlays are merged in; what is left to others (ignored, only observed) is unknown, and so is a manifest that the runs
do not write which the files are migrated for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import leaves
from reconciler.core.migration import Context, Finding, Migration, Subject
from reconciler.engine.migrate.move_units import Layers, View, lifecycle_in, merged
from reconciler.types.json import Json, Object, within
from reconciler.types.manifest import Manage

UNKNOWN = "\0unknown"
"""Stands for a value that nobody can tell from the files; equal to none that a file can hold."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The manifests of one workspace, of those kinds that a migration only reads."""

    workspace: str
    context: Context
    causes: tuple[str, ...]
    """What makes it another picture than that of the base manifests, with the files and lines."""


def pictures(layers: Layers, context: Context, kinds: tuple[str, ...]) -> tuple[Picture, ...]:
    """The workspaces in which manifests of other kinds than `kinds` say something else than their base; where there
    are none, this costs nothing."""
    return tuple(_pictures(layers, context, kinds))


def _pictures(layers: Layers, context: Context, kinds: tuple[str, ...]) -> Iterator[Picture]:
    read = [name for name in layers.unlike if name in layers.bases and name.partition(".")[0] not in kinds]
    for workspace in layers.workspaces if read else ():
        bodies: dict[str, Subject] = {}
        causes: dict[str, None] = {}
        for name in read:
            view = next(view for view in layers.views(name) if view.workspace == workspace)
            body, why = _seen(view, layers.apart(view.layers[0].subject))
            if why:
                bodies[name] = replace(layers.bases[name].subject, spec=body)
                causes |= dict.fromkeys(why)
        if bodies:
            subjects = (
                bodies.get(str(subject.address), subject)
                for subject in context.subjects
                if not (subject.overlay and str(subject.address) in bodies)
            )
            yield Picture(workspace, replace(context, subjects=tuple(subjects), cache={}), tuple(causes))


def _seen(view: View, apart: str | None) -> tuple[Object, list[str]]:
    """The body of a manifest in this workspace, and what sets it apart from the base."""
    body, why = merged(view, {}), [layer.path for layer in view.layers[1:]]
    lifecycle, said = lifecycle_in(view)
    address, spec = view.layers[0].subject.address, view.layers[0].subject.kind
    hidden: list[str] = []
    if apart is not None:
        why.append(apart)
        hidden.append("")
    if lifecycle.get("manage") == Manage.OBSERVE.value:
        hidden.append("")
        why.append(f"{address} is only observed ({said['manage'].head('/lifecycle/manage')})")
    ignore = lifecycle.get("ignore")
    for pointer in ignore if isinstance(ignore, list) else ():
        hidden.append(str(pointer))
        why.append(f"{address} ignores {pointer} ({said['ignore'].head('/lifecycle/ignore')})")
    edits = [
        Edit(path, _unknown(value))
        for path, value in leaves(spec, body).items()
        if any(within(path, pointer) or within(pointer, path) for pointer in hidden)
    ]
    return apply_edits(spec, body, edits), why


def _unknown(value: Json) -> Json:
    """The value with nothing in it that one could rely on; its form stays."""
    if isinstance(value, dict):
        return {name: _unknown(member) for name, member in value.items()}
    return [_unknown(item) for item in value] if isinstance(value, list) else UNKNOWN


def differs(found: Collection[Picture], migration: Migration, subject: Subject, finding: Finding) -> str | None:
    """Why the change would be another one in some workspace that has the manifest; None: it is the same in all."""
    for picture in found:
        same = any(
            other.edits == finding.edits and other.documents == finding.documents
            for other in migration.search(subject, picture.context)
        )
        if not same:
            where = f" in workspace {picture.workspace}" if picture.workspace else ""
            return f"what it rests on is another{where}: {', '.join(picture.causes)}"
    return None
