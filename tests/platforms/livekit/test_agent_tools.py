"""Names in generated Python: legal, unlike each other, the same whatever the order."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.livekit.agent_tools import RESERVED, function_names, stems
from tests.support.livekitpersonas import NAMES

SETS = st.lists(NAMES, unique_by=str.casefold, max_size=8)


@given(SETS, st.randoms())
def test_stems_are_identifiers_of_their_own_in_any_order(names: list[str], random: object) -> None:
    found = stems(names)
    assert set(found) == set(names)
    assert len({stem.casefold() for stem in found.values()}) == len(names)
    for stem in found.values():
        assert stem.isidentifier() and stem.isascii() and not keyword.iskeyword(stem)
    shuffled = names[:]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert stems(shuffled) == found


@given(st.lists(st.text(min_size=1, max_size=12), unique=True, max_size=8))
def test_handlers_are_identifiers_of_their_own(tools: list[str]) -> None:
    found = function_names(tools)
    assert list(found) == tools
    assert len(set(found.values())) == len(tools)
    for name in found.values():
        assert name.isidentifier() and not keyword.iskeyword(name) and name not in RESERVED


@pytest.mark.parametrize(
    ("name", "stem"),
    [("claims-desk", "claims_desk"), ("1st", "persona_1st"), ("Class", "persona_class"), ("a.b", "a_b")],
)
def test_a_stem_reads_like_the_name(name: str, stem: str) -> None:
    assert stems([name]) == {name: stem}


def test_the_plain_name_keeps_the_plain_stem() -> None:
    found = stems(["claims-desk", "claims_desk"])
    assert found["claims_desk"] == "claims_desk"
    assert found["claims-desk"].startswith("claims_desk_")
