"""Front matter, and the documents of files of every suffix."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.read.documents import Document, read_documents, split_front_matter
from reconciler.manifests.tree.problems import Findings
from tests.support.manifestfolder import Folder


def read(data: str | bytes, path: str = "x.md") -> list[Document]:
    findings = Findings()
    documents = read_documents(data if isinstance(data, bytes) else data.encode(), path, findings)
    assert findings.items == []
    return documents


@pytest.mark.parametrize(
    ("after", "prompt"),
    [
        ("Be kind.\n", "Be kind."),
        ("\nBe kind.\n", "Be kind."),
        ("\n\nBe kind.\n\n", "\nBe kind.\n"),
        ("Be kind.", "Be kind."),
        ("", ""),
        ("\n", ""),
        ("\n\n", ""),
        ("  indented\n\ttab \n", "  indented\n\ttab "),
        ("# Title\n---\nrule\n", "# Title\n---\nrule"),
        ("One\r\ntwo\r\n", "One\ntwo"),
        ("\r\nOne\r\n", "One"),
    ],
)
def test_the_prompt_is_the_text_below(after: str, prompt: str) -> None:
    (document,) = read(f"---\nkind: Persona\n---\n{after}")
    assert document.body == prompt
    assert document.value == {"kind": "Persona"}


def test_crlf_and_marks_and_spaces_behind_the_fence() -> None:
    (document,) = read(b"\xef\xbb\xbf--- \r\nkind: Persona\r\n---\t\r\nx\r\n")
    assert (document.value, document.body) == ({"kind": "Persona"}, "x")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Title\n",
        "---\n---\nkind: x\n",
        "----\nkind: Persona\n----\n",
        " ---\nkind: P\n---\n",
        "---\n- kind\n---\n",
        "text\n---\nkind: Persona\n---\n",
    ],
)
def test_other_markdown_is_no_manifest(text: str) -> None:
    assert [one for one in read(text) if one.unread is None] == []


@pytest.mark.parametrize("text", ["---\ntitle: x\n---\ntext", "---\nmankind: x\n---\ntext"])
def test_front_matter_without_a_kind_is_a_document_that_somebody_has_to_name(text: str) -> None:
    (document,) = read(text)
    assert document.body == "text"
    assert "kind" not in (document.value or {})


def test_front_matter_that_is_never_closed() -> None:
    findings = Findings()
    assert read_documents(b"---\nkind: Persona\nname: x\n", "x.md", findings) == []
    assert "never closed" in findings.items[0].summary


@given(st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=60))
def test_any_prompt_comes_back_as_the_rule_says(prompt: str) -> None:
    parts = split_front_matter(f"---\nkind: Persona\n---\n\n{prompt}\n")
    assert parts is not None
    assert parts.body == prompt
    assert parts.line == 3


def test_json_under_a_yaml_name() -> None:
    assert read('{"a": "\\ud83d\\ude00"}', "x.yaml")[0].value == {"a": "😀"}
    findings = Findings()
    read_documents(b'{"a": [}', "x.yaml", findings)
    assert len(findings.items) == 1


def test_yaml_under_a_json_name_is_an_error() -> None:
    findings = Findings()
    assert read_documents(b"a: 1\n", "x.json", findings) == []
    assert findings.items[0].is_error


MARKDOWN = "---\napiVersion: personas/v1\nkind: Persona\n{head}---\n{body}"


@pytest.mark.parametrize("name", ["metadata: {name: other}\n", ""])
def test_a_markdown_manifest(folder: Folder, name: str) -> None:
    folder.write("guide.md", MARKDOWN.format(head=f"{name}pal_name: Guide\ntools: [t]\n", body="\nGuide people.\n"))
    loaded = folder.load()
    assert loaded.addresses == ["persona.other" if name else "persona.guide"]
    assert loaded.spec == {"pal_name": "Guide", "tools": ["t"], "system_prompt": "Guide people."}


def test_a_spec_in_front_matter(folder: Folder) -> None:
    folder.write("guide.md", MARKDOWN.format(head="spec: {pal_name: Guide}\n", body="Text"))
    loaded = folder.load()
    assert loaded.spec == {"pal_name": "Guide", "system_prompt": "Text"}
    assert loaded["persona.guide"].source.base == "/spec"


def test_an_empty_text_is_no_prompt(folder: Folder) -> None:
    folder.write("echo.md", MARKDOWN.format(head="pipeline_mode: echo\n", body="\n"))
    assert folder.load().spec == {"pipeline_mode": "echo"}


@pytest.mark.parametrize(
    ("head", "place", "word"),
    [
        ("system_prompt: x\n", "guide.md:4:16", "below it"),
        ("spec: {pal_name: x}\npal_name: y\n", "guide.md:5:11", "unknown key"),
        ("greeting: 3\n", "guide.md:4:11", "must be text"),
        ("layers:\n  llm: {model: 1}\n", "guide.md:5:16", "must be text"),
        ("a: 1\na: 2\n", "guide.md:5:1", "stands twice"),
        ("metadata: {name: x y}\n", "guide.md:4:18", "not a name"),
    ],
)
def test_errors_in_front_matter_have_the_files_lines(folder: Folder, head: str, place: str, word: str) -> None:
    folder.write("guide.md", MARKDOWN.format(head=head, body="Text\n"))
    found = folder.load().error
    assert str(found.span) == place
    assert word in found.summary


def test_a_tool_has_no_prompt(folder: Folder) -> None:
    folder.write("t.md", "---\nkind: Tool\nname: t\n---\nText\n")
    assert "no system_prompt" in folder.load().error.summary
    folder.write("t.md", "---\nkind: Tool\nname: t\n---\n \n")
    assert folder.load().errors == []
