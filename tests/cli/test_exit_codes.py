"""One table of exit codes, and which one wins."""

from __future__ import annotations

import inspect
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler import errors
from reconciler.cli import exit_codes
from reconciler.cli.main import HELP

CODES = st.lists(st.sampled_from(list(exit_codes.GRAVITY)), min_size=1)


@pytest.mark.parametrize(("better", "worse"), [(0, 2), (2, 1), (1, 3), (3, 5), (5, 4), (4, 130)], ids=str)
def test_the_order_of_gravity(better: int, worse: int) -> None:
    assert {exit_codes.worst(pair) for pair in permutations((better, worse))} == {worse}


def test_nothing_happened_is_done() -> None:
    assert exit_codes.worst([]) == exit_codes.DONE


def test_an_unheard_of_code_is_an_error() -> None:
    assert exit_codes.worst([0, 77]) == exit_codes.ERROR


@given(CODES, CODES)
def test_the_worst_of_two_runs_is_the_worst_of_their_worsts(first: list[int], second: list[int]) -> None:
    assert exit_codes.worst([*first, *second]) == exit_codes.worst(
        [exit_codes.worst(first), exit_codes.worst(second)]
    )


def test_every_deliberate_error_has_a_code_of_the_table() -> None:
    codes = {
        one.exit_code
        for _, one in inspect.getmembers(errors, inspect.isclass)
        if issubclass(one, errors.ReconcilerError)
    }
    assert codes <= set(exit_codes.MEANINGS)
    assert set(exit_codes.GRAVITY) == set(exit_codes.MEANINGS)


def test_the_help_names_every_code() -> None:
    missing = [code for code in exit_codes.MEANINGS if f"{code} " not in HELP]
    assert missing == []
