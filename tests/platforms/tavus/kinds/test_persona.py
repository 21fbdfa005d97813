"""Facts about personas that the program relies on."""

from __future__ import annotations

import pytest

from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.kinds.persona import KIND
from reconciler.platforms.tavus.kinds.persona_layers import LAYERS, LEVELS
from reconciler.types.kind import Field

ROWS = {row.path: row for row in KIND.fields}
FLOW = "/layers/conversational_flow"


def secrets() -> set[str]:
    return {row.path for row in KIND.fields if row.secret}


def test_it_is_known_by_both_names() -> None:
    assert kind("persona") is KIND
    assert KIND.manifest_kinds == ("Persona", "PAL")
    assert KIND.id_members == ("pal_id", "persona_id", "uuid")


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/pal_name", "persona_name"),
        ("/default_face_id", "default_replica_id"),
        ("/pal_id", "persona_id"),
        (f"{FLOW}/interruptibility", "replica_interruptibility"),
    ],
)
def test_the_old_word_of_a_field(path: str, word: str) -> None:
    assert ROWS[path].wire_names["persona"] == word


def test_interruptibility_has_three_spellings_on_the_wire() -> None:
    row = ROWS[f"{FLOW}/interruptibility"]
    assert {*row.wire_names.values(), *row.aliases} == {
        "replica_interruptibility",
        "pal_interruptibility",
        "face_interruptibility",
    }
    assert row.enum == LEVELS


def test_every_secret_is_declared() -> None:
    assert secrets() == {
        "/layers/llm/api_key",
        "/layers/llm/headers/*",
        "/layers/llm/default_query/*",
        "/layers/tts/api_key",
    }


@pytest.mark.parametrize("name", ["document_ids", "document_tags", "guardrail_ids", "guardrail_tags", "tools"])
def test_the_order_of_these_lists_means_nothing(name: str) -> None:
    assert ROWS[f"/{name}"].set_like


@pytest.mark.parametrize(
    "path",
    [
        "/layers/llm/tools",
        "/layers/perception/visual_tools",
        "/layers/perception/audio_tools",
        "/layers/perception/perception_tools",
    ],
)
def test_inline_tools_compare_by_name_and_are_deprecated(path: str) -> None:
    assert ROWS[path].keyed
    assert "registry" in (ROWS[path].deprecated or "")


@pytest.mark.parametrize(
    ("path", "default"),
    [
        ("/pipeline_mode", "full"),
        ("/layers/llm/speculative_inference", True),
        ("/layers/tts/tts_emotion_control", True),
        ("/layers/stt/stt_engine", "tavus-auto"),
        ("/layers/perception/perception_model", "raven-1"),
        (f"{FLOW}/turn_detection_model", "sparrow-1"),
        (f"{FLOW}/idle_engagement", "off"),
    ],
)
def test_documented_defaults(path: str, default: object) -> None:
    assert ROWS[path].default == default


def test_the_defaults_of_the_flow_hold_only_while_there_is_one() -> None:
    conditional = {row.path.rpartition("/")[0] for row in KIND.fields if row.default_needs_parent}
    assert conditional == {FLOW}
    assert ROWS[FLOW].default is None


@pytest.mark.parametrize("word", ["ambient_awareness_queries", "perception_tool_prompt", "perception_tools"])
def test_a_renamed_field_stays_a_field_of_its_own(word: str) -> None:
    old = f"/layers/perception/{word}"
    assert KIND.renamed_fields[old] in ROWS
    assert ROWS[old].deprecated


def test_the_key_travels_with_any_write_of_a_custom_model() -> None:
    (companion,) = KIND.companions
    assert (companion.under, companion.when) == ("/layers/llm", "/layers/llm/base_url")
    assert set(companion.pointers) == {"/layers/llm/base_url", "/layers/llm/api_key"}


def test_conferencing_is_patched_alone() -> None:
    assert KIND.patched_alone == ("/layers/conferencing",)


@pytest.mark.parametrize("name", ["is_draft", "owner_id", "created_at", "updated_at", "publish_url", "pal_id"])
def test_what_the_server_assigns_is_never_compared(name: str) -> None:
    assert ROWS[f"/{name}"].server_owned


def test_the_layers_are_a_part_of_the_table() -> None:
    assert {row.path for row in LAYERS} <= set(ROWS)
    assert all(row.path.startswith("/layers/") for row in LAYERS)


def test_every_field_says_where_it_comes_from() -> None:
    unsourced: list[Field] = [row for row in KIND.fields if not row.source]
    assert unsourced == []
