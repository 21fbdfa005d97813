"""Facts about guardrails that the program relies on."""

from __future__ import annotations

import re

import pytest

from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.kinds.guardrail import KIND, guardrail_fields

ROWS = {row.path: row for row in KIND.fields}


def test_the_id_is_called_uuid() -> None:
    assert kind("guardrail") is KIND
    assert KIND.id_members[0] == "uuid"
    assert ROWS["/uuid"].server_owned


@pytest.mark.parametrize(
    ("name", "default"),
    [("app_message", True), ("modality", "verbal"), ("callback_url", ""), ("tags", []), ("tool_call", {})],
)
def test_documented_defaults(name: str, default: object) -> None:
    assert ROWS[f"/{name}"].default == default


def test_tags_have_no_order() -> None:
    assert ROWS["/tags"].set_like


@pytest.mark.parametrize("name", ["created_at", "updated_at", "persona_refs", "guardrail_type", "owner_id"])
def test_what_the_server_assigns_is_never_compared(name: str) -> None:
    assert ROWS[f"/{name}"].server_owned


def test_an_item_of_a_set_has_the_same_members() -> None:
    below = {row.path.removeprefix("/data/*") for row in guardrail_fields("/data/*")}
    assert below == set(ROWS)


def test_the_example_name_keeps_to_the_rule() -> None:
    assert re.fullmatch(r"[A-Za-z0-9_]{1,100}", str(ROWS["/guardrail_name"].example))
