"""L27."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, findings, said


@pytest.mark.parametrize(
    ("layer", "word"),
    [
        ("perception", "perception_model"),
        ("conversational_flow", "voice_isolation"),
        ("conversational_flow", "idle_engagement"),
    ],
)
def test_false_for_off(layer: str, word: str) -> None:
    (finding,) = findings("L27", body(**{layer: {word: False}}))
    assert finding.pointer == f"/layers/{layer}/{word}"
    assert finding.is_error
    assert finding.fix is not None
    assert finding.fix.value == "off"


@pytest.mark.parametrize("value", ["off", "near", True, None, 0, "false", {"env": "X"}])
def test_other_values(value: Json) -> None:
    assert said("L27", body(conversational_flow={"voice_isolation": value})) == []


def test_true_booleans_stay() -> None:
    assert said("L27", body(llm={"model": "m", "speculative_inference": False})) == []
