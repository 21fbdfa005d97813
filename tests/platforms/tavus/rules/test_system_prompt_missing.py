"""L01."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.linting.rule_table import RULES
from reconciler.types.json import Json
from reconciler.types.manifest import Lifecycle, Manage
from tests.support.rulecase import context, findings, manifest, said


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({}, ""),
        ({"pal_name": "Coach"}, ""),
        ({"persona_name": "Coach", "pipeline_mode": "full"}, ""),
        ({"system_prompt": ""}, "/system_prompt"),
        ({"system_prompt": "  \n"}, "/system_prompt"),
        ({"system_prompt": None}, "/system_prompt"),
        ({"pipeline_mode": None}, ""),
        ({"pipeline_mode": ""}, ""),
        ({"context": "Only context."}, ""),
    ],
)
def test_the_full_pipeline_needs_a_prompt(spec: dict[str, Json], pointer: str) -> None:
    assert said("L01", spec) == [(pointer, "error")]


@pytest.mark.parametrize(
    "spec",
    [
        {"system_prompt": "Hi"},
        {"system_prompt": {"file": "prompt.md"}},
        {"pipeline_mode": "echo"},
        {"pipeline_mode": "speech-to-speech"},
        {"pipeline_mode": "something-new"},
        {"pipeline_mode": 7},
    ],
)
def test_other_pipelines_and_references_are_fine(spec: dict[str, Json]) -> None:
    assert said("L01", spec) == []


def test_the_hint_names_both_ways_out() -> None:
    (finding,) = findings("L01", {})
    assert finding.hint is not None
    assert "system_prompt" in finding.hint
    assert "echo" in finding.hint


def test_a_part_of_an_existing_object_needs_no_prompt() -> None:
    part = manifest({"layers": {"llm": {"model": "tavus-gpt-oss"}}})
    for one in (replace(part, id="p1"), replace(part, lifecycle=Lifecycle(manage=Manage.OBSERVE))):
        (finding,) = RULES.get("L01").check(one, context(one))
        assert finding.severity.value == "warning"
