"""plan, show, apply, drift, destroy end to end, on the embedded simulator."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.scaffold import edit_by_hand
from reconciler.cli.composition import open_session
from reconciler.cli.settings import Settings
from reconciler.reporters import REPORTERS

Call = Callable[..., Any]

TOOL = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: lookup}
spec:
  name: lookup
  description: Look something up.
  parameters: {type: object, properties: {what: {type: string}}}
"""


@pytest.fixture
def applied(project: Path, call: Call) -> Path:
    """A project whose persona and tool exist in the sandbox."""
    text = (project / "manifests" / "desk.yaml").read_text()
    (project / "manifests" / "desk.yaml").write_text(text.replace("  greeting", "  tools: [lookup]\n  greeting"))
    (project / "manifests" / "lookup.yaml").write_text(TOOL)
    ended = call("apply", "--auto-approve")
    assert ended.code == 0, ended
    return project


def greet(project: Path, words: str) -> None:
    path = project / "manifests" / "desk.yaml"
    lines = [
        f"  greeting: {words}" if line.startswith("  greeting") else line for line in path.read_text().splitlines()
    ]
    path.write_text("\n".join(lines) + "\n")


def by_hand() -> str:
    return str(edit_by_hand(open_session(Settings())).address)


def test_plan_shows_and_touches_nothing(project: Path, call: Call) -> None:
    ended = call("plan")
    assert ended.code == 0, ended
    assert "persona.desk" in ended.out
    assert "Plan: 1 to add, 0 to change, 0 to destroy." in ended.out
    assert ended.err == ""
    assert not (project / ".reconciler" / "sandbox" / "state.json").exists()
    assert call("plan", "--detailed-exitcode").code == 2


def test_plan_as_json_is_one_document(project: Path, call: Call) -> None:
    ended = call("plan", "--format", "json", "--verbose")
    document = json.loads(ended.out)
    assert document["resource_changes"][0]["change"]["actions"] == ["create"]
    assert document["requests"][0]["method"] == "POST"
    assert document["applyable"] is True


def test_apply_then_nothing_to_do(applied: Path, call: Call) -> None:
    ended = call("plan", "--detailed-exitcode")
    assert ended.code == 0, ended
    assert "No changes." in ended.out
    again = call("apply", "--auto-approve")
    assert again.code == 0, again
    assert "0 added, 0 changed, 0 destroyed" in again.out


def test_apply_says_what_was_done(project: Path, call: Call) -> None:
    ended = call("apply", "--auto-approve")
    assert ended.code == 0, ended
    assert "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." in ended.out
    greet(project, "Hi.")
    ended = call("apply", "--auto-approve", "--format", "json")
    document = json.loads(ended.out)
    assert document["summary"]["change"] == 1
    assert document["exit_code"] == 0


def test_a_saved_plan_is_carried_out_without_a_question(project: Path, call: Call) -> None:
    ended = call("plan", "--out", "pr.plan")
    assert ended.code == 0, ended
    assert (project / "pr.plan").stat().st_mode & 0o777 == 0o600
    assert call("plan", "--out", "shared.plan", "--out-mode", "640").code == 0
    assert (project / "shared.plan").stat().st_mode & 0o777 == 0o640
    assert call("plan", "--out", "x.plan", "--out-mode", "999").code == 64
    shown = call("show", "pr.plan")
    assert "Plan: 1 to add" in shown.out
    assert json.loads(call("show", "pr.plan", "--format", "json").out)["resource_changes"]
    (project / "manifests" / "desk.yaml").unlink()
    done = call("apply", "pr.plan")
    assert done.code == 0, done
    assert "1 added" in done.out
    again = call("apply", "pr.plan")
    assert again.code == 5, again


def test_a_plan_of_another_workspace_goes_there(project: Path, call: Call) -> None:
    (project / "manifests" / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\ndefault_workspace: a\n"
        "workspaces:\n  a: {provider: {type: simulator}}\n  b: {provider: {type: simulator}}\n"
    )
    assert call("-w", "b", "plan", "--out", "b.plan").code == 0
    ended = call("-w", "a", "apply", "b.plan")
    assert ended.code == 5, ended
    assert call("apply", "b.plan").code == 0
    assert (project / ".reconciler" / "b" / "state.json").exists()
    assert not (project / ".reconciler" / "a" / "state.json").exists()


