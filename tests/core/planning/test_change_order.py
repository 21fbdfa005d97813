"""Creates and updates from the bottom up, deletes from the top down."""

from __future__ import annotations

from reconciler.core.planning.change_order import in_order, stages
from reconciler.types.change import Action, Change
from tests.support.making import at

LEVELS = {"tool": 1, "persona": 2}


def change(address, action):
    return Change(at(address), action, level=LEVELS[at(address).kind])


CHANGES = [
    change("tool.z", Action.DELETE),
    change("persona.b", Action.DELETE),
    change("persona.f", Action.FORGET),
    change("persona.a", Action.UPDATE),
    change("tool.b", Action.CREATE),
    change("tool.a", Action.NOOP),
    change("persona.c", Action.CREATE),
]


def test_the_order_of_a_plan():
    assert [f"{one.action.value}{one.address}" for one in in_order(CHANGES)] == [
        " tool.a", "+tool.b", "~persona.a", "+persona.c", "-persona.b", "-tool.z", ".persona.f",
    ]  # fmt: skip


def test_the_order_does_not_depend_on_the_input():
    assert in_order(CHANGES) == in_order(reversed(CHANGES))


def test_a_stage_is_what_may_run_side_by_side():
    assert [[str(one.address) for one in stage] for stage in stages(in_order(CHANGES))] == [
        ["tool.a", "tool.b"], ["persona.a", "persona.c"], ["persona.b"], ["tool.z"], ["persona.f"],
    ]  # fmt: skip
