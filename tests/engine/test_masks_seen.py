"""What was seen includes whether a mask was there: a secret that somebody takes away by hand is drift."""

from __future__ import annotations

import pytest

from reconciler.core.planning.account_findings import drift_from_state
from tests.support.lab import Lab
from tests.support.making import at, env, manifest

TOOL = {"name": "look", "description": "d", "origin": "llm"}
PERSONA = {"pal_name": "A", "system_prompt": "x"}
LLM = {"model": "m", "base_url": "https://u.example", "api_key": env("KEY")}
RESENT = [
    {"op": "replace", "path": "/layers/llm/api_key", "value": "sk-first-secret-value"},
    {"op": "replace", "path": "/layers/llm/base_url", "value": "https://u.example"},
]
PAIR = {"a": env("KEY"), "b": env("OTHER")}


def api(**members):
    return {"delivery": {"api": {"url": "https://x.example/a", **members}}}


CASES = {
    "a header of a tool": ("tool.look", {**TOOL, **api(headers=PAIR)}, api(headers={"a": "sk-first-secret-value"})),
    "a parameter of a tool": (
        "tool.look",
        {**TOOL, **api(query_params=PAIR)},
        api(query_params={"a": "sk-first-secret-value"}),
    ),
    "a header of a model": (
        "persona.a",
        {**PERSONA, "layers": {"llm": {**LLM, "headers": PAIR}}},
        [*RESENT, {"op": "remove", "path": "/layers/llm/headers/b"}],
    ),
    "a parameter of a model": (
        "persona.a",
        {**PERSONA, "layers": {"llm": {**LLM, "default_query": PAIR}}},
        [*RESENT, {"op": "remove", "path": "/layers/llm/default_query/b"}],
    ),
    "a key": (
        "persona.a",
        {**PERSONA, "layers": {"tts": {"tts_engine": "cartesia", "api_key": env("KEY")}}},
        [{"op": "remove", "path": "/layers/tts/api_key"}],
    ),
}


@pytest.mark.parametrize(("address", "body", "edit"), CASES.values(), ids=CASES)
def test_a_secret_that_is_taken_away_by_hand_is_drift_and_is_put_back(address, body, edit):
    lab = Lab()
    wanted = manifest(address, body)
    lab.apply(wanted)
    assert lab.plan(wanted).differences == ()
    path = f"/{'tools' if address.startswith('tool') else 'pals'}/{lab.id_of(address)}"
    assert lab.client.patch(path, json=edit).status_code == 200
    plan = lab.plan(wanted)
    assert [field.direction.value for change in plan.changes for field in change.fields] == ["live"]
    assert len(plan.drift) == 1
    entry = lab.state.resources[at(address)]
    live = lab.provider().get(at(address).kind, entry.id)
    assert drift_from_state(at(address), entry, live, lab.setting().book(lab.state)) is not None
    assert [step.outcome for step in lab.apply(wanted).steps] == ["done"]
    assert lab.plan(wanted).differences == ()
    assert lab.plan(wanted).drift == ()
