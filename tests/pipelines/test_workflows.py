"""The workflow files: valid, pinned, with least rights, and in step with the action and its scripts."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.pipelinefacts import TWO, pipeline

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".github"
ACTION = HOME / "actions" / "reconciler"
STRICT = ("--offline", "--no-progress", "--persona", "pedantic")
REUSABLE = ("plan", "apply", "drift", "migrate")
SCRIPTS = sorted(ACTION.glob("*.py"))


def load(name):
    return yaml.safe_load((HOME / "workflows" / f"{name}.yml").read_text("utf-8"))


def action():
    return yaml.safe_load((ACTION / "action.yml").read_text("utf-8"))


def steps():
    """(file, step) of everything that runs."""
    found = [("action", step) for step in action()["runs"]["steps"]]
    for name in REUSABLE:
        for job in load(name)["jobs"].values():
            found += [(name, step) for step in job["steps"]]
    return found


def tool(name):
    place = Path(sys.executable).with_name(name)
    path = str(place) if place.exists() else shutil.which(name)
    if path is None:
        pytest.skip(f"{name} is not installed; the extra `test` brings it")
    return path


def run(*command, cwd=ROOT):
    return subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=False)


def test_zizmor_finds_nothing():
    done = run(tool("zizmor"), *STRICT, HOME)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_schemas_of_github_and_gitlab_hold(tmp_path):
    check = tool("check-jsonschema")
    (tmp_path / "github.yml").write_text(pipeline("github", TWO))
    (tmp_path / "gitlab.yml").write_text(pipeline("gitlab", TWO))
    for schema, files in {
        "vendor.github-workflows": [*sorted((HOME / "workflows").glob("*.yml")), tmp_path / "github.yml"],
        "vendor.github-actions": [ACTION / "action.yml"],
        "vendor.gitlab-ci": [tmp_path / "gitlab.yml"],
    }.items():
        done = run(check, "--builtin-schema", schema, *files)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflow_of_init_is_clean(tmp_path):
    path = tmp_path / ".github" / "workflows" / "personas.yml"
    path.parent.mkdir(parents=True)
    path.write_text(pipeline("github", TWO))
    done = run(tool("zizmor"), "--offline", "--no-progress", tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_nothing_is_done_before_the_audit():
    jobs = load("ci")["jobs"]
    always = {name for name, job in jobs.items() if "if" not in job}  # the night's job runs on a schedule alone
    assert set(jobs["done"]["needs"]) == always - {"done"} == {"test", "audit"}
    (check,) = jobs["done"]["steps"]
    for results in ("success failure", "failure success", "success skipped", "cancelled success", "success success"):
        tests, audit = results.split()
        done = subprocess.run(
            ["bash", "-c", check["run"]], env={"TESTS": tests, "AUDIT": audit}, capture_output=True, check=False
        )
        assert (done.returncode == 0) is (results == "success success")
    installs = [step["run"] for step in jobs["audit"]["steps"] if 'pip" install' in step.get("run", "")]
    assert installs
    assert all("--require-hashes" in text for text in installs)


def test_actions_of_others_are_pinned_and_say_which_release():
    for name in (*(HOME / "workflows").glob("*.yml"), ACTION / "action.yml"):
        for line in name.read_text("utf-8").splitlines():
            found = re.match(r"\s*(?:- )?uses: (\S+)(.*)", line)
            if found and not found[1].startswith("$/"):
                owners = (
                    r"(actions/[a-z-]+|pypa/gh-action-pypi-publish)" if name.stem == "release" else r"actions/[a-z-]+"
                )
                assert re.fullmatch(rf"{owners}@[0-9a-f]{{40}}", found[1]), line
                assert re.fullmatch(r" # v\d+\.\d+\.\d+", found[2]), line


def test_no_value_of_an_event_is_pasted_into_a_script():
    scripts = [step["run"] for _, step in steps() if "run" in step]
    assert len(scripts) == 2
    assert [text for text in scripts if "${{" in text] == []
    for text in scripts:
        done = run("bash", "-n", "-c", text)
        assert done.returncode == 0, done.stderr


def test_rights_are_given_by_job_and_only_where_needed():
    rights = {name: {job: value["permissions"] for job, value in load(name)["jobs"].items()} for name in REUSABLE}
    assert all(load(name)["permissions"] == {} for name in REUSABLE)
    assert rights == {
        "plan": {"plan": {"contents": "read", "pull-requests": "write", "id-token": "write"}},
        "apply": {
            "plan": {"contents": "read", "actions": "read", "pull-requests": "read", "id-token": "write"},
            "apply": {"contents": "read", "pull-requests": "write", "id-token": "write"},
        },
        "drift": {"drift": {"contents": "read", "issues": "write", "id-token": "write"}},
        "migrate": {"migrate": {"contents": "write", "pull-requests": "write"}},
    }


def test_the_key_that_writes_reaches_only_the_approved_job():
    jobs = load("apply")["jobs"]
    assert "environment" not in jobs["plan"]
    assert "secrets.TAVUS_API_KEY" not in str(jobs["plan"])
    assert jobs["apply"]["environment"] == "${{ inputs.environment }}"
    assert "secrets.TAVUS_API_KEY" in str(jobs["apply"])
    assert load("apply")["concurrency"]["cancel-in-progress"] is False
    assert "workspace" in load("apply")["concurrency"]["group"]


def test_no_checkout_leaves_a_token_behind():
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert len(checkouts) == 5
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_every_input_that_is_given_exists():
    known = set(action()["inputs"])
    for name, step in steps():
        if step.get("uses", "").startswith("$/"):
            assert set(step["with"]) <= known, name
            assert step["with"]["command"]


def test_every_input_arrives_at_the_scripts_under_the_name_they_read():
    text = "\n".join(path.read_text("utf-8") for path in SCRIPTS)
    read = {*re.findall(r'(?:get_input|is_on)\("([a-z-]+)"', text), "environment", "command"}
    [step] = [step for step in action()["runs"]["steps"] if step.get("id") == "run"]
    handed = {name.removeprefix("INPUT_").lower().replace("_", "-"): value for name, value in step["env"].items()}
    assert set(handed) == read
    assert all(value == f"${{{{ inputs.{name} }}}}" for name, value in handed.items())
    assert set(action()["inputs"]) == read | {"extras", "keep-days"}


def test_every_output_is_set_by_a_script():
    text = "\n".join(path.read_text("utf-8") for path in SCRIPTS)
    for name, output in action()["outputs"].items():
        assert output["value"] == f"${{{{ steps.run.outputs.{name} }}}}"
        assert re.search(rf"\b{name.replace('-', '_')}=", text), name


def test_the_scripts_need_nothing_but_python():
    ours = {path.stem for path in SCRIPTS}
    for path in SCRIPTS:
        names = re.findall(r"^(?:from|import) (\w+)", path.read_text("utf-8"), re.MULTILINE)
        assert set(names) <= set(sys.stdlib_module_names) | ours, path.name
        assert ours.isdisjoint(sys.stdlib_module_names)
        assert len(path.read_text("utf-8").splitlines()) < 300


def test_the_step_starts_from_the_action_alone(tmp_path):
    """As the runner does: another folder, no package path."""
    command = [sys.executable, str(ACTION / "main.py"), "dance"]
    done = subprocess.run(command, cwd=tmp_path, env={}, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (64, "")
    assert "nknown command" in done.stdout