@pytest.mark.parametrize("cut", [1, 40, 400], ids=lambda cut: f"less {cut} bytes")
def test_a_damaged_plan_is_refused(project: Path, call: Call, cut: int) -> None:
    call("plan", "--out", "pr.plan")
    data = (project / "pr.plan").read_bytes()
    (project / "pr.plan").write_bytes(data[: -cut - 1])
    for words in (("apply", "pr.plan"), ("show", "pr.plan")):
        ended = call(*words)
        assert ended.code == 5, ended
        assert ended.out == ""


def test_an_edited_plan_is_refused(project: Path, call: Call) -> None:
    call("plan", "--out", "pr.plan")
    text = (project / "pr.plan").read_text()
    assert "Hello." in text
    (project / "pr.plan").write_text(text.replace("Hello.", "Howdy."))
    ended = call("apply", "pr.plan")
    assert ended.code == 5, ended


def test_a_saved_plan_takes_no_flag_that_would_change_it(project: Path, call: Call) -> None:
    call("plan", "--out", "pr.plan")
    for words in (
        ("--target", "persona.desk"),
        ("--destroy",),
        ("--allow-deletes",),
        ("pr.plan",),
    ):
        ended = call("apply", "pr.plan", *words)
        assert ended.code == 64, ended


@pytest.mark.parametrize("text", [b"", b"{}", b"kind: Persona", b"\x00\xff"], ids=repr)
def test_show_of_what_is_no_plan(project: Path, call: Call, text: bytes) -> None:
    (project / "x").write_bytes(text)
    ended = call("show", "x")
    assert ended.code == 5, ended
    assert "Traceback" not in ended.err
    assert call("show", "missing").code == 1


