"""A mistyped name is an error where the field that was meant would be removed, and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.resource_diff.removals import edits_between
from reconciler.errors import PlanError
from reconciler.types.manifest import Manifest
from tests.support.lab import Lab
from tests.support.making import manifest

WORDS = st.text("abc", max_size=6)


@settings(max_examples=200, deadline=None)
@given(WORDS, WORDS)
def test_edits(one: str, other: str) -> None:
    found = edits_between(one, other, 9)
    assert (found == 0) == (one == other)
    assert found == edits_between(other, one, 9)
    assert abs(len(one) - len(other)) <= found <= max(len(one), len(other))
    assert edits_between(one, other) == min(found, 3)


@settings(max_examples=100, deadline=None)
@given(WORDS, st.integers(0, 6), st.sampled_from("abcx"))
def test_one_letter_more_is_one_edit(one: str, at: int, letter: str) -> None:
    assert edits_between(one, one[:at] + letter + one[at:]) == 1
    swapped = one[:at] + one[at : at + 2][::-1] + one[at + 2 :]
    assert edits_between(one, swapped) <= 1


BEFORE = {"greeting": "Hello.", "system_prompt": "Hi.", "layers": {"stt": {"hotwords": "Roey"}}}


def desk(spec: Mapping[str, object]) -> Manifest:
    return manifest("persona.desk", {"pal_name": "Desk", **spec})


def after_apply() -> Lab:
    lab = Lab()
    lab.apply(desk(BEFORE))
    return lab


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({**BEFORE, "greeting": None, "greting": "Hello."}, "greting"),
        ({"system_prompt": "Hi.", "greetign": "Hello.", "layers": BEFORE["layers"]}, "greetign"),
        ({**BEFORE, "layers": {"sttt": {"hotwords": "Roey"}}}, "sttt"),
        ({**BEFORE, "layers": {"stt": {"hot_words": "Roey"}}}, "hot_words"),
    ],
)
def test_what_would_be_removed_by_a_typo_is_an_error(spec: dict[str, object], word: str) -> None:
    lab = after_apply()
    spec = {key: value for key, value in spec.items() if value is not None}
    with pytest.raises(PlanError) as raised:
        lab.plan(desk(spec))
    (found,) = raised.value.diagnostics
    assert found.code == "E-typo" and repr(word) in found.summary


@pytest.mark.parametrize(
    "spec",
    [
        {**BEFORE, "greting": "x"},  # the known one is still there
        {"system_prompt": "Hi.", "layers": BEFORE["layers"]},  # nothing unknown
        {"system_prompt": "Hi.", "welcome_word": "Hello.", "layers": BEFORE["layers"]},  # nothing near
    ],
)
def test_everything_else_is_a_plan(spec: dict[str, object]) -> None:
    lab = after_apply()
    assert lab.plan(desk(spec)).changes


def test_a_name_that_was_applied_beside_the_known_one_is_meant() -> None:
    lab = Lab()
    lab.apply(desk({**BEFORE, "greting": "x"}))
    without = {key: value for key, value in BEFORE.items() if key != "greeting"}
    assert lab.plan(desk({**without, "greting": "x"})).changes
