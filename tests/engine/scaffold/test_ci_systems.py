"""Every CI system: a text that is YAML, whatever the project is."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.scaffold.ci_systems import SYSTEMS
from reconciler.engine.scaffold.project_facts import Account, PipelineFacts
from tests.support.pipelinefacts import SOURCE, TWO

NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,12}", fullmatch=True)
ACCOUNTS = st.builds(
    Account,
    NAMES,
    st.sampled_from(["TAVUS_API_KEY", "OTHER_KEY"]),
    st.just("READ_KEY"),
    st.sampled_from(["local", "http", "s3", "postgres"]),
    st.sampled_from(["", "aws", "google", "azure"]),
    st.lists(st.from_regex(r"[A-Z_]{1,8}", fullmatch=True), max_size=3).map(tuple),
)
PROJECTS = st.builds(
    PipelineFacts,
    st.just(SOURCE),
    st.lists(ACCOUNTS, min_size=1, max_size=3, unique_by=lambda one: one.workspace.replace(".", "-")).map(tuple),
    st.sampled_from(["main", "on", "feature/x", "1.0", "null"]),
    st.sampled_from([".", "a b", "team/pals"]),
)


@pytest.mark.parametrize("ci", list(SYSTEMS))
@given(facts=PROJECTS)
def test_every_project_gets_a_text_that_says_its_names(ci: str, facts: PipelineFacts) -> None:
    read = yaml.safe_load(SYSTEMS[ci].text(facts))
    if ci == "github":
        assert read[True]["push"]["branches"] == [facts.branch]
        named = {job["with"]["workspace"] for job in read["jobs"].values() if "workspace" in job.get("with", {})}
        assert {job["with"].get("directory", ".") for job in read["jobs"].values() if "with" in job} == {
            facts.directory
        }
    else:
        jobs = [job for name, job in read.items() if name.startswith("plan")]
        named = {job["variables"]["RECONCILER_WORKSPACE"] for job in jobs}
        assert all(f'"{facts.branch}"' in str(job["rules"]) for job in jobs)
    assert named == {one.workspace for one in facts.accounts}


@pytest.mark.parametrize("ci", list(SYSTEMS))
def test_every_step_is_told_once(ci: str) -> None:
    steps = list(SYSTEMS[ci].steps(replace(TWO, accounts=(*TWO.accounts,))))
    assert len(set(steps)) == len(steps) > 3
