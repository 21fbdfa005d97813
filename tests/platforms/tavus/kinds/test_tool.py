"""Facts about registry tools that the program relies on."""

from __future__ import annotations

import re

import pytest

from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.kinds.tool import KIND

ROWS = {row.path: row for row in KIND.fields}


def test_a_tool_is_changed_with_a_partial_object() -> None:
    assert kind("tool") is KIND
    assert KIND.merge_patch
    assert KIND.unique_names


def test_a_body_without_envelope_is_a_tool_by_keys_that_only_a_tool_has() -> None:
    """A name and a description would fit any JSON file."""
    assert not KIND.bare_keys & {"name", "description", "tags"}
    assert KIND.bare_required_keys == {"name", "description"}


@pytest.mark.parametrize("name", ["parameters", "delivery"])
def test_these_are_replaced_whole(name: str) -> None:
    assert ROWS[f"/{name}"].atomic


def test_a_schema_is_left_alone() -> None:
    """`{ref: ...}` inside a JSON Schema is the schema's own."""
    assert ROWS["/parameters"].verbatim


def test_what_the_server_fills_into_a_delivery() -> None:
    fill = ROWS["/delivery"].server_defaults
    assert fill["/api/method"] == "POST"
    assert fill["/api/timeout"] == 10
    assert fill["/app_message"] is False
    assert all(pointer.startswith("/") for pointer in fill)


def test_every_credential_of_a_delivery_is_secret() -> None:
    secret = {path.removeprefix("/delivery/api/") for path, row in ROWS.items() if row.secret}
    assert secret == {
        "auth/token",
        "auth/password",
        "auth/value",
        "auth/secret",
        "auth/client_secret",
        "headers/*",
    }


@pytest.mark.parametrize(
    ("name", "default"),
    [
        ("trigger_type", "in_call"),
        ("origin", "llm"),
        ("on_resolve", "fire_and_forget"),
        ("delivery", {"app_message": True}),
        ("parameters", {}),
        ("tags", []),
    ],
)
def test_documented_defaults(name: str, default: object) -> None:
    assert ROWS[f"/{name}"].default == default


def test_what_is_said_meanwhile_has_a_default_only_for_llm_tools() -> None:
    row = ROWS["/on_call"]
    assert row.default is None
    assert row.omitted_values == ("generate_filler",)


def test_the_example_name_keeps_to_the_rule() -> None:
    row = ROWS["/name"]
    assert row.required
    assert row.bounds is not None
    assert re.fullmatch(row.bounds.pattern, str(row.example))
