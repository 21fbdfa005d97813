"""Caps from the project file and the environment."""

from __future__ import annotations

import pytest

from reconciler.core.settings.limit_settings import read_limits
from reconciler.errors import UsageError
from reconciler.types.answer_limits import MB, Limits


def test_nothing_set_gives_the_usual_caps():
    assert read_limits({}, {}) == Limits(64 * MB, 1024 * MB, 10_000, 120.0)


def test_the_environment_wins_over_the_project_file():
    found = read_limits({"max_answer_mb": 2, "max_pages": 7}, {"RECONCILER_MAX_ANSWER_MB": "0.5"})
    assert (found.answer, found.pages) == (MB // 2, 7)


@pytest.mark.parametrize("value", ["many", "nan", "inf", "-1", "0"])
def test_what_is_no_cap_is_refused(value):
    with pytest.raises(UsageError):
        read_limits({}, {"RECONCILER_MAX_PAGES": value})


def test_the_whole_is_four_timeouts_and_never_more_than_the_cap():
    assert Limits().seconds(30) == 120
    assert Limits().seconds(1) == 4
    assert Limits(whole=5).seconds(30) == 5
