"""A file that is read as no manifest is named, with what it looks like, unless it has another use."""

from __future__ import annotations

import pytest

from reconciler.types.diagnostic import Severity
from tests.support.manifestfolder import Folder

TOOL = '{"name": "look_up", "description": "d", "parameters": {"type": "object", "properties": {}}}'
PERSONA = '{"persona_name": "P", "system_prompt": "x"}'
PROJECT = """apiVersion: personas/v1
kind: Project
metadata: {name: p}
%s
workspaces:
  one: {provider: {type: simulator, faults: faults.yaml}}
  two: {provider: {type: simulator}, overlays: [overlays/two]}
"""


@pytest.mark.parametrize(
    ("path", "text", "looks", "way_out"),
    [
        ("a.json", f'{{"persona": {PERSONA}}}', "body of a persona inside `persona`", "kind: Persona"),
        ("a.json", f'{{"body": {TOOL}}}', "body of a tool inside `body`", "kind: Tool"),
        ("a.yaml", "guardrail_name: g\nguardrail_prompt: p\n", "bare body of a guardrail", "kind: Guardrail"),
        ("a.yaml", "name: s\ndata: [{guardrail_name: g}]\n", "bare body of a guardrail_set", "kind: GuardrailSet"),
        ("a.yaml", "data: [{objective_name: g}]\n", "bare body of a objectives", "kind: Objectives"),
        ("a.yaml", "document_url: https://x\ndocument_name: d\n", "bare body of a document", "kind: Document"),
        ("a.json", '[{"guardrail_name": "g"}]', "list with bodies of a guardrail", "a document for each"),
        ("a.json", '{"data": [{"guardrail_name": "g"}], "total_count": 1}', "list answer", "a document for each"),
        ("a.json", f'{{"pals": [{PERSONA}]}}', "list answer", "a document for each"),
        ("a.json", '[{"op": "add", "path": "/x", "value": 1}]', "JSON Patch", "how an object should be"),
        ("a.json", f'{{"type": "function", "function": {TOOL}}}', "inline tool", "kind: Tool"),
        ("a.jsonl", PERSONA + "\n" + PERSONA + "\n", "JSON Lines", "for each line"),
        ("a.md", "---\npersona_name: P\nsystem_prompt: x\n---\ntext\n", "bare body of a persona", "kind: Persona"),
        ("a.yaml", "apiVersion: apps/v1\nkind: Deployment\n", "Deployment of apps/v1", "sources.exclude"),
        ("a.yaml", "just words", "single value", "sources.exclude"),
        ("a.yaml", "sytem_prompt: x", "no kind", "'system_prompt'"),
    ],
)
def test_what_it_looks_like_and_what_to_do(folder: Folder, path: str, text: str, looks: str, way_out: str) -> None:
    folder.write(path, text)
    loaded = folder.load()
    assert loaded.addresses == []
    assert (loaded.warning.code, loaded.warning.span and loaded.warning.span.path) == ("E-foreign", path)
    assert looks in loaded.warning.summary
    assert way_out in (loaded.warning.hint or "")


@pytest.mark.parametrize("suffix", ["json", "yaml"])
@pytest.mark.parametrize(
    "extra", ['"parameters": {}', '"delivery": {"app_message": true}', '"trigger_type": "in_call"']
)
def test_a_bare_tool_body_is_a_tool_named_after_its_file(folder: Folder, suffix: str, extra: str) -> None:
    folder.write(f"look-up.{suffix}", f'{{"name": "look_up", "description": "d", {extra}}}')
    loaded = folder.load()
    assert loaded.found() == []
    assert loaded.addresses == ["tool.look-up"]
    assert loaded.spec["name"] == "look_up"


def test_a_list_of_tools_is_read_like_one_of_personas(folder: Folder) -> None:
    folder.write("tools.json", f'{{"data": [{TOOL}], "total_count": 1}}')
    assert folder.load().addresses == ["tool.look_up"]


@pytest.mark.parametrize(
    "text",
    [
        '{"name": "x", "version": "1.0.0", "description": "d", "parameters": ["a"]}',
        '{"name": "x", "description": "d"}',
        '{"parameters": {"type": "object"}}',
    ],
)
def test_what_only_resembles_a_tool_is_passed_over(folder: Folder, text: str) -> None:
    folder.write("a.json", text)
    loaded = folder.load()
    assert loaded.addresses == []
    assert loaded.warning.code == "E-foreign"


