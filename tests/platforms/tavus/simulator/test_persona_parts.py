"""Attached tools and skills."""

from __future__ import annotations

from typing import Any

import pytest


def attached(api: Any, id: str) -> list[str]:
    return [tool["tool_id"] for tool in api.get(f"/pals/{id}/tools")["data"]]


def test_attach_list_detach(api: Any) -> None:
    pal, tool = api.pal(), api.tool()
    answer = api.post(f"/pals/{pal}/tools", {"tool_ids": [tool]})
    assert answer.status_code == 200
    assert [item["tool_id"] for item in answer.json()["data"]] == [tool]
    assert attached(api, pal) == [tool]
    assert api.live(pal)["tool_ids"] == [tool]
    gone = api.delete(f"/pals/{pal}/tools/{tool}")
    assert (gone.status_code, gone.content) == (204, b"")
    assert attached(api, pal) == []


def test_attaching_twice_is_fine_detaching_twice_is_not(api: Any) -> None:
    pal, tool = api.pal(), api.tool()
    for _ in range(2):
        assert api.post(f"/pals/{pal}/tools", {"tool_ids": [tool, tool]}).status_code == 200
    assert attached(api, pal) == [tool]
    assert api.delete(f"/pals/{pal}/tools/{tool}").status_code == 204
    again = api.delete(f"/pals/{pal}/tools/{tool}")
    assert (again.status_code, again.json()) == (400, {"error": "Bad Request. Tool not attached to this PAL"})
    assert api.delete(f"/pals/pnone/tools/{tool}").json() == again.json()


def test_tools_can_come_with_the_create(api: Any) -> None:
    tool = api.tool()
    answer = api.post("/pals", {"system_prompt": "hi", "default_face_id": "r1", "tool_ids": [tool]})
    assert answer.json()["tool_ids"] == [tool]
    assert attached(api, answer.json()["pal_id"]) == [tool]


@pytest.mark.parametrize(
    "body", [{}, {"tool_ids": None}, {"tool_ids": []}, {"tool_ids": "t1"}, {"tool_ids": [1]}, [], {"tool_id": "t1"}]
)
def test_bad_attach_bodies(api: Any, body: Any) -> None:
    assert api.post(f"/pals/{api.pal()}/tools", body).status_code == 400


def test_unknown_and_system_tools_cannot_be_attached(api: Any) -> None:
    pal, tool = api.pal(), api.tool()
    for id in ("t000", "end_call"):
        assert api.post(f"/pals/{pal}/tools", {"tool_ids": [tool, id]}).status_code == 400
    assert attached(api, pal) == [], "all or nothing"


def test_fifty_at_most(api: Any) -> None:
    pal = api.pal()
    ids = [api.tool(name=f"tool_{number}") for number in range(51)]
    assert api.post(f"/pals/{pal}/tools", {"tool_ids": ids}).status_code == 400
    assert api.post(f"/pals/{pal}/tools", {"tool_ids": ids[:50]}).status_code == 200
    assert api.post(f"/pals/{pal}/tools", {"tool_ids": ids[50:]}).status_code == 400


def test_deleting_a_tool_detaches_it_everywhere(api: Any) -> None:
    tool, other = api.tool(), api.tool(name="other")
    pals = [api.pal(tool_ids=[tool, other]) for _ in range(3)]
    api.delete(f"/tools/{tool}")
    assert [attached(api, pal) for pal in pals] == [[other]] * 3
    assert api.live(pals[0])["tool_ids"] == [other]


def test_inline_and_system_tools_are_not_listed(api: Any) -> None:
    inline = [{"type": "function", "function": {"name": "x", "description": "y", "parameters": {}}}]
    assert attached(api, api.pal(layers={"llm": {"tools": inline}})) == []


def test_attaching_moves_no_date_unless_it_should(open_api: Any) -> None:
    for touches in (False, True):
        api = open_api(attach_touches=touches)
        pal = api.pal()
        before = api.live(pal)["updated_at"]
        api.post(f"/pals/{pal}/tools", {"tool_ids": [api.tool()]})
        assert (api.live(pal)["updated_at"] != before) is touches


def test_tool_ids_can_be_hidden_and_survive_a_patch(open_api: Any) -> None:
    api = open_api(tool_ids=False)
    tool = api.tool()
    pal = api.pal(tool_ids=[tool])
    assert "tool_ids" not in api.live(pal)
    api.patch(f"/pals/{pal}", [{"op": "replace", "path": "/pal_name", "value": "B"}])
    assert attached(api, pal) == [tool]


def test_tool_ids_can_be_patched(api: Any) -> None:
    pal, tool = api.pal(), api.tool()
    assert api.patch(f"/pals/{pal}", [{"op": "add", "path": "/tool_ids/-", "value": tool}]).status_code == 200
    assert attached(api, pal) == [tool]
    assert api.patch(f"/pals/{pal}", [{"op": "add", "path": "/tool_ids/-", "value": "t0"}]).status_code == 400


# --- skills -------------------------------------------------------------------------------------------------------


def test_skills_one_by_one(api: Any) -> None:
    pal = api.pal()
    path = f"/pals/{pal}/skills"
    assert api.get(path) == {"data": {}}
    put = api.put(f"{path}/presentation", {"config": {"document_ids": ["d1"], "prompt": "Go"}})
    assert put.status_code == 200
    assert put.json()["config"] == {"document_ids": ["d1"], "prompt": "Go"}
    merged = api.patch(f"{path}/presentation", {"config": {"prompt": None, "slides_trigger": "on_demand"}}).json()
    assert merged["config"] == {"document_ids": ["d1"], "slides_trigger": "on_demand"}
    assert merged["attached_at"] == put.json()["attached_at"]
    assert api.get(f"{path}/presentation") == merged
    assert list(api.get(path)["data"]) == ["presentation"]
    assert api.delete(f"{path}/presentation").status_code == 204
    assert api.delete(f"{path}/presentation").status_code == 400
    assert api("GET", f"{path}/presentation").status_code == 400
    assert api.patch(f"{path}/memory", {"config": {}}).status_code == 400


def test_skills_as_a_whole(api: Any) -> None:
    path = f"/pals/{api.pal()}/skills"
    api.put(f"{path}/memory", {})
    assert api.put(path, {"skills": {"internet_search": {}, "magic_canvas": {"a": 1}}}).status_code == 200
    assert set(api.get(path)["data"]) == {"internet_search", "magic_canvas"}
    assert api.put(path, {"skills": ["memory"]}).status_code == 400
    assert api.put(path, {"skills": {"juggling": {}}}).status_code == 400
    assert api.put(f"{path}/juggling", {}).status_code == 400


def test_known_skills(api: Any) -> None:
    assert {item["skill_id"] for item in api.get("/skills")["data"]} >= {"memory", "presentation"}
    assert api.get("/skills/memory")["skill_id"] == "memory"
