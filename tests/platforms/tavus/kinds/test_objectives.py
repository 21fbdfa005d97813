"""Facts about objectives that the program relies on."""

from __future__ import annotations

import pytest

from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.kinds.objectives import KIND

ROWS = {row.path: row for row in KIND.fields}


def test_steps_are_known_by_name() -> None:
    assert kind("objectives") is KIND
    assert ROWS["/data"].item_key == "objective_name"
    assert ROWS["/data"].required


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("confirmation_mode", "auto"),
        ("modality", "verbal"),
        ("output_variables", []),
        ("callback_url", ""),
        ("next_conditional_objectives", {}),
        ("tool_call", {}),
    ],
)
def test_documented_defaults_of_a_step(name: str, default: object) -> None:
    assert ROWS[f"/data/*/{name}"].default == default


def test_conditions_are_one_value() -> None:
    """A step that is no longer named must not linger."""
    assert ROWS["/data/*/next_conditional_objectives"].atomic


def test_the_name_of_a_set_has_several_spellings() -> None:
    assert set(ROWS["/name"].aliases) == {"objectives_name", "objective_name"}
    assert ROWS["/allow_loops"].default is False
