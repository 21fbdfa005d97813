"""Plans that are kept, and runs, know the commit that their manifests came from."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler import open_project
from reconciler.api.plan import with_sources
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span
from reconciler.types.manifest import ManifestSet
from tests.cli.conftest import PERSONA, Ended
from tests.support.records import manifest_of

Call = Callable[..., Ended]


def git(folder: Path, *words: str) -> str:
    given = ["-c", "user.name=N", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", "-C", str(folder), *given, *words], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(project: Path) -> Path:
    git(project, "init", "-q")
    git(project, "add", "manifests")
    git(project, "commit", "-qm", "first")
    return project


def test_a_kept_plan_and_its_apply_name_the_commit(checkout: Path, call: Call) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    assert call("plan", "--out", "kept.plan").code == 0
    assert json.loads(call("show", "kept.plan", "--format", "json").out)["commit"] == head
    assert call("apply", "kept.plan").code == 0
    assert head[:12] in call("state", "history").out


def test_an_apply_of_changed_files_says_so(checkout: Path, call: Call) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    file = checkout / "manifests" / "desk.yaml"
    file.write_text(file.read_text().replace("Hello.", "Good day."))
    assert call("apply", "--auto-approve").code == 0
    assert f"{head[:12]}-dirty" in call("state", "history").out
    runs = json.loads(call("state", "history", "--format", "json").out)
    assert f'"{head}-dirty"' in json.dumps(runs)


def test_a_mere_look_starts_no_git(checkout: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*words: object, **options: object) -> None:
        raise AssertionError(f"{words} was started")

    monkeypatch.setattr(subprocess, "run", refuse)
    assert call("plan").code == 0


def test_a_folder_without_git_plans_and_applies(project: Path, call: Call) -> None:
    assert open_project().plan().commit is None
    assert call("plan", "--out", "kept.plan").code == 0
    assert call("apply", "kept.plan").code == 0


def test_the_commit_asked_for_stays(checkout: Path, call: Call) -> None:
    head = git(checkout, "rev-parse", "HEAD")
    file = checkout / "manifests" / "desk.yaml"
    file.write_text("broken: [")
    assert call("plan", "--ref", "HEAD", "--out", "kept.plan").code == 0
    assert json.loads(call("show", "kept.plan", "--format", "json").out)["commit"] == head


LocateCall = Callable[..., Any]
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


def test_a_refused_plan_says_which_rule_where_and_what_to_do(refused: Path, call: LocateCall) -> None:
    ended = call("plan", "--no-color")
    assert ended.code == 0, ended
    for words in (
        "blocked (allowed_models)", "/layers/llm/model, manifests/desk.yaml:10:18", "--exclude persona.desk",
        "blocked (allowed_hosts)", "/delivery/api/url, manifests/hook.yaml:9:12", "elsewhere.example",
        "apply would send nothing and exit 3",
    ):  # fmt: skip
        assert words in " ".join(ended.out.split()), words


def test_the_json_plan_names_rule_pointer_and_range(refused: Path, call: LocateCall) -> None:
    blocked = json.loads(call("plan", "--format", "json").out)["blocked"]
    places = {
        (one["rule"], one["address"], one["pointer"], one["range"]["filename"], one["range"]["start"]["line"])
        for one in blocked
    }
    assert places == {
        ("allowed_models", "persona.desk", "/layers/llm/model", "manifests/desk.yaml", 10),
        ("allowed_hosts", "tool.hook", "/delivery/api/url", "manifests/hook.yaml", 9),
    }


def test_scanners_see_the_line(refused: Path, call: LocateCall) -> None:
    log = json.loads(call("plan", "--format", "sarif").out)
    places = {
        (one["ruleId"], place["artifactLocation"]["uri"], place["region"]["startLine"])
        for one in log["runs"][0]["results"]
        for place in [one["locations"][0]["physicalLocation"]]
    }
    assert ("block-allowed_models", "manifests/desk.yaml", 10) in places
    assert ("block-allowed_hosts", "manifests/hook.yaml", 9) in places


def test_apply_refuses_with_exit_3_and_a_saved_plan_does_too(refused: Path, call: LocateCall) -> None:
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


def test_the_ways_out_work(refused: Path, call: LocateCall) -> None:
    ended = call("apply", "--auto-approve", "--exclude", "persona.desk", "--exclude", "tool.hook")
    assert ended.code == 0, ended
    policy = PROJECT.replace("tavus-gpt-oss", "tavus-*").replace('"*.northwind', '"elsewhere.example", "*.northwind')
    (refused / "manifests" / "reconciler.yaml").write_text(policy)
    ended = call("apply", "--auto-approve")
    assert ended.code == 0, ended
    assert "2 added" in ended.out


def test_a_warning_about_something_live_has_its_place_too(refused: Path, call: LocateCall) -> None:
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


def warnings(call: LocateCall, *words: str) -> dict[str, tuple[str, int]]:
    found = json.loads(call(*words, "--format", "json").out)["diagnostics"]
    return {one["code"]: (one["range"]["filename"], one["range"]["start"]["line"]) for one in found if "range" in one}


def test_findings_of_the_planner_have_a_line_too(
    project: Path, call: LocateCall, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOBODY_SET_THIS", raising=False)
    (project / "manifests" / "desk.yaml").write_text(NAMESAKES)
    places = warnings(call, "plan")
    assert places["E-name"] == ("manifests/desk.yaml", 18)
    assert places["E-secret"] == ("manifests/desk.yaml", 17)


def test_a_finding_that_only_names_an_address_gets_its_document() -> None:
    source, other = Source("a.yaml", 1, "/spec"), Source("b.yaml", 0, "/spec")
    address, stranger = Address.parse("persona.desk"), Address.parse("persona.gone")
    manifests = ManifestSet((manifest_of(address, {}, {}, source),))

    def anchor(**more: Any) -> Diagnostic:
        (found,) = with_sources([Diagnostic("E-x", Severity.WARNING, "s", **more)], manifests)
        return found

    assert anchor(address=address).source == source
    assert anchor(address=address, source=Source("a.yaml")).source == source, "a path alone is as good as nothing"
    assert anchor(address=address, source=other).source == other, "whoever knows better is believed"
    assert anchor(address=stranger).source is None
    assert anchor(address=stranger, source=Source("a.yaml")).source == Source("a.yaml")
    assert anchor().source is None
    assert anchor(address=address, span=Span("a.yaml", 3, 4)).source is None, "it has its place already"


def test_an_error_of_the_planner_has_a_line(project: Path, call: LocateCall) -> None:
    text = PERSONA.replace("spec:", "spec:\n  tools: [nobody_made_this]")
    (project / "manifests" / "desk.yaml").write_text(text)
    ended = call("plan", "--no-color")
    line = next(number for number, one in enumerate(text.splitlines(), 1) if "nobody_made_this" in one)
    assert ended.code == 1
    assert f"manifests/desk.yaml:{line}:" in ended.out + ended.err


def test_addresses_stay_readable_where_a_secret_is_the_same_text(
    project: Path, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = PERSONA.replace("{name: desk}", "{name: front-desk}").replace(
        "llm: {model: tavus-gpt-oss}",
        "llm: {model: nw-1, base_url: 'https://llm.example/v1', api_key: {env: LLM_KEY}}",
    )
    (project / "manifests" / "desk.yaml").write_text(text)
    monkeypatch.setenv("LLM_KEY", "front-desk")
    assert "persona.front-desk" in call("plan").out