def test_one_warning_for_a_file_of_many_documents(folder: Folder) -> None:
    folder.write("a.yaml", "---\n".join(f"kind: Service\nname: s{number}\n" for number in range(5)))
    folder.write(
        "b.yaml", "kind: Service\n---\napiVersion: personas/v1\nkind: Persona\nmetadata: {name: p}\nspec: {}\n"
    )
    loaded = folder.load()
    assert [str(item.span) for item in loaded.found(Severity.WARNING)] == ["a.yaml:1:1", "b.yaml:1:1"]


def test_what_has_a_use_is_not_named(folder: Folder) -> None:
    folder.write("manifests/reconciler.yaml", PROJECT % "sources: {exclude: ['vendor', '*.gen.json', 'x/*/z.yaml']}")
    for path in ("faults.yaml", "included.yaml", "by-overlay.json", "vendor/a.json", "b.gen.json", "x/y/w/z.yaml"):
        folder.write(f"manifests/{path}", '["some", "thing"]')
    folder.write("manifests/empty.yaml", "# nothing yet\n")
    folder.persona("a", "  system_prompt: {file: included.yaml}\n", path="manifests/part/../a.yaml")
    folder.write("manifests/overlays/two/a.yaml", "system_prompt: {file: ../../by-overlay.json}\n")
    folder.persona("b", path="manifests/part/b.yaml")
    for workspace in ("one", "two"):
        assert folder.load(workspace).found() == []
    folder.write("manifests/part/c.json", "{}")
    loaded = folder.load("one", paths=["manifests/part"])
    assert [str(item.span) for item in loaded.found()] == ["manifests/part/c.json:1:1"]


def test_excluded_files_are_not_read_at_all(folder: Folder) -> None:
    folder.write("manifests/reconciler.yaml", PROJECT % "sources: {exclude: ['templates*']}")
    folder.write("manifests/faults.yaml", "{}")
    folder.write("manifests/templates/a.yaml", "a: {{ .Values.x }}\n")
    folder.write("manifests/templates.yaml", "persona_name: x\n")
    loaded = folder.load()
    assert loaded.found() == []
    assert loaded.addresses == []


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml", "<<<<<<< HEAD\npersona_name: A\n=======\npersona_name: B\n>>>>>>> other\n"),
        ("a.json", '{\n<<<<<<< HEAD\n"persona_name": "A"\n=======\n"persona_name": "B"\n>>>>>>> b\n}'),
        ("a.md", "<<<<<<< HEAD\n---\nkind: Persona\n=======\n---\nkind: PAL\n>>>>>>> b\n---\ntext\n"),
        (
            "a.md",
            "---\nkind: Persona\nmetadata: {name: a}\n---\nBe\n<<<<<<< HEAD\nkind.\n=======\nnice.\n>>>>>>> b\n",
        ),
        ("a.md", "---\nkind: Persona\nmetadata: {name: a}\n---\nBe kind.\n>>>>>>> left over\n"),
    ],
)
def test_an_unfinished_merge_is_an_error(folder: Folder, path: str, text: str, newline: str) -> None:
    folder.write(path, text.replace("\n", newline))
    loaded = folder.load()
    assert loaded.addresses == []
    assert loaded.error.code == "E-conflict"
    assert loaded.error.span is not None
    line = text.split("\n")[loaded.error.span.line - 1]
    assert line.startswith(("<<<<<<< ", ">>>>>>> "))


def test_an_unfinished_merge_in_an_included_file(folder: Folder) -> None:
    folder.persona("a", "  system_prompt: {file: p.md}\n")
    folder.write("p.md", "one\n<<<<<<< HEAD\ntwo\n=======\nthree\n>>>>>>> other\n")
    loaded = folder.load()
    assert str(loaded.error.span) == "a.yaml:6:18"
    assert "unfinished merge" in loaded.error.summary


@pytest.mark.parametrize("text", ["Title\n=======\nText\n", "    <<<<<<< HEAD\n", "> > > a quote\n", "<<<<<<<\n"])
def test_what_is_no_merge(folder: Folder, text: str) -> None:
    folder.persona("a", "  system_prompt: {file: p.md}\n")
    folder.write("p.md", text)
    assert folder.load().found() == []


@pytest.mark.parametrize("field", ["system_prompt: {file: p.txt}", "layers: {llm: {api_key: {file: p.txt}}}"])
@pytest.mark.parametrize("content", [b"caf\xe9 \xff", "Be kind.".encode("utf-16-le"), b"Be\0kind"])
def test_an_included_file_that_is_not_utf8(folder: Folder, field: str, content: bytes) -> None:
    folder.persona("a", f"  {field}\n")
    folder.write("p.txt", content)
    assert "UTF-8" in folder.load().error.summary


