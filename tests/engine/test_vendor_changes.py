"""The vendor's mass migrations through plan, apply and drift: told, taken note of, never written over."""

from __future__ import annotations

import json

import pytest

from reconciler.api.offline import load_plan
from reconciler.core.planning.plan_file import dump_plan
from reconciler.engine.plan.accept_drift import Wanted, choose_accepted
from reconciler.engine.plan.make_plan import find_differences, find_drift
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.reporters import html, junit, markdown, openmetrics, text
from reconciler.reporters.ndjson import render as as_lines
from reconciler.reporters.plan_json import render as as_json
from reconciler.types.change import Direction, Reason
from reconciler.types.report import Report, Style
from tests.support.lab import Lab, as_set
from tests.support.making import at, manifest

BODY = {
    "pal_name": "A",
    "system_prompt": "You are a coach.\nBe kind.",
    "context": "You have helped many people.",
    "default_face_id": "rfe12d8b9597",
    "layers": {"llm": {"model": "tavus-llama-4"}},
}
PERSONA = manifest("persona.a", BODY)
MERGED = "You are a coach.\nBe kind.\n\nYou have helped many people."
MIGRATED = (
    {"op": "add", "path": "/layers/llm/model", "value": "tavus-gpt-oss"},
    {"op": "add", "path": "/system_prompt", "value": MERGED},
    {"op": "add", "path": "/context", "value": ""},
)
PATHS = ["/context", "/layers/llm/model", "/system_prompt"]


def moved(mood: Mood | None = None) -> Lab:
    """An applied persona that the vendor then moved along."""
    lab = Lab(mood)
    lab.apply(PERSONA)
    lab.edit("persona.a", *MIGRATED)
    return lab


def drift(lab: Lab, *manifests):
    return find_drift(as_set(manifests), lab.state, lab.setting(reading=True)).drift


@pytest.mark.parametrize("mood", [Mood(), Mood(items="summary"), Mood(defaults="hide"), Mood(layers="all")])
def test_nothing_is_sent_and_all_is_quiet_afterwards(mood):
    lab = moved(mood)
    plan = lab.plan(PERSONA)
    (change,) = plan.differences
    assert change.reason is Reason.VENDOR and [one.path for one in change.adopt] == PATHS
    assert change.requests == () and plan.summary.adopted == 1 and plan.summary.changed == 0
    (item,) = drift(lab, PERSONA)
    assert item.reason == "vendor" and {one.direction for one in item.changes} == {Direction.VENDOR}
    writes = len(lab.writes())
    result = lab.apply(PERSONA)
    assert [step.outcome for step in result.steps] == ["done"] and result.summary.adopted == 1
    assert len(lab.writes()) == writes
    assert lab.plan(PERSONA).differences == () and drift(lab, PERSONA) == () and drift(lab) == ()


def test_looking_at_it_costs_no_request_of_its_own():
    lab = moved()
    asked = len(lab.requests())
    lab.plan(PERSONA)
    assert [path for method, path, _ in lab.requests()[asked:] if path.startswith("/v2/pals/")] == []


def test_a_saved_plan_keeps_what_it_says():
    plan = moved().plan(PERSONA, record=True)
    assert load_plan(dump_plan(plan)).differences == plan.differences


def test_drift_without_manifests_knows_the_model_by_its_digest():
    (item,) = drift(moved())
    found = {one.path: (one.direction, one.before, one.before_unknown) for one in item.changes}
    assert found["/layers/llm/model"] == (Direction.VENDOR, "tavus-llama-4", False)
    assert found["/system_prompt"] == (Direction.LIVE, None, True), "texts are known by digest only"
    assert item.reason is None


@pytest.mark.parametrize("noted", [False, True], ids=["before an apply", "after an apply took note of it"])
def test_all_of_it_may_be_accepted_into_the_manifest(noted):
    lab = moved()
    if noted:
        lab.apply(PERSONA)
    found = find_differences(as_set([PERSONA]), lab.state, lab.setting(reading=True))
    chosen = choose_accepted(found.fields, as_set([PERSONA]), lab.state, [Wanted(at("persona.a"))])
    assert {one.pointer: one.value for one in chosen} == dict(zip(PATHS, ["", "tavus-gpt-oss", MERGED], strict=True))


