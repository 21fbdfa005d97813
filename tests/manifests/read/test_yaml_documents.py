"""A broken document of a YAML file hides none of the others, and each is said in its own lines."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.manifests.read import yaml_documents
from reconciler.manifests.read.yaml_reader import parse_yaml
from reconciler.manifests.tree.problems import Findings
from reconciler.types.json import Json

GOOD: list[tuple[str, Json]] = [
    ("a: 1\n", {"a": 1}),
    ("a: |\n  text\n  --- inside\nb: [x, z]\n", {"a": "text\n--- inside\n", "b": ["x", "z"]}),
    ("# only words\n- a\n- b: c\n", ["a", {"b": "c"}]),
    ("just text\n", "just text"),
    ("", None),
    ("# nothing\n", None),
    ("x: &a {b: 1}\nz: *a\n", {"x": {"b": 1}, "z": {"b": 1}}),
    ("q: 'one\n\n  two'\n", {"q": "one\ntwo"}),
]
BAD = [
    "a: [\n",
    "a: {b: 1\n",
    'a: "never closed\n',
    "a: 'never closed\nb: 1\n",
    "a: 1\n b: 2\n",
    "a: b: c\n",
    "@bad\n",
    "a: *nowhere\n",
    "a: \x01\n",
    "- a\nb: c\n",
    "\ta: 1\n",
    "a: !<\n",
    "x: &a [*a]\n",
    "[" * 1_200 + "\n",
]


@example(parts=[("a: 1\n", {"a": 1}), BAD[-1], "a: \x01\n"], marked=False, ending="\n", openers=False)
@example(parts=["a: \x01\n", ("a: 1\n", {"a": 1}), BAD[-1]], marked=False, ending="\n", openers=False)
@settings(max_examples=120, deadline=None)
@given(
    parts=st.lists(st.one_of(st.sampled_from(GOOD), st.sampled_from(BAD)), min_size=1, max_size=7),
    marked=st.booleans(),
    ending=st.sampled_from(["\n", "\r\n"]),
    openers=st.booleans(),
)
def test_every_document_is_read_or_said(
    parts: list[tuple[str, Json] | str], marked: bool, ending: str, openers: bool
) -> None:
    if openers:  # so many brackets that the depth is looked at before anything is read
        parts = [*parts, ("many: [" + "[a], " * 1_001 + "]\n", {"many": [["a"]] * 1_001})]
    text, starts = "" if not marked else "---\n", []
    for number, part in enumerate(parts):
        text += "---\n" if number else ""
        starts.append(text.count("\n"))
        text += part if isinstance(part, str) else part[0]
    if not marked and (isinstance(parts[0], tuple) and parts[0][1] is None):
        parts, starts = parts[1:], starts[1:]  # what stands before the first marker is no document
    findings = Findings()
    found = parse_yaml(text.replace("\n", ending), "f.yaml", findings)
    good = [part[1] for part in parts if isinstance(part, tuple) and part[1] is not None]
    assert [value for _, value in found] == good
    assert [number for number, _ in found] == [
        number for number, part in enumerate(parts) if isinstance(part, tuple) and part[1] is not None
    ]
    lines = sorted(item.span.line for item in findings.items if item.span is not None)
    bad = [number for number, part in enumerate(parts) if isinstance(part, str)]
    assert len(lines) == len(bad)
    for line, number in zip(lines, bad, strict=True):
        last = starts[number + 1] + 1 if number + 1 < len(starts) else text.count("\n") + 1
        assert starts[number] < line <= last


def test_the_places_of_later_documents_are_known() -> None:
    """The finding of a rule about a document behind a broken one stands in its own line."""
    from reconciler.manifests.read.source_spans import locate
    from reconciler.types.diagnostic import Source

    text = "a: [\n---\nb:\n  c: 1\n---\n]\n---\nd: {e: 2}\n"
    assert str(locate(text, Source("f.yaml", 1), "/b/c")) == "f.yaml:4:6"
    assert str(locate(text, Source("f.yaml", 3), "/d/e")) == "f.yaml:8:8"
    assert str(locate(text, Source("f.yaml", 2), "/x")) == "f.yaml:1:1"


def test_what_is_not_read_for_all_the_errors_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_documents, "AGAIN", 200)
    text = "".join(f"---\na{number}: [\n" for number in range(100))
    findings = Findings()
    assert parse_yaml(text, "f.yaml", findings) == []
    assert 2 < len(findings.items) < 100
    assert any("not read, nor what follows" in item.summary for item in findings.items)


def test_a_thousand_broken_documents_are_a_thousand_findings() -> None:
    findings = Findings()
    text = "".join(f"---\na{number}: [\n---\nb: {number}\n" for number in range(1_000))
    assert len(parse_yaml(text, "f.yaml", findings)) == 1_000
    assert len({item.span for item in findings.items}) == len(findings.items) == 1_000
