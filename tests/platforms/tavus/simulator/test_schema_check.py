"""The schema check."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.simulator import schema_check as check
from reconciler.platforms.tavus.simulator.schema_check import table_errors
from reconciler.platforms.tavus.simulator.world import SEALED
from reconciler.types.json import Object
from tests.support.bodies import bodies


@pytest.mark.parametrize(
    ("rule", "good", "bad"),
    [
        (check.text(), ["", "a"], [1, True, [], {}]),
        (check.strings(), [[], ["a"]], ["a", [1], {}]),
        (check.strings(2, 3), [["abc", "d"]], [["a", "b", "c"], ["abcd"]]),
        (check.text(3, 1, "[a-z]*"), ["a", "abc"], ["", "abcd", "A", 1, "a\n"]),
    ],
)
def test_rules(rule: Any, good: list[Any], bad: list[Any]) -> None:
    assert [rule(value) for value in good] == [None] * len(good)
    assert all(isinstance(rule(value), str) for value in bad)


def test_errors_are_nested_like_the_body() -> None:
    rules = {"a.b": check.text(), "a.c": check.text(), "d": check.text()}
    body = {"a": {"b": 1, "c": 2}, "d": 3}
    words = ["Not a valid string."]
    assert check.find_errors(body, rules) == {"a": {"b": words, "c": words}, "d": words}
    assert check.find_errors({"a": "x"}, {"a": check.strings()}) == {"a": ["Not a valid list."]}


def test_absent_and_null() -> None:
    assert check.find_errors({"a": None}, {"a": check.text(), "b": check.text()}) == {}
    null = ["Field may not be null."]
    assert check.find_errors({"a": None}, {"a": check.text()}, never_null=("a",)) == {"a": null}


def test_required_fields() -> None:
    errors: dict[str, Any] = {"b": ["first"]}
    check.require({"a": None}, errors, "a", "b", "c")
    assert errors == {"b": ["first"], "c": ["Missing data for required field."]}


DOCUMENT: Object = {"document_url": "x"}


@pytest.mark.parametrize(
    ("kind", "body", "errors"),
    [
        ("document", {}, {"document_url": ["Missing data for required field."]}),
        ("document", {"document_url": None}, {"document_url": ["Field may not be null."]}),
        ("document", {**DOCUMENT, "crawl": {"depth": 11}},
         {"crawl": {"depth": ["Must be less than or equal to 10."]}}),
        ("document", {**DOCUMENT, "crawl": {"depth": "2.5"}}, {"crawl": {"depth": ["Not a valid integer."]}}),
        ("pronunciation_dictionary", {"name": "x", "rules": [{"type": "ipa", "text": "x"}]},
         {"rules": {"0": {"pronunciation": ["Missing data for required field."]}}}),
        ("pronunciation_dictionary", {"name": "x", "rules": ["x"]}, {"rules": {"0": ["Not a valid mapping type."]}}),
        ("guardrail", {"guardrail_name": "a b", "guardrail_prompt": "x", "tags": [""]},
         {"guardrail_name": ["String does not match expected pattern."], "tags": ["Shorter than minimum length 1."]}),
    ],
)  # fmt: skip
def test_what_a_schema_refuses(kind: str, body: Object, errors: Object) -> None:
    assert table_errors(KINDS.get(kind), body) == errors


@pytest.mark.parametrize(
    "body",
    [
        {"system_prompt": None, "$draft": 7, "pal_id": 7, "unknown": 7},
        {"layers": {"llm": {"api_key": {SEALED: "x"}, "headers": {"X": 7}, "speculative_inference": "true"}}},
        {"layers": {"conversational_flow": {"pal_interruptibility": "high", "turn_taking_patience": "verylow"}}},
        {"layers": {"stt": {"hotwords": ["a"]}, "knowledge_base": {"rag_n_chunks": "3"}}},
    ],
)
def test_what_it_leaves_alone(body: Object) -> None:
    assert table_errors(KINDS.get("persona"), body, whole=False) == {}


@pytest.mark.parametrize("kind", list(KINDS))
@given(data=st.data())
@settings(max_examples=15, deadline=None)
def test_any_body_gets_an_answer(kind: str, data: st.DataObject) -> None:
    body = data.draw(bodies(kind))
    assert isinstance(table_errors(KINDS.get(kind), body), dict)
