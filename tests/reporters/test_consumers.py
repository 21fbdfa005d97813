"""Programs that others wrote read our reports: OPA policies, readers of Terraform plans, and readers of formats."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from reconciler.reporters import REPORTERS
from reconciler.types.report import Style
from tests.support import reports
from tests.support.hostile_reports import REPORTS
from tests.support.large_reports import many_small
from tests.support.nasty_reports import NASTY

ALL = {**REPORTS, **NASTY, "small": many_small(300)}
POLICY = """
package terraform.analysis

import rego.v1

weights := {"persona": {"delete": 100, "create": 10, "update": 1}, "tool": {"delete": 50, "create": 5, "update": 1}}

authz if {
    score < 30
    count(touches_llm) == 0
}

score := s if {
    all := [x | crud := weights[kind]; x := points(kind, crud)]
    s := sum(all)
}

points(kind, crud) := n if {
    deleted := crud["delete"] * count_of(kind, "delete")
    created := crud["create"] * count_of(kind, "create")
    n := (deleted + created) + (crud["update"] * count_of(kind, "update"))
}

count_of(kind, action) := n if {
    n := count([c | c := input.resource_changes[_]; c.type == kind; c.change.actions[_] == action])
}

touches_llm contains address if {
    some change in input.resource_changes
    change.change.before.layers.llm.model != change.change.after.layers.llm.model
    address := change.address
}

deny contains msg if {
    some change in input.resource_changes
    "delete" in change.change.actions
    msg := sprintf("%s would be deleted", [change.address])
}

deny contains msg if {
    some block in input.blocked
    msg := sprintf("blocked: %s", [block.rule])
}

unmanaged_secret contains change.address if {
    some change in input.resource_changes
    key := change.change.after.layers.llm.api_key
    not change.change.after_sensitive.layers.llm.api_key
    key != null
}

planned contains resource.address if some resource in input.planned_values.root_module.resources
"""


def as_json(name: str) -> dict[str, Any]:
    document = json.loads(REPORTERS.get("json")(ALL[name], Style()))
    assert isinstance(document, dict)
    return document


class TestPolicies:
    """Rego in the manner of the tutorials of OPA and conftest for Terraform plans, by an evaluator in C++."""

    def ask(self, name: str, query: str) -> Any:
        regopy = pytest.importorskip("regopy", reason="regopy evaluates the policies")
        rego = regopy.Interpreter()
        rego.set_input(as_json(name))
        rego.add_module("policy", POLICY)
        answer = rego.query(f"data.terraform.analysis.{query}")
        assert answer.ok(), str(answer)
        return None if str(answer) == "undefined" else json.loads(str(answer))["expressions"][0]

    def test_a_score_of_the_plan(self) -> None:
        assert self.ask("mixed", "score") == 5 + 1 + 1
        assert self.ask("blocked", "score") == 100
        assert self.ask("empty", "score") == 0

    def test_what_is_authorised(self) -> None:
        assert self.ask("empty", "authz") is True
        assert self.ask("blocked", "authz") is not True
        assert self.ask("mixed", "touches_llm") == ["persona.claims-desk"]
        assert self.ask("mixed", "authz") is not True

    def test_denials_of_conftest(self) -> None:
        assert self.ask("empty", "deny") == []
        assert sorted(self.ask("blocked", "deny")) == [
            "blocked: account",
            "blocked: deletes",
            "blocked: protect",
            "persona.echo would be deleted",
        ]

    def test_secrets_are_marked_where_terraform_marks_them(self) -> None:
        for name in ("mixed", "secrets", "blocked"):
            assert self.ask(name, "unmanaged_secret") == []

    def test_planned_values(self) -> None:
        assert self.ask("blocked", "planned") == []
        assert "tool.lookup_policy" in self.ask("mixed", "planned")

    @pytest.mark.parametrize("name", ["small", *NASTY])
    def test_any_plan_can_be_evaluated(self, name: str) -> None:
        assert isinstance(self.ask(name, "score"), int)


@pytest.mark.parametrize("name", list(ALL))
def test_a_reader_of_terraform_plans(name: str) -> None:
    tftest = pytest.importorskip("tftest", reason="tftest reads the plan")
    document = as_json(name)
    plan = tftest.TerraformPlanOutput(document)
    addresses = [change["address"] for change in document["resource_changes"]]
    assert list(plan.resource_changes) == list(dict.fromkeys(addresses))
    assert plan.outputs == {} and plan.modules == {} and plan.variables == {}
    after = {one["address"] for one in document["resource_changes"] if one["change"]["after"] is not None}
    assert set(plan.resources) == after
    for address, change in plan.resource_changes.items():
        assert f"{change['type']}.{change['name']}" == address
        assert set(change["change"]) >= {"actions", "before", "after", "after_unknown"}


@pytest.mark.parametrize("name", list(ALL))
def test_a_line_of_jq_in_a_pipeline(name: str) -> None:
    """GitLab's documentation counts create, update and delete so; the result is the report of the same name."""
    document = as_json(name)
    actions = [action for change in document["resource_changes"] for action in change["change"]["actions"]]
    counted = {word: actions.count(word) for word in ("create", "update", "delete")}
    if name in ("mixed", "blocked", "empty", "small"):
        assert json.loads(REPORTERS.get("gitlab")(ALL[name], Style())).items() >= counted.items()