ENVELOPE = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: p}\nspec: {pipeline_mode: echo}\n"
FRONT = "kind: Persona\nmetadata: {name: p}\npal_name: P\n"


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.yaml.j2", "{% if x %}\n" + ENVELOPE),
        ("a.YML.Tmpl", "# of a chart\n\n" + ENVELOPE),
        ("a.yaml.disabled", ENVELOPE),
        ("a.txt", ENVELOPE),
        ("a.jsonc", '// one\n{"apiVersion": "personas/v1", "kind": "Tool"}'),
        ("a.json5", "{pal_name: 'P', system_prompt: 'x'}"),
        ("a.json.j2", PERSONA),
        ("a.toml", 'kind = "Persona"\n[spec]\npal_name = "P"\n'),
        ("a.markdown", f"---\n{FRONT}---\nBe kind.\n"),
        ("a.mdx", f"---\r\n{FRONT}---\r\nBe kind.\r\n"),
        ("a.ndjson", PERSONA + "\n" + PERSONA + "\n"),
        ("a.md", f"\n---\n{FRONT}---\nBe kind.\n"),
        ("a.md", f" ---\n{FRONT} ---\nBe kind.\n"),
        ("a.md", f"\ufeff\r\n---\r\n{FRONT}---\r\nBe kind.\r\n"),
        ("a.md", f"\ufeff\ufeff---\n{FRONT}---\nBe kind.\n"),
        ("a.md", f"<!-- ours -->\n---\n{FRONT}---\nBe kind.\n"),
        ("a.md", '+++\nkind = "Persona"\npal_name = "P"\n+++\nBe kind.\n'),
        ("a.md", f"---yaml\n{FRONT}---\nBe kind.\n"),
        ("a.md", f"----\n{FRONT}----\nBe kind.\n"),
        ("a.md", f"{FRONT}---\nBe kind.\n"),
        ("a.md", ENVELOPE),
        ("deep/b.md", "\n---\nsystem_prompt: x\n---\n"),
    ],
)
def test_what_was_meant_as_a_manifest_is_named(folder: Folder, path: str, text: str) -> None:
    """A file that nobody reads because of its name, or of how it begins."""
    folder.persona("p")
    folder.write(path, text)
    loaded = folder.load()
    assert loaded.addresses == ["persona.p"]
    assert (loaded.warning.code, loaded.warning.span and loaded.warning.span.path) == ("E-foreign", path)
    assert "looks like" in loaded.warning.summary
    assert loaded.warning.hint


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ("a.txt", "You are kind.\nkind: is what you are\n"),
        ("a.txt", "Use these words: apiVersion: personas/v1\n"),
        ("notes.markdown", "# How to write a manifest\n\n```yaml\n" + ENVELOPE + "```\n"),
        ("README.md", "# How\n\n```yaml\n---\n" + ENVELOPE + "```\n"),
        ("a.md", "+++\ntitle = 'A page'\n+++\nText\n"),
        ("a.md", "\n---\nNote: be kind\n---\n"),
        ("a.yaml.bak", ENVELOPE),
        ("a.yaml~", ENVELOPE),
        ("persona.py", "system_prompt = 'x'\n"),
        ("picture.json.png", b"\x89PNG\0\0\xff"),
        ("a.toml", "kind = 'Deployment'\n"),
        ("a.j2", b"\xff\xfe\x00"),
    ],
)
def test_what_was_meant_otherwise_is_not_named(folder: Folder, path: str, text: str | bytes) -> None:
    folder.persona("p")
    folder.write(path, text)
    assert folder.load().found() == []


def test_a_template_that_is_included_or_excluded_is_not_named(folder: Folder) -> None:
    folder.write("manifests/reconciler.yaml", PROJECT % "sources: {exclude: ['*.j2']}")
    folder.write("manifests/faults.yaml", "{}")
    folder.write("manifests/a.yaml.j2", ENVELOPE)
    folder.write("manifests/prompt.txt", ENVELOPE)
    folder.persona("a", "  system_prompt: {file: prompt.txt}\n", path="manifests/a.yaml")
    assert folder.load("one").found() == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("manifests/reconciler.yaml", "reconciler.yaml"),
        ("manifests/reconciler.yaml", "manifests/reconciler.yml"),
        ("manifests/reconciler.yml", "reconciler.yml"),
        ("reconciler.yaml", "reconciler.yml"),
    ],
)
@pytest.mark.parametrize("text", ["apiVersion: personas/v1\nkind: Project\nmetadata: {name: q}\n", ""])
def test_a_second_project_file_is_named(folder: Folder, first: str, second: str, text: str) -> None:
    folder.write(first, "apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\n")
    folder.write(second, text)
    folder.persona("a", path="manifests/a.yaml")
    loaded = folder.load()
    assert loaded.project.name == "p"
    assert loaded.warning.span and loaded.warning.span.path == second
