"""The law of rollback: A applied, B applied, back to A: the account is what it was after A, whatever A and B say."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import effective_value, json_equal, leaves
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.address import ResourceRef
from tests.engine.test_rollback_killed import killed
from tests.support.chronicle import Chronicle
from tests.support.making import env, manifest

MOODS = {
    "as documented": Mood(),
    "defaults hidden, secrets omitted, summary lists": Mood(
        defaults="hide", secrets="omit", headers="omit", items="summary", tool_ids=False
    ),
    "all layers, defaults null": Mood(defaults="null", layers="all"),
}
NAMES = ("a", "b", "c")
TOOLS = ("one", "two")
SCHEMA = {"type": "object", "properties": {"z": {"type": "string"}, "a": {"type": "string"}}}


def inline(name: str, text: str) -> dict:
    return {"type": "function", "function": {"name": name, "description": text, "parameters": SCHEMA}}


def optional(**members):
    return st.fixed_dictionaries({}, optional=members)


LLM = st.one_of(
    optional(
        model=st.sampled_from(["tavus-gpt-oss", "tavus-gpt-4.1"]),
        speculative_inference=st.booleans(),
        tools=st.lists(st.sampled_from(["x", "y", "w"]), unique=True, max_size=3).flatmap(
            lambda names: st.tuples(*(st.sampled_from("pq").map(lambda t, n=n: inline(n, t)) for n in names)).map(
                list
            )
        ),
        extra_body=optional(temperature=st.sampled_from([0, 0.5]), top_p=st.sampled_from([0.1, 1])),
    ),
    st.fixed_dictionaries(
        {
            "model": st.sampled_from(["m-1", "m-2"]),
            "base_url": st.just("https://llm.example/v1"),
            "api_key": st.sampled_from([env("KEY"), env("OTHER")]),
        },
        optional={"headers": st.just({"X-Org": env("KEY")}), "extra_body": st.just({"seed": 1})},
    ),
)
LAYERS = optional(
    llm=LLM,
    tts=optional(
        tts_engine=st.sampled_from(["cartesia", "elevenlabs"]), external_voice_id=st.sampled_from(["v1", "v2"]),
        voice_settings=st.sampled_from([{"speed": 0.9}, {"speed": 0.8, "volume": 1}]),
    ),
    perception=optional(
        perception_model=st.sampled_from(["raven-1", "off"]),
        visual_awareness_queries=st.lists(st.sampled_from(["q1", "q2"]), unique=True),
    ),
    conversational_flow=optional(
        turn_taking_patience=st.sampled_from(["low", "medium", "high"]), turn_detection_model=st.just("sparrow-1")
    ),
    stt=optional(stt_engine=st.just("tavus-auto"), hotwords=st.sampled_from(["Roey", "Ann"])),
)  # fmt: skip


@st.composite
def projects(draw):
    """Manifests of one moment: registry tools, and personas that may use them."""
    tools = draw(st.lists(st.sampled_from(TOOLS), unique=True))
    made = [
        manifest(
            f"tool.{name}",
            {
                "name": name,
                "description": draw(st.sampled_from("de")),
                "origin": "llm",
                "parameters": SCHEMA,
                "on_call": "silent",
                "delivery": {"app_message": True},
            },
        )
        for name in tools
    ]
    for name in draw(st.lists(st.sampled_from(NAMES), unique=True)):
        body = {"persona_name": name.upper(), "system_prompt": draw(st.sampled_from(["x", "y"]))}
        body |= draw(
            optional(
                greeting=st.sampled_from(["Hi", "Ciao"]), document_tags=st.lists(st.sampled_from("tu"), unique=True),
                layers=LAYERS, default_replica_id=st.just("rfe12d8b9597"),
            )
        )  # fmt: skip
        if draw(st.booleans()):
            used = draw(st.lists(st.sampled_from(tools), unique=True)) if tools else []
            body["tools"] = [ResourceRef(f"tool.{one}") for one in used]
        made.append(manifest(f"persona.{name}", body))
    return made


FILLED = ("/layers/tts/tts_engine", ["tavus-auto", None])
"""The server fills it into a layer that a run has made, so that the layer is not known to be empty afterwards."""


def differing(kind_name, now, then):
    """Where two accounts differ: leaves in canonical form; what is empty or the default says as little as nothing."""
    spec = kind(kind_name)
    for name in now.keys() | then.keys():
        left, right = (leaves(spec, to_canonical(spec, one.get(name) or {})[0]) for one in (now, then))
        for path in left.keys() | right.keys():
            sides = [effective_value(field_at(spec, path), side.get(path)) for side in (left, right)]
            if (path, sides) == FILLED:
                continue
            if not json_equal(*(None if value in ("", [], {}) else value for value in sides)):
                yield name, path, *sides


@pytest.mark.parametrize("mood", MOODS.values(), ids=MOODS)
@settings(max_examples=8, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(first=projects(), second=projects(), third=projects())
def test_back_to_the_first_is_what_the_first_left(mood, first, second, third):
    folder = Path(mkdtemp())
    try:
        world = Chronicle(folder / "state", mood=mood)
        everything = {"allow_deletes": True, "allow_mass_change": True}
        world.apply(*first, **everything)
        before, tools = world.world(), world.world("tools")
        entries = world.state().history.entries
        serial = entries[-1].serial if entries else 0
        for project in (second, third):
            result = world.apply(*project, **everything)
            assert result.count("failed") == 0
        _, result = world.rollback(serial, allow_deletes=True)
        assert result is None or result.count("failed") == 0
        assert set(world.world()) == set(before)
        assert list(differing("persona", world.world(), before)) == []
        assert {name: body for name, body in world.world("tools").items() if name in tools} == tools
        again = world.differences(*first)
        assert [
            (str(c.address), c.action, [(f.path, f.before, f.after) for f in c.fields], c.importing) for c in again
        ] == []
    finally:
        shutil.rmtree(folder)


@pytest.mark.parametrize("mood", MOODS.values(), ids=MOODS)
@settings(max_examples=6, phases=[Phase.generate], deadline=None, suppress_health_check=list(HealthCheck))
@given(first=projects(), second=projects(), at=st.integers(1, 6), arrived=st.booleans(), saved=st.booleans())
def test_killed_and_done_again_is_the_same_as_once(mood, first, second, at, arrived, saved):
    """Killed at any write, before or after it arrived; done again by the same command, or by the same saved plan."""
    folder = Path(mkdtemp())
    everything = {"allow_deletes": True, "allow_mass_change": True}

    def world(name):
        made = Chronicle(folder / name, mood=mood)
        for project in (first, second):
            assert made.apply(*project, **everything).count("failed") == 0
        entries = made.state().history.entries
        return made, (min((one.serial for one in entries), default=0) if first else 0)

    try:
        once, serial = world("once")
        _, result = once.rollback(serial, **everything)
        assert result is None or result.count("failed") == 0
        again, serial = world("again")
        plan = again.plan_back(serial, **everything)

        def back():
            return again.carry_out(plan) if saved else again.rollback(serial, **everything)[1]

        if killed(again, folder / "again", at, arrived, back):
            result = back()
            assert result is None or result.count("failed") == 0
        for kind_name, collection in (("persona", "pals"), ("tool", "tools")):
            then, now = once.world(collection), again.world(collection)
            assert set(now) == set(then)
            assert list(differing(kind_name, now, then)) == []
        assert set(again.state().resources) == set(once.state().resources)
        assert again.state().pending == ()
        assert again.plan_back(serial, **everything).differences == ()
    finally:
        shutil.rmtree(folder)
