"""What `state history` and `state show SERIAL` say."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.state.state_reader import read_history, show_run
from reconciler.reporters.history import history_document, history_text, run_document, run_text
from reconciler.types.history import History
from reconciler.types.state import State
from tests.engine.plan.test_plan_rollback import persona
from tests.support.chronicle import Chronicle


@pytest.fixture
def world(tmp_path):
    made = Chronicle(tmp_path / "state")
    made.apply(persona("a"))
    made.apply(persona("a", greeting="Hi"))
    return made


def table(state: State) -> str:
    found = read_history(state)
    return history_text(found.entries, found.anchor)


def test_a_table_newest_first(world):
    lines = table(world.state()).splitlines()
    assert lines[0].split() == ["SERIAL", "WHEN", "WHO", "WHAT", "RESULT", "CHANGES", "COMMIT"]
    assert [line.split()[0] for line in lines[1:]] == ["2", "1"]
    assert "1 changed" in lines[1]
    assert table(replace(world.state(), history=History())) == "Nothing was applied yet.\n"


def test_the_same_for_machines(world):
    found = read_history(world.state())
    document = history_document(found.entries, found.anchor)
    assert [entry["serial"] for entry in document["entries"]] == [1, 2]
    assert document["dropped"] == {"entries": 0, "up_to_serial": 0}


def test_one_run_with_what_was_there_before(world):
    entry, items = show_run(world.state(), 2)
    text = run_text(entry, items)
    assert "~ persona.a /greeting" in text
    assert "state rollback 1" in text
    [change] = run_document(entry, items)["changes"]
    assert change["body"]["pal_name"] == "A"
    assert change["fields"] == ["/greeting"]
