"""The workflow that init writes: nothing is applied unasked, one at a time, each account with its own key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.engine.scaffold.github_pipeline import PATH, steps
from reconciler.engine.scaffold.project_facts import ALWAYS, CLOUDS, PipelineFacts
from reconciler.installation import Source
from tests.support.pipelinefacts import COMMIT, FACTS, TWO, pipeline

REUSABLE = Path(__file__).resolve().parents[3] / ".github" / "workflows"


def load(facts: PipelineFacts = FACTS) -> dict[str, Any]:
    document = yaml.safe_load(pipeline("github", facts))
    assert isinstance(document, dict)
    return document


def called(job: dict[str, Any]) -> str:
    return str(job["uses"]).rpartition("/")[2].partition(".yml@")[0]


@pytest.mark.parametrize("facts", [FACTS, TWO, replace(FACTS, directory="sub/project", paths=("sub/project/**",))])
def test_every_reusable_workflow_is_called_as_it_wants_to_be(facts: PipelineFacts) -> None:
    jobs = load(facts)["jobs"]
    assert {called(job) for job in jobs.values()} == {"plan", "apply", "drift", "migrate"}
    for job in jobs.values():
        document = yaml.safe_load((REUSABLE / f"{called(job)}.yml").read_text("utf-8"))
        wants = document[True]["workflow_call"]
        assert job["uses"] == f"acme/reconciler/.github/workflows/{called(job)}.yml@{COMMIT}"
        assert set(job.get("with", {})) <= set(wants["inputs"])
        assert set(job.get("secrets", {})) <= set(wants.get("secrets", {}))
        needed: dict[str, str] = {}
        for inner in document["jobs"].values():
            for scope, level in inner["permissions"].items():
                needed[scope] = "write" if "write" in {level, needed.get(scope)} else "read"
        assert job["permissions"] == needed, "a called job cannot have more than its caller"


def test_every_account_has_its_jobs_and_no_secret_of_another() -> None:
    jobs = load(TWO)["jobs"]
    assert set(jobs) == {
        f"{job}-{name}" for job in ("plan", "apply", "drift") for name in ("production", "staging")
    } | {"migrate"}
    for name, job in jobs.items():
        if "with" in job:
            assert job["with"]["workspace"] in name
            other = "STAGING_READ_KEY" if "production" in name else "TAVUS_READ_KEY }}"
            assert other not in str(job["secrets"])
    assert jobs["apply-staging"]["with"]["environment"] == "staging"
    assert jobs["apply-staging"]["with"]["api-key-variable"] == "STAGING_KEY"


def test_only_the_merge_can_write() -> None:
    workflow = load(TWO)
    assert workflow["permissions"] == {}
    assert "pull_request_target" not in pipeline("github", TWO)
    for name, job in workflow["jobs"].items():
        if called(job) == "plan":
            assert job["if"] == "github.event_name == 'pull_request'"
        if called(job) == "apply":
            assert "pull_request" not in job["if"]
        handed = job.get("secrets", {}).get("TAVUS_API_KEY", "READ_KEY")
        assert "READ_KEY" in handed, f"{name}: the key that writes stays in the environment"


def test_every_schedule_starts_jobs_of_one_kind() -> None:
    workflow = load(TWO)
    for cron in (one["cron"] for one in workflow[True]["schedule"]):
        assert len({called(job) for job in workflow["jobs"].values() if f"'{cron}'" in job["if"]}) == 1


def test_every_run_knows_the_variables_that_it_needs() -> None:
    for job in load(TWO)["jobs"].values():
        if "secrets" not in job:
            continue
        lines = job["secrets"]["RECONCILER_ENVIRONMENT"].splitlines()
        known = {line.partition("=")[0]: line.partition("=")[2] for line in lines}
        staging = job["with"]["workspace"] == "staging"
        assert set(known) == {*ALWAYS, *(("MODEL_KEY", *CLOUDS["aws"]) if staging else ())}
        for name, value in known.items():
            assert value == f"${{{{ {'vars' if name in CLOUDS['aws'] else 'secrets'}.{name} }}}}"


def test_the_branch_and_the_files_are_those_of_the_project() -> None:
    facts = replace(FACTS, branch="master", directory="team/pals", paths=("team/pals/manifests/**",))
    workflow = load(facts)
    assert workflow[True]["pull_request"]["branches"] == ["master"]
    assert workflow[True]["push"] == {"branches": ["master"], "paths": ["team/pals/manifests/**"]}
    assert {job["with"]["directory"] for job in workflow["jobs"].values()} == {"team/pals"}


@pytest.mark.parametrize(
    "source", [Source("folder", "/srv/x"), Source("index", "", "1.0"), Source("git", "file:///x", COMMIT)]
)
def test_a_place_that_no_runner_reaches_is_said_and_left_open(source: Source) -> None:
    facts = replace(FACTS, source=source)
    assert "/srv" not in pipeline("github", facts)
    assert {job["uses"].split("/.github")[0] for job in load(facts)["jobs"].values()} == {"OWNER/REPO"}
    assert "--source OWNER/REPO@COMMIT" in next(iter(steps(facts)))[1]


@pytest.mark.parametrize("location", ["https://gitlab.com/acme/tool", "git@git.acme.example:acme/tool.git"])
def test_a_source_on_another_forge_is_never_looked_for_on_this_one(location: str) -> None:
    """`uses: acme/tool/...` would be whoever has that name here."""
    facts = replace(FACTS, source=Source("git", location, COMMIT))
    assert "acme/tool" not in pipeline("github", facts)
    told, run = next(iter(steps(facts)))
    assert told.startswith(f"mirror {location} on github.com")
    assert "--source OWNER/REPO@COMMIT" in run
    there = replace(facts, forge=facts.source.host)
    assert {job["uses"].split("/.github")[0] for job in load(there)["jobs"].values()} == {"acme/tool"}
    assert "mirror" not in next(iter(steps(there)))[0]


def test_what_is_still_to_be_done() -> None:
    moved = replace(TWO, source=replace(FACTS.source, revision="v1.0"))
    told = "\n".join(f"{text} {run}" for text, run in steps(moved))
    assert "a tag can be moved" in told
    for word in (
        "environments/staging",
        "TAVUS_READ_KEY",
        "STAGING_READ_KEY",
        "MODEL_KEY",
        "AWS_ROLE_ARN",
        "DIGEST_KEY",
    ):
        assert word in told
    assert "shared `state:`" not in told, "both states are shared"
    local = replace(FACTS, accounts=(replace(FACTS.accounts[0], state="local"),))
    assert "give workspace production a shared `state:`" in "\n".join(text for text, _ in steps(local))


def test_where_it_lies() -> None:
    assert PATH.startswith(".github/workflows/")
