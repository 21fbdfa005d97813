"""What a change rests on in other manifests has to be the same in every workspace, or the change is left."""

from __future__ import annotations

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.migration_result import Status
from reconciler.types.json import Object
from tests.support.migrating import Project

ANSWERS = {"guardrail-set-split": {"*": "split"}}
PARAMETERS: Object = {"type": "object", "properties": {}}
BELL: Object = {"name": "bell", "description": "Rings.", "parameters": PARAMETERS}
CALM: Object = {"guardrail_name": "calm", "guardrail_prompt": "Never shout.", "app_message": True}
HOLDS: Object = {"layers": {"llm": {"model": "tavus-gpt-oss", "tools": [{"type": "function", "function": BELL}]}}}
SET: Object = {"guardrails_id": {"ref": "guardrail_set.rules"}}
SPLIT: Object = {"data": [CALM]}
LOUD: Object = {**CALM, "guardrail_prompt": "Whisper."}

CASES = {
    "the tool that is attached": (HOLDS, "Tool", "bell", {**BELL, "on_call": "silent"}, {"description": "Tolls."}),
    "the entries of a set": (
        SET,
        "GuardrailSet",
        "rules",
        SPLIT,
        {"data": [LOUD]},
    ),
    "one entry more": (SET, "GuardrailSet", "rules", SPLIT, {"data": [CALM, {**CALM, "guardrail_name": "more"}]}),
    "no entries": (SET, "GuardrailSet", "rules", SPLIT, {"data": None}),
    "the guardrail that takes over": (SET, "Guardrail", "calm", CALM, {"guardrail_prompt": "Whisper."}),
}


def document(kind: str, name: str, spec: Object, lifecycle: Object | None = None) -> bytes:
    head: Object = {"apiVersion": "personas/v1", "kind": kind, "metadata": {"name": name}}
    if lifecycle:
        head["lifecycle"] = lifecycle
    return yaml.safe_dump({**head, "spec": spec}, sort_keys=False).encode()


def project(persona: Object, kind: str, name: str, spec: Object, over: Object | None, workspaces: int = 2) -> Project:
    """A persona, a manifest that its migration reads, and an overlay of that one in the last workspace."""
    files = {
        "desk.yaml": document("Persona", "desk", {"pal_name": "A", "system_prompt": "You help.", **persona}),
        "read.yaml": document(kind, name, spec),
    }
    if "guardrails_id" in persona and kind != "GuardrailSet":
        files["set.yaml"] = document("GuardrailSet", "rules", SPLIT)
    overlay = "overlays/last/read.yaml"
    if over is not None:
        files[overlay] = document(kind, name, over)
    names = [f"w{number}" for number in range(workspaces)]
    paths = {name: (overlay,) if over is not None and name == names[-1] else () for name in names}
    return Project(files, frozenset({overlay} if over is not None else ()), workspaces=paths)


@pytest.mark.parametrize("case", CASES)
def test_another_picture_in_one_workspace_leaves_the_change(case: str) -> None:
    made = project(*CASES[case])
    before = dict(made.files)
    result = made.migrate(answers=ANSWERS)
    [refused] = result.of(Status.REFUSED)
    assert "overlays/last/read.yaml" in (refused.reason or "") and "workspace w1" in (refused.reason or "")
    assert made.files == before


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(list(CASES)), st.booleans(), st.integers(1, 3))
def test_the_same_picture_in_all_workspaces_lets_it_through(case: str, overlaid: bool, workspaces: int) -> None:
    persona, kind, name, spec, _ = CASES[case]
    made = project(persona, kind, name, spec, spec if overlaid else None, workspaces)
    result = made.migrate(answers=ANSWERS)
    assert not result.of(Status.REFUSED) and result.of(Status.DONE)
    body = yaml.safe_load(made.files["desk.yaml"])["spec"]
    assert "guardrails_id" not in body and "tools" not in body.get("layers", {}).get("llm", {})


LEFT: dict[str, dict[str, Object]] = {
    "the tool that is attached": {"ignored": {"ignore": ["/description"]}, "above": {"ignore": ["/parameters/type"]}},
    "the entries of a set": {"ignored": {"ignore": ["/data/calm/guardrail_prompt"]}, "above": {"ignore": ["/data"]}},
    "the guardrail that takes over": {
        "ignored": {"ignore": ["/guardrail_prompt"]},
        "above": {"ignore": ["/guardrail_name"]},
    },
}


@pytest.mark.parametrize("case", LEFT)
@pytest.mark.parametrize("how", ["ignored", "above", "observed"])
@pytest.mark.parametrize("layer", ["read.yaml", "overlays/last/read.yaml"])
def test_what_is_left_to_others_is_not_relied_on(case: str, how: str, layer: str) -> None:
    """The account may hold something else there, and the text that goes would be nowhere."""
    persona, kind, name, spec, _ = CASES[case]
    made = project(persona, kind, name, spec, {})
    lifecycle: Object = {"manage": "observe"} if how == "observed" else LEFT[case][how]
    made.files[layer] = document(kind, name, spec if layer == "read.yaml" else {}, lifecycle)
    before = dict(made.files)
    result = made.migrate(answers=ANSWERS)
    [refused] = result.of(Status.REFUSED)
    assert f"{layer}:" in (refused.reason or "")
    assert made.files == before


def test_what_is_ignored_beside_it_is_no_matter() -> None:
    persona, kind, name, spec, _ = CASES["the tool that is attached"]
    made = project(persona, kind, name, spec, None)
    made.files["read.yaml"] = document(kind, name, spec, {"ignore": ["/tags"], "protect": True})
    assert not made.migrate(answers=ANSWERS).of(Status.REFUSED)
