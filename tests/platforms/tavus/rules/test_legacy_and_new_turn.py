"""L28."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from reconciler.types.reference import SecretRef
from tests.support.rulecase import body, findings, said

OLD: dict[str, Json] = {
    "participant_pause_sensitivity": "high",
    "participant_interrupt_sensitivity": "low",
    "smart_turn_detection": False,
}


@pytest.mark.parametrize(
    "flow",
    [
        {"turn_detection_model": "sparrow-1"},
        {"turn_detection_model": "sparrow-2"},
        {"turn_taking_patience": "low"},
    ],
)
def test_the_flow_overrides_the_old_fields(flow: Json) -> None:
    found = findings("L28", body(stt=OLD, conversational_flow=flow))
    assert [finding.pointer for finding in found] == [f"/layers/stt/{word}" for word in OLD]
    assert all(finding.fix is not None and finding.fix.remove for finding in found)


@pytest.mark.parametrize(
    "flow",
    [
        {"turn_detection_model": "sparrow-0"},
        {"turn_detection_model": "time-based"},
        {},
        None,
        "x",
        SecretRef("env", "X"),
    ],
)
def test_without_a_newer_flow_they_count(flow: Json) -> None:
    assert said("L28", body(stt=OLD, conversational_flow=flow)) == []


def test_empty_and_other_fields_say_nothing() -> None:
    stt: dict[str, Json] = {"participant_pause_sensitivity": None, "stt_engine": "tavus-auto", "hotwords": "x"}
    assert said("L28", body(stt=stt, conversational_flow={"turn_detection_model": "sparrow-1"})) == []
