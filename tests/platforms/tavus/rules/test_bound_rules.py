"""L39."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, said

RULE = {"text": "CVI", "pronunciation": "see-vee-eye", "type": "alias"}


@pytest.mark.parametrize(
    ("kind", "spec", "pointer"),
    [
        ("document", {"crawl": {"depth": 0}}, "/crawl/depth"),
        ("document", {"crawl": {"max_pages": 101}}, "/crawl/max_pages"),
        ("deployment", {"limits": {"max_call_duration": 0}}, "/limits/max_call_duration"),
        ("pronunciation_dictionary", {"name": ""}, "/name"),
        (
            "pronunciation_dictionary",
            {"rules": [RULE, {**RULE, "pronunciation": "x" * 501}]},
            "/rules/1/pronunciation",
        ),
        ("persona", {"skills": {"presentation": {"document_ids": []}}}, "/skills/presentation/document_ids"),
    ],
)
def test_what_is_out_of_bounds(kind: str, spec: dict[str, Json], pointer: str) -> None:
    assert (pointer, "error") in said("L39", spec, kind=kind)


@pytest.mark.parametrize(
    "spec",
    [
        {"crawl": {"env": "X"}},
        {"crawl": {"depth": {"env": "DEPTH"}, "max_pages": "many"}},
        {"crawl": None, "document_url": ""},
        {"crawl": {"depth": 1, "max_pages": 100}},
    ],
)
def test_what_fits_or_is_the_affair_of_another_rule(spec: dict[str, Json]) -> None:
    assert said("L39", spec, kind="document") == []


@pytest.mark.parametrize("word", ["tools", "guardrail_ids", "guardrail_tags"])
def test_each_limit_is_told_once(word: str) -> None:
    assert said("L39", body(**{word: ["x"] * 51})) == []
