"""What faults do to an exchange; the record of requests."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import pytest

from reconciler.platforms.tavus.simulator import simulated_service as module
from reconciler.platforms.tavus.simulator.faults import parse_faults
from reconciler.platforms.tavus.simulator.http_types import Call, write_json
from reconciler.platforms.tavus.simulator.simulated_service import Seen, Service
from reconciler.platforms.tavus.simulator.world_store import Store

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
