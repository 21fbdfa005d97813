"""L05."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, said


@pytest.mark.parametrize(
    ("llm", "expected"),
    [
        ({"model": "gpt-4o"}, [("/layers/llm", "error"), ("/layers/llm", "error")]),
        ({"model": "gpt-4o", "base_url": "https://a.example"}, [("/layers/llm", "error")]),
        ({"model": "gpt-4o", "base_url": "https://a.example", "api_key": ""}, [("/layers/llm/api_key", "error")]),
        ({"model": "gpt-4o", "base_url": "", "api_key": {"env": "K"}}, [("/layers/llm/base_url", "error")]),
        ({"base_url": "https://a.example"}, [("/layers/llm", "error")]),
        ({"base_url": "https://a.example", "api_key": {"env": "K"}}, [("/layers/llm/base_url", "warning")]),
    ],
)
def test_something_is_missing(llm: dict[str, Json], expected: list[tuple[str, str]]) -> None:
    assert said("L05", body(llm=llm)) == expected


@pytest.mark.parametrize(
    "llm",
    [
        CUSTOM,
        {**CUSTOM, "base_url": {"env": "URL"}},
        {"model": "tavus-gpt-oss"},
        {"model": "tavus-made-up"},
        {"model": "tavus-gpt-oss", "base_url": "https://a.example"},
        {"model": ""},
        {"model": 7},
        {},
        None,
        "text",
    ],
)
def test_complete_or_hosted_or_none(llm: Json) -> None:
    assert said("L05", body(llm=llm)) == []


def test_a_hosted_name_without_its_prefix_is_recognised() -> None:
    hints = {finding.hint for finding in findings("L05", body(llm={"model": "gemini-3-flash"}))}
    assert all(hint is not None and "tavus-gemini-3-flash" in hint for hint in hints)


def test_nothing_is_suggested_for_a_name_of_its_own() -> None:
    for finding in findings("L05", body(llm={"model": "northwind-claims-1"})):
        assert finding.hint is not None
        assert "did you mean" not in finding.hint
