"""The faults file and the book that counts."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest

from reconciler.errors import UsageError
from reconciler.platforms.tavus.simulator.faults import (
    Fault,
    FaultBook,
    Faults,
    Mood,
    load_faults,
    parse_faults,
    parse_mood,
)

EXAMPLE = """
seed: 7
mood: {get: wrapped, unknown_id: 404}
invalid_keys: [expired]
rules:
  - {method: post, path: /v2/pals, nth: 2, status: 503, at: after}
  - {path: "/v2/pals/*", every: 3, status: 429, retry_after: 2, retry_after_date: true}
  - {method: [PATCH, DELETE], rate: 0.5, drop: after}
"""


def test_a_file(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(EXAMPLE)
    faults = load_faults(path)
    assert faults.seed == 7
    assert faults.invalid_keys == {"expired"}
    assert faults.mood is not None
    assert (faults.mood.get, faults.mood.unknown_id) == ("wrapped", 404)
    assert faults.rules == (
        Fault(("POST",), "/v2/pals", nth=(2,), status=503, at="after"),
        Fault((), "/v2/pals/*", every=3, status=429, retry_after=2, retry_after_date=True),
        Fault(("PATCH", "DELETE"), rate=0.5, drop="after"),
    )


def test_json_and_nothing_at_all(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"rules": [{"kill": "after"}]}')
    (tmp_path / "b.yaml").write_text("")
    assert load_faults(tmp_path / "a.json").rules == (Fault(kill="after"),)
    assert load_faults(tmp_path / "b.yaml") == Faults()
    assert parse_faults([{"status": 500}]).rules == (Fault(status=500),)


@pytest.mark.parametrize(("name", "text"), [("a.yaml", "[" * 20_000), ("a.json", "[" * 200_000)])
def test_a_file_nested_beyond_reason_is_refused(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(UsageError, match=f"{name} is nested too deeply"):
        load_faults(tmp_path / name)


@pytest.mark.parametrize(("name", "text"), [("a.yaml", "rules: ["), ("a.json", "{"), ("a.yaml", b"\xff")])
def test_unreadable_files_are_named(tmp_path: Path, name: str, text: Any) -> None:
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UsageError, match=name):
        load_faults(path)
    with pytest.raises(UsageError, match="No such file"):
        load_faults(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (3, "expected a mapping"),
        ({"rule": []}, "unknown key 'rule'"),
        ({"rules": {}}, "rules must be a list"),
        ({"rules": [3]}, r"rules\[0\] is not a mapping"),
        ({"rules": [{}, {"stauts": 500}]}, r"rules\[1\]: unknown key 'stauts'"),
        ({"rules": [{"status": 42}]}, "status is 42; expected a status from 200 to 599"),
        ({"rules": [{"status": "500"}]}, "expected a number"),
        ({"rules": [{"rate": 1.5}]}, "expected a number from 0 to 1"),
        ({"rules": [{"rate": True}]}, "rate is True"),
        ({"rules": [{"nth": 0}]}, "nth is 0"),
        ({"rules": [{"nth": "first"}]}, "nth is 'first'"),
        ({"rules": [{"every": 1.5}]}, "expected a whole number"),
        ({"rules": [{"latency": -1}]}, "expected a number, 0 or more"),
        ({"rules": [{"drop": "during"}]}, "drop is 'during'; expected before or after"),
        ({"rules": [{"at": "noon"}]}, "at is 'noon'"),
        ({"rules": [{"body": "eaten"}]}, "expected truncated or garbage or empty"),
        ({"rules": [{"method": 3}]}, "expected a method or a list of methods"),
        ({"rules": [{"path": ""}]}, "expected a path pattern"),
        ({"rules": [{"retry_after_date": 1}]}, "expected true or false"),
        ({"seed": "x"}, "seed must be a whole number"),
        ({"invalid_keys": "x"}, "invalid_keys must be a list of strings"),
        ({"limit": 20}, "is not a mapping"),
        ({"limit": {"per_second": 0}}, "per_second is 0"),
        ({"limit": {"burst": 2}}, "per_second is None"),
        ({"limit": {"rate": 2}}, "unknown key"),
        ({"mood": {"get": "round"}}, "expected flat, wrapped"),
    ],
)
def test_mistakes_are_named(data: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_faults(data, "faults.yaml")


def test_a_misspelt_key_gets_a_suggestion() -> None:
    with pytest.raises(UsageError) as caught:
        parse_faults({"rules": [{"stauts": 500}]})
    assert caught.value.hint == "did you mean 'status'?"


def strikes(rule: dict[str, Any], count: int = 10, *, seed: int = 0) -> list[int]:
    book = FaultBook(parse_faults({"rules": [rule], "seed": seed}))
    return [number for number in range(1, count + 1) if book.strike("GET", "/v2/pals")]


@pytest.mark.parametrize(
    ("rule", "hit"),
    [
        ({}, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
        ({"nth": 1}, [1]),
        ({"nth": [2, 5]}, [2, 5]),
        ({"every": 4}, [4, 8]),
        ({"every": 4, "nth": 1}, [1, 4, 8]),
        ({"times": 2}, [1, 2]),
        ({"every": 3, "times": 2}, [3, 6]),
        ({"rate": 0}, []),
        ({"method": "POST"}, []),
        ({"method": "*", "nth": 3}, [3]),
    ],
)
def test_which_requests_are_hit(rule: dict[str, Any], hit: list[int]) -> None:
    assert strikes(rule) == hit


def test_a_rate_depends_on_the_seed_and_on_nothing_else() -> None:
    share = strikes({"rate": 0.3}, 2_000)
    assert share == strikes({"rate": 0.3}, 2_000)
    assert share != strikes({"rate": 0.3}, 2_000, seed=1)
    assert 480 < len(share) < 720


@pytest.mark.parametrize(
    ("pattern", "path", "fits"),
    [
        ("**", "/v2/pals/p1", True),
        ("/v2/pals", "/v2/pals", True),
        ("/v2/pals/", "/v2/pals", True),
        ("/v2/pals", "/v2/pals/", True),
        ("/v2/pals", "/v2/pals/p1", False),
        ("/v2/pals/*", "/v2/pals/p1", True),
        ("/v2/pals/*", "/v2/pals/p1/tools", False),
        ("/v2/pals/**", "/v2/pals/p1/tools", True),
        ("/v2/*/p1", "/v2/personas/p1", True),
        ("/v2/pals/p*", "/v2/pals/p1", True),
        ("/v2/p.ls", "/v2/pals", False),
        ("**/tools", "/v2/pals/p1/tools", True),
    ],
)
def test_path_patterns(pattern: str, path: str, fits: bool) -> None:
    book = FaultBook(Faults((Fault(path=pattern),)))
    assert bool(book.strike("GET", path)) is fits


HINTS = get_type_hints(Mood)


def test_nothing_said_is_the_default() -> None:
    assert parse_mood({}) == Mood()


@pytest.mark.parametrize("name", [item.name for item in fields(Mood)])
def test_every_choice_of_every_switch_can_be_named(name: str) -> None:
    choices = get_args(HINTS[name]) or ((True, False) if HINTS[name] is bool else (0, 3))
    assert getattr(Mood(), name) in choices
    for choice in choices:
        assert getattr(parse_mood({name: choice}), name) == choice


def test_others_stay_as_in_the_base() -> None:
    assert parse_mood({"items": "summary"}, base=Mood(get="wrapped")) == Mood(get="wrapped", items="summary")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "expected a mapping"),
        ("flat", "expected a mapping"),
        ({"get": "round"}, "get is 'round'; expected flat, wrapped"),
        ({"created": 202}, "expected 200, 201"),
        ({"created": "201"}, "expected 200, 201"),
        ({"owner_id": "yes"}, "expected bool"),
        ({"stale_reads": True}, "expected int"),
        ({"unknown_id": 404.0}, "expected 400, 404"),
    ],
)
def test_wrong_switches(data: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_mood(data)


def test_a_misspelt_switch_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match="unknown switch 'secret'") as caught:
        parse_mood({"secret": "mask"})
    assert caught.value.hint == "did you mean 'secrets'?"


def test_a_limit_lets_so_many_through_and_says_when_the_next_may_come() -> None:
    now = [100.0]
    book = FaultBook(parse_faults({"limit": {"per_second": 4, "burst": 2}}), lambda: now[0])
    met = [book.strike("GET", "/v2/pals") for _ in range(3)]
    assert met[:2] == [(), ()]
    assert (met[2][0].status, met[2][0].retry_after) == (429, pytest.approx(0.25, abs=0.002))
    now[0] += met[2][0].retry_after or 0.0
    assert book.strike("GET", "/v2/pals") == ()
    assert book.strike("GET", "/v2/pals")
    now[0] += 3600
    assert [len(book.strike("GET", "/v2/pals")) for _ in range(3)] == [0, 0, 1]
