"""A text cut at its headings, and which section is which of another text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.line_diff import cut_blocks, pair_blocks

LINES = st.lists(
    st.sampled_from(["", "# One", "## One", "# Two", "#hash", "    # code", "```", "~~~", "text", "other text"])
    | st.text(alphabet="#`~ ab\t", max_size=8),
    max_size=30,
)


@given(LINES)
def test_the_blocks_are_the_text(lines: list[str]) -> None:
    blocks = cut_blocks(lines)
    assert [line for block in blocks for line in block.lines] == lines
    assert [line for block in blocks for line in lines[block.start : block.start + len(block.lines)]] == lines
    assert all(block.lines for block in blocks)
    assert all(block.heading is not None for block in blocks[1:])
    assert all(block.heading in (None, block.lines[0].strip()) for block in blocks)


@given(LINES)
def test_a_text_pairs_with_itself_one_to_one(lines: list[str]) -> None:
    blocks = cut_blocks(lines)
    assert pair_blocks(blocks, blocks) == {index: index for index in range(len(blocks))}


@given(LINES, LINES)
def test_no_section_is_paired_twice(old: list[str], new: list[str]) -> None:
    before, after = cut_blocks(old), cut_blocks(new)
    pairs = pair_blocks(before, after)
    assert len(set(pairs.values())) == len(pairs)
    assert set(pairs) <= set(range(len(after)))
    assert set(pairs.values()) <= set(range(len(before)))


def test_depth_and_case_of_a_heading_do_not_matter() -> None:
    assert pair_blocks(cut_blocks(["# Tone", "a"]), cut_blocks(["### TONE", "b"])) == {0: 0}


def test_code_and_hashtags_are_no_headings() -> None:
    assert len(cut_blocks(["```", "# in code", "```", "#tag", "    # indented"])) == 1
    assert [block.heading for block in cut_blocks(["~~~", "```", "# in", "~~~", "# out"])] == [None, "# out"]
