from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.text import budget_band, count_tokens, visible
from reconciler.core.text_diff import MIN_MOVED_CHARACTERS, Fate, Line, Mark, PromptDiff, diff_prompts
from tests.support.reports import PROMPT, PROMPT_AFTER, long_text

TEXTS = st.lists(
    st.sampled_from(
        ["", "# One", "# Two", "## Three", "```", "a rule", "another rule that is long enough to move", "x"]
    ),
    max_size=25,
).map("\n".join)
RULES = [f"- Rule {number}: ask for the policy number before you answer." for number in range(8)]
LISTS = st.lists(st.sampled_from([*RULES, "# One", "# Two", "short", ""]), max_size=20).map("\n".join)


def fates(diff: PromptDiff) -> dict[str | None, Fate]:
    return {section.heading: section.fate for section in diff.sections}


def marked(diff: PromptDiff, mark: Mark) -> list[str]:
    return [line.text for section in diff.sections for line in section.lines if line.mark is mark]


@pytest.mark.parametrize(("text", "tokens"), [("", 0), ("a", 1), ("abcd", 1), ("abcde", 2), ("é" * 8, 2)])
def test_a_token_is_four_characters(text: str, tokens: int) -> None:
    assert count_tokens(text) == tokens


@pytest.mark.parametrize(
    ("tokens", "band"),
    [(0, "best"), (5_000, "best"), (5_001, "long"), (14_999, "long"), (15_000, "degraded"), (20_001, "too long")],
)
def test_budget_bands(tokens: int, band: str) -> None:
    assert budget_band(tokens) == band


def test_equal_texts() -> None:
    diff = diff_prompts(PROMPT, PROMPT)
    assert set(fates(diff).values()) == {Fate.SAME}
    assert (diff.added, diff.removed, diff.moved) == (0, 0, 0)


def test_sections_and_moves() -> None:
    diff = diff_prompts(PROMPT, PROMPT_AFTER)
    assert fates(diff)[None] is Fate.SAME
    assert fates(diff)["# Role"] is Fate.CHANGED
    assert {fates(diff)["# Rules"], fates(diff)["# Closing"]} == {Fate.CHANGED, Fate.MOVED_AND_CHANGED}
    assert marked(diff, Mark.MOVED_HERE) == ["- Hand over to a person when the caller asks for one twice."]
    assert marked(diff, Mark.MOVED_AWAY) == marked(diff, Mark.MOVED_HERE)


def test_words_are_highlighted_beside_a_moved_line() -> None:
    diff = diff_prompts(PROMPT, PROMPT_AFTER)
    changed = [
        piece.text.strip()
        for section in diff.sections
        for line in section.lines
        for piece in line.pieces
        if piece.changed
    ]
    assert changed == ["and closed", "and the birthday"]


def test_a_section_that_only_moved() -> None:
    before = "# A\nalpha\n# B\nbeta\n# C\ngamma"
    after = "# C\ngamma\n# A\nalpha\n# B\nbeta"
    diff = diff_prompts(before, after)
    assert fates(diff) == {"# C": Fate.MOVED, "# A": Fate.SAME, "# B": Fate.SAME}
    assert diff.moved == 2
    assert diff.added == diff.removed == 0


def test_a_renamed_section_is_one_section() -> None:
    before = "# Tone\nSpeak calmly.\nNever shout.\nSmile.\n# End\nbye"
    after = "# Voice and tone\nSpeak calmly.\nNever shout.\nSmile.\n# End\nbye"
    section = diff_prompts(before, after).sections[0]
    assert (section.heading, section.was, section.fate) == ("# Voice and tone", "# Tone", Fate.CHANGED)


def test_a_removed_section_is_shown_where_it_stood() -> None:
    diff = diff_prompts("# A\na\n# B\nb\n# C\nc", "# A\na\n# C\nc")
    assert [(section.heading, section.fate) for section in diff.sections] == [
        ("# A", Fate.SAME),
        ("# B", Fate.REMOVED),
        ("# C", Fate.SAME),
    ]


def test_an_edit_does_not_smear_over_headings() -> None:
    diff = diff_prompts("# A\nsame line\n# B\nold", "# A\nsame line\nadded\n# B\nold")
    assert fates(diff) == {"# A": Fate.CHANGED, "# B": Fate.SAME}


def test_a_hash_in_fenced_code_is_no_heading() -> None:
    diff = diff_prompts("# A\n```\n# not a heading\n```\nend", "# A\n```\n# not a heading\n```\nend!")
    assert list(fates(diff)) == ["# A"]


def test_equal_headings_are_told_apart_by_their_number() -> None:
    diff = diff_prompts("# A\none\n# A\ntwo", "# A\none\n# A\nthree")
    assert [section.fate for section in diff.sections] == [Fate.SAME, Fate.CHANGED]


def test_short_lines_do_not_move() -> None:
    diff = diff_prompts("# A\nyes\n# B\nb", "# A\n# B\nb\nyes")
    assert diff.moved == 0
    assert marked(diff, Mark.ADDED) == ["yes"]


def test_hidden_characters_are_written_out() -> None:
    diff = diff_prompts("be kind", "be\u200b kind\u202e")
    assert diff.hidden
    assert marked(diff, Mark.ADDED) == ["be«\\u200b» kind«\\u202e»"]
    assert not diff_prompts("be\u200b", "be").hidden


def test_a_change_of_blanks_can_be_seen() -> None:
    diff = diff_prompts("two words", "two  words")
    assert marked(diff, Mark.REMOVED) == ["two·words"]
    assert marked(diff, Mark.ADDED) == ["two··words"]


