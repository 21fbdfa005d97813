"""Switches."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, get_args, get_type_hints

import pytest

from reconciler.errors import UsageError
from reconciler.platforms.tavus.simulator.behaviour import Mood, parse_mood

HINTS = get_type_hints(Mood)


def test_nothing_said_is_the_default() -> None:
    assert parse_mood({}) == Mood()


@pytest.mark.parametrize("name", [item.name for item in fields(Mood)])
def test_every_choice_of_every_switch_can_be_named(name: str) -> None:
    choices = get_args(HINTS[name]) or ((True, False) if HINTS[name] is bool else (0, 3))
    assert getattr(Mood(), name) in choices
    for choice in choices:
        assert getattr(parse_mood({name: choice}), name) == choice


def test_others_stay_as_in_the_base() -> None:
    assert parse_mood({"items": "summary"}, base=Mood(get="wrapped")) == Mood(get="wrapped", items="summary")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "expected a mapping"),
        ("flat", "expected a mapping"),
        ({"get": "round"}, "get is 'round'; expected flat, wrapped"),
        ({"created": 202}, "expected 200, 201"),
        ({"created": "201"}, "expected 200, 201"),
        ({"owner_id": "yes"}, "expected bool"),
        ({"stale_reads": True}, "expected int"),
        ({"unknown_id": 404.0}, "expected 400, 404"),
    ],
)
def test_wrong_switches(data: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        parse_mood(data)


def test_a_misspelt_switch_gets_a_suggestion() -> None:
    with pytest.raises(UsageError, match="unknown switch 'secret'") as caught:
        parse_mood({"secret": "mask"})
    assert caught.value.hint == "did you mean 'secrets'?"
