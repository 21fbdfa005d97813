"""What `state history` and `state show SERIAL` say, and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.state.read_history import (
    history_document,
    history_text,
    read_history,
    run_document,
    run_text,
    show_run,
)
from reconciler.errors import StateUnreadable, UsageError
from reconciler.types.history import History
from tests.engine.plan.test_plan_rollback import persona
from tests.support.chronicle import Chronicle


@pytest.fixture
def world(tmp_path):
    made = Chronicle(tmp_path / "state")
    made.apply(persona("a"))
    made.apply(persona("a", greeting="Hi"))
    return made


def test_a_table_newest_first(world):
    lines = history_text(read_history(world.state())).splitlines()
    assert lines[0].split() == ["SERIAL", "WHEN", "WHO", "WHAT", "RESULT", "CHANGES", "COMMIT"]
    assert [line.split()[0] for line in lines[1:]] == ["2", "1"]
    assert "1 changed" in lines[1]
    assert history_text(read_history(replace(world.state(), history=History()))) == "Nothing was applied yet.\n"


def test_the_same_for_machines(world):
    document = history_document(read_history(world.state()))
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


def test_an_unknown_serial_names_the_known_ones(world):
    with pytest.raises(UsageError) as caught:
        show_run(world.state(), 7)
    assert "1, 2" in caught.value.hint


def test_a_broken_chain_is_refused_here_too(world):
    state = world.state()
    first, last = state.history.entries
    broken = replace(state, history=History(entries=(replace(first, result="failed"), last)))
    with pytest.raises(StateUnreadable, match="entry 1"):
        read_history(broken)
