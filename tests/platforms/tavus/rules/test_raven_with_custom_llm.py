"""L11."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, said

POINTER = "/layers/perception/perception_model"


@pytest.mark.parametrize("model", ["raven-0", "raven-1", "raven-2"])
def test_a_custom_llm_hears_of_what_is_seen(model: str) -> None:
    assert said("L11", body(llm=CUSTOM, perception={"perception_model": model})) == [(POINTER, "info")]


def test_only_newer_ravens_hear() -> None:
    (old,) = findings("L11", body(llm=CUSTOM, perception={"perception_model": "raven-0"}))
    (new,) = findings("L11", body(llm=CUSTOM, perception={"perception_model": "raven-1"}))
    assert "heard" not in old.summary
    assert "heard" in new.summary


@pytest.mark.parametrize("perception", [{"perception_model": "off"}, {}, None, {"perception_model": 1}, "raven-1"])
def test_quiet_without_raven(perception: Json) -> None:
    assert said("L11", body(llm=CUSTOM, perception=perception)) == []


def test_quiet_with_a_hosted_model() -> None:
    assert said("L11", body(perception={"perception_model": "raven-1"})) == []
