"""Cascades and references."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.platforms.tavus.simulator.behaviour import Mood
from reconciler.platforms.tavus.simulator.call_context import (
    Context,
    Route,
    merge,
    scrub,
    timestamp,
    unknown_references,
)
from reconciler.platforms.tavus.simulator.http_types import Call, Refusal
from reconciler.platforms.tavus.simulator.world import World

TTS = ("layers", "tts", "pronunciation_dictionary_id")


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (("tool_ids",), {"tool_ids": ["a", "x", "b"]}, {"tool_ids": ["a", "b"]}),
        (("guardrails_id",), {"guardrails_id": "x"}, {"guardrails_id": None}),
        (
            TTS,
            {"layers": {"tts": {"pronunciation_dictionary_id": "x", "voice_id": "v"}, "stt": {}}},
            {"layers": {"tts": {"pronunciation_dictionary_id": None, "voice_id": "v"}, "stt": {}}},
        ),
    ],
)
def test_an_id_is_taken_out_of_every_persona(path: Any, before: Any, after: Any) -> None:
    world = World("s", "u")
    for name in ("p1", "p2"):
        world.put("pals", name, before)
    world.settle()
    scrub(world, path, "x")
    assert world.objects["pals"] == {"p1": after, "p2": after}
    assert world.settle() == {("pals", "p1"), ("pals", "p2")}


@pytest.mark.parametrize("body", [{}, {"layers": None}, {"layers": {"tts": None}}, {"layers": {"tts": "odd"}}])
def test_personas_without_the_id_are_not_touched(body: Any) -> None:
    world = World("s", "u")
    world.put("pals", "p1", body)
    world.settle()
    scrub(world, TTS, "x")
    scrub(world, ("tool_ids",), "x")
    assert world.settle() == set()


def test_unknown_references() -> None:
    world = World("s", "u")
    world.put("guardrails", "g1", {})
    assert unknown_references(world, "guardrails", ["g1", "g2"]) == ["g2"]
    assert unknown_references(world, "guardrails", "g3") == ["g3"]
    assert [unknown_references(world, "guardrails", value) for value in (None, "", [], "g1")] == [[]] * 4


def test_times_with_and_without_zone() -> None:
    assert timestamp("2026-11-21T05:13:47Z") == "2026-11-21T05:13:47Z"
    assert timestamp("2026-11-21T05:13:47Z", zone=False) == "2026-11-21T05:13:47"


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_a_body_that_is_no_object(body: Any) -> None:
    with pytest.raises(Refusal, match="Invalid input type"):
        Context(World("s", "u"), Mood(), Call("POST", "/v2/pals"), "now", body=body).object()


def test_routes_keep_their_order() -> None:
    def run(_: Context) -> Any:
        raise AssertionError

    first, second = Route("GET", "/a", run), Route("GET", "/b", run)
    assert merge((first,), (second,)) == (first, second)
