"""What the field table says about a place."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.field_tree import (
    absent_from_lists,
    build_field_tree,
    field_at,
    is_undeclared,
    looks_secret,
    node_at,
)
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.json import Json

PERSONA = kind("persona")
TOOL = kind("tool")


def test_the_tree_is_made_once():
    assert build_field_tree(PERSONA) is build_field_tree(PERSONA)


@pytest.mark.parametrize(
    ("pointer", "declared"),
    [
        ("/pal_name", "/pal_name"),
        ("/layers/llm/headers/X-Org", "/layers/llm/headers/*"),
        ("/layers/llm/extra_body/temperature", "/layers/llm/extra_body/temperature"),
        ("/layers/llm/extra_body/seed", None),
        ("/layers/unheard_of", None),
    ],
)
def test_the_row_of_a_place(pointer, declared):
    row = field_at(PERSONA, pointer)
    assert (row.path if row else None) == declared


def test_renames_belong_to_the_object_that_holds_them():
    assert node_at(PERSONA, "/layers/conversational_flow").renames == {
        "replica_interruptibility": "interruptibility",
        "pal_interruptibility": "interruptibility",
        "face_interruptibility": "interruptibility",
    }


@pytest.mark.parametrize(
    "pointer", ["/audio_only", "/persona", "/layers/avatar", "/layers/avatar/x", "/layers/stt/nope", "/a/b/c"]
)
def test_a_place_that_no_table_lists(pointer):
    assert is_undeclared(PERSONA, pointer)


@pytest.mark.parametrize(
    "pointer",
    [
        "/pal_name",
        "/layers/llm/headers/X-Org",
        "/layers/llm/extra_body/seed",
        "/layers/tts/voice_settings/pitch",
        "/layers/mcp/connector_tools",
        "/layers/llm/tools/look_up",
        "/verbal_disclosure/text",
    ],
)
def test_a_place_that_is_listed_or_free(pointer):
    assert not is_undeclared(PERSONA, pointer)


def test_inside_what_the_api_replaces_whole_everything_is_welcome():
    assert not is_undeclared(TOOL, "/delivery/api/anything")


def test_the_row_of_any_member_is_found_by_a_star() -> None:
    row = field_at(PERSONA, "/layers/llm/headers/*")
    assert row is not None and row.secret
    plain = field_at(PERSONA, "/layers/llm/headers/X-Org")
    assert plain is not None and (plain.secret, plain.by_look) == (False, "X-Org")


def test_every_word_of_the_wire_is_known_whichever_way_it_was_declared() -> None:
    for spec in KINDS.all().values():
        for row in spec.fields:
            if "*" in row.path:
                continue
            parent, _, word = row.path.rpartition("/")
            for other in {*row.wire_names.values(), *row.aliases} - {word}:
                assert node_at(spec, parent).renames[other] == word


def test_what_lists_leave_out() -> None:
    for spec in KINDS.all().values():
        for row in spec.fields:
            assert (row.path in absent_from_lists(spec)) == (row.absent_from_lists or row.item_key is not None)


def test_only_an_object_with_members_of_its_own_says_nothing_when_empty() -> None:
    assert node_at(PERSONA, "/layers/llm").structural
    assert not node_at(PERSONA, "/layers/llm/headers").structural
    assert not node_at(PERSONA, "/greeting").structural


@pytest.mark.parametrize(
    ("pointer", "value", "secret"),
    [
        ("/greeting", "https://me:pw@a.example", True),
        ("/greeting", "https://a.example", False),
        ("/greeting", "Bearer abcdef", False),
        ("/greeting", {"a": 1}, False),
        ("/greeting", 7, False),
        ("/nowhere", "https://a.example/?token=x", True),
        ("/nowhere", ["Bearer abc"], False),
        ("/layers/llm/headers/X-Org", "Bearer abcdef", True),
        ("/layers/llm/headers/X-Org", "northwind", False),
        ("/layers/llm/headers/X-Org", ["northwind"], True),
        ("/layers/llm/headers/X-Org", {"a": "b"}, True),
        ("/layers/llm/headers/X-Org", 7, False),
        ("/layers/llm/headers/X-Org", None, False),
    ],
)
def test_what_looks_secret_where_nothing_says_so(pointer: str, value: Json, secret: bool) -> None:
    assert looks_secret(field_at(PERSONA, pointer), value) is secret
