"""Every CI system: a text that is YAML, whatever the project is."""

from __future__ import annotations

import re
import subprocess
from dataclasses import replace

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.scaffold.pipelines import SYSTEMS, sealed, split, update
from reconciler.engine.scaffold.project_facts import Account, PipelineFacts
from reconciler.installation import Source
from tests.support.pipelinefacts import FACTS, SOURCE, TWO, pipeline

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
BLOCKS = st.dictionaries(
    st.from_regex(r"[a-z]{1,4}", fullmatch=True).filter(lambda name: yaml.safe_load(name) == name),  # not no, on
    st.sampled_from(["  one: 1\n", "  two: 2\n", "  # word\n  three: 3\n\n"]),
    min_size=1, max_size=4,
)  # fmt: skip


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


def text_of(blocks):
    return "".join(f"# about {name}\n{name}:\n{body}" for name, body in blocks.items())


@given(BLOCKS, BLOCKS)
def test_untouched_files_become_the_new_text(before, after):
    updated = update(sealed(text_of(before)), text_of(after))
    assert updated is not None
    assert yaml.safe_load(updated.text) == yaml.safe_load(text_of(after))
    assert (updated.kept, updated.left_out) == ((), ())
    again = update(updated.text, text_of(after))
    assert again is not None
    assert again.text == updated.text, "twice is once"


@given(BLOCKS, BLOCKS, st.data())
def test_what_somebody_changed_stays_for_good(before, after, data):
    name = data.draw(st.sampled_from(sorted(before)))
    mine = re.sub(rf"^({name}:\n)", r"\1  mine: true\n", sealed(text_of(before)), count=1, flags=re.MULTILINE)
    for _ in range(2):
        updated = update(mine, text_of(after))
        assert updated is not None
        read = yaml.safe_load(updated.text)
        assert read[name]["mine"] is True
        wanted = yaml.safe_load(text_of(after)) | {name: read[name]}
        assert read == wanted
        assert updated.kept == ((name,) if name in after else ())
        mine = updated.text


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_a_job_that_somebody_took_out_stays_out_and_one_of_their_own_stays(ci):
    text = sealed(pipeline(ci))
    blocks = split(pipeline(ci))
    gone = "jobs.drift" if ci == "github" else "drift"
    own = "  mine:\n    runs-on: x\n" if ci == "github" else "mine:\n  script: [x]\n"
    edited = text.replace(blocks[gone], own)
    updated = update(edited, pipeline(ci, TWO))
    assert updated is not None
    read = yaml.safe_load(updated.text)
    jobs = read["jobs"] if ci == "github" else read
    assert "mine" in jobs
    assert "drift" not in jobs
    assert "plan-staging" in jobs
    assert "plan" not in jobs, "an untouched job that is no longer generated goes"


def test_a_changed_job_calls_the_commit_that_the_others_call():
    """One commit pins all of a pipeline: what is planned by one is not applied by another."""
    commits = ["a" * 40, "b" * 40]
    old, new = (
        pipeline("github", replace(TWO, source=Source("git", "https://github.com/acme/tool", commit)))
        for commit in commits
    )
    mine = sealed(old).replace("environment: staging", "environment: ours # by hand")
    theirs = mine.replace(
        f"acme/tool/.github/workflows/drift.yml@{commits[0]}", "fork/x/.github/workflows/drift.yml@v1", 1
    )
    for text, stays in ((mine, 0), (theirs, 1)):
        updated = update(text, new)
        assert updated is not None
        assert "jobs.apply-staging" in updated.kept
        assert "environment: ours # by hand" in updated.text
        assert commits[0] not in updated.text
        assert updated.text.count("fork/x/.github/workflows/drift.yml@v1") == stays
        again = update(updated.text, new)
        assert again is not None and again.text == updated.text, "twice is once"


def test_a_job_that_is_left_out_is_named():
    text = sealed(pipeline("github"))
    updated = update(text.replace(split(pipeline("github"))["jobs.migrate"], ""), pipeline("github"))
    assert updated is not None
    assert updated.left_out == ("jobs.migrate",)


@pytest.mark.parametrize("text", ["", "name: mine\n", pipeline("github"), "# init wrote: nonsense\n"])
def test_a_file_of_somebody_else_is_not_touched(text):
    assert update(text, pipeline("github")) is None


@pytest.mark.parametrize("facts", [FACTS, TWO])
@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_blocks_are_the_text(ci, facts):
    text = pipeline(ci, facts)
    assert "".join(split(text).values()) == text


@pytest.mark.parametrize(("ci", "tool"), [("github", "gh secret set"), ("gitlab", "glab variable set")])
def test_variables_are_one_step_whatever_their_number(ci: str, tool: str) -> None:
    """The command of many is carried out by a shell whose `gh` or `glab` only says what it was asked."""
    for names in ((), ("ONE_KEY",), ("ONE_KEY", "TWO_KEY", "THREE_KEY")):
        facts = replace(FACTS, accounts=(replace(FACTS.accounts[0], variables=names),))
        about = [command for _, command in SYSTEMS[ci].steps(facts) if any(name in command for name in names)]
        assert len(about) == min(1, len(names))
        shell = f'{tool.partition(" ")[0]}() {{ echo "$@"; }}\n'
        said = subprocess.run(["bash", "-c", shell + "".join(about)], capture_output=True, text=True, check=True)
        assert re.findall(r"\w+_KEY", said.stdout) == sorted(names)