def test_line_numbers_count_in_the_whole_text() -> None:
    diff = diff_prompts("# A\na\n# B\nb", "# A\na\nmore\n# B\nb")
    last = diff.sections[-1].lines[-1]
    assert (last.text, last.before, last.after) == ("b", 4, 5)


def test_from_and_to_nothing() -> None:
    assert diff_prompts("", "a\nb").added == 2
    assert diff_prompts("a\nb", "").removed == 2
    assert diff_prompts("", "").sections == ()


def test_a_long_text_without_line_ends_is_compared_by_words() -> None:
    words = [f"word{number}" for number in range(3000)]
    other = [*words]
    other[1500] = "changed"
    (section,) = diff_prompts(" ".join(words), " ".join(other)).sections
    assert [piece.text for line in section.lines for piece in line.pieces if piece.changed] == ["word1500", "changed"]


def test_unrelated_long_texts_are_shown_whole() -> None:
    before, after = "\n".join(["a b", "c"] * 300), "\n".join(["c", "x y"] * 300)
    diff = diff_prompts(before, after)
    assert diff.coarse
    assert diff.removed == diff.added == 600


def test_only_the_sections_that_differ_change() -> None:
    diff = diff_prompts(long_text(1), long_text(2))
    assert sum(section.fate is Fate.CHANGED for section in diff.sections) == 8
    assert diff.added == diff.removed == 8
    assert not diff.coarse


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_back_from_the_diff(before: str, after: str) -> None:
    lines = [line for section in diff_prompts(before, after).sections for line in section.lines]
    old = {line.before: line.text for line in lines if line.before is not None}
    new = {line.after: line.text for line in lines if line.after is not None}
    assert [new[number] for number in sorted(new)] == (after.split("\n") if after else [])
    assert [old[number] for number in sorted(old)] == (before.split("\n") if before else [])


@given(st.text(max_size=200), st.text(max_size=200))
def test_any_text_can_be_compared(before: str, after: str) -> None:
    diff = diff_prompts(before, after)
    shown = [line.after for section in diff.sections for line in section.lines if line.after is not None]
    assert sorted(shown) == list(range(1, len(after.split("\n")) + 1 if after else 1))
    assert all(visible(line.text) == line.text for section in diff.sections for line in section.lines)


SCRIPTS = [
    "👩‍👩‍👧‍👦 family",
    "יש לבקש את המספר",
    "保険契約番号を確認",
    "a\u202eb\u2066c",
    "x\u200by",
    "\ud800",
    "\x00",
]
LETTERS = st.text(alphabet=st.characters(exclude_categories=()), max_size=60) | st.sampled_from(SCRIPTS)


@given(st.lists(LETTERS, max_size=6).map("\n".join), st.lists(LETTERS, max_size=6).map("\n".join))
def test_any_two_texts_can_be_read_back_line_by_line(before: str, after: str) -> None:
    """In whatever script: what is shown of each side is that side, with what no screen shows written out."""
    lines = [line for section in diff_prompts(before, after).sections for line in section.lines]
    for text, number in ((before, "before"), (after, "after")):
        shown = {getattr(line, number): line for line in lines if getattr(line, number) is not None}
        expected = text.split("\n") if text else []
        assert sorted(shown) == list(range(1, len(expected) + 1))
        for index, original in enumerate(expected, 1):
            line = shown[index]
            if not any(piece.changed for piece in line.pieces):
                assert line.text == visible(original)


@given(
    st.lists(st.text(alphabet="ab ", max_size=12), max_size=8),
    st.lists(st.text(alphabet="ab ", max_size=12), max_size=8),
)
def test_counts_and_tokens_are_those_of_the_texts(before: list[str], after: list[str]) -> None:
    diff = diff_prompts("\n".join(before), "\n".join(after))
    assert diff.added == len(marked(diff, Mark.ADDED))
    assert diff.removed == len(marked(diff, Mark.REMOVED))
    assert diff.tokens_before == count_tokens("\n".join(before))
    assert diff.tokens_after == count_tokens("\n".join(after))
    assert diff.band == budget_band(diff.tokens_after)
    if before == after:
        assert diff.added == diff.removed == diff.moved == 0


@pytest.mark.parametrize(
    ("before", "after", "changed"),
    [
        ("保険契約番号を確認してください。", "保険証券番号を確認してください。", ["契約", "証券"]),
        ("Wave 👋🏽 now", "Wave 👋🏿 now", ["👋🏽", "👋🏿"]),
        ("With 👩‍👩‍👧 here", "With 👩‍👩‍👦 here", ["👩‍👩‍👧", "👩‍👩‍👦"]),
        ("Seoul 서울 city", "Seoul 부산 city", ["서울", "부산"]),
    ],
)
def test_scripts_without_blanks_and_joined_signs(before: str, after: str, changed: list[str]) -> None:
    """What changed is marked character by character where words are not parted by blanks, and no sign is cut."""
    (section,) = diff_prompts(before, after).sections
    assert [piece.text for line in section.lines for piece in line.pieces if piece.changed] == changed


def lines(before: str, after: str, mark: Mark) -> list[Line]:
    found = diff_prompts(before, after).sections
    return [line for section in found for line in section.lines if line.mark is mark]


@given(LISTS, LISTS)
def test_whatever_went_away_as_moved_came_back_as_moved(before: str, after: str) -> None:
    here = Counter(line.text for line in lines(before, after, Mark.MOVED_HERE))
    away = Counter(line.text for line in lines(before, after, Mark.MOVED_AWAY))
    assert here == away
    assert sum(len(text.strip()) * count for text, count in here.items()) >= MIN_MOVED_CHARACTERS or not here


@given(LISTS, LISTS)
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
