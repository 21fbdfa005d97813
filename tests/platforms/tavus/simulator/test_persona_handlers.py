"""Create, list, get, delete and publish of personas, in both vocabularies."""

from __future__ import annotations

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
