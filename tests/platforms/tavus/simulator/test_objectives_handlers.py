"""Sets of objectives."""

from __future__ import annotations

from typing import Any

import pytest


def step(name: str, **fields: Any) -> dict[str, Any]:
    return {"objective_name": name, "objective_prompt": f"Do {name}.", **fields}


def make(api: Any, *steps: dict[str, Any], **fields: Any) -> str:
    answer = api.post("/objectives", {"name": "Intake", "data": list(steps) or [step("greet")], **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["objectives_id"])


def test_create_answers_short_and_get_answers_all(api: Any) -> None:
    answer = api.post("/objectives/", {"name": "Intake", "data": [step("greet")]}).json()
    assert set(answer) == {"objectives_id", "objective_name", "status", "created_at"}
    assert (answer["objective_name"], answer["status"]) == ("Intake", "active")
    body = api.get(f"/objectives/{answer['objectives_id']}")
    assert body["data"] == [
        {
            **step("greet"),
            "confirmation_mode": "auto",
            "output_variables": [],
            "modality": "verbal",
            "callback_url": "",
        }
    ]


def test_get_can_be_wrapped(open_api: Any) -> None:
    api = open_api(get="wrapped")
    assert api.get(f"/objectives/{make(api)}")["data"]["name"] == "Intake"


def test_a_nameless_set_is_called_after_its_first_step(api: Any) -> None:
    assert api.post("/objectives", {"data": [step("greet")]}).json()["objective_name"] == "greet"


CHAIN = [step("a", next_required_objective="b"), step("b")]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ("x", "Not a valid list."),
        ([], "Shorter than minimum length 1."),
        (["a"], "Not a valid mapping type."),
        ([step(f"s{n}") for n in range(51)], "Longer than maximum length 50."),
        ([{"objective_name": "a"}], "'objective_prompt': ['Missing data"),
        ([step("with space")], "expected pattern"),
        ([step("a", confirmation_mode="never")], "Must be one of: auto, manual."),
        ([step("a", objective_prompt="p" * 10_001)], "Longer than maximum length 10000."),
        ([step("a"), step("a")], "must be unique"),
        ([step("a", next_required_objective="b")], "unknown objective 'b'"),
        ([step("a", next_conditional_objectives={"b": "if"})], "unknown objective 'b'"),
        ([step("a", next_required_objective="b", next_conditional_objectives={"b": "if"}), step("b")], "either"),
        ([step("a"), step("b")], "exactly one root"),
        ([step("a", next_required_objective="b"), step("b", next_required_objective="a")], "cycle"),
        ([*CHAIN, step("c", next_required_objective="c")], "cycle"),
    ],
)
def test_wrong_sets(api: Any, data: Any, words: str) -> None:
    for path in ("/objectives", "/objectives/validate"):
        answer = api.post(path, {"name": "x", "data": data})
        assert answer.status_code == 400
        assert words in answer.json()["message"]


def test_loops_can_be_allowed(api: Any) -> None:
    loop = [step("a", next_required_objective="b"), step("b", next_required_objective="a")]
    assert make(api, *loop, allow_loops=True)


def test_validate_stores_nothing(api: Any) -> None:
    assert api.post("/objectives/validate", {"data": CHAIN}).status_code == 200
    assert api.get("/objectives")["total_count"] == 0


def test_patch(api: Any) -> None:
    id = make(api, *CHAIN)
    prompt = [{"op": "replace", "path": "/data/1/objective_prompt", "value": "New."}]
    answer = api.patch(f"/objectives/{id}", prompt)
    assert (answer.status_code, set(answer.json())) == (200, {"message"})
    assert api.get(f"/objectives/{id}")["data"][1]["objective_prompt"] == "New."
    assert api.patch(f"/objectives/{id}", prompt).status_code == 304
    assert api.patch(f"/objectives/{id}", [{"op": "remove", "path": "/data/1"}]).status_code == 400
    assert api.patch(f"/objectives/{id}", [{"op": "remove", "path": "/data/7"}]).status_code == 422
    assert api.patch(f"/objectives/{id}", [{"op": "remove", "path": "/data/0/callback_url"}]).status_code == 304
    malformed = api.patch(f"/objectives/{id}", {"name": "x"})
    assert (malformed.status_code, malformed.json()) == (400, {"error": "Invalid patch operation"})


def test_list_and_delete(api: Any) -> None:
    first, second = make(api), make(api, name="Other")
    assert [item["objectives_id"] for item in api.get("/objectives")["data"]] == [first, second]
    assert api.get("/objectives", name_or_uuid="oth")["total_count"] == 1
    pal = api.pal(objectives_id=first)
    assert api.delete(f"/objectives/{first}").status_code == 204
    assert api.live(pal)["objectives_id"] is None
    assert api("GET", f"/objectives/{first}").json() == {"error": "Objective not found"}
    assert api.delete(f"/objectives/{first}").status_code == 404
