"""L04."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.rules.base_url_route import without_route
from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, said

POINTER = "/layers/llm/base_url"


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("https://a.example/v1/chat/completions", "https://a.example/v1"),
        ("https://a.example/v1/chat/completions/", "https://a.example/v1"),
        ("https://a.example/v1/completions//", "https://a.example/v1"),
        ("https://a.example/v1/responses", "https://a.example/v1"),
        ("https://a.example/v1/messages", "https://a.example/v1"),
        ("https://a.example/chat/completions", "https://a.example"),
        ("https://a.example/v1/Chat/Completions", "https://a.example/v1"),
        ("https://a.example/v1/chat/completions/chat/completions", "https://a.example/v1"),
        (
            "https://x.openai.azure.com/openai/deployments/gpt-4o/chat/completions",
            "https://x.openai.azure.com/openai/deployments/gpt-4o",
        ),
        ("a.example/v1/chat/completions", "a.example/v1"),
        ("http://127.0.0.1:8080/v1/messages", "http://127.0.0.1:8080/v1"),
    ],
)
def test_the_route_is_cut(url: str, base: str) -> None:
    (finding,) = findings("L04", body(llm={**CUSTOM, "base_url": url}))
    assert finding.pointer == POINTER
    assert finding.is_error
    assert finding.fix is not None
    assert finding.fix.value == base


@pytest.mark.parametrize(
    "url",
    [
        "https://a.example/v1",
        "https://a.example/v1/",
        "https://a.example",
        "https://messages",
        "https://completions/",
        "https://a.example/completions-api/v1",
        "https://a.example/v1?path=/chat/completions",
        "https://a.example/v1/chat",
        "",
        "not a url",
    ],
)
def test_other_addresses_are_fine(url: str) -> None:
    assert said("L04", body(llm={**CUSTOM, "base_url": url})) == []


def test_a_query_behind_the_route_is_not_thrown_away() -> None:
    (finding,) = findings("L04", body(llm={**CUSTOM, "base_url": "https://a.example/v1/chat/completions?v=2"}))
    assert finding.fix is None
    assert finding.hint == "write https://a.example/v1; ?v=2 belongs into default_query"


@pytest.mark.parametrize("value", [None, 7, ["https://a.example/messages"], {"env": "URL"}, {"a": 1}])
def test_what_is_no_text_is_left_alone(value: Json) -> None:
    assert said("L04", body(llm={**CUSTOM, "base_url": value})) == []


@given(st.text())
def test_cutting_twice_cuts_nothing_more(url: str) -> None:
    first = without_route(url)
    if first is not None and not first[1]:
        assert without_route(first[0]) is None