@pytest.mark.parametrize("name", list(ALL))
def test_junit_by_a_reader_of_junit(name: str) -> None:
    junitparser = pytest.importorskip("junitparser", reason="junitparser reads the suites")
    found = junitparser.JUnitXml.fromstring(REPORTERS.get("junit")(ALL[name], Style()).encode())
    cases = [case for suite in found for case in suite]
    failed = [case for case in cases if any(isinstance(one, junitparser.Failure) for one in case.result)]
    skipped = [case for case in cases if any(isinstance(one, junitparser.Skipped) for one in case.result)]
    assert (found.tests, found.failures) == (len(cases), len(failed))
    assert sum(suite.skipped for suite in found) == len(skipped)


@pytest.mark.parametrize("name", list(ALL))
def test_metrics_by_the_parsers_of_prometheus(name: str) -> None:
    openmetrics = pytest.importorskip("prometheus_client.openmetrics.parser", reason="prometheus_client reads them")
    plain = pytest.importorskip("prometheus_client.parser", reason="prometheus_client reads them")
    new = list(openmetrics.text_string_to_metric_families(REPORTERS.get("openmetrics")(ALL[name], Style())))
    old = list(plain.text_string_to_metric_families(REPORTERS.get("prometheus")(ALL[name], Style())))
    assert [one.name for one in new] == [one.name for one in old]
    assert {sample.name: sample.value for one in new for sample in one.samples} == {
        sample.name: sample.value for one in old for sample in one.samples
    }
    assert len({one.name for one in new}) == len(new)


@pytest.mark.parametrize("name", list(ALL))
def test_annotations_as_the_runner_reads_them(name: str) -> None:
    """The runner takes a line apart at the first `::` after the command, properties at commas, then unescapes."""
    for line in REPORTERS.get("github")(ALL[name], Style()).split("\n")[:-1]:
        _, head, message = line.split("::", 2)
        command, _, properties = head.partition(" ")
        assert command in ("error", "warning", "notice")
        pairs = dict(one.split("=", 1) for one in properties.split(","))
        assert set(pairs) <= {"file", "line", "col", "title"}
        assert message
        assert len(line) < 4_096 * 4
        if "file" in pairs:
            assert int(pairs["line"]) >= 1


@pytest.mark.parametrize("name", ["mixed", *NASTY])
def test_code_quality_as_gitlab_describes_it(name: str) -> None:
    jsonschema = pytest.importorskip("jsonschema")
    text = {"type": "string", "minLength": 1}
    schema = {
        "type": "array",
        "items": {
            "type": "object",
            "required": ["description", "check_name", "fingerprint", "severity", "location"],
            "properties": {
                "description": text,
                "check_name": text,
                "fingerprint": text,
                "severity": {"enum": ["info", "minor", "major", "critical", "blocker"]},
                "location": {
                    "type": "object",
                    "required": ["path", "lines"],
                    "properties": {
                        "path": {"type": "string", "minLength": 1, "not": {"pattern": "^(\\./|/)"}},
                        "lines": {
                            "type": "object",
                            "required": ["begin"],
                            "properties": {"begin": {"type": "integer", "minimum": 1}},
                        },
                    },
                },
            },
        },
    }
    found = json.loads(REPORTERS.get("codequality")(ALL[name], Style()))
    jsonschema.validate(found, schema)
    assert len({row["fingerprint"] for row in found}) == len(found), "GitLab shows only one of two that are alike"


def test_the_summary_line_matches_the_expressions_of_comment_bots() -> None:
    """tfcmt and others look for `Plan: N to add, N to change, N to destroy.` and for `No changes.`"""
    plan = re.compile(r"^Plan: (?:(\d+) to import, )?(\d+) to add, (\d+) to change, (\d+) to destroy\.", re.MULTILINE)
    assert plan.search(REPORTERS.get("text")(reports.MIXED, Style()))
    assert re.search(r"^No changes\.", REPORTERS.get("text")(reports.EMPTY, Style()), re.MULTILINE)
