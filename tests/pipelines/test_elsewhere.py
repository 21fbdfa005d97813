"""GitLab's jobs, Atlantis, the timer and pre-commit: their commands, run as they stand."""

from __future__ import annotations

import configparser
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.support.forked import program
from tests.support.pipelinefacts import pipeline

GITLAB = pipeline("gitlab")

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / ".github" / "PIPELINES.md").read_text("utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def shell(checkout, tmp_path):
    """Run a line in bash, with `reconciler` on the path, in the checkout."""
    folder = tmp_path / "bin"
    folder.mkdir()
    file = folder / "reconciler"
    file.write_text(f'#!/bin/sh\nexec {program("reconciler")} "$@"\n')
    file.chmod(0o755)

    def run(line, **env):
        known = {**checkout.known(), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **env}
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line], cwd=checkout.root, env=known, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

    run.program = str(file)
    return run


def job(name):
    return "\n".join(yaml.safe_load(GITLAB)[name]["script"])


def test_gitlab_from_the_merge_request_to_drift(checkout, shell):
    env = {"RECONCILER_WORKSPACE": "production"}
    assert shell(job("validate"), **env).returncode == 0
    assert json.loads((checkout.root / "gl-code-quality-report.json").read_text()) == []
    done = shell(job("plan"), **env)
    assert done.returncode == 0, done.stderr
    for path in ("personas.html", "personas.xml", "personas-code-quality.json", "personas.plan"):
        assert (checkout.root / path).stat().st_size > 0
    assert json.loads((checkout.root / "personas.gitlab.json").read_text()) == {"create": 1, "update": 0, "delete": 0}
    assert shell(job("apply"), **env).returncode == 0
    assert shell(job("apply"), **env).returncode == 5, "a plan is applied once"
    assert shell(job("drift"), **env).returncode == 0
    checkout.edit_by_hand("Hello.", "Bonjour.")
    assert shell(job("drift"), **env).returncode == 2
    assert yaml.safe_load(GITLAB)["drift"]["allow_failure"] == {"exit_codes": [2]}


def test_gitlab_keeps_every_file_that_a_job_reports(checkout):
    for name, wanted in yaml.safe_load(GITLAB).items():
        if isinstance(wanted, dict) and "artifacts" in wanted:
            files = [*wanted["artifacts"].get("paths", []), *wanted["artifacts"]["reports"].values()]
            assert [file for file in files if file not in job(name)] == []


def test_gitlab_says_when_something_is_deprecated(checkout, shell):
    done = shell(job("deprecations"), RECONCILER_WORKSPACE="production")
    assert done.returncode == 2, done.stderr


def pages():
    """The three files to copy, by system."""
    azure, bitbucket = (
        next(yaml.safe_load(text) for text in blocks("yaml") if word in text) for word in ("stages:", "pipelines:")
    )
    [jenkins] = blocks("groovy")
    return {"azure-pipelines": azure, "bitbucket-pipelines": bitbucket, "jenkins": jenkins}


def texts(value):
    """Every text of a document, and what a shell gets to see of a Jenkinsfile."""
    if isinstance(value, str):
        yield from re.findall(r"'(\.ci/[^']*)'", value) if value.startswith("pipeline {") else [value]
    elif isinstance(value, dict | list):
        for one in value.values() if isinstance(value, dict) else value:
            yield from texts(one)


def test_pipelines_to_copy_plan_apply_exactly_that_and_find_drift(checkout, shell):
    """Their lines as they stand, over the script that they call; the program is installed already."""
    [script] = blocks("sh")
    (checkout.root / ".ci").mkdir()
    wrapper = checkout.root / ".ci" / "reconciler"
    wrapper.write_text(script)
    wrapper.chmod(0o755)
    place = checkout.root / ".reconciler" / "program" / "COMMIT" / "bin"
    place.mkdir(parents=True)
    (place / "reconciler").symlink_to(shell.program)
    (checkout.root / "test-results").mkdir()
    by_verb = {"plan": set(), "apply": set(), "drift": set()}
    for name, page in pages().items():
        lines = {text.replace("$(Pipeline.Workspace)/plan/", "") for text in texts(page) if ".ci/reconciler" in text}
        assert len(lines) == 3, (name, lines)
        for verb, known in by_verb.items():
            known |= {
                line.replace('"', "") if verb == "apply" else line for line in lines if f"reconciler {verb}" in line
            }
    env = {"RECONCILER_WORKSPACE": "production"}
    for line in by_verb["plan"]:
        done = shell(line, **env)
        assert done.returncode == 0, (line, done.stderr)
    assert (checkout.root / "personas.html").stat().st_size > 0
    [line] = by_verb["apply"]
    assert [shell(line, **env).returncode for _ in range(2)] == [0, 5], "a plan is applied once"
    checkout.edit_by_hand("Hello.", "Bonjour.")
    ends = {
        (done.returncode, "SucceededWithIssues" in done.stdout)
        for one in by_verb["drift"]
        for done in [shell(one, **env)]
    }
    assert ends == {(2, False), (0, True)}


