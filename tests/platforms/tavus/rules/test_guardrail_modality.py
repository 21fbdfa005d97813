"""L25."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import said


def test_audio_is_in_no_page() -> None:
    assert said("L25", {"modality": "audio"}, kind="guardrail") == [("/modality", "warning")]


def test_inside_a_set() -> None:
    data: Json = [{"modality": "verbal"}, {"modality": "audio"}, None]
    assert said("L25", {"data": data}, kind="guardrail_set") == [("/data/1/modality", "warning")]


@pytest.mark.parametrize("modality", ["verbal", "visual", None, 7, ["audio"], ""])
def test_quiet(modality: Json) -> None:
    assert said("L25", {"modality": modality}, kind="guardrail") == []
