"""L23."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, said


@pytest.mark.parametrize("word", ["token", "password", "value", "secret", "client_secret"])
def test_the_mask_of_a_tools_secret(word: str) -> None:
    spec: dict[str, Json] = {"name": "x", "delivery": {"api": {"auth": {word: "********"}}}}
    (finding,) = findings("L23", spec, kind="tool")
    assert finding.pointer == f"/delivery/api/auth/{word}"
    assert finding.is_error
    assert finding.hint is not None
    assert "leave it out" in finding.hint


def test_headers_of_a_tool() -> None:
    spec: dict[str, Json] = {"name": "x", "delivery": {"api": {"headers": {"X-Key": "********"}}}}
    assert said("L23", spec, kind="tool") == [("/delivery/api/headers/X-Key", "error")]


def test_keys_of_a_persona() -> None:
    spec = body(llm={**CUSTOM, "api_key": "********"}, tts={"api_key": "*****"})
    assert said("L23", spec) == [("/layers/llm/api_key", "error"), ("/layers/tts/api_key", "error")]


@pytest.mark.parametrize("value", ["***", "a********", "", None, 7, {"env": "K"}, ["********"]])
def test_what_is_no_mask(value: Json) -> None:
    assert said("L23", body(llm={**CUSTOM, "api_key": value})) == []


def test_asterisks_elsewhere_are_text() -> None:
    assert said("L23", body(system_prompt="********", pal_name="********")) == []
