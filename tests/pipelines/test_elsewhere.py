"""GitLab's jobs, Atlantis, the timer and pre-commit: their commands, run as they stand."""

from __future__ import annotations

import configparser
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

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
    program = folder / "reconciler"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m reconciler "$@"\n')
    program.chmod(0o755)

    def run(line, **env):
        known = {**checkout.known(), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}", **env}
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", line], cwd=checkout.root, env=known, capture_output=True, text=True,
            check=False,
        )  # fmt: skip

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
