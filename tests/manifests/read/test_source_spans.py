"""Where values stand, in every spelling and form."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.read.load_manifests import place
from reconciler.manifests.read.source_spans import find, in_order, locate
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span
from reconciler.types.json import join
from tests.support.manifestfolder import Folder

TEXT = """\
# comment
apiVersion: personas/v1
kind: Persona
metadata: {name: a}
spec:
  persona_name: "A: b"
  system_prompt: |
    Long
    text
  layers:
    llm: &llm
      model: tavus-gpt-oss
      tools:
        - type: function
          function: {name: lookup, description: d}
        - {type: function, function: {name: other}}
    tts:
      <<: *llm
      voice: x
    conversational_flow: {replica_interruptibility: low, "quoted/key": 1}
  document_tags:
    - one
    - [two, three]
---
- second
"""
PERSONA = kind("persona")


@pytest.mark.parametrize(
    ("pointer", "place", "exact"),
    [
        ("/persona_name", "6:17", True),
        ("/pal_name", "6:17", True),
        ("/system_prompt", "7:18", True),
        ("/layers", "10:3", True),
        ("/layers/llm", "11:10", True),
        ("/layers/llm/model", "12:14", True),
        ("/layers/llm/tools", "13:7", True),
        ("/layers/llm/tools/0", "14:11", True),
        ("/layers/llm/tools/0/function/name", "15:28", True),
        ("/layers/llm/tools/lookup", "14:11", True),
        ("/layers/llm/tools/other", "16:11", True),
        ("/layers/llm/tools/other/function/name", "16:45", True),
        ("/layers/tts/model", "12:14", True),
        ("/layers/tts/voice", "19:14", True),
        ("/layers/conversational_flow/interruptibility", "20:53", True),
        ("/layers/conversational_flow/face_interruptibility", "20:53", True),
        ("/layers/conversational_flow/pal_interruptibility", "20:53", True),
        ("/layers/conversational_flow/quoted~1key", "20:72", True),
        ("/document_tags/0", "22:7", True),
        ("/document_tags/1/1", "23:13", True),
        ("", "5:1", True),
        ("/nothing", "5:1", False),
        ("/layers/llm/nothing/deep", "11:10", False),
        ("/document_tags/7", "21:3", False),
        ("/persona_name/deeper", "6:17", False),
    ],
)
def test_yaml(pointer: str, place: str, exact: bool) -> None:
    span, found = find(TEXT, Source("a.yaml", 0, "/spec"), pointer, kind=PERSONA)
    assert str(span) == f"a.yaml:{place}"
    assert found is exact


def test_without_a_kind_only_the_words_as_written() -> None:
    assert find(TEXT, Source("a.yaml", 0, "/spec"), "/pal_name")[1] is False
    assert find(TEXT, Source("a.yaml", 0, "/spec"), "/persona_name")[1] is True


def test_other_documents_and_envelope_pointers() -> None:
    assert str(locate(TEXT, Source("a.yaml", 1), "/0")) == "a.yaml:25:3"
    assert str(locate(TEXT, Source("a.yaml"), "/metadata/name")) == "a.yaml:4:18"
    assert str(locate(TEXT, Source("a.yaml", 5), "/x")) == "a.yaml:1:1"


def test_json() -> None:
    text = '{\n\t"persona_name": "a",\n\t"layers": {"llm":\n\t\t{"model": 3, "tools": [1, {"x": null}]}}}'
    source = Source("a.json")
    assert str(locate(text, source, "/pal_name", kind=PERSONA)) == "a.json:2:18"
    assert str(locate(text, source, "/layers/llm", kind=PERSONA)) == "a.json:3:13"
    assert str(locate(text, source, "/layers/llm/model")) == "a.json:4:13"
    assert str(locate(text, source, "/layers/llm/tools/1/x")) == "a.json:4:35"
    assert str(locate(text, source, "/layers/llm/tools/9")) == "a.json:4:25"
    assert str(locate(text, source, "")) == "a.json:1:1"


@pytest.mark.parametrize("text", ["", "a: [", "\t", "{", "[1, 2", '{"a": "', "}", "\x00", "- " * 200, "---"])
@pytest.mark.parametrize("path", ["a.yaml", "a.json", "a.md"])
def test_any_text_gives_some_place(text: str, path: str) -> None:
    assert locate(text, Source(path), "/a/b").path == path


def test_markdown() -> None:
    text = "---\nkind: Persona\nlayers:\n  llm: {model: 3}\n---\nText\n"
    assert str(locate(text, Source("a.md"), "/layers/llm/model", kind=PERSONA)) == "a.md:4:16"
    assert str(locate(text, Source("a.md"), "/system_prompt", kind=PERSONA)) == "a.md:6:1"


KEYS = st.text(st.sampled_from("abc/~ é1"), min_size=1, max_size=4)
DOCUMENT = st.recursive(
    st.integers() | st.text("ab", max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3),
    max_leaves=10,
)


def pointers(value: Any, tokens: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], Any]]:
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [(tokens, value), *(item for key, member in pairs for item in pointers(member, (*tokens, str(key))))]


@given(DOCUMENT, st.booleans())
def test_every_value_of_a_document_is_found(value: Any, flow: bool) -> None:
    text = yaml.safe_dump({"v": value}, default_flow_style=flow, allow_unicode=True)
    lines = text.split("\n")
    for tokens, part in pointers(value):
        span, exact = find(text, Source("a.yaml"), join("v", *tokens))
        assert exact
        assert 1 <= span.line <= len(lines)
        if isinstance(part, int):
            assert lines[span.line - 1][span.column - 1 :].startswith(str(part))


@given(DOCUMENT)
def test_every_value_of_a_json_document_is_found(value: Any) -> None:
    text = json.dumps({"v": value}, indent=1)
    for tokens, _ in pointers(value):
        assert find(text, Source("a.json"), join("v", *tokens))[1]


def finding(**fields: Any) -> Diagnostic:
    return Diagnostic("X", Severity.WARNING, "x", **fields)


def test_findings_of_other_parts_get_their_places(folder: Folder) -> None:
    folder.write("manifests/reconciler.yaml", "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n"
                 "workspaces: {w: {provider: {type: simulator}, overlays: [o]}}\n")  # fmt: skip
    folder.persona("a", "  persona_name: x\n", path="manifests/a.yaml")
    folder.write("manifests/o/a.json", '{"greeting": "hi"}')
    loaded = folder.load("w")
    (manifest,) = loaded.set.manifests
    source, address = manifest.source, Address("persona", "a")
    found = place(
        loaded.project,
        [
            finding(source=source, pointer="/pal_name", address=address),
            finding(source=source, pointer="/greeting", address=address),
            finding(source=source, pointer="/layers", address=address),
            finding(span=Span("x", 1, 2)),
            finding(),
            finding(source=Source("gone.yaml"), pointer="/a"),
        ],
        manifests=loaded.set.manifests,
    )
    assert [str(item.span) for item in found] == [
        "manifests/a.yaml:6:17",
        "manifests/o/a.json:1:14",
        "manifests/a.yaml:5:1",
        "x:1:2",
        "None",
        "manifests/gone.yaml:1:1",
    ]


def test_findings_are_sorted_by_place() -> None:
    items = [finding(), finding(span=Span("b", 1, 1)), finding(span=Span("a", 9, 1)), finding(span=Span("a", 2, 7))]
    assert [str(item.span) for item in in_order(items)] == ["a:2:7", "a:9:1", "b:1:1", "None"]