def test_a_manifest_that_followed_is_in_sync_at_once():
    lab = moved()
    followed = {**BODY, "system_prompt": MERGED, "layers": {"llm": {"model": "tavus-gpt-oss"}}}
    del followed["context"]
    plan = lab.plan(manifest("persona.a", followed))
    assert plan.differences == () and plan.drift == ()


def test_a_moved_prompt_and_a_wish_of_git_go_together():
    lab = moved()
    lab.apply(PERSONA)
    lab.apply(manifest("persona.a", {**BODY, "system_prompt": "You are a better coach."}))
    shown = lab.client.get(f"/pals/{lab.id_of('persona.a')}").json()
    assert (shown["system_prompt"], shown["context"]) == ("You are a better coach.", BODY["context"])
    assert shown["layers"]["llm"]["model"] == "tavus-gpt-oss"


def test_an_import_takes_the_object_as_the_vendor_left_it():
    lab = moved()
    lab.state = type(lab.state)("another", 0, "lab", salt="00ff")
    writes = len(lab.writes())
    lab.apply(PERSONA)
    assert len(lab.writes()) == writes and lab.plan(PERSONA).differences == ()


def test_refresh_only_leaves_nothing_to_fight_over():
    lab = moved()
    lab.apply(PERSONA, refresh_only=True)
    assert lab.plan(PERSONA).differences == ()


class TestReports:
    def report(self, verb: str = "plan") -> Report:
        lab = moved()
        plan = lab.plan(PERSONA)
        if verb == "drift":
            plan = find_drift(as_set([PERSONA]), lab.state, lab.setting(reading=True))
        return Report(verb, "lab", plan, exit_code=2)

    def test_json_names_the_direction_the_reason_and_the_command(self):
        found = json.loads(as_json(self.report(), Style()))
        (change,) = found["resource_changes"]
        assert (change["change"]["actions"], change["action_reason"]) == (["no-op"], "vendor")
        assert change["change"]["directions"] == dict.fromkeys(PATHS, "vendor")
        by_path = {one["path"]: one for one in change["change"]["adopt"]}
        assert by_path["/layers/llm/model"]["manifest"] == "tavus-llama-4"
        assert by_path["/layers/llm/model"]["live"] == "tavus-gpt-oss"
        assert by_path["/layers/llm/model"]["command"] == "reconciler drift --accept persona.a/layers/llm/model"
        assert found["requests"] == [] and found["summary"]["adopt"] == 1 and found["summary"]["change"] == 0
        (drifted,) = found["resource_drift"]
        assert drifted["action_reason"] == "vendor"
        assert {one["direction"] for one in drifted["changes"]} == {"vendor"}
        assert all("to adopt it: " in one["note"] for one in drifted["changes"])

    def test_lines_of_json_call_it_adopt(self):
        lines = [json.loads(line) for line in as_lines(self.report(), Style()).splitlines()]
        (planned,) = [line["change"] for line in lines if line["type"] == "planned_change"]
        assert planned["action"] == "adopt" and len(planned["adopt"]) == 3
        assert lines[-1]["changes"]["adopt"] == 1

    def test_text_says_it_once_with_the_way(self):
        shown = text.render(self.report(), Style(width=200))
        assert "<= persona.a" in shown and "(vendor: the vendor changed it" in shown
        assert shown.count("to adopt it: reconciler drift --accept persona.a/layers/llm/model") == 1
        assert shown.rstrip().endswith("Plan: 0 to add, 0 to change, 0 to destroy. Also: 1 to adopt.")
        drifted = text.render(self.report("drift"), Style(width=200))
        assert "has been changed by the vendor" in drifted
        assert drifted.rstrip().endswith("Drift: 1 object changed outside of manifests (1 by the vendor).")

    @pytest.mark.parametrize("render", [markdown.render, html.render])
    def test_pages_give_reason_and_command_of_short_values_and_of_texts(self, render):
        shown = render(self.report(), Style())
        for path in PATHS:
            assert path in shown
        assert shown.count("to adopt it") == 3 and "vendor" in shown

    def test_scanners_point_to_the_command_and_metrics_count_it(self):
        assert "drift --accept persona.a/layers/llm/model" in junit.render(self.report("drift"), Style())
        metrics = openmetrics.render(self.report(), Style())
        assert 'reconciler_planned_changes{workspace="lab",action="adopt"} 1' in metrics
        assert 'reconciler_drifted_fields{workspace="lab",direction="vendor"} 3' in metrics
