"""Guardrails and legacy sets of them."""

from __future__ import annotations

from typing import Any

import pytest


def make(api: Any, name: str = "no_advice", **fields: Any) -> str:
    answer = api.post("/guardrails", {"guardrail_name": name, "guardrail_prompt": "Never.", **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["uuid"])


def make_set(api: Any, *names: str) -> str:
    data = [{"guardrail_name": name, "guardrail_prompt": "Never."} for name in names]
    answer = api.post("/guardrails", {"name": "Old Set", "data": data})
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"guardrails_id", "guardrails_name", "status", "created_at"}
    return str(answer.json()["guardrails_id"])


def change(path: str, value: Any) -> list[dict[str, Any]]:
    return [{"op": "add", "path": path, "value": value}]


def test_defaults(api: Any) -> None:
    body = api.get(f"/guardrails/{make(api)}")
    assert (body["modality"], body["callback_url"], body["tags"], body["app_message"]) == ("verbal", "", [], True)
    assert "tool_call" not in body
    assert "tool_call" not in api.get(f"/guardrails/{make(api, tool_call={})}")


@pytest.mark.parametrize(
    "fields",
    [
        {"guardrail_name": "with space"},
        {"guardrail_name": "a" * 101},
        {"guardrail_name": ""},
        {"guardrail_prompt": "p" * 1001},
        {"guardrail_prompt": None},
        {"modality": "smell"},
        {"tags": ["t"] * 33},
        {"tags": ["t" * 65]},
        {"callback_url": "u" * 2049},
        {"app_message": "perhaps"},
    ],
)
def test_wrong_guardrails(api: Any, fields: dict[str, Any]) -> None:
    body = {"guardrail_name": "a", "guardrail_prompt": "p", **fields}
    answer = api.post("/guardrails", body)
    assert answer.status_code == 400
    assert answer.json()["error"].startswith("Bad Request. {")
    assert api.post("/guardrails", {"guardrail_name": "a"}).status_code == 400


def test_the_list_shows_sets_unless_told_otherwise(api: Any) -> None:
    one, whole = make(api), make_set(api, "a", "b")
    (item,) = api.get("/guardrails")["data"]
    assert set(item) == {"guardrails_id", "created_at", "updated_at"}
    assert item["guardrails_id"] == whole
    flat = api.get("/guardrails", legacy="false")
    assert flat["total_count"] == 3
    assert flat["data"][0]["uuid"] == one
    assert [entry["guardrail_name"] for entry in flat["data"]] == ["no_advice", "a", "b"]


def test_filters(api: Any) -> None:
    first, second = make(api, "one", tags=["x"]), make(api, "two", tags=["y", "z"])

    def found(**query: Any) -> list[str]:
        return [item["uuid"] for item in api.get("/guardrails", legacy="false", **query)["data"]]

    assert found(tags="x,z") == [first, second]
    assert found(tags="z") == [second]
    assert found(name_or_uuid="ON") == [first]
    assert found(sort="descending") == [second, first]
    assert found(type="system") == []
    tags = api.get("/guardrails/tags")
    assert tags["total_count"] == 3
    assert tags["tags"][0] == {"tag": "x", "guardrail_ids": [first]}


@pytest.mark.parametrize(("base", "second"), [(1, 2), (0, 1)])
def test_the_page_base_is_disputed(open_api: Any, base: int, second: int) -> None:
    api = open_api(guardrail_pages_from=base)
    ids = [make(api, f"g{number}") for number in range(3)]

    def page(number: int) -> list[str]:
        return [item["uuid"] for item in api.get("/guardrails", legacy="false", limit=2, page=number)["data"]]

    assert page(0) == ids[:2]
    assert page(second) == ids[2:]


def test_patch(api: Any) -> None:
    id = make(api)
    answer = api.patch(f"/guardrails/{id}", change("/guardrail_prompt", "Not ever."))
    assert (answer.status_code, answer.json()["guardrail_prompt"]) == (200, "Not ever.")
    assert api.patch(f"/guardrails/{id}", change("/guardrail_prompt", "Not ever.")).status_code == 304
    assert api.patch(f"/guardrails/{id}", change("/uuid", "gother")).status_code == 304
    assert api.patch(f"/guardrails/{id}", change("/modality", "smell")).status_code == 400
    absent = [{"op": "replace", "path": "/tool_call", "value": {"a": 1}}]
    assert api.patch(f"/guardrails/{id}", absent).status_code == 422
    assert api.patch(f"/guardrails/{id}", change("/tool_call", {"a": 1})).status_code == 200
    assert api.patch(f"/guardrails/{id}", {"guardrail_prompt": "x"}).status_code == 422


