"""Comments that keep a finding on purpose."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.linting.keep_comments import is_kept, kept_codes, split_lines


@pytest.mark.parametrize(
    ("line", "codes"),
    [
        ("# reconciler: keep L32 the customer asked for it", {"L32"}),
        ("model: tavus-gpt-4o  # reconciler: keep L32", {"L32"}),
        ("  # reconciler: keep L32, L28 until May", {"L32", "L28"}),
        ("# reconciler: keep L32 L28: both", {"L32", "L28"}),
        ("#reconciler:keep l32 small letters", {"L32"}),
        ("<!-- reconciler: keep L10 long on purpose -->", {"L10"}),
        ("# reconciler: keep", set()),
        ("# reconciler: keep everything L32", set()),
        ("# reconciler: keep L32x", set()),
        ("model: reconciler: keep L32", set()),
        ("url: http://x#reconciler: keep L32", set()),
        ("", set()),
    ],
)
def test_codes_of_a_line(line: str, codes: set[str]) -> None:
    assert kept_codes(line) == codes


LINES = [
    "spec:",
    "  # reconciler: keep L32 first",
    "  # and a second line of the reason",
    "  model: a",
    "",
    "  engine: b  # reconciler: keep L17",
    "  # reconciler: keep L15",
    "",
    "  voice: c",
]


@pytest.mark.parametrize(
    ("line", "code", "kept"),
    [
        (4, "L32", True),
        (4, "L17", False),
        (6, "L17", True),
        (6, "L32", False),
        (9, "L15", False),
        (9, "L17", False),
        (2, "L32", True),
        (0, "L32", False),
        (10, "L32", False),
        (-1, "L15", False),
    ],
)
def test_where_the_comment_may_stand(line: int, code: str, kept: bool) -> None:
    assert is_kept(LINES, line, code) is kept


def test_lines_break_where_yaml_breaks_them() -> None:
    assert split_lines("a\r\nb\rc\nd\u2028e\x0cf") == ["a", "b", "c", "d", "e\x0cf"]


@given(st.text(), st.integers(-3, 10), st.sampled_from(["L01", "L32"]))
def test_any_text_is_readable(text: str, line: int, code: str) -> None:
    assert is_kept(split_lines(text), line, code) in (True, False)
