"""What `state history` and `state show SERIAL` read, and what they refuse."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine.state.state_reader import read_history, show_run
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
