"""validate: every finding with its place, `keep` comments honoured, offline."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import PERSONA

TYPO = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: typo}
spec:
  persona_name: Typo
  system_prompt: You help.
  greting: Hello.
"""


def test_a_good_project(project: Path, call: Callable[..., Any]) -> None:
    ended = call("validate")
    assert ended.code == 0, ended
    assert "valid" in ended.out
    assert ended.err == ""


def test_a_warning_is_no_error_unless_strict(project: Path, call: Callable[..., Any]) -> None:
    (project / "manifests" / "typo.yaml").write_text(TYPO)
    ended = call("validate")
    assert ended.code == 0
    assert "manifests/typo.yaml:7:" in ended.out
    strict = call("validate", "--strict", "--report", "json=found.json", "--report", "openmetrics=found.prom")
    assert strict.code == 1
    assert "Success" not in strict.out
    found = json.loads((project / "found.json").read_text())
    errors = [one for one in found["diagnostics"] if one["severity"] == "error"]
    assert found["exit_code"] == 1 and found["errored"] is True and len(errors) >= 1
    assert f"{len(errors)} error" in strict.out.splitlines()[-1]
    assert f'severity="error"}} {len(errors)}' in (project / "found.prom").read_text()


def test_a_keep_comment_silences_one_finding(project: Path, call: Callable[..., Any]) -> None:
    kept = TYPO.replace("  greting", "  # reconciler: keep L18 their server knows it\n  greting")
    (project / "manifests" / "typo.yaml").write_text(kept)
    ended = call("validate", "--format", "json")
    codes = [one["code"] for one in json.loads(ended.out)["diagnostics"] if one["address"] == "persona.typo"]
    assert "L18" not in codes


def test_a_part_of_the_project(project: Path, call: Callable[..., Any]) -> None:
    (project / "manifests" / "typo.yaml").write_text(TYPO)
    assert call("validate", "--strict", "manifests/desk.yaml").code == 0
    assert call("validate", "--strict", "-m", "manifests/typo.yaml").code == 1


def test_a_commit_instead_of_the_work_tree(project: Path, call: Callable[..., Any]) -> None:
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run(["git", *words], cwd=project, check=True, capture_output=True)
    (project / "manifests" / "desk.yaml").write_text("a: [")
    assert call("validate").code == 1
    assert call("validate", "--ref", "HEAD").code == 0
    ended = call("validate", "--ref", "nowhere")
    assert ended.code == 64, ended
    assert "nowhere" in ended.err


def test_findings_as_json_have_a_range(project: Path, call: Callable[..., Any]) -> None:
    (project / "manifests" / "typo.yaml").write_text(TYPO)
    document = json.loads(call("validate", "--format", "json").out)
    (finding,) = [one for one in document["diagnostics"] if one["code"] == "L18"]
    assert finding["range"]["filename"] == "manifests/typo.yaml"
    assert finding["range"]["start"] == {"line": 7, "column": 12}
    assert finding["address"] == "persona.typo"
    assert "greeting" in finding["hint"]


def test_equal_mistakes_in_several_places_are_all_shown(
    project: Path, call: Callable[..., Any], tmp_path: Path
) -> None:
    for name in ("a", "b", "c"):
        (project / "manifests" / f"{name}.yaml").write_text("persona_name: [\n")
    (project / "manifests" / "d.yaml").write_text("persona_name: x\nlayers: {tts: {a: 1, a: 2}, llm: {a: 1, a: 1}}\n")
    formats = ("text", "json", "ndjson", "junit", "sarif", "github", "codequality", "markdown", "html")
    reports = [option for name in formats for option in ("--report", f"{name}={tmp_path / name}")]
    assert call("validate", *reports).code == 1
    for name in formats:
        written = (tmp_path / name).read_text()
        assert [written.count(f"manifests/{file}.yaml") > 0 for file in "abc"] == [True] * 3, name
        assert written.count("stands twice in one mapping") >= 2, name


