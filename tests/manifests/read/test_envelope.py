"""The three spellings, Moved and Removed, and documents that are none of ours."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.manifests.read.envelope import Document, read_documents, split_front_matter
from reconciler.manifests.read.raw_manifest import clean_name
from reconciler.manifests.tree.problems import Findings
from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.diagnostic import Severity
from reconciler.types.manifest import Manage, Moved, Removed
from tests.support.manifestfolder import Folder

BODY = {"persona_name": "Claims Desk", "system_prompt": "Be kind.", "layers": {"llm": {"model": "tavus-gpt-oss"}}}
CANONICAL = {"pal_name": "Claims Desk", "system_prompt": "Be kind.", "layers": {"llm": {"model": "tavus-gpt-oss"}}}
ENVELOPE = {"apiVersion": "personas/v1", "kind": "Persona", "metadata": {"name": "claims"}, "spec": BODY}


def test_the_three_spellings_mean_the_same(folder: Folder) -> None:
    folder.write("a.json", json.dumps(ENVELOPE))
    folder.write("bare.json", json.dumps(BODY))
    folder.write(
        "mark.md",
        "---\napiVersion: personas/v1\nkind: Persona\npersona_name: Claims Desk\n"
        "layers: {llm: {model: tavus-gpt-oss}}\n---\n\nBe kind.\n",
    )
    loaded = folder.load()
    assert loaded.errors == []
    assert loaded.addresses == ["persona.claims", "persona.bare", "persona.mark"]
    assert all(item.spec == CANONICAL for item in loaded.set.manifests)


def test_the_written_body_keeps_the_authors_words(folder: Folder) -> None:
    folder.write("a.json", json.dumps(ENVELOPE))
    (manifest,) = folder.load().set.manifests
    assert manifest.written == BODY


def test_pal_is_a_persona(folder: Folder) -> None:
    folder.write("a.yaml", "apiVersion: personas/v1\nkind: PAL\nmetadata: {name: x}\nspec: {pal_name: X}\n")
    assert folder.load().addresses == ["persona.x"]


def test_everything_an_envelope_holds(folder: Folder) -> None:
    folder.write(
        "a.yaml",
        """
apiVersion: personas/v1
kind: Persona
metadata: {name: a.b_c-1, id: p123, labels: {team: claims, tier: 1}}
lifecycle:
  protect: true
  ignore: [/persona_name, /layers/conversational_flow/replica_interruptibility]
  manage: observe
