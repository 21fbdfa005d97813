"""L29."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, said


def test_sparrow_2_ignores_it() -> None:
    flow: Json = {"turn_detection_model": "sparrow-2", "voice_isolation": "near"}
    assert said("L29", body(conversational_flow=flow)) == [("/layers/conversational_flow/voice_isolation", "info")]


@pytest.mark.parametrize(
    "flow",
    [
        {"turn_detection_model": "sparrow-1", "voice_isolation": "near"},
        {"turn_detection_model": "sparrow-2"},
        {"turn_detection_model": "sparrow-2", "voice_isolation": None},
        {"voice_isolation": "near"},
        None,
        7,
    ],
)
def test_quiet(flow: Json) -> None:
    assert said("L29", body(conversational_flow=flow)) == []
