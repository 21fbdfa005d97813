"""What is outdated in the project file is said with its place, changes no file, and is nothing to migrate."""

from __future__ import annotations

import pytest

from reconciler.core.migration_result import MigrationResult, Status
from reconciler.types.json import Json, Object
from reconciler.types.project import Defaults
from tests.support.migrating import Project

FILE = """\
apiVersion: personas/v1
kind: PAL
metadata: {{name: {name}}}
spec:
  pal_name: {name}
  system_prompt: Hi
  layers: {layers}
"""


def project(layers: str, **more: object) -> Project:
    files = {f"{name}.yaml": FILE.format(name=name, layers=layers).encode() for name in ("desk", "front")}
    return Project(files, **more)  # type: ignore[arg-type]


def notes(result: MigrationResult) -> list[tuple[str, str, str]]:
    return [(one.id, str(one.address), *one.finding.notes) for one in result.of(Status.REPORTED)]


def test_outdated_defaults_are_said_once_with_their_entry() -> None:
    old = Defaults("persona", {"layers": {"llm": {"model": "tavus-llama-4"}}})
    mine = project("{stt: {stt_engine: tavus-auto}}", defaults=(Defaults("tool", {"origin": "llm"}), old))
    result = mine.migrate()
    assert result.files == ()
    where = "it stands in entry 2 of `defaults` in the project file: change it there"
    assert notes(result) == [("M15", "persona.desk", where)]


@pytest.mark.parametrize("spec", [{"persona_name": "x"}, {"layers": {"llm": {"model": "tavus-glm-4.7"}}}])
def test_words_and_what_is_current_are_not_said(spec: Object) -> None:
    assert notes(project("{}", defaults=(Defaults("persona", spec),)).migrate()) == []


def test_defaults_of_a_folder_without_manifests_are_not_said() -> None:
    old = Defaults("persona", {"layers": {"llm": {"model": "tavus-llama-4"}}}, "elsewhere")
    assert notes(project("{}", defaults=(old,)).migrate()) == []


@pytest.mark.parametrize(
    ("layers", "name", "value", "id"),
    [
        ("{llm: {model: {value: m}}}", "m", "tavus-llama-4", "M15"),
        ("{llm: {value: m}}", "m", {"model": "tavus-llama-4"}, "M15"),
        ("{stt: {stt_engine: {value: ear}}}", "ear", "tavus-advanced", "M16"),
        ("{conversational_flow: {turn_detection_model: {value: t}}}", "t", "sparrow-0", "M11"),
    ],
)
def test_outdated_values_are_said_of_every_manifest_that_names_them(
    layers: str, name: str, value: Json, id: str
) -> None:
    mine = project(layers, values=({}, {name: value}, {name: value}))
    result = mine.migrate()
    assert result.files == ()
    where = f"it is the value {name!r} of the project file: change it there"
    assert notes(result) == [(id, "persona.desk", where), (id, "persona.front", where)]


def test_a_value_that_is_current_is_not_said() -> None:
    assert notes(project("{llm: {model: {value: m}}}", values=({"m": "tavus-glm-4.7"},)).migrate()) == []
