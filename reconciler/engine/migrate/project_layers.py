"""What migrations find in the layers of the project file: defaults under the manifests, and values they take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.core.canonical.references import VALUE
from reconciler.core.migration import Context, Finding, Migration, Subject
from reconciler.core.migration_result import Outcome, Status
from reconciler.engine.migrate.move_units import Written, part_of
from reconciler.types.json import Json, Object, escape, within
from reconciler.types.manifest import EditRefused
from reconciler.types.project import Defaults


def outdated_defaults(
    defaults: Sequence[Defaults], migrations: Sequence[Migration], context: Context
) -> Iterator[Outcome]:
    """What is outdated in the defaults, once for each entry, under the address of the first manifest of `context`
    that is above it."""
    for number, entry in enumerate(defaults, 1):
        above = [
            subject
            for subject in context.subjects
            if not subject.overlay and entry.concerns(subject.address.kind, subject.path)
        ]
        if any(layer.selected for layer in above):
            part = replace(above[0], spec=entry.spec, overlay=True, kept={})
            note = f"it stands in entry {number} of `defaults` in the project file: change it there"
            yield from _reports(part, migrations, context, note)


def outdated_values(
    workspaces: Sequence[Object], migrations: Sequence[Migration], context: Context
) -> Iterator[Outcome]:
    """What is outdated in the values that manifests of `context` name, as they are in any of the workspaces."""
    seen = set()
    for subject in context.subjects:
        named = dict(_names_in(subject.spec)) if subject.selected else {}
        for values in workspaces if named else ():
            filled = _filled(subject.spec, values)
            assert isinstance(filled, dict)
            for report in _reports(replace(subject, spec=filled), migrations, context, ""):
                places = [path for path in named if any(within(pointer, path) for pointer in report.finding.pointers)]
                for name in sorted({named[place] for place in places}):
                    key = (report.id, report.address, report.path, name, report.finding.summary)
                    if key not in seen:
                        seen.add(key)
                        note = f"it is the value {name!r} of the project file: change it there"
                        yield replace(report, finding=replace(report.finding, notes=(note,)))


def _reports(subject: Subject, migrations: Sequence[Migration], context: Context, note: str) -> Iterator[Outcome]:
    """What is more than a matter of words."""
    for migration in migrations:
        for finding in migration.search(subject, context):
            if not migration.is_kept(subject, finding) and not _is_words(subject, finding):
                report = replace(finding, edits=(), documents=(), question=None, answer=None, notes=(note,))
                yield Outcome(migration.id, migration.name, subject.address, subject.path, Status.REPORTED, report)


def _is_words(subject: Subject, finding: Finding) -> bool:
    """Whether carrying it out would change nothing but words."""
    if finding.documents or not finding.edits:
        return False
    try:
        return not part_of(Written(subject.path, 0, subject, {}, str, str), finding).effect
    except (EditRefused, ValueError):
        return False


def _names_in(value: Json, place: str = "") -> Iterator[tuple[str, str]]:
    """Every `{value: NAME}`: its place, and the name."""
    if isinstance(value, list):
        value = {str(index): item for index, item in enumerate(value)}
    if not isinstance(value, dict):
        return
    name = value.get(VALUE)
    if len(value) == 1 and isinstance(name, str):
        yield place, name
        return
    for word, member in value.items():
        yield from _names_in(member, f"{place}/{escape(word)}")


def _filled(value: Json, values: Object) -> Json:
    """The document with the values in their places; one that the workspace has not stays a name."""
    if isinstance(value, list):
        return [_filled(item, values) for item in value]
    if not isinstance(value, dict):
        return value
    name = value.get(VALUE)
    if len(value) == 1 and isinstance(name, str) and name in values:
        return values[name]
    return {word: _filled(member, values) for word, member in value.items()}
