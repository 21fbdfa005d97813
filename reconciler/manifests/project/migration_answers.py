"""Answers to the questions of migrations in the project file: read, and written without touching the rest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from reconciler.manifests.tree.problems import PROJECT, Findings, suggest
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, join, lookup

if TYPE_CHECKING:
    from reconciler.core.migrating.migration import Answers, Migration
    from reconciler.manifests.project.project_model import ProjectModel
    from reconciler.registry import Registry


def read_answers(
    model: ProjectModel, tables: Iterable[Registry[Migration]], source: Source, findings: Findings
) -> tuple[dict[str, dict[str, str]], dict[str, str]]:
    """The answers to questions of migrations, each as text, and where those stand that are for one manifest alone.

    `tables` are the migrations of the platforms that the workspaces are of.
    """
    if not model.migrations:
        return {}, {}
    from reconciler.core.migrating.migration import addressed, as_answer, known_names

    known: dict[str, Migration] = {}
    for table in tables:
        by_name = {one.name: one for one in table.all().values()}
        known |= {word: by_name[name] for word, name in known_names(table).items()}
    result: dict[str, dict[str, str]] = {}
    places: dict[str, str] = {}
    for word, given in model.migrations.items():
        migration = known.get(word)
        if migration is None:
            findings.error(
                PROJECT,
                f"unknown migration {word!r}",
                source=source,
                pointer=join("migrations", word),
                hint=suggest(word, known) or "`reconciler migrate --list` shows them",
            )
            continue
        members = given if isinstance(given, dict) else {"*": given}
        answers = {key: as_answer(value) for key, value in members.items()}
        result.setdefault(migration.name, {}).update(answers)
        for _, key, address in addressed({migration.name: answers}, {migration.name: migration.kinds}):
            places[join("migrations", word, key)] = address
    return result, places


def with_answers(data: bytes, path: str, answers: Answers, known: Mapping[str, str]) -> bytes:
    """The project file with answers in it, the rest as it is written; `known` are the migrations' names by everything
    that they may be called. An answer for all questions of a migration takes the place of all that were there.

    Raises `EditRefused` where the text does not allow it: an anchor ties the place to another one.
    """
    from reconciler.core.migrating.migration import as_answer
    from reconciler.manifests.edit.editable_file import EditableFile
    from reconciler.types.manifest import SetValue

    file = EditableFile(data, path, values=True)
    held = lookup(file.documents[0].value, "/migrations")
    words = list(held) if isinstance(held, dict) else []
    edits: list[SetValue] = []
    for name, given in answers.items():
        mine = [word for word in words if known.get(word) == name]
        word = mine[-1] if mine else name
        present = held.get(word) if isinstance(held, dict) else None
        place = join("migrations", word)
        if "*" in given or present is None:
            whole: Json = given["*"] if list(given) == ["*"] else dict(given)
            same = present is not None and not isinstance(present, dict) and as_answer(_scalar(present)) == whole
            edits += [] if same or present == whole else [SetValue(place, whole)]
        elif not isinstance(present, dict):
            edits.append(SetValue(place, {"*": present, **given}))
        else:
            edits += [
                SetValue(join("migrations", word, key), value)
                for key, value in given.items()
                if key not in present or as_answer(_scalar(present[key])) != value
            ]
    if edits:
        file.edit(0, edits)
    return file.data()


def _scalar(value: Json) -> str | float | bool:
    return value if isinstance(value, (str, int, float, bool)) else str(value)
