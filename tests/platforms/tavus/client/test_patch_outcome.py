"""Which patches may be sent twice, and how the object tells whether one landed."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.platforms.tavus.client.patch_outcome import is_repeatable, judge, needs_image

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