def test_unknown_guardrails(open_api: Any) -> None:
    api = open_api()
    for method in ("GET", "DELETE"):
        assert api(method, "/guardrails/g0").status_code == 404
    assert api.patch("/guardrails/g0", []).json() == {"error": "Guardrail not found"}
    assert open_api(unknown_object=400)("GET", "/guardrails/g0").status_code == 400


def test_personas_lose_a_deleted_guardrail(api: Any) -> None:
    id = make(api)
    pal = api.pal(guardrail_ids=[id, "gother"])
    refs = api.get(f"/guardrails/{id}", verbose="true")
    assert (refs["persona_refs"], refs["guardrail_type"]) == ([pal], "user")
    assert api.delete(f"/guardrails/{id}").status_code == 204
    assert api.live(pal)["guardrail_ids"] == ["gother"]


# --- sets ---------------------------------------------------------------------------------------------------------


def test_the_items_of_a_set_are_guardrails_too(api: Any) -> None:
    whole = api.get(f"/guardrails/{make_set(api, 'a', 'b')}")
    uuids = [item["uuid"] for item in whole["data"]]
    assert whole["guardrails_name"] == "Old Set"
    assert [api.get(f"/guardrails/{uuid}")["guardrail_name"] for uuid in uuids] == ["a", "b"]


def test_fields_keep_the_id_of_an_item_and_whole_writes_change_it(api: Any) -> None:
    id = make_set(api, "a", "b")
    first, second = (item["uuid"] for item in api.get(f"/guardrails/{id}")["data"])
    pal = api.pal(guardrail_ids=[first, second])
    assert api.patch(f"/guardrails/{id}", change("/data/0/guardrail_prompt", "New.")).status_code == 200
    assert api.get(f"/guardrails/{first}")["guardrail_prompt"] == "New."
    whole = {"guardrail_name": "a", "guardrail_prompt": "New."}
    assert api.patch(f"/guardrails/{id}", [{"op": "replace", "path": "/data/0", "value": whole}]).status_code == 200
    rotated = [item["uuid"] for item in api.get(f"/guardrails/{id}")["data"]]
    assert rotated[0] != first
    assert rotated[1] == second
    assert api("GET", f"/guardrails/{first}").status_code == 404
    assert api.live(pal)["guardrail_ids"] == [second]


def test_set_patches_without_effect_or_sense(api: Any) -> None:
    id = make_set(api, "a")
    assert api.patch(f"/guardrails/{id}", change("/data/0/guardrail_name", "a")).status_code == 304
    assert api.patch(f"/guardrails/{id}", change("/data/0/guardrail_name", "")).status_code == 400
    assert api.patch(f"/guardrails/{id}", change("/data", [])).status_code == 400
    assert api.patch(f"/guardrails/{id}", change("/guardrails_name", "New")).json()["guardrails_name"] == "New"


def test_deleting_a_set_takes_its_items_and_references_along(api: Any) -> None:
    id = make_set(api, "a")
    (item,) = api.get(f"/guardrails/{id}")["data"]
    pal = api.pal(guardrails_id=id, guardrail_ids=[item["uuid"]])
    assert api.delete(f"/guardrails/{id}").status_code == 204
    assert (api.live(pal)["guardrails_id"], api.live(pal)["guardrail_ids"]) == (None, [])
    assert api("GET", f"/guardrails/{item['uuid']}").status_code == 404


def test_deleting_an_item_takes_it_out_of_its_set(api: Any) -> None:
    id = make_set(api, "a", "b")
    first = api.get(f"/guardrails/{id}")["data"][0]["uuid"]
    assert api.delete(f"/guardrails/{first}").status_code == 204
    assert [item["guardrail_name"] for item in api.get(f"/guardrails/{id}")["data"]] == ["b"]


@pytest.mark.parametrize("data", [[], None, [{"guardrail_name": "a"}], ["a"]])
def test_wrong_sets(api: Any, data: Any) -> None:
    assert api.post("/guardrails", {"name": "x", "data": data}).status_code == 400
