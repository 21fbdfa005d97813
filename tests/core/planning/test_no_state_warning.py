"""What is said where there is no state: only over objects that are there already, and only when nothing was kept."""

from __future__ import annotations

import pytest

from reconciler.core.planning.no_state_warning import CODE, tell_missing_state
from reconciler.types.address import Address
from reconciler.types.change import Reason
from reconciler.types.diagnostic import Severity
from reconciler.types.state import Entry, Intent, State

A = Address("persona", "a")


@pytest.mark.parametrize(
    ("reasons", "count"),
    [
        ([Reason.ADOPTED_BY_NAME], "1 object is"),
        ([Reason.ADOPTED_BY_NAME, Reason.ADOPTED_BY_ID, Reason.NEW], "2 objects are"),
    ],
)
def test_objects_that_are_taken_over_are_counted(reasons: list[Reason], count: str) -> None:
    told = tell_missing_state(State("l"), reasons)
    assert told is not None
    assert (told.code, told.severity) == (CODE, Severity.WARNING)
    assert count in told.summary
    assert "state:" in str(told.hint)


@pytest.mark.parametrize("reasons", [[], [Reason.NEW], [Reason.NEW, Reason.DELETED_OUTSIDE], [Reason.PENDING]])
def test_a_first_run_over_nothing_of_ours_is_no_news(reasons: list[Reason]) -> None:
    assert tell_missing_state(State("l"), reasons) is None


@pytest.mark.parametrize(
    "state",
    [
        State("l", serial=1),
        State("l", resources={A: Entry("p1")}),
        State("l", pending=(Intent(A, "persona", "a"),)),
    ],
)
def test_a_state_that_holds_little_is_a_state(state: State) -> None:
    assert tell_missing_state(state, [Reason.ADOPTED_BY_NAME]) is None
