"""Seals: a file that a person changed is told from one that nobody touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.export.target import OPEN, is_untouched, sealed

LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60)


@given(LINES, LINES)
def test_a_sealed_text_is_untouched_whatever_it_holds(before: str, after: str) -> None:
    text = sealed(f"{before}{OPEN}{after}")
    assert is_untouched(text.encode())
    assert is_untouched(text.replace("\n", "\r\n").encode())


@given(LINES, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=5))
def test_any_word_more_breaks_it(after: str, more: str) -> None:
    assert not is_untouched((sealed(f"# {OPEN}\n{after}") + more).encode())


def test_a_seal_inside_of_the_text_is_text() -> None:
    text = sealed(f"{OPEN}\nprompt {OPEN}")
    assert text.endswith(f"prompt {OPEN}")
    assert is_untouched(text.encode())
    assert not is_untouched(text.replace("prompt", "prompts").encode())


@pytest.mark.parametrize("data", [b"", b"no seal", b"\xff\xfe", b"sha256:" + b"1" * 64])
def test_a_file_of_somebody_else_counts_as_changed(data: bytes) -> None:
    assert not is_untouched(data)


def test_a_text_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        sealed("text")