spec: {pipeline_mode: echo}
""",
    )
    (manifest,) = folder.load().set.manifests
    assert manifest.address == Address("persona", "a.b_c-1")
    assert manifest.id == "p123"
    assert manifest.labels == {"team": "claims", "tier": "1"}
    assert manifest.lifecycle.protect
    assert manifest.lifecycle.manage is Manage.OBSERVE
    assert manifest.lifecycle.ignore == ("/pal_name", "/layers/conversational_flow/interruptibility")
    assert (manifest.source.path, manifest.source.document, manifest.source.base) == ("a.yaml", 0, "/spec")


def test_many_documents_in_a_file(folder: Folder) -> None:
    folder.write(
        "all.yaml",
        "# first\n---\napiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: {}\n---\n---\n"
        "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: b}\nspec: {name: b, description: d}\n",
    )
    loaded = folder.load()
    assert loaded.addresses == ["persona.a", "tool.b"]
    assert [item.source.document for item in loaded.set.manifests] == [0, 2]


@pytest.mark.parametrize(
    ("text", "place", "code", "hint"),
    [
        ("kind: Persona\nmetadata: {name: a}\nspec: {}\n", "a.yaml:1:7", "E-kind", "personas/v1"),
        ("apiVersion: personas/v1\nkind: Persna\nmetadata: {name: a}\nspec: {}\n", "a.yaml:2:7", "E-kind", "Persona"),
        (
            "apiVersion: personas/v1\nkind: persona\nmetadata: {name: a}\nspec: {}",
            "a.yaml:2:7",
            "E-kind",
            "'Persona'",
        ),
        ("apiVersion: personas/v1\nkind: 3\nspec: {}\n", "a.yaml:2:7", "E-kind", "known kinds"),
        ("apiVersion: personas/v1\nmetadata: {name: a}\nspec: {}\n", "a.yaml:1:1", "E-kind", "known kinds"),
        ("apiVersion: personas/v2\nkind: Persona\nmetadata: {name: a}\nspec: {}", "a.yaml:1:13", "E-kind", "v1"),
        ("apiVersion: v1\nkind: Persona\nmetadata: {name: a}\nspec: {}\n", "a.yaml:1:13", "E-kind", "personas/v1"),
        ("kind: Persnoa\nmetadata: {name: a}\nspec: {}\n", "a.yaml:1:7", "E-kind", "Persona"),
        ("kind: assistant\nsystem_prompt: x\n", "a.yaml:1:7", "E-kind", "known kinds"),
        ("ApiVersion: personas/v1\nKind: Persona\n", "a.yaml:1:1", "E-field", "apiVersion"),
    ],
)
def test_wrong_heads_are_errors(folder: Folder, text: str, place: str, code: str, hint: str) -> None:
    folder.write("a.yaml", text)
    found = folder.load().error
    assert (str(found.span), found.code) == (place, code)
    assert found.hint is not None
    assert hint in found.hint


HEAD = "apiVersion: personas/v1\nkind: Persona\n"


@pytest.mark.parametrize(
    ("text", "place", "code", "word"),
    [
        ("metadta: {name: a}\nspec: {}\n", "a.yaml:3:10", "E-field", "metadata"),
        ("metadata: {nam: a, name: b}\nspec: {}\n", "a.yaml:3:17", "E-field", "'name'"),
        ("metadata: {name: b}\nspec: {}\nsystem_prompt: x\n", "a.yaml:5:16", "E-field", "under spec"),
        ("metadata: {name: b}\nspec: []\n", "a.yaml:4:7", "E-field", "mapping"),
        ("metadata: {name: b}\nspec:\n", "a.yaml:4:6", "E-field", "mapping"),
        ("metadata: {name: b}\n", "a.yaml:2:7", "E-field", "missing"),
        ("metadata: {}\nspec: {}\n", "a.yaml:3:11", "E-name", "missing"),
        ("spec: {}\n", "a.yaml:2:7", "E-name", "missing"),
        ("metadata: {name: 12}\nspec: {}\n", "a.yaml:3:18", "E-name", "quotes"),
        ("metadata: {name: a b}\nspec: {}\n", "a.yaml:3:18", "E-name", "a-b"),
        ("metadata: {name: -a}\nspec: {}\n", "a.yaml:3:18", "E-name", "letters"),
        ("metadata: {name: [a]}\nspec: {}\n", "a.yaml:3:18", "E-name", "a list"),
        (f"metadata: {{name: {'a' * 129}}}\nspec: {{}}\n", "a.yaml:3:18", "E-name", "not a name"),
        ("metadata: [a]\nspec: {}\n", "a.yaml:3:11", "E-field", "mapping"),
        ("metadata: {name: a, labels: [x]}\nspec: {}\n", "a.yaml:3:29", "E-field", "mapping"),
        ("metadata: {name: a, labels: {x: true}}\nspec: {}\n", "a.yaml:3:33", "E-field", "quotes"),
        ("metadata: {name: a}\nlifecycle: {protekt: true}\nspec: {}\n", "a.yaml:4:22", "E-field", "protect"),
        ("metadata: {name: a}\nlifecycle: {protect: 'yes'}\nspec: {}\n", "a.yaml:4:22", "E-field", "true or false"),
        ("metadata: {name: a}\nlifecycle: {manage: none}\nspec: {}\n", "a.yaml:4:21", "E-field", "observe"),
        ("metadata: {name: a}\nlifecycle: {ignore: /x}\nspec: {}\n", "a.yaml:4:21", "E-field", "list"),
        ("metadata: {name: a}\nlifecycle: {ignore: [/x, y]}\nspec: {}\n", "a.yaml:4:26", "E-field", "pointer"),
        ("metadata: {name: a}\nlifecycle: on\nspec: {}\n", "a.yaml:4:12", "E-field", "mapping"),
        ("metadata: {name: a, id: 5}\nspec: {}\n", "a.yaml:3:25", "E-id", "text"),
        ("metadata: {name: a, id: {sandbx: p1}}\nspec: {}\n", "a.yaml:3:34", "E-id", "sandbox"),
        ("metadata: {name: a, id: {sandbox: 1}}\nspec: {}\n", "a.yaml:3:35", "E-id", "quotes"),
    ],
)
def test_wrong_envelopes_are_errors_with_a_place(folder: Folder, text: str, place: str, code: str, word: str) -> None:
    folder.write("a.yaml", HEAD + text)
    errors = folder.load().errors
    assert (place, code) in [(str(item.span), item.code) for item in errors]
    assert any(word in item.summary + (item.hint or "") for item in errors)


def test_all_errors_of_all_files_are_shown(folder: Folder) -> None:
    folder.write("a.yaml", HEAD + "metadata: {name: a, x: 1}\nspec: {layers: 3}\nfoo: 1\n")
    folder.write("b.yaml", "a: [\n")
    folder.write("c.yaml", b"\xff")
    folder.write("d.yaml", HEAD + "metadata: {name: d}\nspec: {system_prompt: {file: nowhere.md}}\n")
    assert sorted(item.span.path for item in folder.load().errors if item.span) == [
        "a.yaml", "a.yaml", "a.yaml", "b.yaml", "c.yaml", "d.yaml",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("package.json", '{"name": "x", "version": "1.0.0", "dependencies": {}}'),
        ("docker-compose.yml", "version: '3'\nservices: {web: {image: x}}\n"),
        ("k8s.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\nspec: {replicas: 1}\n"),
        ("svc.yaml", "apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {}\n"),
        ("oci.json", '{"schemaVersion": 2, "config": {}, "layers": [{"size": 1}]}'),
        ("list.json", "[1, 2, 3]"),
        ("text.yaml", "just some words\n"),
        ("data.json", '{"data": [{"id": 1}]}'),
        ("openapi.yaml", "openapi: 3.0.3\ninfo: {title: x}\npaths: {}\n"),
        ("README.md", "# Hello\n\nkind: of a readme\n"),
        ("post.md", "---\ntitle: A post\nlayout: x\n---\nText\n"),
        ("rule.md", "---\n\nA horizontal rule above, kind: none\n"),
    ],
)
def test_foreign_files_do_not_break_the_run(folder: Folder, path: str, text: str) -> None:
    folder.write(path, text)
    folder.persona("mine")
    loaded = folder.load()
    assert loaded.addresses == ["persona.mine"]
    assert loaded.found(Severity.ERROR) == []
    said = [(item.code, item.span.path) for item in loaded.found(Severity.WARNING) if item.span]
    assert said == ([] if path in {"README.md", "rule.md"} else [("E-foreign", path)])


def test_a_foreign_file_given_by_name_is_an_error(folder: Folder) -> None:
    folder.write("package.json", '{"name": "x"}')
    found = folder.load(paths=["package.json"]).error
    assert found.code == "E-foreign"
    assert found.hint is not None
    assert "personas/v1" in found.hint


def test_a_near_miss_of_a_bare_body_is_warned_of(folder: Folder) -> None:
    folder.write("a.yaml", "sytem_prompt: x\n")
    assert "system_prompt" in (folder.load().warning.hint or "")


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("claims.json", "claims"),
        ("deep/er/claims.yml", "claims"),
        ("claims desk (1).json", "claims-desk--1-"),
        ("café.yaml", "caf-"),
        ("v1.2.yaml", "v1.2"),
        ("CLAIMS.JSON", "CLAIMS"),
        ("-x.yaml", "x"),
    ],
)
def test_a_bare_body_is_named_after_its_file(folder: Folder, path: str, name: str) -> None:
    folder.write(path, '{"system_prompt": "x"}')
    assert folder.load().addresses == [f"persona.{name}"]


def test_bare_names_that_clash_are_an_error_with_both_places(folder: Folder) -> None:
    folder.write("a b.json", '{"system_prompt": "x"}')
    folder.write("a+b.json", '{"system_prompt": "y"}')
    found = folder.load().error
    assert found.code == "E-duplicate"
    assert found.span is not None
    assert {found.span.path} == {"a+b.json"}
    assert "a b.json:1:1" in found.summary


@pytest.mark.parametrize("wrap", [lambda items: items, lambda items: {"data": items, "total_count": len(items)}])
def test_a_saved_list_answer_gives_its_bodies(folder: Folder, wrap: object) -> None:
    items = [BODY, {"pal_name": "Other", "pipeline_mode": "echo"}]
    folder.write("answer.json", json.dumps(wrap(items)))  # type: ignore[operator]
    loaded = folder.load()
    assert loaded.errors == []
    assert loaded.addresses == ["persona.Claims-Desk", "persona.Other"]
    assert loaded.set.manifests[1].source.base.endswith("/1")


def test_a_body_in_a_list_needs_a_name(folder: Folder) -> None:
    folder.write("answer.json", '[{"persona_name": "A"},\n {"system_prompt": "x"},\n 3]')
    assert folder.load().at() == ["answer.json:2:2 E-name", "answer.json:3:2 E-kind"]


def test_moved_and_removed(folder: Folder) -> None:
    folder.write("moves.yaml", "kind: Moved\nfrom: persona.a\nto: persona.b.c\n---\nkind: Removed\naddress: tool.t\n")
    loaded = folder.load()
    assert loaded.errors == []
    (moved,), (removed,) = loaded.set.moved, loaded.set.removed
    assert isinstance(moved, Moved)
    assert (str(moved.before), str(moved.after)) == ("persona.a", "persona.b.c")
    assert isinstance(removed, Removed)
    assert str(removed.address) == "tool.t"
    assert removed.source.document == 1


@pytest.mark.parametrize(
    ("text", "place", "word"),
    [
        ("kind: Moved\nfrom: persona.a\n", "m.yaml:1:7", "'to' is missing"),
        ("kind: Moved\nfrom: persona.a\nto: b\n", "m.yaml:3:5", "address"),
        ("kind: Moved\nfrom: persona.a\nto: tool.a\n", "m.yaml:3:5", "one kind"),
        ("kind: Moved\nfrom: persona.a\nto: persona.a\n", "m.yaml:3:5", "changes the name"),
        ("kind: Moved\nfrom: persna.a\nto: persna.b\n", "m.yaml:2:7", "unknown kind"),
        ("kind: Removed\nadress: persona.a\n", "m.yaml:2:9", "unknown key"),
        ("kind: Removed\naddress: [persona.a]\n", "m.yaml:2:10", "address"),
        ("apiVersion: other/v1\nkind: Moved\nfrom: persona.a\nto: persona.b\n", "m.yaml:1:13", "not known"),
    ],
)
def test_wrong_moves_are_errors(folder: Folder, text: str, place: str, word: str) -> None:
    folder.write("m.yaml", text)
    errors = folder.load().errors
    assert place in [str(item.span) for item in errors]
    assert any(word in item.summary for item in errors)


def test_a_moved_address_is_declared_no_more(folder: Folder) -> None:
    folder.persona("a")
    folder.write("m.yaml", "kind: Moved\nfrom: persona.a\nto: persona.b\n---\nkind: Removed\naddress: persona.a\n")
    assert [str(item.span) for item in folder.load().errors] == ["m.yaml:2:7", "m.yaml:6:10"]


def test_a_second_project_document_is_left_alone(folder: Folder) -> None:
    folder.write("sub/other.yaml", "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n")
    assert "project file" in folder.load().warning.summary


@given(st.text(max_size=200))
def test_a_cleaned_name_is_legal_or_empty(text: str) -> None:
    name = clean_name(text)
    assert name == "" or NAME_PATTERN.fullmatch(name)
    assert clean_name(name) == name


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
