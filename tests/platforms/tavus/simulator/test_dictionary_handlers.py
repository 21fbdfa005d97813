"""Pronunciation dictionaries."""

from __future__ import annotations

from typing import Any

import pytest

PATH = "/pronunciation-dictionaries"
RULE = {"text": "FNOL", "pronunciation": "eff-noll", "type": "alias"}


def make(api: Any, **fields: Any) -> str:
    answer = api.post(PATH, {"name": "Terms", "rules": [RULE], **fields})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["pronunciation_dictionary_id"])


def test_create_and_get_show_rules_with_defaults(api: Any) -> None:
    body = api.get(f"{PATH}/{make(api)}")
    assert body["rules"] == [{**RULE, "case_sensitive": False, "word_boundaries": True}]
    assert body["rules_count"] == 1


def test_lists_leave_rules_out_count_from_zero_and_begin_with_the_newest(api: Any) -> None:
    ids = [make(api, name=f"n{number}") for number in range(3)]
    page = api.get(PATH, limit=2)
    assert [item["pronunciation_dictionary_id"] for item in page["data"]] == ids[:0:-1]
    assert "rules" not in page["data"][0]
    assert (page["total_count"], page["page"], page["limit"]) == (3, 0, 2)
    assert [item["name"] for item in api.get(PATH, limit=2, page=1, sort="asc")["data"]] == ["n2"]


@pytest.mark.parametrize(
    "fields",
    [
        {"name": ""},
        {"name": None},
        {"name": "n" * 256},
        {"rules": {}},
        {"rules": ["x"]},
        {"rules": [{"text": "a"}]},
        {"rules": [{**RULE, "type": "song"}]},
        {"rules": [{**RULE, "text": "t" * 201}]},
        {"rules": [RULE, RULE]},
    ],
)
def test_wrong_dictionaries(api: Any, fields: dict[str, Any]) -> None:
    assert api.post(PATH, {"name": "Terms", "rules": [], **fields}).status_code == 400


def test_patch_takes_name_and_rules(api: Any) -> None:
    id = make(api)
    assert api.patch(f"{PATH}/{id}", [{"op": "replace", "path": "/name", "value": "New"}]).json()["name"] == "New"
    assert api.patch(f"{PATH}/{id}", [{"op": "replace", "path": "/rules", "value": []}]).json()["rules_count"] == 0
    assert api.patch(f"{PATH}/{id}", [{"op": "replace", "path": "/rules", "value": []}]).status_code == 304
    assert api.patch(f"{PATH}/{id}", [{"op": "replace", "path": "/rules_count", "value": 9}]).status_code == 304
    assert api.patch(f"{PATH}/{id}", [{"op": "remove", "path": "/name"}]).status_code == 400
    assert api.patch(f"{PATH}/{id}", {"name": "x"}).json() == {"message": "Invalid JSON patch format"}


def test_deleting_one_edits_the_personas_that_use_it(api: Any) -> None:
    id = make(api)
    pal = api.pal(layers={"tts": {"pronunciation_dictionary_id": id}})
    assert api.delete(f"{PATH}/{id}").status_code == 204
    assert api.live(pal)["layers"]["tts"]["pronunciation_dictionary_id"] is None
    assert api("GET", f"{PATH}/{id}").json() == {"message": "Pronunciation dictionary not found"}