@pytest.mark.parametrize("what", ["too large", "no text", "not there"])
@pytest.mark.parametrize("name", ["prompt.md", "prompt.yaml"])
def test_an_included_file_that_cannot_be_read_is_one_finding(
    project: Path, call: Callable[..., Any], what: str, name: str
) -> None:
    """At the place that includes it; nothing is said of the value that nobody could read."""
    manifest = TYPO.replace("You help.", f"{{file: {name}}}").replace("greting", "greeting")
    (project / "manifests" / "typo.yaml").write_text(manifest)
    if what != "not there":
        data = b"x" * (10 * 1024 * 1024 + 1) if what == "too large" else b"\xff\xfe\x00 no text"
        (project / "manifests" / name).write_bytes(data)
    ended = call("validate", "--report", "json=found.json")
    assert ended.code == 1
    errors = [
        one for one in json.loads((project / "found.json").read_text())["diagnostics"] if one["severity"] == "error"
    ]
    about = [one for one in errors if name in one["summary"] or "system_prompt" in str(one)]
    assert len(about) == 1, errors


def test_a_baseline_accepts_what_there_is_and_nothing_new(project: Path, call: Callable[..., Any]) -> None:
    typo = project / "manifests" / "typo.yaml"
    typo.write_text(TYPO)
    written = call("validate", "--write-baseline")
    assert written.code == 0
    assert ".baseline.yaml accepts 2 findings" in written.out
    assert "greting" not in call("validate").out
    assert call("validate", "--strict").code == 0
    assert "greting" in call("validate", "--verbose").out
    for command in ("validate", "plan"):
        found = json.loads(call(command, "--format", "json").out)
        assert [one["code"] for one in found["diagnostics"] if one["address"] == "persona.typo"] == []
        assert [one["code"] for one in found["accepted_diagnostics"] if one["code"] == "L18"] == ["L18"]
    typo.write_text(f"# moved down\n\n{TYPO}  speling: x\n")
    strict = call("validate", "--strict")
    assert strict.code == 1
    assert "speling" in strict.out and "'greting'" not in strict.out
    assert call("validate", "--write-baseline", "manifests/typo.yaml").code == 64
    typo.unlink()
    assert "lines of the old one are not found any more" in call("validate", "--write-baseline").out


@pytest.mark.parametrize(
    "clear",
    [
        "layers: {llm: {model: m, base_url: 'https://llm.example.com/v1', api_key: sk-1234567890abcdef}}",
        "layers: {llm: {model: m, base_url: 'https://llm.example.com/v1', headers: {X-Api-Key: hunter2hunter2}}}",
        "layers: {tts: {tts_engine: cartesia, api_key: sk-1234567890abcdef}}",
    ],
    ids=["key of a model", "header", "key of a voice"],
)
@pytest.mark.parametrize("place", ["", "id: p1234567890ab, "], ids=["new", "in the account"])
def test_no_file_of_the_repository_accepts_a_literal_secret(
    project: Path, call: Callable[..., Any], clear: str, place: str
) -> None:
    """Neither a baseline, whoever wrote it, nor a comment; with the operator's flag it is a warning."""
    manifest = TYPO.replace("{name: typo}", f"{{{place}name: typo}}").replace("greting: Hello.", f"{clear}")
    (project / "manifests" / "typo.yaml").write_text(manifest)
    found = [
        one for one in json.loads(call("validate", "--format", "json").out)["diagnostics"] if one["code"] == "L03"
    ]
    assert found
    call("validate", "--write-baseline")
    baseline = project / "manifests" / ".baseline.yaml"
    rows = [{key: one[key] for key in ("code", "address", "pointer")} | {"text": one["summary"]} for one in found]
    baseline.write_text(json.dumps({"apiVersion": "personas/v1", "kind": "Baseline", "findings": rows}))
    (project / "manifests" / "typo.yaml").write_text(
        manifest.replace("  layers:", "  # reconciler: keep L03\n  layers:")
    )
    for command in ("validate", "plan"):
        ended = call(command)
        assert (ended.code, "L03" in ended.out + ended.err) == (1, True), (command, ended)
        assert "hunter2" not in ended.out + ended.err and "sk-1234" not in ended.out + ended.err
    assert call("validate", "--allow-literal-secrets").code == 0


