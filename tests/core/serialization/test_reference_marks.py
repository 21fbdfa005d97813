"""References as JSON: read back as what they are, and data that looks like one as data."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.history.preimage import pack
from reconciler.core.serialization.digest import canonical_bytes
from reconciler.core.serialization.reference_marks import lookalikes, read_marks, write_marks
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import SENSITIVE, Json

TEXTS = st.text(max_size=4) | st.sampled_from(["X", "tool.x", "#/a", "(sensitive)", "$secret", "env"])
WORDS = st.sampled_from(
    ["$secret", "$$secret", "$ref", "$$$ref", "$mask", "$$mask", "secret", "env", "file", "literal", "$"]
)
REFERENCES = (
    st.builds(SecretRef, st.sampled_from(["env", "file", "literal"]), TEXTS)
    | st.builds(lambda name: ResourceRef(f"tool.{name}x"), TEXTS)
    | st.just(SENSITIVE)
)


def values(leaves: st.SearchStrategy[Json]) -> st.SearchStrategy[Json]:
    """JSON with look-alikes at every depth."""
    return st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(WORDS | TEXTS, inner, max_size=2)
            | st.builds(lambda word, member: {word: member}, WORDS, inner)
            | st.builds(lambda word, name: {word: {"env": name}}, WORDS, TEXTS)
        ),
        max_leaves=8,
    )


DATA = values(st.none() | st.booleans() | st.integers(-3, 3) | TEXTS)


@settings(max_examples=300, deadline=None)
@given(values(st.none() | st.booleans() | TEXTS | REFERENCES))
def test_every_value_comes_back(value: Json) -> None:
    written = json.loads(json.dumps(write_marks(value)))
    assert repr(read_marks(written)) == repr(value)


@settings(max_examples=200, deadline=None)
@given(DATA)
def test_data_never_becomes_a_reference(value: Json) -> None:
    assert [*lookalikes(read_marks(json.loads(json.dumps(write_marks(value)))))] == [*lookalikes(value)]
    assert "Ref(" not in repr(read_marks(write_marks(value)))


@pytest.mark.parametrize("value", [SecretRef("env", "X"), ResourceRef("tool.x")])
@pytest.mark.parametrize("encode", [json.dumps, canonical_bytes, pack])
def test_no_other_encoder_takes_a_reference(value: Json, encode: object) -> None:
    for one in (value, {"a": [value]}, [{"b": value}]):
        with pytest.raises(TypeError):
            encode(one)  # type: ignore[operator]
