"""Filled-in values."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.platforms.tavus.simulator.server_defaults import (
    FLOW,
    comparable,
    complete_flow,
    read_booleans,
    show_defaults,
    write_booleans,
)


@pytest.mark.parametrize("body", [{}, {"layers": None}, {"layers": {}}, {"layers": {"conversational_flow": {}}}])
def test_a_flow_that_is_not_set_stays_off(body: Any) -> None:
    assert complete_flow(body) == body


def test_one_field_sets_the_rest() -> None:
    body = complete_flow({"layers": {"conversational_flow": {"voice_isolation": "off", "own": 1}}})
    assert body["layers"]["conversational_flow"] == {**FLOW, "voice_isolation": "off", "own": 1}  # type: ignore[call-overload,index]
    assert complete_flow(body) == body


@pytest.mark.parametrize("how", ["fill", "hide", "null"])
@pytest.mark.parametrize("absent", ["absent", "null", "all"])
def test_however_they_are_shown_they_compare_alike(how: Any, absent: Any) -> None:
    body = {"pal_name": "A", "layers": {"tts": {"voice_id": "v", "tts_emotion_control": True}, "stt": {}}}
    shown = show_defaults(body, how, absent)
    kept = {name for name, layer in comparable(shown)["layers"].items() if layer}  # type: ignore[call-overload,index]
    assert {"tts", "stt"} <= kept
    if absent != "all":
        assert comparable(shown) == comparable(body)


def test_values_that_differ_are_always_shown() -> None:
    body = {"pipeline_mode": "echo", "layers": {"tts": {"tts_engine": "cartesia"}}}
    for how in ("fill", "hide", "null"):
        shown = show_defaults(body, how)  # type: ignore[arg-type]
        assert shown["pipeline_mode"] == "echo"
        assert shown["layers"]["tts"]["tts_engine"] == "cartesia"  # type: ignore[call-overload,index]


def test_filled_lists_are_not_shared() -> None:
    first, second = show_defaults({}, "fill"), show_defaults({}, "fill")
    assert first["document_ids"] is not second["document_ids"]


def test_booleans_there_and_back() -> None:
    body = {"layers": {"tts": {"tts_emotion_control": False}, "llm": {"model": "true"}}}
    words = write_booleans(body)
    assert words["layers"]["tts"]["tts_emotion_control"] == "false"  # type: ignore[call-overload,index]
    assert read_booleans(words) == body
    assert read_booleans({"layers": None}) == {"layers": None}
