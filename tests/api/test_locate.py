"""What policies refuse is shown with its place in the manifest, in every form of output."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.locate import anchored
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import Manifest, ManifestSet
from reconciler.types.source import Source, Span
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


NAMESAKES = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: desk}
spec: {pal_name: Same, system_prompt: Hello., default_replica_id: r90bbd427f71}
---
# a comment
apiVersion: personas/v1
kind: Persona
metadata: {name: other}
spec:
  system_prompt: Hello.
  default_replica_id: r90bbd427f71
  layers:
    llm:
      model: mine
      base_url: https://llm.example.com/v1
      api_key: {env: NOBODY_SET_THIS}
  pal_name: Same
"""


def warnings(call: Call, *words: str) -> dict[str, tuple[str, int]]:
    found = json.loads(call(*words, "--format", "json").out)["diagnostics"]
    return {one["code"]: (one["range"]["filename"], one["range"]["start"]["line"]) for one in found if "range" in one}


def test_findings_of_the_planner_have_a_line_too(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NOBODY_SET_THIS", raising=False)
    (project / "manifests" / "desk.yaml").write_text(NAMESAKES)
    places = warnings(call, "plan")
    assert places["E-name"] == ("manifests/desk.yaml", 18)
    assert places["E-secret"] == ("manifests/desk.yaml", 17)


def test_a_finding_that_only_names_an_address_gets_its_document() -> None:
    source, other = Source("a.yaml", 1, "/spec"), Source("b.yaml", 0, "/spec")
    address, stranger = Address.parse("persona.desk"), Address.parse("persona.gone")
    manifests = ManifestSet((Manifest(address, {}, {}, source),))

    def anchor(**more: Any) -> Diagnostic:
        (found,) = anchored([Diagnostic("E-x", Severity.WARNING, "s", **more)], manifests)
        return found

    assert anchor(address=address).source == source
    assert anchor(address=address, source=Source("a.yaml")).source == source, "a path alone is as good as nothing"
    assert anchor(address=address, source=other).source == other, "whoever knows better is believed"
    assert anchor(address=stranger).source is None
    assert anchor(address=stranger, source=Source("a.yaml")).source == Source("a.yaml")
    assert anchor().source is None
    assert anchor(address=address, span=Span("a.yaml", 3, 4)).source is None, "it has its place already"


def test_an_error_of_the_planner_has_a_line(project: Path, call: Call) -> None:
    text = PERSONA.replace("spec:", "spec:\n  tools: [nobody_made_this]")
    (project / "manifests" / "desk.yaml").write_text(text)
    ended = call("plan", "--no-color")
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "nobody_made_this" in one)
    assert ended.code == 1
    assert f"manifests/desk.yaml:{line}:" in ended.out + ended.err
