"""L35."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.linting.rule_table import RULES
from reconciler.types.json import Object
from reconciler.types.manifest import Lifecycle, Manage
from tests.support.rulecase import context, findings, manifest, said


@pytest.mark.parametrize(
    ("kind", "body", "places"),
    [
        ("document", {"document_name": "D"}, [""]),
        ("document", {"document_url": None}, ["/document_url"]),
        ("deployment", {"name": "W"}, ["", ""]),
        ("deployment", {"name": "W", "persona_id": "p1", "channel": ""}, ["/channel"]),
        ("tool", {"name": "t"}, [""]),
        ("guardrail", {}, [""]),
        ("guardrail_set", {"data": [{"guardrail_name": "a"}]}, ["/data/0"]),
        ("objectives", {"data": [{"objective_prompt": "p"}]}, ["/data/0"]),
        ("pronunciation_dictionary", {"rules": [{"text": "a", "type": None}]}, ["/rules/0", "/rules/0/type"]),
        ("tool", {"description": "d", "delivery": {"api": {"url": "u", "auth": {"username": "x"}}}},
         ["/delivery/api/auth"]),
    ],
)  # fmt: skip
def test_what_a_new_object_lacks(kind: str, body: Object, places: list[str]) -> None:
    assert said("L35", body, kind=kind) == [(place, "error") for place in places]


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("persona", {"persona_name": "only a name"}),
        ("persona", {"pipeline_mode": "echo"}),
        ("guardrail", {"guardrail_prompt": "the name is the manifest's"}),
        ("objectives", {"data": [{"objective_name": "a", "objective_prompt": "p"}]}),
        ("deployment", {"pal_id": {"ref": "persona.x"}, "channel": "embed"}),
        ("voice", {}),
    ],
)
def test_what_the_api_takes(kind: str, body: Object) -> None:
    assert said("L35", body, kind=kind) == []


def test_it_says_what_to_write_and_for_what() -> None:
    (one,) = findings("L35", {"pal_id": "p1"}, kind="deployment")
    assert one.summary == "channel is missing: a new Deployment needs it"
    assert one.hint is not None
    assert "landing-page, embed, widget" in one.hint
    assert "metadata.id" in one.hint
    (one,) = findings("L35", {"description": "d", "on_call": "static_filler"}, kind="tool")
    assert one.summary.endswith("needs it when on_call is static_filler")


def test_what_looks_after_a_part_of_an_object_lacks_nothing() -> None:
    rule, whole = RULES.get("L35"), manifest({}, "document")
    assert list(rule.check(whole, context(whole)))
    for part in (replace(whole, id="d1"), replace(whole, lifecycle=Lifecycle(manage=Manage.OBSERVE))):
        assert list(rule.check(part, context(part))) == []


def test_a_plan_knows_what_is_new() -> None:
    rule, part = RULES.get("L35"), replace(manifest({}, "document"), id="d1")
    around = context(part)
    assert list(rule.check(part, replace(around, new=frozenset()))) == []
    assert list(rule.check(part, replace(around, new=frozenset({part.address}))))
    assert list(rule.check(replace(part, id=None), replace(around, new=frozenset()))) == []


def test_the_prompt_is_told_once() -> None:
    assert said("L35", {}) == []
    assert said("L01", {}) == [("", "error")]
