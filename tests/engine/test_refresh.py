"""--refresh-only: live values into the state and nothing else, whatever the manifests say meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.engine.plan.make_plan import make_plan
from reconciler.reporters.wording import report_summary
from reconciler.types.change import Action
from reconciler.types.diagnostic import Source
from reconciler.types.manifest import ManifestSet, Moved, Removed
from reconciler.types.options import PlanOptions
from reconciler.types.report import Report
from tests.support.lab import Lab
from tests.support.making import at, env, manifest

NAMES = ("a", "b", "c")


def persona(name, **more):
    ours = {key: more.pop(key) for key in ("protect", "ignore") if key in more}
    body = {"pal_name": name, "system_prompt": "x", "default_face_id": "rfe12d8b9597", "greeting": "hi", **more}
    return manifest(f"persona.{name}", body, **ours)


def edit(lab, name, words):
    lab.edit(f"persona.{name}", {"op": "replace", "path": "/greeting", "value": words})


def remove(lab, name):
    assert lab.client.delete(f"/pals/{lab.id_of(f'persona.{name}')}").status_code == 204


def refresh(lab, files, **options):
    chosen = PlanOptions(record=True, refresh_only=True, **options)
    plan = make_plan(files, lab.state, chosen, lab.setting()).plan
    return plan, lab.carry_out(plan)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    fates=st.fixed_dictionaries({name: st.sampled_from(["left", "edited", "gone"]) for name in NAMES}),
    files=st.fixed_dictionaries(
        {name: st.sampled_from(["same", "changed", "absent", "moved", "removed", "unprotected"]) for name in NAMES}
    ),
)
def test_only_what_moved_in_the_account_moves_in_the_state(fates, files):
    lab = Lab()
    lab.apply(*(persona(name, protect=True, ignore=("/layers/tts",)) for name in NAMES))
    before = lab.state
    manifests, moved, removed = [persona("new")], [], []
    for name, word in files.items():
        if word in ("same", "changed"):
            manifests.append(persona(name, protect=True, system_prompt="x" if word == "same" else "y"))
        elif word == "unprotected":
            manifests.append(persona(name))
        elif word == "moved":
            manifests.append(persona(name + "2"))
            moved.append(Moved(at(f"persona.{name}"), at(f"persona.{name}2"), Source("moves.yaml")))
        elif word == "removed":
            removed.append(Removed(at(f"persona.{name}"), Source("moves.yaml")))
    for name, fate in fates.items():
        if fate == "edited":
            edit(lab, name, "theirs")
        elif fate == "gone":
            remove(lab, name)
    told = len(lab.writes())
    project = ManifestSet(tuple(manifests), tuple(moved), tuple(removed))
    # With all objects gone, nothing tells that the account is the one of before.
    plan, _ = refresh(lab, project, accept_account=True)
    assert len(lab.writes()) == told
    assert {str(item.address): item.reason for item in plan.drift} == {
        f"persona.{name}": "deleted_outside" if fate == "gone" else None
        for name, fate in fates.items()
        if fate != "left"
    }
    assert lab.state.resources.keys() == before.resources.keys()
    for address, entry in lab.state.resources.items():
        old = before.resources[address]
        assert replace(entry, sent=old.sent, seen=old.seen) == old
        changed = {path for path in old.sent if entry.sent[path] != old.sent[path]}
        assert changed == ({"/greeting"} if fates[address.name] == "edited" else set())
    again, _ = refresh(lab, project, accept_account=True)
    assert again.changes == ()


def test_what_was_taken_in_waits_as_a_change_of_the_manifests():
    lab = Lab()
    lab.apply(persona("a"))
    edit(lab, "a", "theirs")
    refresh(lab, ManifestSet((persona("a"),)))
    plan = lab.plan(persona("a"))
    assert plan.drift == ()
    assert [(one.path, one.direction.value) for change in plan.differences for one in change.fields] == [
        ("/greeting", "git")
    ]


def test_a_hidden_secret_stays_as_it_is_known():
    lab = Lab()
    desk = persona("a", layers={"llm": {"model": "m", "base_url": "https://u.example", "api_key": env("KEY")}})
    lab.apply(desk)
    before = lab.state
    edit(lab, "a", "theirs")
    refresh(lab, ManifestSet((desk,)))
    key = "/layers/llm/api_key"
    held, old = lab.state.resources[at("persona.a")], before.resources[at("persona.a")]
    assert (held.sent[key], held.seen.get(key)) == (old.sent[key], old.seen.get(key))


@pytest.mark.parametrize(
    ("edited", "options", "rules"),
    [
        (3, {}, []),
        (4, {}, ["mass_change"]),
        (4, {"allow_mass_change": True}, []),
        (4, {"excludes": (at("persona.p0"),)}, []),
    ],
)
def test_the_ratio_counts_entries_whose_live_value_moved(edited, options, rules):
    lab = Lab()
    many = [persona(f"p{number}") for number in range(10)]
    lab.apply(*many)
    for number in range(edited):
        edit(lab, f"p{number}", "theirs")
    plan = lab.plan(*many, refresh_only=True, **options)
    assert [block.rule for block in plan.all_blocks] == rules


def test_no_manifest_at_all_is_the_wrong_folder_for_a_refresh_too():
    lab = Lab()
    lab.apply(persona("a"))
    assert [block.rule for block in lab.plan(refresh_only=True).all_blocks] == ["empty_set"]
    both = lab.plan(refresh_only=True, allow_deletes=True, allow_mass_change=True)
    assert (both.all_blocks, [change for change in both.changes if change.action is not Action.NOOP]) == ((), [])


def test_the_summary_says_what_is_taken_in_and_what_is_gone():
    lab = Lab()
    lab.apply(*(persona(name) for name in NAMES))
    edit(lab, "a", "theirs")
    remove(lab, "b")
    plan, result = refresh(lab, ManifestSet(tuple(persona(name) for name in NAMES)))
    assert report_summary(Report("plan", plan=plan)) == (
        "Refresh: 1 entry of the state to bring up to date. 1 object gone from the account keeps its entry."
    )
    assert "1 entry of the state brought up to date." in report_summary(Report("apply", plan=plan, result=result))


def test_a_selector_is_that_of_the_manifests():
    lab = Lab()
    mine, other = persona("a"), persona("b")
    mine = replace(mine, labels={"team": "a"})
    lab.apply(mine, other)
    edit(lab, "a", "theirs")
    edit(lab, "b", "theirs")
    plan = lab.plan(mine, other, refresh_only=True, selector={"team": "a"})
    assert [str(change.address) for change in plan.changes] == ["persona.a"]
    gone = lab.plan(mine, other, destroy=True, allow_deletes=True, allow_mass_change=True, selector={"team": "a"})
    assert [str(change.address) for change in gone.changes] == ["persona.a"]
