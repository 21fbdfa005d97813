"""Answers from the command line and from a project file."""

from __future__ import annotations

import pytest

from reconciler.core.migration import (
    as_answer,
    choose_migrations,
    known_names,
    merge_answers,
    parse_answers,
    requested_names,
)
from reconciler.errors import ManifestError, UsageError
from reconciler.platforms.tavus.migrations import MIGRATIONS
from tests.support.manifestfolder import Folder
from tests.support.projects import load_project

HEAD = "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"


def test_a_migration_goes_by_name_and_by_id() -> None:
    assert known_names(MIGRATIONS)["M15"] == known_names(MIGRATIONS)["model-successor"] == "model-successor"


@pytest.mark.parametrize(
    ("left", "name", "key"),
    [
        ("model-successor", "model-successor", "*"),
        ("M15", "model-successor", "*"),
        ("m15.tavus-gpt-4.1", "model-successor", "tavus-gpt-4.1"),
        ("model-successor.persona.claims-desk", "model-successor", "persona.claims-desk"),
        ("inline-tool-dedupe.look_up:description", "inline-tool-dedupe", "look_up:description"),
    ],
)
def test_an_answer_names_a_migration_and_a_key(left: str, name: str, key: str) -> None:
    assert parse_answers([(left, "x")], MIGRATIONS) == {name: {key: "x"}}


def test_an_unknown_migration_is_wrong_usage_with_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        parse_answers([("model-succesor", "x")], MIGRATIONS)
    assert caught.value.hint == "did you mean 'model-successor'?"
    with pytest.raises(UsageError):
        choose_migrations(MIGRATIONS, ["nothing"], [])


def test_later_layers_win() -> None:
    first = {"a": {"x": "1", "y": "2"}, "b": {"*": "3"}}
    assert merge_answers(first, {"a": {"x": "9"}}) == {"a": {"x": "9", "y": "2"}, "b": {"*": "3"}}
    assert merge_answers(first, {"a": {"*": "9"}})["a"] == {"*": "9"}
    assert first["a"]["x"] == "1"


@pytest.mark.parametrize(
    ("value", "answer"), [(False, "keep"), (True, "yes"), (1, "1"), (0.5, "0.5"), ("off", "off")]
)
def test_scalars_of_a_project_file(value: str | float | bool, answer: str) -> None:
    assert as_answer(value) == answer


def test_choosing() -> None:
    assert [one.id for one in choose_migrations(MIGRATIONS, ["M15", "vocabulary-persona-to-pal"], [])] == [
        "M01",
        "M15",
    ]
    assert "M15" not in {one.id for one in choose_migrations(MIGRATIONS, [], ["model-successor"])}
    assert len(choose_migrations(MIGRATIONS, [], [])) == len(set(known_names(MIGRATIONS).values()))
    assert requested_names(MIGRATIONS, ["M30"]) == {"livekit-handover"}


def test_a_project_file_answers(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = Folder(tmp_path_factory.mktemp("project"))
    text = "migrations:\n  model-successor: {tavus-gpt-4.1: tavus-gpt-oss}\n  M07: false\n  tts-types: {fast: 1.1}\n"
    folder.write("manifests/reconciler.yaml", HEAD + text)
    assert load_project(folder.root).migrations == {
        "model-successor": {"tavus-gpt-4.1": "tavus-gpt-oss"},
        "raven-0-to-raven-1": {"*": "keep"},
        "tts-types": {"fast": "1.1"},
    }


@pytest.mark.parametrize("text", ["migrations: {model-succesor: x}\n", "migrations: {model-successor: [x]}\n"])
def test_a_wrong_answer_in_a_project_file_is_an_error_with_its_place(
    tmp_path_factory: pytest.TempPathFactory, text: str
) -> None:
    folder = Folder(tmp_path_factory.mktemp("project"))
    folder.write("manifests/reconciler.yaml", HEAD + text)
    with pytest.raises(ManifestError) as caught:
        load_project(folder.root)
    assert str(caught.value.diagnostics[0].span).startswith("manifests/reconciler.yaml:4:")
