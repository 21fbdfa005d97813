"""Personas with inline tools and old fields that were live before the first apply: files migrated, then applied."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.faults import Fault, Faults, Mood
from tests.properties.test_swap import NEW, OLD, expect_finished, swap
from tests.support.lab import Lab
from tests.support.legacyaccount import function, legacy_bodies, meaning, migrated, put_live
from tests.support.making import manifest

COUNT = len(OLD)


def legacy(mood=None):
    """The account after an apply whose state is lost: as if the personas had always been there."""
    lab = Lab(mood or Mood())
    lab.apply(*OLD)
    lab.state = replace(lab.state, resources={}, serial=0)
    return lab


@pytest.mark.parametrize("mood", [Mood(), Mood(tool_ids=False), Mood(stale_reads=1)])
def test_the_copies_go_once_the_attached_tools_are_there(mood):
    lab = legacy(mood)
    assert swap(lab).seen > COUNT
    expect_finished(lab)


@pytest.mark.parametrize("nth", range(1, 5 + 4 * COUNT))
def test_killed_at_each_request_it_goes_on_where_it_was(nth):
    lab = legacy()
    swap(lab, kill=nth)
    expect_finished(lab)


@pytest.mark.parametrize("seed", range(4))
def test_under_faults(seed):
    rules = (Fault(rate=0.05, drop="after"), Fault(rate=0.05, status=503), Fault(rate=0.03, status=502, at="after"))
    lab = legacy()
    service = lab.transport.service
    book = service._book
    service._book = type(book)(Faults(tuple(replace(rule, method=("POST", "PATCH")) for rule in rules), seed=seed))
    for _ in range(3):
        swap(lab)
    service._book = book
    expect_finished(lab)


def test_without_migrate_the_copy_stays_and_every_plan_says_so():
    lab = legacy()
    for _ in range(2):
        told = [one for one in lab.plan(*NEW).diagnostics if one.code == "E-left"]
        assert [str(one.address) for one in told] == [f"persona.p{number}" for number in range(COUNT)]
        assert all("look_up" in one.summary and "--migrate" in one.hint and one.pointer == "/tools" for one in told)
        lab.apply(*NEW)
    assert lab.plan(*NEW).differences == ()
    expect_finished(lab)
    assert [one for one in lab.plan(*NEW).diagnostics if one.code == "E-left"] == []


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(bodies=st.lists(legacy_bodies(), min_size=1, max_size=3), defaults=st.sampled_from(["fill", "hide", "null"]),
       items=st.sampled_from(["full", "summary"]))  # fmt: skip
def test_the_account_means_what_the_migrated_files_made_anew_would(bodies, defaults, items, tmp_path_factory):
    named = {f"P{number}": body for number, body in enumerate(bodies)}
    mood = Mood(defaults=defaults, items=items)
    old, fresh = Lab(mood), Lab(mood)
    put_live(old, named)
    folder = migrated(tmp_path_factory.mktemp("bare"), named)
    loaded = folder.load()
    assert loaded.errors == []
    result = old.apply(*loaded.set.manifests, migrate=True)
    assert [step.message for step in result.steps if step.outcome != "done"] == []
    assert old.plan(*loaded.set.manifests, migrate=True).differences == ()
    assert [one for one in old.plan(*loaded.set.manifests).diagnostics if one.code == "E-left"] == []
    fresh.apply(*loaded.set.manifests)
    look = Mood(defaults=defaults)
    for lab in (old, fresh):
        lab.transport.service.mood = look
    assert meaning(old) == meaning(fresh)


@given(body=legacy_bodies())
def test_an_inline_tool_that_no_wanted_tool_equals_is_never_touched(body):
    lab = Lab()
    put_live(lab, {"A": body})
    before = meaning(lab)["A"]
    other = manifest("tool.find", {**function("find"), "description": "Another.", "origin": "llm"})
    wanted = manifest("persona.a", {"pal_name": "A", "system_prompt": "You help.", "tools": ["find"]})
    lab.apply(other, wanted, migrate=True)
    after = meaning(lab)["A"]
    assert {path: value for path, value in before.items() if "tools/" in path} == {
        path: value for path, value in after.items() if "tools/" in path
    }
    assert lab.plan(other, wanted, migrate=True).differences == ()
