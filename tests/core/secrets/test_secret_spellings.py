"""Where a secret text stands in a text that was wrapped, or that somebody escaped."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.secrets.secret_spellings import Folded

PIECES = st.sampled_from(["abc", "x", "%2B", "%2f", "\n  ", "\\n", "\u200b", " ", "\\/", "é"])


@settings(max_examples=60)
@given(st.lists(PIECES, max_size=12))
def test_a_part_of_the_folded_text_is_found_in_the_original(pieces: list[str]) -> None:
    original = "".join(pieces)
    folded = Folded(original)
    for start in range(len(folded.text)):
        for stop in range(start + 1, len(folded.text) + 1):
            first, last = folded.span((start, stop))
            assert Folded(original[first:last]).text == folded.text[start:stop]
