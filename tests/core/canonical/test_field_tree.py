"""What the field table says about a place."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.field_tree import build_field_tree, field_at, is_undeclared, node_at
from reconciler.platforms.tavus.kinds import kind

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