def test_the_words_of_a_newcomer_lead_to_the_right_command(
    project: Path, call: Call, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for words, code, told in (
        (("apply", "pr.plan"), 64, "no such file"),
        (("plan", "persona.desk"), 64, "--target persona.desk"),
        (("apply", "persona.desk"), 64, "--target persona.desk"),
        (("show", "persona.desk"), 1, "state show"),
        (("plan", "--report", "plan.md"), 64, "markdown=plan.md"),
        (("drift", "--accept", "all"), 64, "'*'"),
    ):
        ended = call(*words)
        assert ended.code == code, (words, ended)
        assert told in ended.err, (words, ended)
    assert call("apply", "--auto-approve").code == 0
    desk = project / "manifests" / "desk.yaml"
    desk.write_text(desk.read_text().replace("Desk", "Desk of today"))
    monkeypatch.chdir(project.parent)
    said = call("-C", project.name, "plan", "--out", "pr.plan").out
    assert f"reconciler -C {project.name} apply pr.plan" in " ".join(said.split())
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    ended = call("apply", str(project / "pr.plan"))
    assert ended.code == 5, ended
    assert "there is no state here" in ended.err
    assert call("-C", str(project), "apply", "pr.plan").code == 0


def test_a_blocked_plan_is_kept_to_be_looked_at(applied: Path, call: Call) -> None:
    (applied / "manifests" / "desk.yaml").unlink()
    said = call("plan", "--out", "pr.plan").out
    assert "apply refuses it" in said
    assert "To carry out" not in said
    assert call("apply", "pr.plan").code == 3


def test_drift_is_found_and_healed(applied: Path, call: Call) -> None:
    assert call("drift").code == 0
    assert by_hand() == "persona.desk"
    ended = call("drift", "--format", "json")
    assert ended.code == 2, ended
    (item,) = json.loads(ended.out)["resource_drift"]
    assert item["address"] == "persona.desk"
    assert [(one["path"], one["direction"]) for one in item["changes"]] == [("/greeting", "live")]
    healed = call("apply", "--auto-approve")
    assert healed.code == 0, healed
    assert "1 changed" in healed.out
    assert call("drift").code == 0


def test_drift_needs_no_manifests(applied: Path, call: Call) -> None:
    by_hand()
    for path in (applied / "manifests").iterdir():
        path.unlink()
    ended = call("drift")
    assert ended.code == 2, ended


def test_drift_without_state_is_no_success(project: Path, call: Call) -> None:
    ended = call("drift", "--report", "openmetrics=drift.prom")
    assert ended.code == 1, ended
    assert "there is nothing to compare with" in ended.err and "No drift" not in ended.out
    assert 'reconciler_up{workspace="sandbox"} 0' in (project / "drift.prom").read_text()
    assert json.loads(call("plan", "--target", "persona.typo", "--format", "json").out)["workspace"] == "sandbox"


def test_pending_changes_of_manifests_are_no_drift(applied: Path, call: Call) -> None:
    greet(applied, "Hi.")
    assert call("drift").code == 0
    assert call("plan", "--detailed-exitcode").code == 2


def test_deletes_are_blocked_until_allowed(applied: Path, call: Call) -> None:
    (applied / "manifests" / "lookup.yaml").unlink()
    text = (applied / "manifests" / "desk.yaml").read_text()
    (applied / "manifests" / "desk.yaml").write_text(text.replace("  tools: [lookup]\n", ""))
    plan = call("plan", "--detailed-exitcode")
    assert plan.code == 2, plan
    assert "--allow-deletes" in plan.out
    refused = call("apply", "--auto-approve")
    assert refused.code == 3, refused
    assert "--allow-deletes" in refused.err
    assert call("apply", "--auto-approve", "--allow-deletes").code == 0
    assert call("plan", "--detailed-exitcode").code == 0


def test_destroy(applied: Path, call: Call) -> None:
    ended = call("destroy", "--auto-approve")
    assert ended.code == 0, ended
    assert "Destroy complete! Resources: 2 destroyed." in ended.out
    assert call("state", "list").out == ""


def test_a_report_of_every_run(project: Path, call: Call) -> None:
    ended = call("--report", "json=plan.json", "plan", "--report", f"text={project / 'plan.txt'}", "--quiet")
    assert ended.code == 0, ended
    assert json.loads((project / "plan.json").read_text())["verb"] == "plan"
    assert "persona.desk" in (project / "plan.txt").read_text()


def test_json_log_is_on_standard_error_only(project: Path, call: Call) -> None:
    ended = call("apply", "--auto-approve", "--json-log", "--format", "json")
    assert ended.code == 0, ended
    assert json.loads(ended.out)["exit_code"] == 0
    types = [json.loads(line)["type"] for line in ended.err.splitlines()]
    assert "apply_start" in types
    assert "apply_complete" in types


def test_secrets_stay_out_of_everything(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_KEY", "sk-topsecret-0123456789")
    path = project / "manifests" / "desk.yaml"
    path.write_text(
        path.read_text().replace(
            "llm: {model: tavus-gpt-oss}",
            'llm: {model: own, base_url: "https://llm.example/v1", api_key: {env: LLM_KEY}}',
        )
    )
    outputs = [call("plan", "--out", "p"), call("plan", "--format", "json"), call("apply", "p", "--verbose")]
    outputs += [call("state", "show", "persona.desk"), call("plan", "--verbose")]
    assert [one.code for one in outputs] == [0] * 5
    files = [one.read_bytes() for one in project.rglob("*") if one.is_file()]
    assert not [1 for one in outputs if "topsecret" in one.out + one.err]
    assert not [1 for data in files if b"topsecret" in data]


def test_a_missing_secret_stops_apply_before_its_first_write(project: Path, call: Call) -> None:
    path = project / "manifests" / "desk.yaml"
    path.write_text(
        path.read_text().replace(
            "llm: {model: tavus-gpt-oss}",
            'llm: {model: own, base_url: "https://llm.example/v1", api_key: {env: NO_SUCH_KEY}}',
        )
    )
    ended = call("apply", "--auto-approve")
    assert ended.code == 1, ended
    assert "NO_SUCH_KEY" in ended.err
    assert call("state", "list").out == ""


def test_another_folder_holds_everything(project: Path, call: Call, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    os.chdir(elsewhere)
    ended = call("-C", str(project), "apply", "--auto-approve", "--report", "json=r.json")
    assert ended.code == 0, ended
    assert (project / "r.json").exists()
    assert (project / ".reconciler" / "sandbox" / "state.json").exists()
    assert list(elsewhere.iterdir()) == []


def test_the_real_api_without_a_key(project: Path, call: Call) -> None:
    ended = call("-w", "tavus", "plan")
    assert ended.code in {1, 64}, ended
    assert "TAVUS_API_KEY" in ended.err


def test_a_refused_plan_is_delivered_to_machines(applied: Path, call: Call) -> None:
    (applied / "manifests" / "desk.yaml").unlink()
    ended = call("apply", "--auto-approve", "--format", "json")
    assert ended.code == 3, ended
    document = json.loads(ended.out)
    assert document["applyable"] is False
    assert document["exit_code"] == 3
    assert [one["rule"] for change in document["resource_changes"] for one in change["blocked"]] == ["deletes"]
    assert "--allow-deletes" in ended.err


@pytest.mark.parametrize(
    "words", [("plan",), ("validate",), ("apply", "--auto-approve"), ("drift",), ("destroy", "--auto-approve")]
)
def test_an_empty_folder_is_no_success(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    project = tmp_path / "further" / "down" / "manifests" / "reconciler.yaml"
    project.parent.mkdir(parents=True)
    project.write_text("apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\n")
    monkeypatch.chdir(tmp_path)
    ended = call(*words)
    assert ended.code == 1, ended
    nothing = "no manifests to validate" if words == ("validate",) else "neither manifests nor a state"
    for said in (nothing, "the current folder", "state.json", "reconciler -C further/down"):
        assert said in ended.err
    assert "Success" not in ended.out and "No changes" not in ended.out
    assert not (tmp_path / ".reconciler").exists()
    allowed = call(*words, "--allow-empty")
    assert allowed.code == 0, allowed


def test_the_account_can_be_looked_at_without_manifests(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert call("plan", "--unmanaged").code == 0
    assert call("export", "out").code == 0


@pytest.mark.parametrize("command", ["plan", "drift", "destroy"])
@pytest.mark.parametrize(
    "asked",
    [
        ("--selector", "team=typo"), ("--target", "persona.nobody"), ("--exclude", "persona.nobody"),
        ("--target", "persona.desk", "--selector", "kind=other"), ("manifests/empty",),
    ],
)  # fmt: skip
def test_what_names_nothing_is_no_success(applied: Path, call: Call, command: str, asked: tuple[str, ...]) -> None:
    (applied / "manifests" / "empty").mkdir()
    if command == "destroy":
        asked = ("-m", *asked) if len(asked) == 1 else asked
        asked = (*asked, "--auto-approve")
    ended = call(command, *asked)
    assert ended.code == 1, ended
    assert "No changes" not in ended.out and "No drift" not in ended.out


def test_a_path_without_manifests_is_nothing_to_validate(applied: Path, call: Call) -> None:
    (applied / "manifests" / "empty").mkdir()
    ended = call("validate", "manifests/empty")
    assert ended.code == 1 and "manifests/empty" in ended.err, ended


@pytest.mark.parametrize("words", [(), ("manifests",)])
def test_a_state_without_manifests_is_nothing_to_validate(applied: Path, call: Call, words: tuple[str, ...]) -> None:
    """What was applied from here once is no manifest: nothing was looked at, so nothing is well."""
    for file in (applied / "manifests").rglob("*.yaml"):
        if file.name != "reconciler.yaml":
            file.unlink()
    ended = call("validate", *words)
    assert ended.code == 1 and "Success" not in ended.out, ended
    if not words:
        assert call("validate", "--allow-empty").code == 0
    (applied / "manifests" / "removed.yaml").write_text(
        "apiVersion: personas/v1\nkind: Removed\naddress: persona.desk\n", "utf-8"
    )
    assert call("validate", *words).code == 0, "a document that removes is one that was read"


@pytest.mark.parametrize("command", [("plan",), ("validate",), ("drift",), ("migrate",), ("plan", "-m")])
def test_our_own_files_are_no_manifests(applied: Path, call: Call, command: tuple[str, ...]) -> None:
    greet(applied, "Hi.")
    assert call("plan", "--out", "kept.json", "--report", "json=report.json").code == 0
    for file, said in (
        ("kept.json", "reconciler show kept.json"), ("report.json", "is a report"),
        (".reconciler/sandbox/state.json", "is a state document"),
    ):  # fmt: skip
        ended = call(*command, file)
        assert ended.code == 64 and said in ended.err, ended


def test_warnings_about_manifests_are_shown_once(project: Path, call: Call) -> None:
    path = project / "manifests" / "desk.yaml"
    path.write_text(path.read_text().replace("  greeting", "  greting: Hi.\n  greeting"))
    ended = call("apply", "--auto-approve")
    assert ended.code == 0, ended
    assert ended.out.count("'greting'") == 1
    document = json.loads(call("apply", "--auto-approve", "--format", "json").out)
    assert "L18" in [one["code"] for one in document["diagnostics"]]


def test_an_apply_without_changes_says_so(applied: Path, call: Call) -> None:
    ended = call("apply", "--auto-approve")
    assert "No changes." in ended.out
    assert ended.out.endswith("Apply complete! Resources: 0 added, 0 changed, 0 destroyed.\n")


def test_a_tool_that_is_to_go_is_called_by_its_name(project: Path, call: Call) -> None:
    tool = "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: %s}\nspec: {name: %s, description: d}\n"
    (project / "manifests" / "tools.yaml").write_text("---\n".join(tool % (one, one) for one in ("one", "two")))
    file = project / "manifests" / "desk.yaml"
    text = file.read_text()
    file.write_text(text.replace("spec:", "spec:\n  tools: [one, two]"))
    assert call("apply", "--auto-approve").code == 0
    file.write_text(text.replace("spec:", "spec:\n  tools: [two]"))
    assert "- tool.one\n" in call("plan", "--no-color").out
    assert "tool.one" in call("plan", "--format", "markdown").out
    assert call("plan", "--out", "kept.plan").code == 0
    assert "- tool.one\n" in call("show", "kept.plan", "--no-color").out, "a kept plan knows the names, too"
    (change,) = json.loads(call("plan", "--format", "json").out)["resource_changes"]
    assert all(one.startswith("t") and "." not in one for one in change["change"]["before"]["tools"])


def test_an_incomplete_comparison_is_no_clean_one(project: Path, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project / "manifests" / "desk.yaml"
    llm = "{model: m, base_url: 'https://llm.example/v1', api_key: {env: DESK_KEY}}"
    path.write_text(path.read_text().replace("{model: tavus-gpt-oss}", llm))
    monkeypatch.setenv("DESK_KEY", "sk-0123456789abcdef")
    assert call("apply", "--auto-approve").code == 0
    monkeypatch.delenv("DESK_KEY")
    for command, words in (("plan", "No changes in what could be compared"), ("drift", "No drift in what could")):
        loose, strict = call(command), call(command, "--strict-complete")
        assert (loose.code, strict.code) == (0, 1), loose
        assert words in loose.out and "DESK_KEY" in loose.out
    saved = call("plan", "--out", "kept.plan")
    assert saved.code == 0 and "1 could not be" in call("show", "kept.plan").out
    assert call("apply", "--auto-approve").code == 0
    refused = call("apply", "--auto-approve", "--strict-complete")
    assert refused.code == 1 and "persona.desk /layers/llm/api_key" in refused.err


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("show", "manifests/desk.yaml"), 5, "this file is no saved plan"),
        (("--project", "manifests", "plan"), 64, "--project manifests is a folder"),
        (("state", "push", "kept.plan"), 64, "is a saved plan"),
        (("plan", "kept.plan"), 64, "reconciler apply kept.plan"),
    ],
)
def test_a_file_of_another_kind_is_told(
    project: Path, call: Call, words: tuple[str, ...], code: int, said: str
) -> None:
    assert call("plan", "--out", "kept.plan").code == 0
    ended = call(*words)
    assert (ended.code, said in ended.err) == (code, True), ended


@pytest.mark.parametrize("name", sorted(REPORTERS.all()))
def test_every_report_says_with_which_flags_its_plan_was_made(project: Path, call: Call, name: str) -> None:
    given = ("--allow-deletes", "--allow-mass-change")
    without, told = call("plan", "--format", name).out, call("plan", *given, "--format", name).out
    for flag in (one.removeprefix("--") for one in given):
        assert flag not in without
        assert flag in told
    if name in {"text", "markdown"}:
        assert all(flag in told.partition("\n")[0] for flag in given), "people see it first"
