"""Delays, attempts and Retry-After."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.client.retry_policy import (
    RetryPolicy,
    Trouble,
    is_repeatable,
    judge,
    needs_image,
    parse_retry_after,
)

NOW = "2026-11-21T05:13:47Z"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0.5 ", 0.5),
        ("0", 0.0),
        ("-3", 0.0),
        ("Sat, 21 Nov 2026 05:13:57 GMT", 10.0),
        ("Sat, 21 Nov 2026 05:13:00 GMT", 0.0),
        ("Saturday, 21-Nov-26 05:13:57 GMT", 10.0),
        (None, None),
        ("", None),
        ("soon", None),
        ("nan", None),
        ("inf", None),
        ("Sat, 99 Nov 2026 05:13:57 GMT", None),
    ],
)
def test_retry_after(value: str | None, seconds: float | None) -> None:
    assert parse_retry_after(value, now=NOW) == seconds


def test_the_date_of_the_answer_is_the_reference() -> None:
    value = "Sat, 21 Nov 2026 09:00:30 GMT"
    assert parse_retry_after(value, now=NOW, date="Sat, 21 Nov 2026 09:00:00 GMT") == 30.0


def test_an_unreadable_date_of_the_answer_is_ignored() -> None:
    assert parse_retry_after("Sat, 21 Nov 2026 05:13:57 GMT", now=NOW, date="yesterday") == 10.0


def test_an_unreadable_clock_gives_nothing() -> None:
    assert parse_retry_after("Sat, 21 Nov 2026 05:13:57 GMT", now="noon") is None


def test_a_clock_without_zone_is_utc() -> None:
    assert parse_retry_after("Sat, 21 Nov 2026 05:13:57 GMT", now="2026-11-21T05:13:47") == 10.0


@pytest.mark.parametrize(("failures", "longest"), [(1, 0.5), (2, 1.0), (3, 2.0), (6, 16.0), (7, 20.0), (500, 20.0)])
def test_the_wait_doubles_up_to_the_cap(failures: int, longest: float) -> None:
    assert RetryPolicy().delay(failures, None, lambda: 0.0) == 0.0
    assert RetryPolicy().delay(failures, None, lambda: 1.0) == longest


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True), st.floats(0, 60))
def test_never_sooner_than_asked_for_and_hardly_later(failures: int, random: float, asked: float) -> None:
    assert asked <= RetryPolicy().delay(failures, asked, lambda: random) <= asked + 1.0


def test_an_unreasonable_retry_after_is_capped() -> None:
    assert RetryPolicy().delay(1, 86_400.0, lambda: 0.0) == 60.0


@pytest.mark.parametrize(
    ("trouble", "open_outcome"),
    [
        (Trouble.UNSENT, False),
        (Trouble.THROTTLED, False),
        (Trouble.TIMEOUT, True),
        (Trouble.BROKEN, True),
        (Trouble.FAULT, True),
    ],
)
def test_which_trouble_leaves_the_outcome_open(trouble: Trouble, open_outcome: bool) -> None:
    assert trouble.may_have_happened is open_outcome
    assert RetryPolicy().attempts(trouble) >= 3


ADD = {"op": "add", "path": "/greeting", "value": "hi"}
REPLACE = {"op": "replace", "path": "/layers/llm/model", "value": "m"}
REPLACE_ITEM = {"op": "replace", "path": "/layers/llm/tools/0", "value": {}}
APPEND = {"op": "add", "path": "/guardrail_ids/-", "value": "g1"}
INSERT = {"op": "add", "path": "/guardrail_ids/0", "value": "g1"}
REMOVE = {"op": "remove", "path": "/context"}
REMOVE_ITEM = {"op": "remove", "path": "/layers/llm/tools/1"}
MOVE = {"op": "move", "from": "/layers/perception/perception_tools", "path": "/layers/perception/visual_tools"}


@pytest.mark.parametrize(
    ("operations", "repeatable", "image"),
    [
        ([], True, False),
        ([ADD], True, False),
        ([ADD, REPLACE, REPLACE_ITEM], True, False),
        ([APPEND], False, True),
        ([INSERT], False, True),
        ([REMOVE_ITEM], False, True),
        ([ADD, REMOVE_ITEM], False, True),
        ([REMOVE], False, False),
        ([MOVE], False, False),
        ([REMOVE, REMOVE_ITEM], False, False),
        ({"description": "a merging patch"}, False, False),
    ],
)
def test_what_may_be_sent_twice(operations: Any, repeatable: bool, image: bool) -> None:
    assert is_repeatable(operations) is repeatable
    assert needs_image(operations) is image


@pytest.mark.parametrize(
    ("operations", "body", "landed"),
    [
        ([REMOVE], {"pal_id": "p1"}, True),
        ([REMOVE], {"pal_id": "p1", "context": None}, True),
        ([REMOVE], {"pal_id": "p1", "context": "old"}, False),
        ([ADD, REMOVE], {"greeting": "hi", "context": "old"}, False),
        ([MOVE], {"layers": {"perception": {"visual_tools": []}}}, True),
        ([MOVE], {"layers": {"perception": {"perception_tools": []}}}, False),
        ([REMOVE, REMOVE_ITEM], {}, True),
    ],
)
def test_a_member_that_went_tells(operations: Any, body: Any, landed: bool) -> None:
    assert judge(operations, None)(body) is landed


def test_an_image_tells_the_rest() -> None:
    image = {"guardrail_ids": ["g0"], "updated_at": "1"}
    landed = judge([APPEND], image)
    assert not landed({"guardrail_ids": ["g0"], "updated_at": "2"})
    assert landed({"guardrail_ids": ["g0", "g1"], "updated_at": "2"})


def test_without_a_mark_nothing_landed() -> None:
    assert judge([ADD], None)({"greeting": "hi"}) is False


def test_the_jitter_comes_on_top_of_what_was_asked_for_and_is_a_second_at_most() -> None:
    """All that were turned away in the same moment were asked to come back in the same moment."""
    assert RetryPolicy().delay(1, 10.0, lambda: 1.0) == 10.5
    assert RetryPolicy().delay(1, 10.0, lambda: 0.5) == 10.25
    assert RetryPolicy().delay(9, 10.0, lambda: 0.5) == 11.0
    assert RetryPolicy().delay(9, 3600.0, lambda: 0.5) == 61.0
    assert RetryPolicy().delay(1, 0.0, lambda: 1.0) == 0.5, "nought is an answer, too"


def test_a_busy_account_is_asked_again_however_often_it_says_so() -> None:
    assert RetryPolicy().attempts(Trouble.THROTTLED) == float("inf")
    counted = RetryPolicy(unsent=1, timeout=2, broken=3, odd=4, fault=5)
    told = (Trouble.UNSENT, Trouble.TIMEOUT, Trouble.BROKEN, Trouble.ODD, Trouble.FAULT)
    assert [counted.attempts(trouble) for trouble in told] == [1, 2, 3, 4, 5]
    assert Trouble.ODD.may_have_happened


@pytest.mark.parametrize(
    ("operation", "repeatable", "image"),
    [
        ({"op": "move", "from": "/tools/0", "path": "/layers/x"}, False, True),
        ({"op": "move", "from": "/a", "path": "/tools/-"}, False, True),
        ({"op": "copy", "from": "/a", "path": "/tools/-"}, False, True),
        ({"op": "copy", "from": "/tools/0", "path": "/a"}, True, False),
        ({"op": "add", "path": "", "value": {}}, True, False),
        ({"op": "test", "path": "/tools/0", "value": 1}, True, False),
        ({"op": "remove", "path": 7}, True, False),
        ({"op": "remove"}, True, False),
        ("remove", True, False),
    ],
)
def test_single_operations(operation: Any, repeatable: bool, image: bool) -> None:
    assert is_repeatable([operation]) is repeatable
    assert needs_image([operation]) is image


def test_members_of_two_names_tell_apart_what_moved_and_what_went() -> None:
    move = {"op": "move", "from": "/context", "path": "/greeting"}
    assert judge([move], None)({"greeting": "x"})
    assert not judge([move], None)({"context": "x"})
    assert not judge({"context": None}, None)({})
    assert not judge(["odd", ADD], None)({})
