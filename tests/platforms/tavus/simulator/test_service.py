"""The simulated service: request in, reply out, with store, behaviour, faults and a record of all requests."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from reconciler.platforms.tavus.simulator import service as module
from reconciler.platforms.tavus.simulator.faults import parse_faults
from reconciler.platforms.tavus.simulator.http_types import Call, write_json
from reconciler.platforms.tavus.simulator.service import Seen, Service
from reconciler.platforms.tavus.simulator.world_store import Store

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


BODY = write_json({"system_prompt": "hi"})


def make(rule: dict[str, Any] | None = None, **rest: Any) -> Service:
    return Service(Store(None), faults=parse_faults({"rules": [rule] if rule else []}), **rest)


def create(service: Service, **rest: Any) -> Any:
    return service.exchange(Call("POST", "/v2/personas", {}, {"x-api-key": "k"}, BODY), **rest)


def count(service: Service) -> int:
    call = Call("GET", "/v2/personas", {"persona_type": "user", "limit": "1"}, {"x-api-key": "k"})
    return int(service.exchange(call).body.rpartition(b":")[2].rstrip(b"}"))


@pytest.mark.parametrize(
    ("rule", "status", "done"),
    [
        ({"status": 503}, 503, 0),
        ({"status": 503, "at": "after"}, 503, 1),
        ({"drop": "before"}, None, 0),
        ({"drop": "after"}, None, 1),
        ({"body": "garbage"}, 200, 1),
        ({"body": "empty"}, 200, 1),
        ({"body": "truncated"}, 200, 1),
    ],
)
def test_whether_the_write_happened(rule: dict[str, Any], status: int | None, done: int) -> None:
    service = make({"method": "POST", **rule})
    assert create(service).status == status
    assert count(service) == done
    assert service.requests[0] == Seen("POST", "/v2/personas", status or 0)


def test_bodies_are_damaged() -> None:
    whole = create(make()).body
    cut = create(make({"body": "truncated"}))
    assert cut.cut is not None
    assert 0 < cut.cut < len(cut.body)
    garbage = create(make({"body": "garbage"}))
    assert garbage.body.startswith(b"<html>")
    assert garbage.headers["content-type"] == "text/html"
    assert whole.startswith(b"{")


def test_retry_after_in_seconds_and_as_a_date() -> None:
    answer = create(make({"status": 429, "retry_after": 1.5}))
    assert (answer.status, answer.headers["retry-after"]) == (429, "1.5")
    assert b"Too many requests" in answer.body
    dated = create(make({"status": 429, "retry_after": 30, "retry_after_date": True})).headers["retry-after"]
    assert parsedate_to_datetime(dated).tzinfo is not None
    assert "retry-after" not in create(make({"status": 500})).headers


def test_latency_is_slept_and_all_rules_apply() -> None:
    slept: list[float] = []
    rules = [{"latency": 0.25}, {"latency": 0.5}, {"status": 500}]
    service = Service(Store(None), faults=parse_faults(rules), sleep=slept.append)  # type: ignore[arg-type]
    assert create(service).status == 500
    assert slept == [0.75]


def test_an_impatient_client_gives_up_but_the_write_happens() -> None:
    slept: list[float] = []
    service = make({"method": "POST", "latency": 60}, sleep=slept.append)
    with pytest.raises(TimeoutError):
        create(service, patience=5)
    assert slept == [5]
    assert count(service) == 1
    assert service.requests[0].status == 0


@pytest.mark.parametrize(("point", "done"), [("before", 0), ("after", 1)])
def test_kill(monkeypatch: pytest.MonkeyPatch, point: str, done: int) -> None:
    killed: list[tuple[int, int]] = []

    class Killed(Exception):
        pass

    def kill(pid: int, number: int) -> None:
        killed.append((pid, number))
        raise Killed

    monkeypatch.setattr(module.os, "kill", kill)
    service = make({"method": "POST", "kill": point})
    with pytest.raises(Killed):
        create(service)
    assert killed == [(module.os.getpid(), module.signal.SIGKILL)]
    assert count(service) == done


def test_a_bug_is_a_500_and_stores_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    service = make()

    def fail(*_: object, **__: object) -> None:
        raise KeyError("bug")

    with monkeypatch.context() as patch:
        patch.setattr(module, "answer", fail)
        assert create(service).status == 500
    assert count(service) == 0


def test_the_mood_given_wins_over_the_file() -> None:
    faults = parse_faults({"mood": {"created": 201}})
    assert Service(Store(None), faults=faults).mood.created == 201
    assert Service(Store(None), faults=faults, mood=module.Mood()).mood.created == 200


def test_the_clock_dates_objects() -> None:
    service = Service(Store(None), clock=lambda: "2026-11-21T05:13:47Z")
    assert b'"created_at": "2026-11-21T05:13:47Z"' in create(service).body
    assert b'Z"' in create(Service(Store(None))).body
