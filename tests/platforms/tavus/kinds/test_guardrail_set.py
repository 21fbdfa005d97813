"""Facts about legacy guardrail sets that the program relies on."""

from __future__ import annotations

from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.kinds.guardrail_set import KIND

ROWS = {row.path: row for row in KIND.fields}


def test_items_are_known_by_name_and_written_member_by_member() -> None:
    """An item that is written whole gets another id, and personas lose it."""
    assert kind("guardrail_set") is KIND
    assert ROWS["/data"].item_key == "guardrail_name"
    assert not ROWS["/data"].atomic
    assert ROWS["/data/*/uuid"].server_owned


def test_it_is_written_under_name_and_read_under_guardrails_name() -> None:
    assert KIND.name_field == "/name"
    assert ROWS["/name"].aliases == ("guardrails_name",)
    assert KIND.id_members[0] == "guardrails_id"


def test_its_items_are_listed_as_guardrails_too() -> None:
    assert KIND.mirrored_lists == (("/data", "guardrail"),)
    assert {row.ref for row in kind("persona").fields} >= {"guardrail", "guardrail_set"}