@pytest.mark.parametrize("system", ["azure-pipelines", "bitbucket-pipelines"])
def test_pipelines_to_copy_are_valid(system, tmp_path):
    text = json.dumps(pages()[system])
    if system.startswith("azure"):
        text = text.replace(": true", ': "true"')  # every scalar is a text there, and so the schema says
    (tmp_path / "pipeline.yml").write_text(text)
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{system}"]
    how = ["--regex-variant", "python", *(["--data-transform", system] if system.startswith("azure") else [])]
    done = subprocess.run(
        [*command, *how, str(tmp_path / "pipeline.yml")], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


def test_pipelines_to_copy_install_as_those_that_are_generated():
    """One commit, and the hashes of its lock: the lines of GitLab's jobs, in a folder of its own."""
    [script] = blocks("sh")
    variables = (
        ('"$home/source"', "/tmp/reconciler"), ('"$home/bin/pip"', "pip"), ('"$home/source', "/tmp/reconciler"),
        ('run.txt"', "run.txt"), ('"$repository"', '"$RECONCILER_REPOSITORY"'), ('"$commit"', '"$RECONCILER_COMMIT"'),
    )  # fmt: skip
    for ours, theirs in variables:
        script = script.replace(ours, theirs)
    for line in yaml.safe_load(GITLAB)["default"]["before_script"]:
        assert f"  {line}\n" in script, line


def test_the_commands_of_atlantis(checkout, shell, tmp_path):
    [document] = [yaml.safe_load(text) for text in blocks("yaml") if "workflows:" in text]
    workflow = document["workflows"][document["projects"][0]["workflow"]]
    env = {step["env"]["name"]: step["env"]["value"] for step in workflow["plan"]["steps"] if "env" in step}
    env["PLANFILE"] = str(tmp_path / "with space.tfplan")
    for stage, said in (("plan", "1 to add"), ("apply", "1 added")):
        [line] = [step["run"] for step in workflow[stage]["steps"] if "run" in step]
        done = shell(line, **env)
        assert done.returncode == 0, done.stderr
        assert said in done.stdout


def test_the_units_of_the_timer(checkout, shell, tmp_path):
    service, timer = blocks("ini")
    read = configparser.ConfigParser(strict=True, interpolation=None)
    read.optionxform = str
    read.read_string(service)
    command = read["Service"]["ExecStart"]
    report = tmp_path / "reconciler.prom"
    line = command.replace("/opt/reconciler/bin/reconciler", "reconciler").replace(
        "/var/lib/node_exporter/textfile/reconciler.prom", str(report)
    )
    assert checkout.program("apply", "--auto-approve") == 0
    name, value = read["Service"]["Environment"].split("=")
    done = shell(line, **{name: value})
    assert done.returncode == 0, done.stderr
    assert "# TYPE" in report.read_text()
    read.read_string(timer)
    assert read["Timer"]["OnCalendar"]
    verify = shutil.which("systemd-analyze")
    if verify:
        assert (
            subprocess.run(
                [verify, "calendar", read["Timer"]["OnCalendar"]], capture_output=True, check=False
            ).returncode
            == 0
        )


def test_the_hooks_of_pre_commit(checkout, shell):
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    [page] = [yaml.safe_load(text) for text in blocks("yaml") if "repos:" in text]
    assert [hook["id"] for hook in page["repos"][0]["hooks"]] == [hook["id"] for hook in hooks]
    assert page["repos"][0]["rev"] == "COMMIT", "whoever copies it says which commit they trust"
    codes = {hook["id"]: shell(hook["entry"]).returncode for hook in hooks}
    assert codes == {"reconciler-validate": 0, "reconciler-migrate-check": 2}
    for hook in hooks:
        assert (hook["language"], hook["pass_filenames"], hook["require_serial"]) == ("python", False, True)
        assert re.search(hook["files"], "manifests/personas/desk.yaml")
        assert re.search(hook["files"], "manifests/prompts/desk.md")
        assert not re.search(hook["files"], "src/main.py")
