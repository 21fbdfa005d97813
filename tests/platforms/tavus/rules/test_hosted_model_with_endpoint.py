"""L06."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, said

HOSTED: dict[str, Json] = {"model": "tavus-gpt-oss"}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("base_url", "https://a.example"),
        ("base_url", {"env": "URL"}),
        ("api_key", {"env": "KEY"}),
        ("headers", {"X": "y"}),
        ("default_query", {"a": "b"}),
    ],
)
def test_each_field_of_an_endpoint_is_reported(word: str, value: Json) -> None:
    assert said("L06", body(llm={**HOSTED, word: value})) == [(f"/layers/llm/{word}", "warning")]


def test_all_of_them() -> None:
    assert len(said("L06", body(llm={**CUSTOM, "model": "tavus-gpt-oss", "headers": {"X": "y"}}))) == 3


@pytest.mark.parametrize(
    "llm",
    [
        CUSTOM,
        HOSTED,
        {**HOSTED, "base_url": "", "api_key": None, "headers": {}, "default_query": {}},
        {"base_url": "https://a.example"},
        {**HOSTED, "extra_body": {"temperature": 1}},
        [],
    ],
)
def test_quiet(llm: Json) -> None:
    assert said("L06", body(llm=llm)) == []