@pytest.mark.parametrize(
    "text", ["findings: nonsense\n", "- [\n", "kind: Baseline\nfindings: [{code: L18}]\n", "\udcff"]
)
def test_a_broken_baseline_is_an_error_whatever_is_found_until_it_is_written_anew(
    project: Path, call: Callable[..., Any], text: str
) -> None:
    typo = project / "manifests" / "typo.yaml"
    typo.write_text(TYPO)
    assert call("validate", "--write-baseline").code == 0
    typo.unlink()
    (baseline,) = project.rglob(".baseline.yaml")
    baseline.write_bytes(text.encode("utf-8", "surrogateescape"))
    for command in ("validate", "plan", "migrate --check"):
        ended = call(*command.split())
        assert (ended.code, ".baseline.yaml" in ended.err) == (1, True), (command, ended.err)
    assert call("validate", "--write-baseline").code == 0
    assert call("validate").code == 0


def test_a_keep_comment_counts_in_a_plan_too(project: Path, call: Callable[..., Any]) -> None:
    kept = TYPO.replace("  greting", "  # reconciler: keep L18 their server knows it\n  greting")
    (project / "manifests" / "typo.yaml").write_text(kept)
    planned = json.loads(call("plan", "--format", "json").out)
    assert "L18" not in [one["code"] for one in planned["diagnostics"]]


def test_a_policy_that_denies_unknown_fields(project: Path, call: Callable[..., Any]) -> None:
    (project / "manifests" / "typo.yaml").write_text(TYPO)
    (project / "manifests" / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\ndefault_workspace: sandbox\n"
        "workspaces: {sandbox: {provider: {type: simulator}, policy: {unknown_fields: deny}}}\n"
    )
    for command in ("validate", "plan"):
        refused = call(command)
        assert refused.code == 1, command
        assert "'greting' is not a known field" in refused.out + refused.err
        assert "did you mean 'greeting'?" in refused.out + refused.err
    kept = TYPO.replace("  greting", "  # reconciler: keep L18 their server knows it\n  greting")
    (project / "manifests" / "typo.yaml").write_text(kept)
    assert call("validate").code == 0
    assert call("plan").code == 0


def test_a_finding_of_the_baseline_is_not_shown_beside_what_stops_a_plan(
    project: Path, call: Callable[..., Any]
) -> None:
    """The account has two of the name; the old finding is no reason, a new one may be."""
    desk = project / "manifests" / "desk.yaml"
    desk.write_text(desk.read_text().replace("spec:\n", "spec:\n  odd_one: 1\n"))
    for name in ("one", "two"):
        (project / "manifests" / f"{name}.yaml").write_text(desk.read_text().replace("name: desk", f"name: {name}"))
    desk.unlink()
    assert call("-w", "sandbox", "apply", "--auto-approve").code == 0
    shutil.rmtree(project / ".reconciler" / "sandbox" / "history", ignore_errors=True)
    for name in ("one", "two"):
        (project / "manifests" / f"{name}.yaml").rename(project / f"{name}.yaml")
    (project / ".reconciler" / "sandbox" / "state.json").unlink()
    desk.write_text(PERSONA.replace("spec:\n", "spec:\n  odd_one: 1\n"))
    before = call("-w", "sandbox", "plan")
    assert before.code == 1
    assert "odd_one" in before.err
    assert call("validate", "--write-baseline").code == 0
    after = call("-w", "sandbox", "plan")
    assert after.code == 1
    assert "are called 'Desk'" in after.err
    assert "odd_one" not in after.err


@pytest.mark.parametrize(
    "broken",
    [
        PERSONA.replace("kind: Persona", "kind: Prsona"),
        PERSONA.replace("name: desk", "name: other").replace("  system_prompt: You welcome visitors.\n", ""),
    ],
)
def test_nor_beside_an_error_of_the_manifests(broken: str, project: Path, call: Callable[..., Any]) -> None:
    desk = project / "manifests" / "desk.yaml"
    desk.write_text(PERSONA.replace("spec:\n", "spec:\n  odd_one: 1\n"))
    assert call("validate", "--write-baseline").code == 0
    (project / "manifests" / "other.yaml").write_text(broken)
    ended = call("-w", "sandbox", "plan")
    assert ended.code == 1
    assert "other.yaml" in ended.err
    assert "odd_one" not in ended.err
