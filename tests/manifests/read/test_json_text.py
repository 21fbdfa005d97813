"""JSON text -> values, and where everything stands in it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.read.envelope import read_documents
from reconciler.manifests.read.json_text import parse_json, places
from reconciler.manifests.read.yaml_reader import MAX_PROBLEMS
from reconciler.manifests.tree.problems import Findings
from reconciler.types.diagnostic import Diagnostic

LEAF = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
DOCUMENT = st.recursive(
    LEAF | TEXT, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4), max_leaves=15
)


def problems(text: str) -> list[Diagnostic]:
    findings = Findings()
    parse_json(text, "x.json", findings)
    return findings.items


def read(text: str) -> Any:
    findings = Findings()
    ((_, value),) = parse_json(text, "x.json", findings)
    assert findings.items == []
    return value


@given(DOCUMENT, st.sampled_from([None, 2, "\t"]), st.booleans())
def test_a_dumped_document_loads_equal(value: Any, indent: int | str | None, ascii_only: bool) -> None:
    document = {"v": value}
    assert read(json.dumps(document, indent=indent, ensure_ascii=ascii_only)) == document


@given(DOCUMENT, st.sampled_from([None, 1]))
def test_every_value_has_a_place(value: Any, indent: int | None) -> None:
    text = json.dumps(value, indent=indent)
    decoder = json.JSONDecoder()

    def expected(part: Any, tokens: tuple[str, ...]) -> dict[tuple[str, ...], Any]:
        table = {tokens: part}
        pairs = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        for key, member in pairs:
            table.update(expected(member, (*tokens, str(key))))
        return table

    found = {tokens: (key, at) for tokens, key, at in places(text)}
    assert found.keys() == expected(value, ()).keys()
    for tokens, part in expected(value, ()).items():
        key_at, value_at = found[tokens]
        assert decoder.raw_decode(text, value_at)[0] == part
        if key_at not in {value_at, -1}:
            assert decoder.raw_decode(text, key_at)[0] == tokens[-1]


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ('{"a": 1,}', "x.json:1:9|x.json:1:8", "property name|trailing comma"),  # the second since Python 3.13
        ("[1, 2,]", "x.json:1:7|x.json:1:6", "Expecting value|trailing comma"),
        ("{'a': 1}", "x.json:1:2", "property name"),
        ('{"a": 1\n "b": 2}', "x.json:2:2", "delimiter"),
        ("[1, // two\n 2]", "x.json:1:5", "Expecting value"),
        ('{"a": "x\ny"}', "x.json:1:9", "control character"),
        ('{"a": NaN}', "x.json:1:7", "NaN"),
        ('{"a":\n -Infinity}', "x.json:2:2", "Infinity"),
        ('{"a": 1e999}', "x.json:1:7", "too large"),
        (f'{{"a": {"9" * 5000}}}', "x.json:1:7", "digits"),
        ('{"a": 1} x', "x.json:1:10", "Extra data"),
        ("{", "x.json:1:2", "property name"),
        ('{"a": "\\ud800"}', "x.json:1:8", "surrogate"),
        ('{"a": "\\udc00\\ud800"}', "x.json:1:8", "surrogate"),
        ('{"a": "\\ud83d\\ude00 \\uD83D"}', "x.json:1:21", "surrogate"),
        ("[" * 500 + "]" * 500, "x.json:1:1", "nested"),
        ("[" * 100_000, "x.json:1:1", "nested"),
    ],
)
def test_errors_have_a_place(text: str, place: str, word: str) -> None:
    (found,) = problems(text)
    assert found.is_error
    assert str(found.span) in place.split("|")
    assert any(one in found.summary.lower() for one in word.lower().split("|"))


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('{"a": 1,}', "comma"),
        ("[1, // two\n 2]", "comments"),
        ("{'a': 1}", "double quotes"),
        ('{"a": "x\ny"}', "\\n"),
    ],
)
def test_common_errors_say_what_to_do(text: str, hint: str) -> None:
    (found,) = problems(text)
    assert found.hint is not None
    assert hint in found.hint


def test_duplicate_keys_name_both_places() -> None:
    text = '{\n  "a": 1,\n  "b": [{"x": 1}, {"x": 1, "y": {}, "x": 2}],\n  "a": 3\n}'
    first, second = problems(text)
    assert (str(first.span), str(second.span)) == ("x.json:3:37", "x.json:4:3")
    assert first.code == "E-duplicate"
    assert "line 3, column 20" in first.summary
    assert "line 2, column 3" in second.summary


def test_surrogate_pairs_and_escapes_are_read() -> None:
    assert read('{"a": "\\ud83d\\ude00\\uD83D\\uDE00 \\\\ud800 \\u0000 \\/"}') == {"a": "😀😀 \\ud800 \0 /"}


@pytest.mark.parametrize("text", ["", "  \n", "null"])
def test_nothing_is_nothing(text: str) -> None:
    findings = Findings()
    assert parse_json(text, "x.json", findings) == []
    assert findings.items == []


@given(st.text(st.sampled_from(list('{}[]:,"\\ud8 01e-NaInfity.tre\n')), max_size=30))
def test_any_text_gives_values_or_findings(text: str) -> None:
    findings = Findings()
    values = parse_json(text, "x.json", findings)
    assert len(values) <= 1
    assert all(item.span is not None for item in findings.items)


def test_a_flood_of_duplicates_is_cut_short() -> None:
    assert len(problems("{" + ",".join(['"a": 1'] * 1000) + "}")) == MAX_PROBLEMS


@pytest.mark.parametrize("comment", ["// why", "/* why */", "# why"])
def test_the_way_out_for_comments_works(comment: str) -> None:
    """The hint is to let the comment start with `#` under a .yaml name; then the rest reads as it stands."""
    text = '{"a": 1, %s\n\t"b": [2]}\n'
    findings = Findings()
    assert parse_json(text % comment, "x.json", findings) == []
    (found,) = findings.items
    assert found.hint is not None
    assert ".yaml" in found.hint
    assert "#" in found.hint
    again = Findings()
    (document,) = read_documents((text % "# why").encode(), "x.yaml", again)
    assert document.value == {"a": 1, "b": [2]}
    assert again.items == []
