"""Endpoints, the order of checks, and error bodies."""

from __future__ import annotations

from typing import Any

import pytest

GOOD = {"pal_name": "A", "system_prompt": "hi", "default_face_id": "r1"}


def test_a_bad_body_without_a_key_is_400_and_a_good_one_401(open_api: Any) -> None:
    nobody = open_api(key=None)
    assert nobody.post("/pals", {"pal_name": "A"}).status_code == 400
    refused = nobody.post("/pals", GOOD)
    assert refused.status_code == 401
    assert refused.json() == {"message": "Invalid access token"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/pals"),
        ("GET", "/pals/p5317866"),
        ("DELETE", "/pals/p5317866"),
        ("GET", "/tools"),
        ("GET", "/voices"),
    ],
)
def test_every_endpoint_wants_a_key(open_api: Any, method: str, path: str) -> None:
    assert open_api(key=None)(method, path).status_code == 401
    assert open_api(key="  ")(method, path).status_code == 401


def test_a_malformed_patch_comes_before_the_key(open_api: Any) -> None:
    nobody = open_api(key=None)
    assert nobody.patch("/pals/p1", {"op": "add"}).status_code == 422
    assert nobody.patch("/pals/p1", []).status_code == 401


def test_listed_keys_are_refused(open_api: Any) -> None:
    assert open_api(key="bad", faults={"invalid_keys": ["bad"]})("GET", "/pals").status_code == 401
    assert open_api(key="other", faults={"invalid_keys": ["bad"]})("GET", "/pals").status_code == 200


@pytest.mark.parametrize("path", ["/nope", "/", "/pals/p1/nope", "/pals/a/b/c/d"])
def test_an_unknown_path_is_404(api: Any, path: str) -> None:
    assert api("GET", path).status_code == 404


def test_outside_of_v2_there_is_nothing(api: Any) -> None:
    assert api("GET", "http://simulator/v1/pals").status_code == 404
    assert api("GET", "http://simulator/v2x/pals").status_code == 404


@pytest.mark.parametrize(("method", "path"), [("PUT", "/pals"), ("POST", "/faces"), ("DELETE", "/voices")])
def test_a_known_path_with_another_method_is_405(api: Any, method: str, path: str) -> None:
    assert api(method, path).status_code == 405


@pytest.mark.parametrize("slash", ["", "/"])
def test_trailing_slashes_do_not_matter(api: Any, slash: str) -> None:
    id = api.post(f"/pals{slash}", GOOD).json()["pal_id"]
    tool = api.post(f"/tools{slash}", {"name": "x", "description": "y"}).json()["tool_id"]
    assert api.post(f"/pals/{id}/tools{slash}", {"tool_ids": [tool]}).status_code == 200
    assert api.get(f"/pals/{id}/tools{slash}")["data"][0]["tool_id"] == tool
    assert api.get(f"/pals/{id}{slash}")["pal_id"] == id
    assert api.post(f"/guardrails{slash}", {"guardrail_name": "g", "guardrail_prompt": "p"}).status_code == 200


@pytest.mark.parametrize("text", [b"{", b"nonsense", b'{"a": NaN}', b"\xff\xfe", b"[" * 100_000])
def test_a_body_that_is_no_json_is_400(api: Any, text: bytes) -> None:
    answer = api("POST", "/pals", content=text)
    assert answer.status_code == 400
    assert "error" in answer.json()


@pytest.mark.parametrize("body", [[], "text", 3, None])
def test_a_create_wants_an_object(api: Any, body: Any) -> None:
    answer = api.post("/pals", body)
    assert answer.status_code == 400
    assert answer.json() == {"error": "Bad Request. {'_schema': ['Invalid input type.']}"}


def test_schema_errors_are_a_python_map_in_one_string(api: Any) -> None:
    error = api.post("/pals", {"system_prompt": 3}).json()["error"]
    assert error.startswith("Bad Request. {'system_prompt': ['Not a valid string.']")
    assert "'default_face_id': ['default_face_id is required when creating a pal.']" in error


@pytest.mark.parametrize("kind", ["application/json", "application/json-patch+json", "text/plain"])
def test_the_content_type_of_a_patch_is_not_looked_at(api: Any, kind: str) -> None:
    text = b'[{"op": "replace", "path": "/pal_name", "value": "B"}]'
    assert api("PATCH", f"/pals/{api.pal()}", content=text, headers={"content-type": kind}).status_code == 200


def test_escaped_ids_are_one_segment(api: Any) -> None:
    assert api("GET", "/pals/a%2Fb").status_code == 400
    assert api("GET", "/pals/p%C3%A9").json() == {"error": "Invalid persona_id"}


def test_unknown_query_parameters_are_ignored(api: Any) -> None:
    assert api.get("/pals", limit=1, whatever="x")["total_count"] == 3
