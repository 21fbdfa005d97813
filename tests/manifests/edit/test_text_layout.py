"""Where keys and values stand in a text."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.edit.text_layout import ALIAS, CannotEdit, Part, json_layout, yaml_layout
from reconciler.types.json import Json
from tests.support.oddyaml import Odd, odd_json, odd_yaml


def agrees(text: str, part: Part, value: Json) -> bool:
    """The parts have the members of the value, inside of each other and in order."""
    assert 0 <= part.start <= part.end <= len(text)
    if isinstance(value, dict):
        assert [member.key for member in part.members] == list(value)
        members = list(value.values())
    elif isinstance(value, list):
        assert len(part.members) == len(value)
        members = value
    else:
        assert part.members == []
        return True
    at = part.start
    for member, inner in zip(part.members, members, strict=True):
        assert at <= member.start <= member.key_end <= member.value.start or member.value.is_empty
        assert member.value.end <= part.end
        at = member.value.end
        agrees(text, member.value, inner)
    return True


@given(odd_yaml())
def test_yaml_parts_lie_where_the_data_is(odd: Odd) -> None:
    (root,) = yaml_layout(odd.text)
    assert agrees(odd.text, root, odd.data)


@given(odd_json())
def test_json_parts_lie_where_the_data_is(odd: Odd) -> None:
    (root,) = json_layout(odd.text)
    assert agrees(odd.text, root, odd.data)


@given(odd_json())
def test_a_scalar_of_json_is_cut_out_exactly(odd: Odd) -> None:
    (root,) = json_layout(odd.text)
    for member in root.members:
        assert json.loads(odd.text[member.value.start : member.value.end]) == odd.data[str(member.key)]


@given(st.sampled_from(["\n", "\r\n"]), st.sampled_from(["", "é", "🎉"]))
def test_offsets_count_characters(newline: str, odd: str) -> None:
    text = f"# {odd}{newline}a: {odd or 'x'}{newline}b: |{newline}  {odd}y{newline}{newline}c: 3{newline}"
    (root,) = yaml_layout(text)
    a, b, c = root.members
    assert text[a.value.start : a.value.end] == (odd or "x")
    assert text[b.value.start : b.value.end] == f"|{newline}  {odd}y"
    assert text[c.start : c.value.end] == "c: 3"


def test_aliases_and_merges() -> None:
    text = "a: &x {b: 1}\nc: *x\nd: {<<: *x}\n"
    (root,) = yaml_layout(text)
    assert root.members[0].value.anchor
    assert root.members[1].value.kind == ALIAS
    assert root.members[2].value.members[0].key is None


def test_dashes_and_colons() -> None:
    text = "a:\n- # why - not\n  x: 1\n-   2\n"
    (root,) = yaml_layout(text)
    first, second = root.members[0].value.members
    assert text[first.start : first.colon] == "-"
    assert text[second.start : second.value.end] == "-   2"


def test_the_end_of_a_block_is_that_of_its_last_part() -> None:
    text = "a:\n  b: 1  # x\n\n# y\nc: 2\n"
    (root,) = yaml_layout(text)
    assert text[: root.members[0].value.end] == "a:\n  b: 1"


def test_every_document_has_a_part() -> None:
    assert len(yaml_layout("a: 1\n---\n---\nb: 2\n")) == 3
    assert yaml_layout("") == []
    assert json_layout(" ") == []


def test_a_place_is_told_by_line_and_column() -> None:
    assert str(CannotEdit("no", 4).span("a\nb\nc", "x.yaml")) == "x.yaml:3:1"
