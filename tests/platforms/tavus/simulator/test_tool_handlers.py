"""The tools registry."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.platforms.tavus.simulator.http_types import Refusal
from reconciler.platforms.tavus.simulator.tool_handlers import check_tool, check_whole

API = {"url": "https://api.northwind.example/claims/{tavus_conversation_id}", "method": "GET"}
BEARER = {"type": "bearer", "token": "tok-1"}


def test_a_create_answers_the_whole_tool_with_defaults(api: Any) -> None:
    answer = api.post("/tools", {"name": "lookup_policy", "description": "Find a policy."})
    assert answer.status_code == 200
    tool = answer.json()
    assert tool["tool_id"].startswith("t")
    assert tool["owner_id"].startswith("u")
    dates = (tool.pop("created_at"), tool.pop("updated_at"))
    assert not any(date.endswith("Z") for date in dates)
    assert {name: tool[name] for name in tool if name not in ("tool_id", "owner_id")} == {
        "is_system_tool": False,
        "name": "lookup_policy",
        "description": "Find a policy.",
        "parameters": {},
        "trigger_type": "in_call",
        "origin": "llm",
        "on_call": "generate_filler",
        "on_resolve": "fire_and_forget",
        "static_filler": None,
        "delivery": {"app_message": True},
        "tags": [],
    }


def test_names_are_unique_until_the_tool_is_deleted(api: Any) -> None:
    id = api.tool()
    clash = api.post("/tools", {"name": "lookup_policy", "description": "Another."})
    assert clash.status_code == 409
    assert "lookup_policy" in clash.json()["error"]
    other = api.tool(name="other")
    assert api.patch(f"/tools/{other}", {"name": "lookup_policy"}).status_code == 409
    assert api.post("/tools", {"name": "end_call", "description": "Taken by the system."}).status_code == 409
    assert api.delete(f"/tools/{id}").status_code == 204
    assert api.tool() != id


def test_get_and_delete(api: Any) -> None:
    id = api.tool()
    assert api.get(f"/tools/{id}")["name"] == "lookup_policy"
    assert api.delete(f"/tools/{id}").status_code == 204
    assert api("GET", f"/tools/{id}").status_code == 404
    assert api.delete(f"/tools/{id}").status_code == 404
    assert api.get("/tools")["total_count"] == 0


def test_an_unknown_tool_can_be_400(open_api: Any) -> None:
    assert open_api(unknown_tool=400)("GET", "/tools/t0").status_code == 400


def test_system_tools_are_read_only_and_named_by_their_name(api: Any) -> None:
    tool = api.get("/tools/end_call")
    assert (tool["is_system_tool"], tool["owner_id"], tool["tool_id"]) == (True, None, "end_call")
    assert api.patch("/tools/end_call", {"description": "x"}).status_code == 400
    assert api.delete("/tools/end_call").status_code == 400


def test_lists_by_type_and_name(api: Any) -> None:
    ids = [api.tool(name=name) for name in ("lookup_policy", "lookup_claim", "flag_damage")]
    assert [tool["tool_id"] for tool in api.get("/tools")["data"]] == ids
    assert api.get("/tools", type="system")["total_count"] == 2
    assert api.get("/tools", type="all")["total_count"] == 5
    assert api("GET", "/tools", params={"type": "mine"}).status_code == 400
    assert api.get("/tools", name_or_uuid="LOOKUP")["total_count"] == 2, "the name is a part, in any case"
    assert [tool["tool_id"] for tool in api.get("/tools", name_or_uuid=ids[2])["data"]] == [ids[2]]
    assert api.get("/tools", name_or_uuid=ids[2][:-1])["total_count"] == 0, "the id is exact"
    assert [tool["tool_id"] for tool in api.get("/tools", sort="desc", limit=2, page=2)["data"]] == ids[:1]


# --- PATCH is a partial object ------------------------------------------------------------------------------------


def test_a_patch_changes_what_it_names(api: Any) -> None:
    id = api.tool(parameters={"type": "object", "properties": {"a": {}}}, tags=["x"])
    answer = api.patch(f"/tools/{id}", {"description": "New."})
    assert answer.status_code == 200
    assert answer.json()["description"] == "New."
    assert answer.json()["tags"] == ["x"]
    assert answer.json()["updated_at"] > answer.json()["created_at"]
    assert api.patch(f"/tools/{id}", {"parameters": {"type": "object"}}).json()["parameters"] == {"type": "object"}


def test_a_patch_that_changes_nothing_answers_200_and_the_same_date(api: Any) -> None:
    id = api.tool()
    before = api.get(f"/tools/{id}")
    answer = api.patch(f"/tools/{id}", {"description": "Find a policy.", "tool_id": "tmine"})
    assert (answer.status_code, answer.json()) == (200, before)


def test_delivery_is_replaced_whole(api: Any) -> None:
    id = api.tool(delivery={"api": {**API, "timeout": 5, "headers": {"X": "1"}, "auth": BEARER}})
    delivery = api.patch(f"/tools/{id}", {"delivery": {"api": {"url": "https://new.example"}}}).json()["delivery"]
    assert delivery["api"]["url"] == "https://new.example"
    assert delivery["api"]["method"] == "POST"
    assert delivery["api"]["timeout"] == 10
    assert delivery["api"]["headers"] == {}
    assert delivery["api"]["auth"] == {"type": "none"}
    assert delivery["app_message"] is False


def test_null_delivery_goes_back_to_app_message(api: Any) -> None:
    id = api.tool(delivery={"api": API})
    assert api.patch(f"/tools/{id}", {"delivery": None}).json()["delivery"] == {"app_message": True}


def test_a_json_patch_is_refused(api: Any) -> None:
    id = api.tool()
    assert api.patch(f"/tools/{id}", [{"op": "add", "path": "/description", "value": "x"}]).status_code == 400


def test_what_is_patched_is_checked_together_with_what_is_stored(api: Any) -> None:
    id = api.tool()
    assert api.patch(f"/tools/{id}", {"origin": "vision"}).status_code == 400
    assert api.patch(f"/tools/{id}", {"on_call": "static_filler"}).status_code == 400
    assert api.patch(f"/tools/{id}", {"on_call": "static_filler", "static_filler": "One moment."}).status_code == 200
    assert api.patch(f"/tools/{id}", {"name": None}).status_code == 400


# --- secrets ------------------------------------------------------------------------------------------------------


def test_secrets_are_scrubbed_and_the_mask_is_refused(api: Any) -> None:
    id = api.tool(delivery={"api": {**API, "headers": {"X-Key": "k"}, "auth": BEARER}})
    shown = api.get(f"/tools/{id}")["delivery"]["api"]
    assert shown["auth"] == {"type": "bearer", "token": "********"}
    assert shown["headers"] == {"X-Key": "********"}
    echo = {"delivery": {"api": {**API, "auth": {"type": "bearer", "token": "********"}}}}
    answer = api.patch(f"/tools/{id}", echo)
    assert answer.status_code == 400
    assert "delivery.api.auth.token" in answer.json()["error"]
    assert api.post("/tools", {"name": "x", "description": "y", **echo}).status_code == 400


def test_a_secret_left_out_is_kept(open_api: Any) -> None:
    api = open_api(secrets="echo")
    id = api.tool(delivery={"api": {**API, "auth": BEARER}})
    kept = api.patch(f"/tools/{id}", {"delivery": {"api": {**API, "auth": {"type": "bearer"}}}})
    assert kept.json()["delivery"]["api"]["auth"]["token"] == "tok-1"
    other = {"delivery": {"api": {**API, "auth": {"type": "hmac"}}}}
    assert api.patch(f"/tools/{id}", other).status_code == 400, "another type has no stored secret"


def test_a_new_tool_needs_its_secret(api: Any) -> None:
    body = {"name": "x", "description": "y", "delivery": {"api": {**API, "auth": {"type": "bearer"}}}}
    assert api.post("/tools", body).status_code == 400


@pytest.mark.parametrize("mood", ["mask", "omit"])
def test_secrets_never_show(open_api: Any, mood: str) -> None:
    api = open_api(secrets=mood, headers=mood)
    auth = {"type": "oauth2_client_credentials", "token_url": "https://t", "client_id": "i", "client_secret": "s3cr"}
    id = api.tool(delivery={"api": {**API, "auth": auth, "headers": {"X": "s3cr"}}})
    assert "s3cr" not in api("GET", f"/tools/{id}").text


def test_reads_can_lag_behind_writes(open_api: Any) -> None:
    api = open_api(stale_reads=1)
    id = api.tool()
    api.patch(f"/tools/{id}", {"description": "New."})
    assert api.get(f"/tools/{id}")["description"] == "Find a policy."
    assert api.get(f"/tools/{id}")["description"] == "New."


URL = "https://api.example/x"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"name": "2fast"}, "'name': ['String does not match expected pattern.']"),
        ({"name": "a" * 65}, "maximum length 64"),
        ({"name": "with-dash"}, "expected pattern"),
        ({"name": None}, "Field may not be null."),
        ({"description": ""}, "Shorter than minimum length 1."),
        ({"description": 3}, "Not a valid string."),
        ({"parameters": []}, "Not a valid mapping type."),
        ({"parameters": {"properties": {"tavus_x": {}}}}, "must not start with tavus_"),
        ({"trigger_type": "never"}, "Must be one of: in_call, post_call."),
        ({"trigger_type": "post_call"}, "post_call tools need delivery.api."),
        ({"origin": "nose"}, "Must be one of: llm, vision, audio."),
        ({"on_call": "sing"}, "Must be one of"),
        ({"origin": "vision", "on_call": "silent"}, "on_call must be null"),
        ({"origin": "audio", "on_resolve": "add_to_context"}, "Only fire_and_forget"),
        ({"on_call": "static_filler"}, "static_filler is required"),
        ({"delivery": {}}, "Exactly one of app_message and api"),
        ({"delivery": {"app_message": True, "api": {"url": URL}}}, "Exactly one of app_message and api"),
        ({"delivery": {"app_message": False}}, "Exactly one of app_message and api"),
        ({"delivery": {"api": {}}}, "'url': ['Missing data"),
        ({"delivery": {"api": {"url": "http://plain.example"}}}, "'url': ['String does not match"),
        ({"delivery": {"api": {"url": URL, "method": "FETCH"}}}, "Must be one of: POST"),
        ({"delivery": {"api": {"url": URL, "timeout": 0}}}, "greater than 0"),
        ({"delivery": {"api": {"url": URL, "timeout": 61}}}, "less than or equal to 60"),
        ({"delivery": {"api": {"url": URL, "timeout": "soon"}}}, "Not a valid number."),
        ({"delivery": {"api": {"url": URL, "method": "GET", "body_template": {}}}}, "Not allowed for this method."),
        ({"delivery": {"api": {"url": URL, "auth": {"type": "magic"}}}}, "Must be one of: none, bearer"),
        ({"delivery": {"api": {"url": URL, "auth": {}}}}, "Must be one of: none, bearer"),
        ({"delivery": {"api": {"url": URL, "auth": {"type": "basic", "username": "u"}}}}, "'password': ['Missing"),
        ({"delivery": {"api": {"url": URL, "auth": {"type": "hmac"}}}}, "'secret': ['Missing"),
        (
            {
                "delivery": {
                    "api": {"url": URL, "auth": {"type": "api_key", "name": "n", "value": "v", "location": "b"}}
                }
            },
            "Must be one of: header, query.",
        ),
    ],
)
def test_wrong_tools(api: Any, fields: dict[str, Any], words: str) -> None:
    answer = api.post("/tools", {"name": "x", "description": "y", **fields})
    assert answer.status_code == 400, answer.text
    assert words in answer.json()["error"]
    assert api.get("/tools")["total_count"] == 0


def test_name_and_description_are_required(api: Any) -> None:
    error = api.post("/tools", {}).json()["error"]
    assert "'name': ['Missing data for required field.']" in error
    assert "'description': ['Missing data for required field.']" in error


@pytest.mark.parametrize(
    "fields",
    [
        {"origin": "vision"},
        {"origin": "audio", "on_call": None, "on_resolve": "fire_and_forget"},
        {"on_call": "static_filler", "static_filler": "One moment."},
        {"trigger_type": "post_call", "delivery": {"api": {"url": URL}}},
        {"delivery": {"app_message": False, "api": {"url": URL, "timeout": 0.5, "method": "HEAD"}}},
        {
            "delivery": {
                "api": {"url": URL, "auth": {"type": "api_key", "name": "n", "value": "v", "location": "query"}}
            }
        },
        {"parameters": {"type": "object", "properties": {"a": {"type": "string"}}}},
        {"name": "_" + "a" * 63},
    ],
)
def test_good_tools(api: Any, fields: dict[str, Any]) -> None:
    assert api.tool(**fields)


def test_description_and_parameters_share_ten_thousand_characters() -> None:
    body: dict[str, Any] = {"description": "d" * 9_998, "parameters": {}}
    check_whole(body)
    with pytest.raises(Refusal, match="10000 characters"):
        check_whole({**body, "description": "d" * 9_999})


@pytest.mark.parametrize(("mood", "status"), [("keep", 200), ("drop", 200), ("reject", 400)])
def test_unknown_fields(open_api: Any, mood: str, status: int) -> None:
    api = open_api(unknown_fields=mood)
    answer = api.post("/tools", {"name": "x", "description": "y", "colour": "red"})
    assert answer.status_code == status
    if status == 200:
        assert ("colour" in answer.json()) is (mood == "keep")


def test_a_partial_body_may_leave_everything_out() -> None:
    check_tool({}, partial=True)
    with pytest.raises(Refusal):
        check_tool({})
