"""The pipelines that init writes: nothing is applied unasked, one at a time, and forks get no key."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler import __version__
from reconciler.engine.pipelines import GITHUB, GITLAB, WORKFLOWS

REUSABLE = Path(__file__).resolve().parents[2] / ".github" / "workflows"


def load(ci: str) -> dict[str, Any]:
    document = yaml.safe_load(WORKFLOWS[ci][1])
    assert isinstance(document, dict)
    return document


@pytest.mark.parametrize("ci", list(WORKFLOWS))
def test_they_name_the_version_that_wrote_them(ci: str) -> None:
    text = WORKFLOWS[ci][1]
    assert f"@v{__version__}" in text
    assert "{version}" not in text


def test_every_reusable_workflow_is_called_as_it_wants_to_be() -> None:
    jobs = load("github")["jobs"]
    assert set(jobs) == {"plan", "apply", "drift", "migrate"}
    for name, job in jobs.items():
        called = yaml.safe_load((REUSABLE / f"{name}.yml").read_text("utf-8"))
        wants = called[True]["workflow_call"]
        assert f"/.github/workflows/{name}.yml@" in job["uses"]
        assert set(job.get("with", {})) <= set(wants["inputs"])
        assert set(job.get("secrets", {})) <= set(wants["secrets"])
        needed: dict[str, str] = {}
        for inner in called["jobs"].values():
            for scope, level in inner["permissions"].items():
                needed[scope] = "write" if "write" in {level, needed.get(scope)} else "read"
        assert job["permissions"] == needed, "a called job cannot have more than its caller"


def test_only_the_merge_can_write() -> None:
    workflow = load("github")
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in GITHUB
    conditions = {name: job["if"] for name, job in workflow["jobs"].items()}
    assert conditions["plan"] == "github.event_name == 'pull_request'"
    assert "pull_request" not in conditions["apply"]
    handed = [job["secrets"].get("TAVUS_API_KEY", "") for job in workflow["jobs"].values() if "secrets" in job]
    assert set(handed) == {"${{ secrets.TAVUS_READ_KEY }}", ""}, "the key that writes stays in the environment"


def test_every_schedule_starts_one_job() -> None:
    workflow = load("github")
    crons = [one["cron"] for one in workflow[True]["schedule"]]
    for cron in crons:
        assert sum(f"'{cron}'" in job["if"] for job in workflow["jobs"].values()) == 1


def test_gitlab_applies_behind_a_button_one_at_a_time() -> None:
    apply = load("gitlab")["apply"]
    assert [rule["when"] for rule in apply["rules"]] == ["manual"]
    assert "merge_request_event" not in str(apply)
    assert apply["resource_group"] == "personas-production"
    assert apply["interruptible"] is False
    assert apply["needs"] == ["plan"]
    assert "reconciler apply personas.plan" in apply["script"][0]


def test_gitlab_gets_the_reports_that_it_knows() -> None:
    plan = load("gitlab")["plan"]
    command = plan["script"][-1]
    for name, file in plan["artifacts"]["reports"].items():
        assert f"--report {'gitlab' if name == 'terraform' else name}={file}" in command
    assert set(plan["artifacts"]["reports"]) == {"terraform", "codequality", "junit"}
    assert all("$TAVUS_READ_KEY" in rule["if"] for rule in plan["rules"] if "merge_request" in rule["if"])


def test_gitlab_never_uses_the_writing_key_for_reading() -> None:
    jobs = load("gitlab")
    for name in ("plan", "drift"):
        assert jobs[name]["script"][0] == 'export TAVUS_API_KEY="${TAVUS_READ_KEY:-}"'
    assert "TAVUS_API_KEY" not in str(jobs["validate"]) + str(jobs["variables"])
    assert "TF_HTTP_ADDRESS" in GITLAB


def test_every_pipeline_carries_the_hosts_that_the_operator_allows() -> None:
    assert GITHUB.count("RECONCILER_ALLOWED_HOSTS=${{ secrets.RECONCILER_ALLOWED_HOSTS }}") == GITHUB.count(
        "RECONCILER_DIGEST_KEY=${{"
    )
    assert 'RECONCILER_ALLOWED_HOSTS: ""' in GITLAB
