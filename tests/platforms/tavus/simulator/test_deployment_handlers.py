"""Deployments."""

from __future__ import annotations

from typing import Any

import pytest


def make(api: Any, pal: str, **fields: Any) -> str:
    answer = api.post("/deployments", {"pal_id": pal, "channel": "widget", "name": "Site", **fields})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["deployment_id"])


def test_the_password_is_write_only(api: Any) -> None:
    id = make(api, api.pal(), password="hunter2")
    text = api("GET", f"/deployments/{id}").text
    assert "hunter2" not in text
    body = api.get(f"/deployments/{id}")
    assert body["has_password"] is True
    assert "password" not in body
    assert api.get(f"/deployments/{make(api, api.pal())}")["has_password"] is False


def test_lists_count_from_zero_and_say_total(api: Any) -> None:
    pal, other = api.pal(), api.pal()
    ids = [make(api, pal), make(api, other), make(api, pal)]
    page = api.get("/deployments", limit=1, page=1)
    assert (page["total"], [item["deployment_id"] for item in page["data"]]) == (3, [ids[1]])
    assert api.get("/deployments", pal_id=pal)["total"] == 2


@pytest.mark.parametrize(
    "fields", [{"pal_id": "pnone"}, {"channel": "fax"}, {"status": 3}, {"limits": 3}, {"password": 3}]
)
def test_wrong_deployments(api: Any, fields: dict[str, Any]) -> None:
    body = {"pal_id": api.pal(), "channel": "embed", **fields}
    assert api.post("/deployments", body).status_code == 400
    assert api.post("/deployments", {"channel": "embed"}).status_code == 400


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"channel": "landing-page"}, "'title': ['Missing data for required field.']"),
        ({"limits": {"daily_call_limit": 0}}, "Must be greater than or equal to 1."),
        ({"customization": {"landing_page": {"cta": [{"title": "Hours"}]}}}, "'url': ['Missing data"),
    ],
)
def test_what_the_vendors_client_would_not_send(api: Any, fields: dict[str, Any], words: str) -> None:
    answer = api.post("/deployments", {"pal_id": api.pal(), "channel": "embed", **fields})
    assert answer.status_code == 400
    assert words in answer.json()["error"]


def test_patch_and_delete(api: Any) -> None:
    pal = api.pal()
    id = make(api, pal, password="one")
    path = f"/deployments/{id}"
    answer = api.patch(path, [{"op": "replace", "path": "/status", "value": "inactive"}])
    assert (answer.json()["status"], answer.json()["has_password"]) == ("inactive", True)
    assert api.patch(path, [{"op": "replace", "path": "/status", "value": "inactive"}]).status_code == 304
    assert api.patch(path, [{"op": "add", "path": "/pal_id", "value": "pother"}]).status_code == 400
    assert api.patch(path, [{"op": "add", "path": "/password", "value": "one"}]).status_code == 304
    assert api.patch(path, [{"op": "add", "path": "/password", "value": "two"}]).status_code == 200
    assert api.patch(path, [{"op": "remove", "path": "/password"}]).json()["has_password"] is False
    assert api.patch(path, [{"op": "replace", "path": "/status", "value": 3}]).status_code == 400
    assert api.delete(path).status_code == 204
    assert api("GET", path).status_code == 404
