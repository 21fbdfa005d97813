"""GitLab's pipeline: a button that applies, reports that GitLab knows, keys that only read for reading."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from reconciler.engine.scaffold.gitlab_pipeline import steps
from reconciler.engine.scaffold.project_facts import PipelineFacts
from reconciler.installation import Source
from tests.support.pipelinefacts import COMMIT, FACTS, TWO, pipeline


def load(facts: PipelineFacts = FACTS) -> dict[str, Any]:
    document = yaml.safe_load(pipeline("gitlab", facts))
    assert isinstance(document, dict)
    return document


def test_it_applies_behind_a_button_one_at_a_time() -> None:
    for name, job in load(TWO).items():
        if name.startswith("apply"):
            assert [rule["when"] for rule in job["rules"]] == ["manual"]
            assert "merge_request_event" not in str(job)
            assert job["interruptible"] is False
            assert job["needs"] == [name.replace("apply", "plan")]
            assert job["script"][0].startswith("reconciler apply ")
    assert load(TWO)["apply-staging"]["resource_group"] != load(TWO)["apply-production"]["resource_group"]


def test_it_gets_the_reports_that_it_knows() -> None:
    plan = load()["plan"]
    command = plan["script"][-1]
    for name, file in plan["artifacts"]["reports"].items():
        assert f"--report {'gitlab' if name == 'terraform' else name}={file}" in command
    assert set(plan["artifacts"]["reports"]) == {"terraform", "codequality", "junit"}
    assert all("$TAVUS_READ_KEY" in rule["if"] for rule in plan["rules"] if "merge_request" in rule["if"])


def test_files_of_a_project_further_down_are_found() -> None:
    jobs = load(replace(FACTS, directory="team/pals"))
    for job in jobs.values():
        if isinstance(job, dict) and "artifacts" in job:
            files = [*job["artifacts"].get("paths", []), *job["artifacts"]["reports"].values()]
            assert all(file.startswith("team/pals/") for file in files)
    assert jobs["default"]["before_script"][-1] == "cd 'team/pals'"


@pytest.mark.parametrize("facts", [FACTS, TWO])
def test_the_writing_key_is_never_used_for_reading(facts: PipelineFacts) -> None:
    jobs = load(facts)
    for account in facts.accounts:
        suffix = "" if len(facts.accounts) == 1 else f"-{account.workspace}"
        for name in ("plan", "drift"):
            assert jobs[name + suffix]["script"][0] == f'export {account.key}="${{{account.reading}:-}}"'
            assert jobs[name + suffix]["variables"]["RECONCILER_WORKSPACE"] == account.workspace
    assert "TAVUS_API_KEY" not in str(jobs["validate"]) + str(jobs["variables"])


def test_only_a_state_that_lies_with_gitlab_gets_its_address() -> None:
    jobs = load(TWO)
    assert "TF_HTTP_ADDRESS" in jobs["plan-production"]["variables"]
    assert "TF_HTTP_ADDRESS" not in jobs["plan-staging"]["variables"]
    assert 'RECONCILER_ALLOWED_HOSTS: ""' in pipeline("gitlab")


def test_from_git_everything_is_installed_with_hashes() -> None:
    lines = load()["default"]["before_script"]
    assert load()["variables"]["RECONCILER_COMMIT"] == COMMIT
    assert all("--require-hashes" in line or "--no-deps" in line for line in lines if "pip install" in line)


@pytest.mark.parametrize(
    ("source", "installs"),
    [
        (Source("index", "", "1.2.3"), "persona-reconciler[s3]==1.2.3"),
        (Source("archive", "https://x.test/p.whl"), "persona-reconciler[s3] @ https://x.test/p.whl"),
    ],
)
def test_other_sources_bring_the_extras_that_the_states_need(source: Source, installs: str) -> None:
    assert load(replace(TWO, source=source))["variables"]["RECONCILER_SOURCE"] == installs


def test_a_place_that_no_runner_reaches_is_said() -> None:
    facts = replace(FACTS, source=Source("folder", "/srv/x"))
    assert "/srv" not in pipeline("gitlab", facts)
    assert "--source" in next(iter(steps(facts)))[1]


def test_what_is_still_to_be_done_names_every_variable() -> None:
    told = "\n".join(f"{text} {run}" for text, run in steps(TWO))
    for word in (
        "TAVUS_API_KEY",
        "TAVUS_READ_KEY",
        "STAGING_KEY",
        "STAGING_READ_KEY",
        "MODEL_KEY",
        "RECONCILER_DIGEST_KEY",
    ):
        assert word in told
