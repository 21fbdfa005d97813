"""Bodies as people write them: every one that the API takes converges, in every mood and both vocabularies."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.live import Listing, LiveObject
from tests.support.lab import Lab
from tests.support.making import env, manifest

MOODS = {
    "as documented": Mood(),
    "hidden": Mood(defaults="hide", secrets="omit", headers="omit", items="summary"),
    "nulls": Mood(defaults="null", layers="null", secrets="echo", headers="echo"),
    "texts": Mood(booleans="text", layers="all", get="wrapped"),
    "unknown fields dropped": Mood(unknown_fields="drop"),
}


def inline(name: str, **more: object) -> dict:
    return {"type": "function", "function": {"name": name, "description": "x", "parameters": {}, **more}}


def body(**more: object) -> dict:
    return {"persona_name": "Odd", "system_prompt": "You are odd.", "default_replica_id": "r1", **more}


BODIES = {
    "an empty name": body(persona_name=""),
    "a name that is null": body(persona_name=None),
    "no name": {"system_prompt": "You are nameless."},
    "no face": {"pal_name": "Faceless", "system_prompt": "Hi", "default_face_id": ""},
    "nulls": body(
        context=None, document_ids=None, layers={"llm": None, "tts": {"api_key": None, "voice_settings": None}}
    ),
    "empty things": body(context="", document_tags=[], layers={"llm": {}, "stt": {}}),
    "an echo that only carries sound": {
        "persona_name": "Echo",
        "pipeline_mode": "echo",
        "layers": {"transport": {"transport_type": "livekit"}},
    },
    "booleans as text": body(
        layers={"llm": {"speculative_inference": "true"}, "tts": {"tts_emotion_control": "false"}}
    ),
    "numbers in headers": body(
        layers={
            "llm": {
                "model": "own",
                "base_url": "https://llm.example/v1",
                "api_key": env("KEY"),
                "headers": {"X-Count": 5, "X-Gone": None, "x/y~z": "q"},
                "default_query": {"n": 2, "flag": True},
            }
        }
    ),
    "flat tools": body(layers={"llm": {"tools": [{"name": "flat", "description": "d", "parameters": {}}]}}),
    "tools without names": body(layers={"llm": {"tools": [{"type": "function", "function": {}}, inline("b")]}}),
    "one tool twice": body(layers={"llm": {"tools": [inline("a"), inline("a", description="other")]}}),
    "old and new words together": body(
        layers={
            "perception": {
                "perception_tool_prompt": "old",
                "visual_tool_prompt": "new",
                "perception_tools": [inline("p")],
                "visual_tools": [inline("v")],
            }
        }
    ),
    "both spellings of one field": body(
        layers={"conversational_flow": {"pal_interruptibility": "high", "replica_interruptibility": "high"}}
    ),
    "both words for one thing": body(pal_name="Odd", default_face_id="r1"),
    "unknown fields": body(audio_only=True, persona={"a": None, "b": []}, layers={"avatar": {"x": 1, "y": None}}),
    "an unknown switch that is off": body(layers={"perception": {"enabled": False}}),
    "empty keys and slashes": body(layers={"llm": {"extra_body": {"": "k", "a/b": {"c~d": 1}, "0": "zero"}}}),
    "odd texts": body(greeting="e\u0301 \u2028 \u0000 \U0001f469\u200d\U0001f4bb", context=" \r\n\t kept "),
    "odd numbers": body(layers={"llm": {"extra_body": {"top_p": 0.30000000000000004, "big": 12345678901234567890}}}),
    "doubles in sets": body(document_tags=["b", "a", "b"], guardrail_tags=["z", "z"]),
    "what the server assigns": body(layers={"conferencing": {"username": "odd", "allowlist": ["b@x", "a@x"]}}),
}


@pytest.fixture(params=MOODS, ids=str)
def mood(request):
    return MOODS[request.param]


@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
@pytest.mark.parametrize("name", BODIES, ids=str)
def test_it_converges_at_once_and_stays(mood, name, vocabulary):
    lab = Lab(mood, vocabulary=vocabulary)
    wanted = manifest("persona.odd", BODIES[name])
    result = lab.apply(wanted)
    assert [step.message for step in result.steps if step.outcome != "done"] == []
    plan = lab.plan(wanted)
    assert [change.fields for change in plan.differences] == []
    assert plan.drift == ()
    count, state = len(lab.writes()), lab.state
    lab.apply(wanted)
    assert len(lab.writes()) == count
    assert lab.state == state


@pytest.mark.parametrize("name", ["an empty name", "a name that is null", "no name"])
def test_a_body_without_a_name_is_sent_under_that_of_its_manifest(name):
    lab = Lab()
    lab.apply(manifest("persona.odd", BODIES[name]))
    assert lab.names() == ["odd"]


def test_an_unknown_field_that_the_api_drops_is_said_once():
    lab = Lab(replace(Mood(), unknown_fields="drop"))
    wanted = manifest("persona.odd", BODIES["unknown fields"])
    (step,) = lab.apply(wanted).steps
    assert any("/audio_only" in note for note in step.notes)
    assert [step.notes for step in lab.apply(wanted).steps] == []


GUEST = {"conferencing": {"username": "guest", "allowlist": ["a@x.example"]}}
LAYERS = (
    None,
    {},
    GUEST,
    {**GUEST, "llm": {"model": "tavus-claude-haiku-4.5"}},
    {"conferencing": None, "tts": None},
    {"tts": {"tts_engine": "azure"}},
)


@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
@pytest.mark.parametrize("then", range(len(LAYERS)))
@pytest.mark.parametrize("first", range(len(LAYERS)))
def test_what_must_be_patched_alone_comes_and_goes_with_its_parent(first, then, vocabulary):
    lab = Lab(Mood(stale_reads=2), vocabulary=vocabulary)
    for number in (first, then, first):
        wanted = manifest("persona.odd", body(layers=LAYERS[number]))
        assert [step.message for step in lab.apply(wanted).steps if step.outcome != "done"] == []
        assert lab.plan(wanted).differences == ()


def test_conferencing_leaves_together_with_the_face_that_it_needs():
    lab = Lab(vocabulary="persona")
    lab.apply(manifest("persona.odd", body(layers=GUEST)))
    bare = manifest("persona.odd", {"persona_name": "Odd", "system_prompt": "You are odd."})
    assert [step.message for step in lab.apply(bare).steps if step.outcome != "done"] == []
    assert lab.plan(bare).differences == ()


class Abridged(Lab):
    """An account whose lists shorten what they show."""

    def provider(self, *, reading: bool = False) -> TavusProvider:
        provider = super().provider(reading=reading)
        whole = provider.list

        def abridged(kind: str) -> Listing:
            listing = whole(kind)
            return replace(listing, objects={id: shortened(one) for id, one in listing.objects.items()})

        provider.list = abridged  # type: ignore[method-assign]
        return provider


def shortened(one: LiveObject) -> LiveObject:
    prompt = one.body.get("system_prompt")
    return replace(one, body={**one.body, "system_prompt": prompt[:5] + "..."}) if isinstance(prompt, str) else one


def test_a_list_that_abridges_is_not_taken_for_drift():
    lab = Abridged()
    wanted = manifest("persona.odd", body(layers={"llm": {"model": "tavus-glm-4.7"}}))
    lab.apply(wanted)
    assert lab.plan(wanted).differences == ()
    lab.edit("persona.odd", {"op": "replace", "path": "/system_prompt", "value": "hacked"})
    (item,) = lab.plan(wanted).drift
    assert [(field.path, field.after) for field in item.changes] == [("/system_prompt", "hacked")]


def test_a_plan_without_drift_reads_no_object_by_its_id():
    lab = Lab()
    wanted = manifest("persona.odd", body(layers={"llm": {"model": "tavus-glm-4.7"}}))
    lab.apply(wanted)
    count = len(lab.requests("GET"))
    lab.plan(wanted)
    assert [path for _, path, _ in lab.requests("GET")[count:] if path.rpartition("/")[2].startswith("p")] == [
        "/v2/pals"
    ]
