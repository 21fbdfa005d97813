"""Create, list, get, delete and publish of personas, in both vocabularies."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest


def test_a_create_answers_the_short_body(api: Any) -> None:
    answer = api.post("/pals", {"pal_name": "A", "system_prompt": "hi", "default_face_id": "r1"})
    assert answer.status_code == 200
    body = answer.json()
    assert set(body) == {"pal_id", "pal_name", "pal_description", "created_at", "tool_ids"}
    assert body["pal_id"].startswith("p")
    short = api.post("/personas", {"persona_name": "A", "system_prompt": "hi"}).json()
    assert set(short) == {"persona_id", "persona_name", "created_at"}


def test_names_need_not_be_unique_and_creates_are_not_idempotent(api: Any) -> None:
    assert api.pal() != api.pal()
    assert api.get("/pals", pal_type="user")["total_count"] == 2


def test_what_was_sent_is_read_back(api: Any) -> None:
    layers = {"llm": {"model": "m", "speculative_inference": False, "extra_body": {"a": {"b": [1, 2.5, None]}}}}
    live = api.live(api.pal(greeting="Hi", layers=layers, document_ids=["d1"], unheard_of={"x": 1}))
    assert live["layers"] == layers
    assert live["greeting"] == "Hi"
    assert live["document_ids"] == ["d1"]
    assert live["unheard_of"] == {"x": 1}
    assert live["created_at"] == live["updated_at"]


def test_unknown_layers_are_kept(api: Any) -> None:
    live = api.live(api.pal(layers={"mcp": {"connector_tools": [{"id": 1}]}, "future": {"deep": {"er": []}}}))
    assert live["layers"]["mcp"] == {"connector_tools": [{"id": 1}]}
    assert live["layers"]["future"] == {"deep": {"er": []}}


def test_one_object_two_vocabularies(api: Any) -> None:
    flow = {"replica_interruptibility": "low"}
    body = {
        "persona_name": "Desk",
        "system_prompt": "hi",
        "default_replica_id": "r9",
        "layers": {"conversational_flow": flow},
    }
    id = api.post("/personas", body).json()["persona_id"]
    pal, persona = api.get(f"/pals/{id}"), api.get(f"/personas/{id}")
    assert (pal["pal_id"], pal["pal_name"], pal["default_face_id"]) == (id, "Desk", "r9")
    assert (persona["persona_id"], persona["persona_name"], persona["default_replica_id"]) == (id, "Desk", "r9")
    assert pal["layers"]["conversational_flow"]["pal_interruptibility"] == "low"
    assert persona["layers"]["conversational_flow"]["replica_interruptibility"] == "low"
    assert not [name for name in pal if name.startswith("persona")]
    assert not [name for name in persona if name.startswith("pal")]


@pytest.mark.parametrize("word", ["pal_interruptibility", "face_interruptibility", "replica_interruptibility"])
@pytest.mark.parametrize("shown", ["pal", "face", "replica"])
def test_interruptibility_is_one_field_with_three_spellings(open_api: Any, word: str, shown: str) -> None:
    api = open_api(interruptibility=shown)
    live = api.live(api.pal(layers={"conversational_flow": {word: "high"}}))
    flow = live["layers"]["conversational_flow"]
    assert flow[f"{shown}_interruptibility"] == "high"
    assert len([name for name in flow if name.endswith("interruptibility")]) == 1


def test_the_old_word_does_not_satisfy_the_new_path(api: Any) -> None:
    body = {"pal_name": "A", "system_prompt": "hi", "default_replica_id": "r1"}
    answer = api.post("/pals", body)
    assert answer.status_code == 400
    assert "default_face_id is required when creating a pal." in answer.json()["error"]
    assert api.post("/personas", {"persona_name": "A", "system_prompt": "hi"}).status_code == 200


def test_the_face_rule_can_be_switched_off(open_api: Any) -> None:
    assert open_api(face_required=False).post("/pals", {"system_prompt": "hi"}).status_code == 200


def test_one_field_of_conversational_flow_fills_the_others(api: Any) -> None:
    live = api.live(api.pal(layers={"conversational_flow": {"turn_taking_patience": "low"}}))
    assert live["layers"]["conversational_flow"] == {
        "turn_detection_model": "sparrow-1",
        "turn_taking_patience": "low",
        "pal_interruptibility": "medium",
        "voice_isolation": "near",
        "idle_engagement": "off",
        "wake_phrase": None,
        "sleep_phrase": None,
    }
    assert "conversational_flow" not in api.live(api.pal(layers={})).get("layers", {})


@pytest.mark.parametrize(
    ("mood", "tts", "top"),
    [
        ("fill", {"tts_engine": "tavus-auto", "tts_emotion_control": True, "voice_id": "v"}, []),
        ("hide", {"voice_id": "v"}, "absent"),
        ("null", {"tts_engine": None, "tts_emotion_control": None, "voice_id": "v"}, None),
    ],
)
def test_defaults_on_read(open_api: Any, mood: str, tts: Any, top: Any) -> None:
    api = open_api(defaults=mood)
    live = api.live(api.pal(layers={"tts": {"voice_id": "v", "tts_emotion_control": True}}, guardrail_ids=[]))
    assert live["layers"]["tts"] == tts
    assert live.get("guardrail_ids", "absent") == top


@pytest.mark.parametrize(
    ("mood", "shown"), [("absent", "absent"), ("null", None), ("all", {"stt_engine": "tavus-auto"})]
)
def test_layers_that_nobody_set(open_api: Any, mood: str, shown: Any) -> None:
    api = open_api(layers=mood)
    assert api.live(api.pal(layers={"llm": {"model": "m"}}))["layers"].get("stt", "absent") == shown


def test_booleans_can_be_words(open_api: Any) -> None:
    api = open_api(booleans="text")
    live = api.live(api.pal(layers={"tts": {"tts_emotion_control": False}, "llm": {"speculative_inference": True}}))
    assert live["layers"]["tts"]["tts_emotion_control"] == "false"
    assert live["layers"]["llm"]["speculative_inference"] == "true"


def test_words_are_taken_as_booleans(api: Any) -> None:
    live = api.live(api.pal(layers={"tts": {"tts_emotion_control": "false"}}))
    assert live["layers"]["tts"]["tts_emotion_control"] is False


def test_get_can_be_wrapped(open_api: Any) -> None:
    api = open_api(get="wrapped")
    id = api.pal()
    assert api.live(id)["data"][0]["pal_id"] == id


def test_read_only_fields_of_a_create_are_dropped(api: Any) -> None:
    id = api.pal(pal_id="pmine", created_at="1999", is_published=True, **{"$type": "system"})
    live = api.live(id)
    assert id != "pmine"
    assert live["created_at"] != "1999"
    assert "is_published" not in live
    assert api.delete(f"/pals/{id}").status_code == 204


def test_owner_and_settings_are_shown_on_demand(open_api: Any) -> None:
    api = open_api(owner_id=True)
    id = api.pal()
    assert api.live(id)["owner_id"].startswith("u")
    assert "pal_settings_id" not in api.live(id)
    assert "pal_settings_id" in api.get(f"/pals/{id}", include_settings="true")
    assert "persona_settings_id" in api.get(f"/personas/{id}", include_settings="true")


def test_conferencing_makes_an_email_and_wants_a_free_name(api: Any) -> None:
    layers = {"conferencing": {"username": "claims"}}
    body = {"pal_name": "A", "system_prompt": "hi", "default_face_id": "r1", "layers": layers}
    assert api.post("/pals", body).json()["conferencing_email"] == "claims@tavusinvite.com"
    assert api.post("/pals", body).status_code == 400
    nameless = api.post("/personas", {"system_prompt": "hi", "layers": {"conferencing": {"username": "other"}}})
    assert nameless.status_code == 400
    assert "default_replica_id" in nameless.json()["error"]


def test_unknown_and_foreign_ids_speak_of_persona_id(api: Any) -> None:
    for path in ("/pals/pnone", "/personas/pnone"):
        for method in ("GET", "DELETE"):
            answer = api(method, path)
            assert answer.status_code == 400
            assert answer.json() == {"error": "Invalid persona_id"}
        assert api.patch(path, []).json() == {"error": "Invalid persona_id"}


def test_unknown_ids_can_be_404(open_api: Any) -> None:
    assert open_api(unknown_id=404)("GET", "/pals/pnone").status_code == 404


@pytest.mark.parametrize("id", ["p5317866", "p0rphan00"])
def test_stock_and_orphans_can_be_read_but_not_written(api: Any, id: str) -> None:
    assert api.live(id)["pal_id"] == id
    assert api.delete(f"/pals/{id}").json() == {"error": "Invalid persona_id"}
    assert api.patch(f"/pals/{id}", [{"op": "add", "path": "/pal_name", "value": "x"}]).status_code == 400
    tool = api.tool()
    assert api.post(f"/pals/{id}/tools", {"tool_ids": [tool]}).status_code == 400
    assert api.post(f"/pals/{id}/publish", None).status_code == 400


def test_deleted_is_gone(api: Any) -> None:
    id = api.pal()
    answer = api.delete(f"/pals/{id}")
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.delete(f"/pals/{id}").status_code == 400
    assert api("GET", f"/pals/{id}").status_code == 400
    assert api.get("/pals", pal_type="user")["data"] == []


# --- lists --------------------------------------------------------------------------------------------------------


def test_an_unfiltered_list_mixes_in_stock_and_an_orphan(api: Any) -> None:
    api.pal()
    assert api.get("/pals")["total_count"] == 4
    assert api.get("/pals", pal_type="user")["total_count"] == 1
    assert api.get("/pals", persona_type="user")["total_count"] == 1
    system = api.get("/personas", persona_type="system")
    assert system["total_count"] == 2
    assert {item["persona_type"] for item in system["data"]} == {"system"}
    assert api("GET", "/pals", params={"pal_type": "mine"}).status_code == 400


def test_pages(api: Any) -> None:
    ids = [api.pal(pal_name=f"n{number}") for number in range(23)]

    def page(number: int, **query: Any) -> list[str]:
        answer = api.get("/pals", pal_type="user", page=number, **query)
        assert answer["total_count"] == 23
        return [item["pal_id"] for item in answer["data"]]

    assert page(1) == ids[:10]
    assert page(0) == ids[:10], "the vendor's own client counts from 0"
    assert page(2) == ids[10:20]
    assert page(3) == ids[20:]
    assert page(4) == []
    assert page(1, limit=100) == ids
    assert page(1, limit=1000) == ids
    assert page(1, limit=5, sort="desc") == ids[:-6:-1]


@pytest.mark.parametrize("query", [{"limit": "x"}, {"limit": 0}, {"page": -1}, {"limit": "1.5"}, {"page": "²"}])
def test_bad_page_parameters(api: Any, query: Any) -> None:
    assert api("GET", "/pals", params=query).status_code == 400


def test_list_items_are_the_whole_objects(api: Any) -> None:
    id = api.pal(layers={"llm": {"model": "m"}})
    assert api.get("/pals", pal_type="user")["data"] == [api.live(id)]
    assert api.get("/personas", persona_type="user")["data"] == [api.get(f"/personas/{id}")]


def test_list_items_can_be_summaries(open_api: Any) -> None:
    api = open_api(items="summary")
    id = api.pal()
    (item,) = api.get("/pals", pal_type="user")["data"]
    assert item["pal_id"] == id
    assert "layers" not in item
    assert "system_prompt" not in item


@pytest.mark.parametrize(("key", "read"), [("bare", lambda a: a), ("resource", lambda a: a["pals"])])
def test_other_list_shapes(open_api: Any, key: str, read: Any) -> None:
    api = open_api(list_key=key)
    id = api.pal()
    assert id in [item["pal_id"] for item in read(api.get("/pals"))]


def test_lists_show_writes_at_once(api: Any) -> None:
    id = api.pal()
    api.get("/pals", pal_type="user")
    api.patch(f"/pals/{id}", [{"op": "replace", "path": "/pal_name", "value": "New"}])
    assert api.get("/pals", pal_type="user")["data"][0]["pal_name"] == "New"
    assert api.get("/personas", persona_type="user")["data"][0]["persona_name"] == "New"


# --- secrets ------------------------------------------------------------------------------------------------------


def test_secrets_are_masked_on_read(api: Any, custom: dict[str, str]) -> None:
    free = {"headers": {"X-Team": "nw", "X-Org": "o"}, "default_query": {"v": "1", "api-version": "2"}}
    layers = {"llm": {**custom, **free}, "tts": {"api_key": "el"}}
    live = api.live(api.pal(layers=layers))["layers"]
    assert live["llm"]["api_key"] == live["tts"]["api_key"] == "********"
    assert live["llm"]["headers"] == {"X-Team": "********", "X-Org": "o"}
    assert live["llm"]["default_query"] == {"v": "********", "api-version": "2"}
    assert live["llm"]["base_url"] == custom["base_url"]


def test_secrets_can_be_left_out_or_echoed(open_api: Any, custom: dict[str, str]) -> None:
    api = open_api(secrets="omit", headers="echo")
    live = api.live(api.pal(layers={"llm": {**custom, "headers": {"X-Org": "nw"}}}))["layers"]["llm"]
    assert "api_key" not in live
    assert live["headers"] == {"X-Org": "nw"}
    api = open_api(secrets="echo")
    assert api.live(api.pal(layers={"llm": custom}))["layers"]["llm"]["api_key"] == custom["api_key"]


def test_the_mask_sent_back_is_refused(api: Any, custom: dict[str, str]) -> None:
    body = {"system_prompt": "hi", "layers": {"llm": {**custom, "api_key": "********"}}}
    answer = api.post("/personas", body)
    assert answer.status_code == 400
    assert "placeholder" in answer.json()["error"]


# --- drafts -------------------------------------------------------------------------------------------------------


def test_publish_without_a_draft_answers_the_same(api: Any) -> None:
    id = api.pal()
    answer = api.post(f"/pals/{id}/publish", None).json()
    assert (answer["status"], answer["pal_id"], answer["pal_name"]) == ("success", id, "Claims Desk")


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
