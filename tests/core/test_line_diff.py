from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.line_diff import MAX_CELLS, Work, find_edits, find_partners, find_rising, split_words

LINES = st.lists(st.sampled_from(["", "a", "b", "c", "d e"]), max_size=30)


@given(LINES, LINES)
def test_edits_cover_both_sides_once_and_in_order(a: list[str], b: list[str]) -> None:
    edits = list(find_edits(a, b, Work()))
    at_a = at_b = 0
    for a1, a2, b1, b2 in edits:
        assert (a1, b1) == (at_a, at_b)
        at_a, at_b = a2, b2
    assert (at_a, at_b) == (len(a), len(b))


@given(LINES, LINES)
def test_edits_turn_one_side_into_the_other(a: list[str], b: list[str]) -> None:
    rebuilt: list[str] = []
    for a1, a2, b1, b2 in find_edits(a, b, Work()):
        rebuilt += a[a1:a2] if a[a1:a2] == b[b1:b2] else b[b1:b2]
    assert rebuilt == b


def test_equal_sequences_are_one_edit() -> None:
    assert list(find_edits(["a", "b"], ["a", "b"], Work())) == [(0, 2, 0, 2)]


def test_large_inputs_are_anchored_by_what_stands_once() -> None:
    a = [f"line {number}" for number in range(1000)]
    b = [*a[:500], "new", *a[500:]]
    b[100] = "changed"
    b[900] = "changed too"
    work = Work()
    changed = [edit for edit in find_edits(a, b, work) if a[edit[0] : edit[1]] != b[edit[2] : edit[3]]]
    assert changed == [(100, 101, 100, 101), (500, 500, 500, 501), (899, 900, 900, 901)]
    assert not work.coarse


def test_what_is_too_large_is_replaced_whole_and_says_so() -> None:
    a, b = ["x", "y"] * MAX_CELLS, ["y", "z"] * MAX_CELLS
    work = Work()
    edits = list(find_edits(a, b, work))
    assert edits == [(0, len(a), 0, len(b))]
    assert work.coarse


@given(st.lists(st.integers(0, 30), unique=True))
def test_rising_values_rise_and_come_from_the_input(values: list[int]) -> None:
    kept = find_rising(values)
    assert kept == sorted(kept)
    positions = [values.index(value) for value in kept]
    assert positions == sorted(positions)
    assert bool(kept) == bool(values)


def test_rising_is_longest() -> None:
    assert find_rising([5, 1, 2, 0, 3, 4]) == [1, 2, 3, 4]


def test_partners_are_similar_and_keep_their_order() -> None:
    old = ["Ask for the policy number first.", "Say goodbye."]
    new = ["Something else entirely", "Ask for the policy number and name first.", "Say goodbye now."]
    assert list(find_partners(old, new)) == [(0, 1), (1, 2)]


def test_partners_of_long_lists_stand_at_the_same_place() -> None:
    old = [f"rule number {number} stays" for number in range(50)]
    new = [f"rule number {number} goes" for number in range(50)]
    assert list(find_partners(old, new)) == [(number, number) for number in range(50)]


def test_words() -> None:
    left, right = split_words("Be kind to all callers.", "Be very polite to all callers.", Work())
    assert left == [("Be ", False), ("kind", True), (" to all callers.", False)]
    assert right == [("Be ", False), ("very polite", True), (" to all callers.", False)]


def test_two_changed_words_light_up_as_one() -> None:
    left, right = split_words("the red car stops", "the blue bus stops", Work())
    assert left == [("the ", False), ("red car", True), (" stops", False)]
    assert right == [("the ", False), ("blue bus", True), (" stops", False)]


@given(st.text(max_size=60), st.text(max_size=60))
def test_words_lose_nothing(old: str, new: str) -> None:
    old, new = old.replace("\n", " "), new.replace("\n", " ")
    left, right = split_words(old, new, Work())
    assert "".join(text for text, _ in left) == old
    assert "".join(text for text, _ in right) == new
    assert [text for text, changed in left if not changed] == [text for text, changed in right if not changed] or (
        "".join(text for text, changed in left if not changed)
        == "".join(text for text, changed in right if not changed)
    )
