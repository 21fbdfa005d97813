"""The table of models as rows, text and JSON."""

from __future__ import annotations

import json

import pytest

from reconciler.api.offline import load_catalogue
from reconciler.reporters.model_table import TITLES, model_rows, render_models, rows_as_json
from reconciler.types.catalogue import Status

CATALOGUE = load_catalogue()


def test_every_entry_has_a_row() -> None:
    rows = model_rows(CATALOGUE)
    for table, entries in CATALOGUE.tables.items():
        assert {row.id for row in rows if row.table == table} == set(entries)
    assert {row.id for row in rows if row.table == "livekit"} == set(CATALOGUE.livekit.models)
    assert set(TITLES) == {*CATALOGUE.tables, "livekit"}


def test_one_table_only() -> None:
    assert {row.table for row in model_rows(CATALOGUE, tables=["perception"])} == {"perception"}
    assert model_rows(CATALOGUE, tables=[]) == ()


def test_current_models_come_first() -> None:
    rows = model_rows(CATALOGUE, tables=["llm"])
    assert rows[0].id == CATALOGUE.default()
    outdated = [row.status.is_outdated for row in rows if row.status is not Status.INTERNAL]
    assert outdated == sorted(outdated)


@pytest.mark.parametrize(
    ("id", "successor", "basis"),
    [
        ("tavus-llama-4", "tavus-gpt-oss", "documented"),
        ("tavus-gpt-4o", "tavus-gpt-5.2", "judgement"),
        ("tavus-gpt-4.1", None, "judgement"),
        ("tavus-gpt-oss", None, None),
        ("tavus-gpt-5.2", None, None),
        ("tavus-pal-maker-gemma-4", "tavus-gemma-4", "judgement"),
    ],
)
def test_successors_only_where_one_should_move(id: str, successor: str | None, basis: str | None) -> None:
    row = next(row for row in model_rows(CATALOGUE) if row.id == id)
    assert (row.successor, row.basis) == (successor, basis)
    assert (row.reason is None) is (basis is None)


def test_the_status_is_that_of_the_generation() -> None:
    then = load_catalogue({"generation": "2025-07"})
    row = next(row for row in model_rows(then) if row.id == "tavus-llama-4")
    assert row.status is Status.DEFAULT
    assert row.successor is None


def test_json_holds_the_facts() -> None:
    rows = model_rows(CATALOGUE, tables=["llm"])
    document = rows_as_json(CATALOGUE, rows)
    assert json.loads(json.dumps(document)) == document
    assert document["generation"] == CATALOGUE.generation
    models = document["models"]
    assert isinstance(models, list)
    glm = next(one for one in models if isinstance(one, dict) and one["id"] == "tavus-glm-4.7")
    assert isinstance(glm, dict)
    assert glm["context_window"] == 200000
    assert glm["scores"] == {"speed": 2, "intelligence": 3, "naturalness": 2}
    assert glm["status"] == "available"


def test_the_text_has_a_line_for_each_model_under_its_title() -> None:
    rows = model_rows(CATALOGUE)
    text = render_models(CATALOGUE, rows)
    for title in TITLES.values():
        assert f"\n{title}\n" in text
    for row in rows:
        assert f"  {row.id} " in text
    assert "200,000" in text
    assert "3/1/1" in text
    assert "tavus-gpt-oss (documented)" in text
    assert "one of tavus-gemini-2.5-flash" in text


def test_columns_that_say_nothing_are_left_out() -> None:
    text = render_models(CATALOGUE, model_rows(CATALOGUE, tables=["stt_engine"]))
    assert "CONTEXT" not in text
    assert "USE INSTEAD" in text


def test_reasons_on_demand() -> None:
    rows = model_rows(CATALOGUE, tables=["llm"])
    assert "moved the remaining llama-4" not in render_models(CATALOGUE, rows)
    long = render_models(CATALOGUE, rows, width=80, reasons=True)
    assert "moved the remaining llama-4" in " ".join(long.split())
    assert all(len(line) <= 80 for line in long.splitlines() if line.startswith("      "))


def test_columns_line_up() -> None:
    lines = render_models(CATALOGUE, model_rows(CATALOGUE, tables=["llm"])).splitlines()
    head = next(line for line in lines if line.startswith("  MODEL"))
    column = head.index("STATUS")
    for line in lines[lines.index(head) + 1 :]:
        assert line[column - 1] == " "
        assert line[column] != " "


@pytest.mark.parametrize(
    ("id", "status", "provided"),
    [
        ("openai/gpt-oss-120b", "available", "baseten, groq, cerebras"),
        ("google/gemini-2.0-flash", "unlisted", "google"),
        ("qwen/qwen3-235b-a22b-instruct", "unlisted", "baseten"),
        ("google/gemma-4-31b-it", "reported", ""),
    ],
)
def test_a_model_of_livekit_has_the_status_of_its_newest_list(id: str, status: str, provided: str) -> None:
    (row,) = (row for row in model_rows(CATALOGUE, tables=["livekit"]) if row.id == id)
    assert (row.status.value, ", ".join(row.providers)) == (status, provided)
    assert f"{id}  " in (text := render_models(CATALOGUE, [row])) and provided in text
    assert rows_as_json(CATALOGUE, [row])["models"][0]["providers"] == list(row.providers)  # type: ignore[index,call-overload]


def test_what_livekit_serves_is_what_its_newest_list_names() -> None:
    served = {row.id for row in model_rows(CATALOGUE, tables=["livekit"]) if row.status is Status.AVAILABLE}
    assert served == CATALOGUE.livekit.listed()
