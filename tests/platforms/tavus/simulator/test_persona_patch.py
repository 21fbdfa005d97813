"""PATCH of a persona."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CUSTOM_LLM = "Bad Request. Please ensure both base_url and api_key are included in order to use a custom llm."


def replace(path: str, value: Any) -> dict[str, Any]:
    return {"op": "replace", "path": path, "value": value}


def add(path: str, value: Any) -> dict[str, Any]:
    return {"op": "add", "path": path, "value": value}


def test_a_change_shows_and_moves_updated_at(api: Any) -> None:
    id = api.pal()
    before = api.live(id)
    answer = api.patch(f"/pals/{id}", [replace("/pal_name", "B")])
    assert answer.status_code == 200
    after = api.live(id)
    assert after["pal_name"] == "B"
    assert after["updated_at"] > before["updated_at"]
    assert after["created_at"] == before["created_at"]
    assert answer.json() == after


@pytest.mark.parametrize(("mood", "keys"), [("minimal", {"pal_id", "updated_at"}), ("empty", None)])
def test_the_answer_can_be_smaller(open_api: Any, mood: str, keys: Any) -> None:
    api = open_api(patch_answer=mood)
    answer = api.patch(f"/pals/{api.pal()}", [replace("/pal_name", "B")])
    assert answer.status_code == 200
    assert (set(answer.json()) if answer.content else None) == keys


@pytest.mark.parametrize(
    "operations",
    [
        [],
        [replace("/pal_name", "Claims Desk")],
        [replace("/created_at", "1999"), add("/pal_id", "pother"), add("/owner_id", "x")],
        [{"op": "test", "path": "/pal_name", "value": "Claims Desk"}],
        [replace("/pal_name", "B"), replace("/pal_name", "Claims Desk")],
        [add("/greeting", None)],
        [add("/layers", {"stt": {"stt_engine": "tavus-auto"}}), {"op": "remove", "path": "/layers"}],
    ],
)
def test_nothing_changed_is_304_without_a_body(api: Any, operations: list[Any]) -> None:
    id = api.pal()
    before = api.live(id)
    answer = api.patch(f"/pals/{id}", operations)
    assert (answer.status_code, answer.content) == (304, b"")
    assert api.live(id) == before


@pytest.mark.parametrize("mood", ["fill", "hide", "null"])
def test_writing_a_default_changes_nothing(open_api: Any, mood: str) -> None:
    api = open_api(defaults=mood)
    id = api.pal(layers={"stt": {"hotwords": "x"}})
    assert api.patch(f"/pals/{id}", [add("/layers/stt/stt_engine", "tavus-auto")]).status_code == 304
    assert api.patch(f"/pals/{id}", [add("/guardrail_ids", [])]).status_code == 304


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"pal_name": "B"},
        "text",
        None,
        [3],
        [{}],
        [{"op": "upsert", "path": "/a", "value": 1}],
        [{"op": "add", "path": "a", "value": 1}],
        [{"op": "add", "value": 1}],
        [{"op": "replace", "path": "/pal_name"}],
        [{"op": "move", "path": "/a"}],
        [{"op": ["add"], "path": "/a", "value": 1}],
    ],
)
def test_a_malformed_patch_is_422(api: Any, body: Any) -> None:
    answer = api.patch(f"/pals/{api.pal()}", body)
    assert answer.status_code == 422
    assert answer.json() == {"message": "Invalid JSON patch format"}


@pytest.mark.parametrize(
    "operation",
    [
        replace("/nope", 1),
        {"op": "remove", "path": "/nope"},
        add("/layers/llm/model", "m"),
        {"op": "copy", "from": "/nope", "path": "/greeting"},
        {"op": "move", "from": "/nope", "path": "/greeting"},
        add("/document_ids/5", "d"),
        replace("/document_ids/-", "d"),
        replace("/persona_name", "words of the other vocabulary"),
    ],
)
@pytest.mark.parametrize("status", [400, 422])
def test_what_does_not_apply_fails_as_a_whole(open_api: Any, operation: Any, status: int) -> None:
    api = open_api(failed_op=status)
    id = api.pal()
    before = api.live(id)
    assert api.patch(f"/pals/{id}", [replace("/pal_name", "B"), operation]).status_code == status
    assert api.live(id) == before


def test_a_layer_that_is_null_has_no_children(api: Any) -> None:
    id = api.pal(layers={"llm": None})
    assert api.patch(f"/pals/{id}", [add("/layers/llm/model", "m")]).status_code == 422
    assert api.patch(f"/pals/{id}", [add("/layers/llm", {"model": "m"})]).status_code == 200


@pytest.mark.parametrize("status", [400, 409, 412, 422])
def test_a_failed_test_has_its_own_status(open_api: Any, status: int) -> None:
    api = open_api(failed_test=status)
    operations = [{"op": "test", "path": "/pal_name", "value": "other"}, replace("/pal_name", "B")]
    assert api.patch(f"/pals/{api.pal()}", operations).status_code == status


def test_all_six_operations(api: Any) -> None:
    id = api.pal(document_ids=["d1", "d2"], greeting="Hi")
    operations = [
        {"op": "test", "path": "/document_ids", "value": ["d1", "d2"]},
        add("/document_ids/-", "d3"),
        {"op": "remove", "path": "/document_ids/0"},
        replace("/pal_name", "B"),
        {"op": "copy", "from": "/greeting", "path": "/pal_description"},
        {"op": "move", "from": "/greeting", "path": "/context"},
    ]
    assert api.patch(f"/pals/{id}", operations).status_code == 200
    live = api.live(id)
    assert live["document_ids"] == ["d2", "d3"]
    assert (live["pal_name"], live["pal_description"], live["context"]) == ("B", "Hi", "Hi")
    assert "greeting" not in live


def test_writing_a_layer_loses_its_siblings(api: Any) -> None:
    id = api.pal(layers={"llm": {"model": "m", "extra_body": {"temperature": 1}}, "stt": {"hotwords": "x"}})
    api.patch(f"/pals/{id}", [add("/layers/llm", {"model": "n"})])
    assert api.live(id)["layers"]["llm"] == {"model": "n", "speculative_inference": True}
    api.patch(f"/pals/{id}", [add("/layers", {"llm": {"model": "n"}})])
    assert "stt" not in api.live(id)["layers"]


def test_paths_follow_the_vocabulary_of_the_path(api: Any) -> None:
    id = api.pal()
    assert api.patch(f"/personas/{id}", [replace("/persona_name", "B")]).status_code == 200
    assert api.live(id)["pal_name"] == "B"
    assert api.patch(f"/personas/{id}", [replace("/default_replica_id", "r7")]).status_code == 200
    assert api.live(id)["default_face_id"] == "r7"
    assert api.patch(f"/pals/{id}", [add("/persona_name", "C")]).status_code == 304
    assert api.live(id)["pal_name"] == "B"


@pytest.mark.parametrize("word", ["pal_interruptibility", "face_interruptibility", "replica_interruptibility"])
@pytest.mark.parametrize("op", ["add", "replace"])
def test_any_spelling_of_interruptibility_reaches_the_field(api: Any, word: str, op: str) -> None:
    id = api.pal(layers={"conversational_flow": {"voice_isolation": "off"}})
    path = f"/layers/conversational_flow/{word}"
    assert api.patch(f"/pals/{id}", [{"op": op, "path": path, "value": "low"}]).status_code == 200
    flow = api.live(id)["layers"]["conversational_flow"]
    assert flow["pal_interruptibility"] == "low"
    assert len(flow) == 7


def test_a_filled_in_default_can_be_replaced(api: Any) -> None:
    id = api.pal(layers={"conversational_flow": {"voice_isolation": "off"}, "tts": {}})
    operations = [
        replace("/layers/conversational_flow/idle_engagement", "eager"),
        replace("/layers/tts/tts_engine", "cartesia"),
    ]
    assert api.patch(f"/pals/{id}", operations).status_code == 200
    layers = api.live(id)["layers"]
    assert layers["conversational_flow"]["idle_engagement"] == "eager"
    assert layers["conversational_flow"]["voice_isolation"] == "off"
    assert layers["tts"]["tts_engine"] == "cartesia"


def test_a_hidden_default_is_absent_for_a_patch(open_api: Any) -> None:
    api = open_api(defaults="hide")
    id = api.pal(layers={"tts": {"tts_engine": "tavus-auto", "voice_id": "v"}})
    assert api.patch(f"/pals/{id}", [replace("/layers/tts/tts_engine", "cartesia")]).status_code == 422
    assert api.patch(f"/pals/{id}", [add("/layers/tts/tts_engine", "cartesia")]).status_code == 200


def test_the_result_is_checked(api: Any) -> None:
    id = api.pal()
    for operation in (
        add("/layers", {"stt": {"stt_engine": "ears"}}),
        {"op": "remove", "path": "/system_prompt"},
        replace("/pal_name", 3),
        replace("", []),
        replace("", "text"),
    ):
        assert api.patch(f"/pals/{id}", [operation]).status_code == 400
    assert api.patch(f"/pals/{id}", [{"op": "remove", "path": "/default_face_id"}]).status_code == 200


# --- the key of a custom LLM --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "operation",
    [
        replace("/layers/llm/model", "n"),
        add("/layers/llm/extra_body", {"temperature": 1}),
        add("/layers/llm", {"model": "n", "base_url": "https://x.example"}),
        replace("/layers", {"llm": {"model": "n", "base_url": "https://x.example"}}),
        {"op": "remove", "path": "/layers/llm/model"},
    ],
)
def test_the_key_is_not_kept_across_a_write_of_the_layer(api: Any, custom: dict[str, str], operation: Any) -> None:
    id = api.pal(layers={"llm": custom})
    answer = api.patch(f"/pals/{id}", [operation])
    assert (answer.status_code, answer.json()) == (400, {"error": CUSTOM_LLM})
    both = api.patch(f"/pals/{id}", [operation, add("/layers/llm/api_key", custom["api_key"])])
    assert both.status_code == 200


def test_writing_the_layer_with_its_key_is_fine(api: Any, custom: dict[str, str]) -> None:
    id = api.pal(layers={"llm": custom})
    assert api.patch(f"/pals/{id}", [replace("/layers/llm", {**custom, "model": "n"})]).status_code == 200
    assert api.patch(f"/pals/{id}", [replace("/layers/llm", {**custom, "model": "n"})]).status_code == 304


def test_going_back_to_a_hosted_model_needs_no_key(api: Any, custom: dict[str, str]) -> None:
    id = api.pal(layers={"llm": custom})
    operations = [{"op": "remove", "path": f"/layers/llm/{name}"} for name in ("base_url", "api_key")]
    assert api.patch(f"/pals/{id}", [*operations, replace("/layers/llm/model", "tavus-glm-4.7")]).status_code == 200


@pytest.mark.parametrize(("mood", "leaf", "whole"), [("leaf", 400, 400), ("object", 200, 400), ("kept", 200, 400)])
def test_retention_is_a_switch(open_api: Any, custom: dict[str, str], mood: str, leaf: int, whole: int) -> None:
    api = open_api(key_retention=mood)
    id = api.pal(layers={"llm": custom})
    assert api.patch(f"/pals/{id}", [replace("/layers/llm/model", "n")]).status_code == leaf
    without = {"model": "o", "base_url": custom["base_url"]}
    assert api.patch(f"/pals/{id}", [replace("/layers/llm", without)]).status_code == whole


def test_patches_elsewhere_leave_the_key_alone(api: Any, custom: dict[str, str]) -> None:
    id = api.pal(layers={"llm": custom})
    assert api.patch(f"/pals/{id}", [replace("/pal_name", "B")]).status_code == 200
    assert api.live(id)["layers"]["llm"]["api_key"] == "********"


def test_a_rotated_key_is_a_change_and_the_same_one_is_none(api: Any, custom: dict[str, str]) -> None:
    id = api.pal(layers={"llm": custom})
    assert api.patch(f"/pals/{id}", [add("/layers/llm/api_key", custom["api_key"])]).status_code == 304
    assert api.patch(f"/pals/{id}", [add("/layers/llm/api_key", "sk-new")]).status_code == 200
    assert api.patch(f"/pals/{id}", [add("/layers/llm/api_key", "********")]).status_code == 400


@pytest.mark.parametrize("mood", ["mask", "omit", "echo"])
def test_a_secret_can_be_patched_however_it_is_shown(open_api: Any, mood: str) -> None:
    api = open_api(secrets=mood)
    id = api.pal(layers={"tts": {"tts_engine": "elevenlabs", "api_key": "one"}})
    assert api.patch(f"/pals/{id}", [add("/layers/tts/api_key", "two")]).status_code == 200
    assert api.patch(f"/pals/{id}", [{"op": "remove", "path": "/layers/tts/api_key"}]).status_code == 200
    assert "api_key" not in api.live(id)["layers"]["tts"]


# --- conferencing -------------------------------------------------------------------------------------------------


def test_conferencing_is_patched_alone(api: Any) -> None:
    id = api.pal(layers={"conferencing": {"username": "claims"}})
    rename = replace("/layers/conferencing/username", "desk")
    assert api.patch(f"/pals/{id}", [rename, replace("/pal_name", "B")]).status_code == 400
    assert api.patch(f"/pals/{id}", [add("/layers", {})]).status_code == 400
    assert api.patch(f"/pals/{id}", [replace("/pal_name", "B")]).status_code == 200
    assert api.patch(f"/pals/{id}", [rename]).status_code == 200
    assert api.live(id)["layers"]["conferencing"] == {"username": "desk", "email": "desk@tavusinvite.com"}


# --- a person in the vendor's editor ------------------------------------------------------------------------------


@pytest.fixture
def drafted(open_api: Any, tmp_path: Path) -> Any:
    """`drafted(mood...)` -> (api, id) of a persona with unpublished edits, made as a person would: in the file."""

    def make(draft: Any, **mood: Any) -> tuple[Any, str]:
        world = tmp_path / "world.json"
        api = open_api(world=world, **mood)
        id = api.pal(layers={"conferencing": {"username": "claims"}})
        data = json.loads(world.read_text())
        data["objects"]["pals"][id]["$draft"] = draft
        world.write_text(json.dumps(data))
        return api, id

    return make


def test_a_draft_refuses_patches_unless_forced(drafted: Any) -> None:
    api, id = drafted({"system_prompt": "edited"})
    answer = api.patch(f"/pals/{id}", [replace("/pal_name", "B")])
    assert answer.status_code == 409
    assert answer.json()["conflict"] == "maker_changes"
    assert api.live(id)["pal_name"] == "Claims Desk"
    assert "$draft" not in api.live(id)
    forced = api.patch(f"/pals/{id}", [replace("/pal_name", "B")], force="true")
    assert forced.status_code == 200
    assert forced.json()["discarded_maker_changes"] is True
    assert api.live(id)["system_prompt"] == "You handle claims."
    assert api.patch(f"/pals/{id}", [replace("/pal_name", "C")]).status_code == 200


def test_a_draft_lets_conferencing_through(drafted: Any) -> None:
    api, id = drafted(True)
    assert api.patch(f"/pals/{id}", [replace("/layers/conferencing/username", "desk")]).status_code == 200
    assert api.patch(f"/pals/{id}", [replace("/pal_name", "B")]).status_code == 409


def test_the_older_era_routes_patches_to_the_draft(drafted: Any) -> None:
    api, id = drafted({"system_prompt": "edited"}, drafts="routed")
    answer = api.patch(f"/pals/{id}", [replace("/pal_name", "B")])
    assert answer.status_code == 200
    assert answer.json()["publish_url"]
    assert api.live(id)["pal_name"] == "Claims Desk"
    draft = api.get(f"/pals/{id}", source="draft")
    assert (draft["pal_name"], draft["system_prompt"], draft["is_draft_view"]) == ("B", "edited", True)
    assert api.post(f"/pals/{id}/publish", None).json()["pal_name"] == "B"
    live = api.live(id)
    assert (live["pal_name"], live["system_prompt"]) == ("B", "edited")
    assert api.patch(f"/pals/{id}", [replace("/pal_name", "C")]).json().get("publish_url") is None


def test_the_older_era_can_be_told_to_write_live(drafted: Any) -> None:
    api, id = drafted({"system_prompt": "edited"}, drafts="routed")
    assert api.patch(f"/pals/{id}", [replace("/pal_name", "B")], target="live").status_code == 200
    assert api.live(id)["pal_name"] == "B"


def test_reads_can_lag_behind_writes(open_api: Any) -> None:
    api = open_api(stale_reads=2)
    id = api.pal()
    api.patch(f"/pals/{id}", [replace("/pal_name", "B")])
    assert [api.live(id)["pal_name"] for _ in range(3)] == ["Claims Desk", "Claims Desk", "B"]
