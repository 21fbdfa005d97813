from __future__ import annotations

import pytest

from reconciler.reporters.ranking import rank_change, rank_changes
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, Direction, FieldChange
from tests.support import reports
from tests.support.records import change_of


def touch(path: str, direction: Direction = Direction.GIT) -> Change:
    return reports.update(reports.CLAIMS, FieldChange(path, direction, "a", "b"))


@pytest.mark.parametrize("path", ["/tools", "/layers/llm/model", "/system_prompt", "/guardrail_ids"])
def test_what_a_persona_can_do_ranks_above_the_rest(path: str) -> None:
    assert rank_change(touch(path)) < rank_change(touch("/greeting"))


def test_what_a_tool_does_ranks_above_how_it_is_described() -> None:
    made = [
        rank_change(reports.update(reports.LOOKUP, FieldChange(path, Direction.GIT, "a", "b")))
        for path in ("/delivery", "/description")
    ]
    assert made[0] < made[1]


def test_a_path_with_the_same_beginning_is_another_path() -> None:
    assert rank_change(touch("/tools_note")) == rank_change(touch("/greeting"))


def test_a_conflict_ranks_above_any_other_update() -> None:
    assert rank_change(touch("/greeting", Direction.BOTH)) < rank_change(touch("/layers/llm/model"))


@pytest.mark.parametrize("action", list(Action))
def test_blocked_is_first_whatever_it_is(action: Action) -> None:
    blocked = change_of(reports.ECHO, action, blocked=(Block("protect", "no", "yes"),))
    assert rank_change(blocked) == 0
    assert rank_change(change_of(reports.ECHO, action)) > 0


def test_equals_stand_by_size_and_then_by_address() -> None:
    def sized(name: str, count: int) -> Change:
        fields = (FieldChange("/greeting", Direction.GIT, "a", "b"),) * count
        return reports.update(Address("persona", name), *fields)

    ranked = rank_changes([sized("b", 1), sized("a", 1), sized("c", 3)])
    assert [change.address.name for change in ranked] == ["c", "a", "b"]
