"""The laws of the whole: a plan after apply is empty, twice is once, drift is found and healed, in every mood."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.faults import Mood
from tests.support.lab import Lab
from tests.support.making import env, manifest

MOODS = {
    "as documented": Mood(),
    "secrets omitted": Mood(secrets="omit", headers="omit"),
    "secrets echoed": Mood(secrets="echo", headers="echo"),
    "defaults hidden": Mood(defaults="hide"),
    "defaults null": Mood(defaults="null", layers="null"),
    "all layers": Mood(layers="all"),
    "summary lists": Mood(items="summary"),
    "wrapped": Mood(get="wrapped", list_key="bare"),
    "text booleans": Mood(booleans="text"),
    "other spelling": Mood(interruptibility="replica"),
    "no tool ids": Mood(tool_ids=False),
    "empty answers": Mood(patch_answer="empty", created=201, unknown_id=404),
    "late reads": Mood(stale_reads=2),
    "hidden, omitted, summary": Mood(
        defaults="hide", secrets="omit", headers="omit", items="summary", tool_ids=False
    ),
}


def inline(name: str, text: str = "x") -> dict:
    return {
        "type": "function",
        "function": {"name": name, "description": text, "parameters": {"type": "object", "properties": {}}},
    }


FULL = {
    "persona_name": "Life Coach",
    "system_prompt": "As a Life Coach, you are a dedicated professional.",
    "context": "Here are a few times.",
    "default_replica_id": "rfe12d8b9597",
    "pipeline_mode": "full",
    "document_tags": ["b", "a"],
    "layers": {
        "llm": {
            "model": "gpt-4o",
            "base_url": "https://llm.example.com/v1",
            "api_key": env("KEY"),
            "headers": {"X-Org": "org"},
            "default_query": {"api-version": "2024-02-15-preview"},
            "extra_body": {"temperature": 0.5},
            "speculative_inference": True,
            "tools": [inline("insight"), inline("other")],
        },
        "tts": {
            "tts_engine": "cartesia",
            "voice_settings": {"speed": "normal", "emotion": ["positivity:high"]},
            "tts_emotion_control": True,
        },
        "perception": {
            "perception_model": "raven-0",
            "ambient_awareness_queries": ["ID?"],
            "perception_tools": [inline("seen")],
        },
        "stt": {"stt_engine": "tavus-advanced"},
        "conversational_flow": {
            "turn_detection_model": "sparrow-1",
            "replica_interruptibility": "high",
            "turn_commitment": "medium",
        },
    },
}
TOOL = {
    "name": "look_up",
    "description": "Looks it up",
    "origin": "llm",
    "on_call": "silent",
    "delivery": {"api": {"url": "https://api.example.com/x", "auth": {"type": "bearer", "token": env("OTHER")}}},
}
PROJECT = (
    manifest("tool.look_up", TOOL),
    manifest("persona.coach", {**FULL, "tools": ["look_up"]}),
    manifest("persona.echo", {"pal_name": "Echo", "pipeline_mode": "echo", "default_face_id": "rfe12d8b9597"}),
)


@pytest.fixture(params=MOODS, ids=str)
def lab(request):
    return Lab(MOODS[request.param])


def test_a_plan_after_apply_is_empty_and_a_second_apply_writes_nothing(lab):
    first = lab.apply(*PROJECT)
    assert [(str(step.address), step.outcome, step.message) for step in first.steps if step.outcome != "done"] == []
    again = lab.plan(*PROJECT)
    assert [(str(change.address), change.fields) for change in again.differences] == []
    assert again.drift == ()
    before, state = lab.writes(), lab.state
    lab.apply(*PROJECT)
    assert lab.writes() == before
    assert lab.state == state


@pytest.mark.parametrize("vocabulary", ["persona", "pal"])
def test_the_other_vocabulary_sees_no_difference(lab, vocabulary):
    lab.apply(*PROJECT)
    lab.vocabulary = vocabulary
    assert lab.plan(*PROJECT).differences == ()


def test_adopting_without_a_state_changes_nothing(lab):
    lab.apply(*PROJECT)
    count = len(lab.writes())
    lab.state = Lab().state
    plan = lab.plan(*PROJECT)
    assert [change.reason.value for change in plan.differences] == ["adopted_by_name"] * 3
    result = lab.apply(*PROJECT)
    assert {step.outcome for step in result.steps} == {"done"}
    written = lab.writes()[count:]
    assert [method for method, _, _ in written if method == "POST"] == []
    assert lab.plan(*PROJECT).differences == ()
    assert sorted(lab.names()) == ["Echo", "Life Coach"]


DRIFTS = [
    ({"op": "replace", "path": "/system_prompt", "value": "hacked"}, "/system_prompt"),
    (
        {"op": "replace", "path": "/layers/perception/perception_model", "value": "off"},
        "/layers/perception/perception_model",
    ),
    ({"op": "replace", "path": "/layers/stt/stt_engine", "value": "tavus-whisper"}, "/layers/stt/stt_engine"),
    (
        {"op": "replace", "path": "/layers/tts/voice_settings/speed", "value": "slow"},
        "/layers/tts/voice_settings/speed",
    ),
    (
        {"op": "replace", "path": "/layers/conversational_flow/turn_commitment", "value": "low"},
        "/layers/conversational_flow/turn_commitment",
    ),
    ({"op": "remove", "path": "/layers/perception/perception_tools"}, "/layers/perception/perception_tools/seen"),
    ({"op": "replace", "path": "/document_tags", "value": ["c"]}, "/document_tags"),
]


@pytest.mark.parametrize(("op", "path"), DRIFTS, ids=[path for _, path in DRIFTS])
@pytest.mark.parametrize(
    "mood", ["as documented", "secrets echoed", "defaults hidden", "summary lists", "text booleans"]
)
def test_a_drifted_leaf_is_named_and_healed_by_one_patch_of_one_operation(mood, op, path):
    lab = Lab(MOODS[mood])
    lab.apply(*PROJECT)
    lab.edit("persona.coach", op)
    plan = lab.plan(*PROJECT)
    assert [
        (str(item.address), [(field.path, field.direction.value) for field in item.changes]) for item in plan.drift
    ] == [("persona.coach", [(path, "live")])]
    (change,) = plan.differences
    assert [field.path for field in change.fields] == [path]
    assert len(change.patch) == 1
    count = len(lab.writes())
    lab.apply(*PROJECT)
    assert [method for method, _, _ in lab.writes()[count:]] == ["PATCH"]
    assert lab.plan(*PROJECT).differences == ()


def test_a_rotated_secret_is_written_once_and_never_shown(lab):
    lab.apply(*PROJECT)
    lab.vault.values["KEY"] = "sk-rotated-secret-value"
    plan = lab.plan(*PROJECT)
    (change,) = plan.differences
    assert [field.path for field in change.fields] == ["/layers/llm/api_key"]
    assert {op.path for op in change.patch} == {"/layers/llm/api_key", "/layers/llm/base_url"}
    assert "sk-" not in repr(plan)
    lab.apply(*PROJECT)
    assert lab.plan(*PROJECT).differences == ()
    assert "sk-" not in repr(lab.state)


def test_everything_that_left_the_manifests_goes_and_stays_gone(lab):
    lab.apply(*PROJECT)
    bare = manifest(
        "persona.coach",
        {"persona_name": "Life Coach", "system_prompt": "short", "default_replica_id": "rfe12d8b9597"},
    )
    result = lab.apply(bare, PROJECT[2], allow_deletes=True)
    assert [(str(step.address), step.message) for step in result.steps if step.outcome != "done"] == []
    assert lab.plan(bare, PROJECT[2], allow_deletes=True).differences == ()
    assert lab.names("tools") == []


names = st.sampled_from(["a", "b", "c"])
texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
bodies = st.fixed_dictionaries(
    {"system_prompt": texts.map(lambda text: "p" + text), "default_face_id": st.just("rfe12d8b9597")},
    optional={
        "greeting": texts,
        "document_tags": st.lists(names, max_size=3),
        "layers": st.fixed_dictionaries(
            {},
            optional={
                "llm": st.fixed_dictionaries(
                    {"model": st.sampled_from(["tavus-gpt-oss", "tavus-glm-4.7", "custom"])},
                    optional={
                        "speculative_inference": st.booleans(),
                        "tools": st.lists(
                            names.map(inline), max_size=3, unique_by=lambda tool: tool["function"]["name"]
                        ),
                        "extra_body": st.dictionaries(
                            names, st.floats(0, 2).map(lambda x: round(x, 2)) | texts, max_size=2
                        ),
                    },
                ),
                "stt": st.fixed_dictionaries(
                    {}, optional={"hotwords": texts, "stt_engine": st.sampled_from(["tavus-auto", "tavus-whisper"])}
                ),
                "conversational_flow": st.fixed_dictionaries(
                    {},
                    optional={
                        "turn_taking_patience": st.sampled_from(["low", "medium"]),
                        "pal_interruptibility": st.sampled_from(["low", "medium"]),
                    },
                ),
                "tts": st.fixed_dictionaries(
                    {},
                    optional={
                        "tts_emotion_control": st.booleans(),
                        "voice_settings": st.dictionaries(names, st.integers(0, 3), max_size=2),
                    },
                ),
            },
        ),
    },
)


@given(st.lists(bodies, min_size=1, max_size=4), st.sampled_from(sorted(MOODS)))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_history_of_manifests_converges(history, mood):
    lab = Lab(MOODS[mood])
    for body in history:
        wanted = manifest("persona.x", {"pal_name": "X", **body})
        result = lab.apply(wanted)
        assert [step.message for step in result.steps if step.outcome != "done"] == []
        again = lab.plan(wanted)
        assert [change.fields for change in again.differences] == []
    assert lab.names() == ["X"]


def test_every_switch_of_the_mood_is_tried_somewhere():
    tried = {
        name
        for mood in MOODS.values()
        for name in (row.name for row in fields(Mood))
        if getattr(mood, name) != getattr(Mood(), name)
    }
    assert {
        "secrets",
        "headers",
        "defaults",
        "layers",
        "items",
        "get",
        "booleans",
        "interruptibility",
        "tool_ids",
    } <= tried
