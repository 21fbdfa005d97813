"""The values of a body that its kind's field table declares."""

from __future__ import annotations

from reconciler.core.linting.rule import declared
from reconciler.platforms.tavus.kinds import kind
from tests.support.rulecase import body


def test_declared_values_know_the_stars_and_stop_at_schemas() -> None:
    headers = body(llm={"headers": {"X": "y"}})
    places = {pointer: row.path for pointer, _, row in declared(kind("persona"), headers)}
    assert places["/layers/llm/headers/X"] == "/layers/llm/headers/*"
    tool = declared(kind("tool"), {"parameters": {"name": {"description": 1}}})
    assert [pointer for pointer, _, _ in tool] == ["/parameters"]
