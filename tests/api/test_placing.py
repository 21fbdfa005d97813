"""What policies refuse is shown with its place in the manifest, in every form of output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PERSONA

Call = Callable[..., Any]
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: northwind}
workspaces:
  sandbox:
    provider: {type: simulator}
    policy: {allowed_models: [tavus-gpt-oss], allowed_hosts: ["*.northwind.example"]}
"""
TOOL = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: hook}
spec:
  name: hook
  description: Calls out.
  delivery:
    api:
      url: https://elsewhere.example/hook
"""


@pytest.fixture
def refused(project: Path) -> Path:
    (project / "manifests" / "reconciler.yaml").write_text(PROJECT)
    (project / "manifests" / "desk.yaml").write_text(PERSONA.replace("tavus-gpt-oss", "tavus-gpt-4o"))
    (project / "manifests" / "hook.yaml").write_text(TOOL)
    return project


def test_a_refused_plan_says_which_rule_where_and_what_to_do(refused: Path, call: Call) -> None:
    ended = call("plan", "--no-color")
    assert ended.code == 0, ended
    for words in (
        "blocked (allowed_models)", "/layers/llm/model, manifests/desk.yaml:10:18", "--exclude persona.desk",
        "blocked (allowed_hosts)", "/delivery/api/url, manifests/hook.yaml:9:12", "elsewhere.example",
        "apply would send nothing and exit 3",
    ):  # fmt: skip
        assert words in " ".join(ended.out.split()), words


def test_the_json_plan_names_rule_pointer_and_range(refused: Path, call: Call) -> None:
    blocked = json.loads(call("plan", "--format", "json").out)["blocked"]
    places = {
        (one["rule"], one["address"], one["pointer"], one["range"]["filename"], one["range"]["start"]["line"])
        for one in blocked
    }
    assert places == {
        ("allowed_models", "persona.desk", "/layers/llm/model", "manifests/desk.yaml", 10),
        ("allowed_hosts", "tool.hook", "/delivery/api/url", "manifests/hook.yaml", 9),
    }


def test_scanners_see_the_line(refused: Path, call: Call) -> None:
    log = json.loads(call("plan", "--format", "sarif").out)
    places = {
        (one["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"])
        for one in log["runs"][0]["results"]
        for place in [one["locations"][0]["physicalLocation"]]
    }
    assert ("block-allowed_models", "manifests/desk.yaml", 10) in places
    assert ("block-allowed_hosts", "manifests/hook.yaml", 9) in places


def test_apply_refuses_with_exit_3_and_a_saved_plan_does_too(refused: Path, call: Call) -> None:
    ended = call("apply", "--auto-approve")
    assert ended.code == 3, ended
    assert "manifests/desk.yaml:10:18" in ended.err
    assert call("plan", "--out", "kept.plan").code == 0
    (refused / "manifests" / "reconciler.yaml").unlink()
    shown = call("show", "kept.plan", "--no-color")
    assert "manifests/desk.yaml:10:18" in shown.out
    again = call("apply", "kept.plan")
    assert again.code == 3, again
    assert "allowed" in again.err
    assert call("state", "list").out.strip() == ""


def test_the_ways_out_work(refused: Path, call: Call) -> None:
    ended = call("apply", "--auto-approve", "--exclude", "persona.desk", "--exclude", "tool.hook")
    assert ended.code == 0, ended
    policy = PROJECT.replace("tavus-gpt-oss", "tavus-*").replace('"*.northwind', '"elsewhere.example", "*.northwind')
    (refused / "manifests" / "reconciler.yaml").write_text(policy)
    ended = call("apply", "--auto-approve")
    assert ended.code == 0, ended
    assert "2 added" in ended.out


def test_a_warning_about_something_live_has_its_place_too(refused: Path, call: Call) -> None:
    (refused / "manifests" / "reconciler.yaml").write_text(PROJECT.split("    policy")[0])
    assert call("apply", "--auto-approve").code == 0
    (refused / "manifests" / "reconciler.yaml").write_text(PROJECT)
    ended = call("plan", "--no-color")
    assert ended.code == 0, ended
    assert "manifests/desk.yaml:10:18: warning[E-policy]" in ended.out
    assert "No changes" in ended.out
