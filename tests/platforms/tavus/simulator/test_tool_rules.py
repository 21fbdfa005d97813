"""What a tool must satisfy."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.platforms.tavus.simulator.http_types import Refusal
from reconciler.platforms.tavus.simulator.tool_rules import check_tool, check_whole

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
