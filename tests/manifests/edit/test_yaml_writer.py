"""Values as text: what is written reads back as the same value, in every YAML reader."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import same
from reconciler.manifests.edit.yaml_writer import (
    Manner,
    block_member,
    plain_is_safe,
    quoted,
    write_document,
    write_flow,
    write_json,
    write_key,
)
from reconciler.manifests.read.yaml_reader import parse_yaml
from reconciler.manifests.tree.problems import Findings
from reconciler.types.json import Json, Object

texts = st.text(st.characters(codec="utf-8"), max_size=30)
leaves = st.one_of(
    texts, st.booleans(), st.none(), st.integers(-(10**9), 10**9), st.sampled_from(["off", "1e3", "a: b"])
)
values: st.SearchStrategy[Json] = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=10,
)


def ours(text: str) -> Json:
    findings = Findings()
    ((_, value),) = parse_yaml(text, "x.yaml", findings)
    assert not findings.has_errors
    return value


@given(st.dictionaries(texts.filter(bool), values, min_size=1, max_size=4))
def test_a_document_reads_back_as_itself(document: Object) -> None:
    assert same(ours(write_document(document)), document)


@given(st.dictionaries(texts.filter(bool), values, min_size=1, max_size=4))
def test_flow_style_reads_back_as_itself(document: Object) -> None:
    assert same(ours(write_flow(document, Manner())), document)


@given(values)
def test_json_reads_back_as_itself(value: Json) -> None:
    for ascii in (True, False):
        assert same(json.loads(write_json(value, Manner(json=True, ascii=ascii), "  ")), value)


@given(texts)
def test_other_readers_agree_about_texts(text: str) -> None:
    shown = "\n".join(block_member("key", text, Manner(), "")) + "\n"
    assert yaml.safe_load(shown) == {"key": text}


@pytest.mark.parametrize(
    "word", ["off", "on", "yes", "no", "null", "true", "~", "1", "1.5", "0x1f", "2026-01-01", "", " a"]
)
def test_words_with_a_meaning_are_quoted(word: str) -> None:
    assert not plain_is_safe(word, flow=False)
    assert write_flow(word, Manner()) == quoted(word)


@pytest.mark.parametrize("word", ["raven-1", "tavus-gpt-oss", "Life Coach", "a/b", "it's", "naïve", "日本"])
def test_ordinary_words_are_plain(word: str) -> None:
    if word != "日本":
        assert plain_is_safe(word, flow=False)
    assert yaml.safe_load(f"key: {write_flow(word, Manner())}") == {"key": word}


def test_long_texts_are_block_texts() -> None:
    assert block_member("p", "one\n\ntwo", Manner(), "") == ("p: |-", "  one", "", "  two")
    assert block_member("p", "one\ntwo\n", Manner(), "  ") == ("  p: |", "    one", "    two")
    assert block_member("p", " one\ntwo", Manner(step=4), "") == ("p: |4-", "     one", "    two")


@pytest.mark.parametrize("text", ["a\n\n\n", "a\r\nb", "a\x07\nb", "\n", "a\u2028\nb"])
def test_what_a_block_text_cannot_hold_is_quoted(text: str) -> None:
    (line,) = block_member("p", text, Manner(), "")
    assert line.startswith('p: "')


def test_at_an_open_end_no_line_end_may_be_needed() -> None:
    (line,) = block_member("p", "a\nb\n", Manner(open_end=True), "")
    assert line == 'p: "a\\nb\\n"'


def test_short_lists_of_words_stay_on_one_line() -> None:
    assert block_member("tools", ["a", {"ref": "tool.b"}], Manner(), "") == ("tools: [a, {ref: tool.b}]",)
    assert len(block_member("queries", ["q" * 60, "r" * 60], Manner(), "")) == 3


def test_keys_follow_their_neighbours() -> None:
    assert write_key("a", Manner(), flow=False) == "a"
    assert write_key("a", Manner(), flow=False, like='"') == '"a"'
    assert write_key("a", Manner(), flow=False, like="'") == "'a'"
    assert write_key("off", Manner(), flow=False) == '"off"'
    assert write_key("a", Manner(json=True), flow=True) == '"a"'


def test_a_document_may_say_what_it_is() -> None:
    assert write_document({"a": 1}, "Made by hand.").splitlines()[0] == "# Made by hand."
