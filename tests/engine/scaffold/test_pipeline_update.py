"""A pipeline brought up to date: what nobody touched is new, what somebody touched is theirs, and twice is once."""

from __future__ import annotations

import re

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.engine.scaffold.pipeline_update import sealed, split, update
from tests.support.pipelinefacts import FACTS, TWO, pipeline

BLOCKS = st.dictionaries(
    st.from_regex(r"[a-z]{1,4}", fullmatch=True),
    st.sampled_from(["  one: 1\n", "  two: 2\n", "  # word\n  three: 3\n\n"]),
    min_size=1, max_size=4,
)  # fmt: skip


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
