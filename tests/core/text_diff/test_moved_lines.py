"""Lines that only changed their place."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text_diff.moved_lines import MIN_MOVED_CHARACTERS
from reconciler.core.text_diff.text_diff import Line, Mark, diff_prompts

RULES = [f"- Rule {number}: ask for the policy number before you answer." for number in range(8)]
TEXTS = st.lists(st.sampled_from([*RULES, "# One", "# Two", "short", ""]), max_size=20).map("\n".join)


def lines(before: str, after: str, mark: Mark) -> list[Line]:
    found = diff_prompts(before, after).sections
    return [line for section in found for line in section.lines if line.mark is mark]


@given(TEXTS, TEXTS)
def test_whatever_went_away_as_moved_came_back_as_moved(before: str, after: str) -> None:
    here = Counter(line.text for line in lines(before, after, Mark.MOVED_HERE))
    away = Counter(line.text for line in lines(before, after, Mark.MOVED_AWAY))
    assert here == away
    assert sum(len(text.strip()) * count for text, count in here.items()) >= MIN_MOVED_CHARACTERS or not here


@given(TEXTS, TEXTS)
def test_a_moved_line_stands_on_one_side_alone(before: str, after: str) -> None:
    assert all(line.before is None for line in lines(before, after, Mark.MOVED_HERE))
    assert all(line.after is None for line in lines(before, after, Mark.MOVED_AWAY))


@given(st.permutations(RULES))
def test_a_new_order_is_neither_added_nor_removed(order: list[str]) -> None:
    before, after = "\n".join(["# Rules", *RULES]), "\n".join(["# Rules", *order])
    assert lines(before, after, Mark.ADDED) == lines(before, after, Mark.REMOVED) == []
    assert bool(lines(before, after, Mark.MOVED_HERE)) is (order != RULES)


def test_a_line_that_moved_and_changed_is_no_move() -> None:
    before = "# One\n" + RULES[0] + "\n# Two\nend"
    after = "# One\n# Two\nend\n" + RULES[0].replace("policy", "claim")
    assert lines(before, after, Mark.MOVED_HERE) == []
    assert len(lines(before, after, Mark.ADDED)) == len(lines(before, after, Mark.REMOVED)) == 1
