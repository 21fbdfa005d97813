"""The documentation of a rule as text and JSON."""

from __future__ import annotations

import json

import pytest

from reconciler.core.linting.rule_table import RULES
from reconciler.reporters.rule_page import describe_rule, find_rule, rule_as_json


@pytest.mark.parametrize("name", ["L04", "l04", "base-url-route", "Base-URL-Route"])
def test_a_rule_is_found_by_code_and_by_name(name: str) -> None:
    found = find_rule(name)
    assert found is not None
    assert found.code == "L04"


def test_an_unknown_rule_is_none() -> None:
    assert find_rule("L99") is None


@pytest.mark.parametrize("code", list(RULES))
def test_the_text_has_all_sections_and_fits(code: str) -> None:
    text = describe_rule(RULES.get(code), width=80)
    for title in (code, "What it finds:", "Why that is bad:", "Bad:", "Good:", f"keep {code}"):
        assert title in text
    assert all(len(line) <= 170 for line in text.splitlines())


@pytest.mark.parametrize("code", list(RULES))
def test_the_json_is_json(code: str) -> None:
    found = rule_as_json(RULES.get(code))
    assert json.loads(json.dumps(found)) == found
    assert found["code"] == code
