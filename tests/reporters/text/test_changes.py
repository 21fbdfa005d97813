from __future__ import annotations

from reconciler.reporters.shown_leaves import Leaf
from reconciler.reporters.text.changes import MAX_ITEMS, leaf_lines
from reconciler.reporters.text.paint import Paint
from reconciler.types.change import Direction
from reconciler.types.report import Style


def lines(*leaves: Leaf, width: int = 100, **style: bool) -> list[str]:
    return list(leaf_lines(leaves, Paint(Style(width=width, **style)), ""))


def test_short_fields_are_aligned() -> None:
    assert lines(Leaf("/a", 1, 2), Leaf("/long/path", 1, 2)) == ["~ /a        : 1 -> 2", "~ /long/path: 1 -> 2"]


def test_a_very_long_path_does_not_push_the_others_away() -> None:
    long = "/layers/" + "x" * 60
    assert lines(Leaf("/a", 1, 2), Leaf(long, 1, 2)) == ["~ /a: 1 -> 2", f"~ {long}: 1 -> 2"]


def test_texts_and_lists_stand_below_short_fields() -> None:
    shown = lines(Leaf("/prompt", "a\nb", "a\nc"), Leaf("/tags", [], ["t"]), Leaf("/z", 1, 2))
    assert shown[0] == "~ /z: 1 -> 2"
    assert shown[1].startswith("~ /prompt: ")
    assert shown[-2:] == ["~ /tags:", '    + "t"']


def test_directions_stand_at_the_end() -> None:
    assert lines(Leaf("/a", 1, 2, Direction.LIVE)) == ["~ /a: 1 -> 2  (live)"]
    assert lines(Leaf("/a", [], ["x"], Direction.BOTH))[0] == "~ /a:  (both)"


def test_a_pair_that_does_not_fit_takes_two_lines() -> None:
    before, after = "before " * 8, "after " * 8
    assert lines(Leaf("/a", before, after), width=60) == [f'~ /a: "{before}"', f'    -> "{after}"']


def test_many_items_are_counted_unless_verbose() -> None:
    leaf = Leaf("/tags", [], [f"tag{number}" for number in range(MAX_ITEMS + 5)])
    assert lines(leaf)[-1] == "      … 5 more differences (--verbose shows them)"
    assert len(lines(leaf)) == MAX_ITEMS + 2
    assert len(lines(leaf, verbose=True)) == MAX_ITEMS + 6


def test_what_was_applied_may_not_be_known() -> None:
    assert lines(Leaf("/a", None, "x", Direction.LIVE, forgotten=True)) == ['~ /a: (not known) -> "x"  (live)']


def test_a_hidden_difference_is_still_told() -> None:
    same = {"token": "(sensitive)"}
    assert lines(Leaf("/a", same, dict(same))) == ["~ /a: a secret inside it differs"]


def test_hostile_paths_and_items_are_written_out() -> None:
    shown = lines(Leaf("/\x1b[2J", [], ["\x07"], names=True))
    assert shown == ["~ /«\\u001b»[2J:", "    + «\\u0007»"]
