"""`{env}`, `{file}`, `{ref}`, and what may stand at secret places."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, lookup
from reconciler.types.manifest import Manifest
from tests.support.manifestfolder import Folder

CUSTOM = "  layers:\n    llm:\n      base_url: https://llm.example.com/v1\n"


def at(manifest: Manifest, pointer: str) -> Json:
    return lookup(manifest.spec, pointer, "absent")


def test_an_environment_reference_is_a_marker_everywhere(folder: Folder) -> None:
    loaded = folder.one(CUSTOM + "      api_key: {env: KEY}\n  greeting: {env: HELLO}\n")
    assert loaded.errors == []
    assert at(loaded["persona.p"], "/layers/llm/api_key") == SecretRef("env", "KEY")
    assert at(loaded["persona.p"], "/greeting") == SecretRef("env", "HELLO")
    assert at(loaded["persona.p"], "/greeting") == loaded["persona.p"].written["greeting"]


@pytest.mark.parametrize("name", ["A B", "1X", "", "X-Y", "${X}"])
def test_an_environment_name_is_checked(folder: Folder, name: str) -> None:
    found = folder.one(f"  greeting: {{env: '{name}'}}\n").error
    assert (found.code, str(found.span)) == ("E-ref", "p.yaml:6:13")


def test_a_file_reference_is_its_text(folder: Folder) -> None:
    folder.write("prompts/a.md", "\ufeffOne\r\ntwo\n\n")
    folder.persona("p", "  system_prompt: {file: ../prompts/a.md}\n", path="sub/p.yaml")
    assert folder.load().spec == {"system_prompt": "One\ntwo\n"}


@pytest.mark.parametrize(
    ("content", "text"), [("a", "a"), ("a\n", "a"), ("a\n\n", "a\n"), ("a\r\n", "a"), ("", ""), ("\n", "")]
)
def test_a_file_loses_one_final_newline(folder: Folder, content: str, text: str) -> None:
    folder.write("a.txt", content)
    assert folder.one("  system_prompt: {file: a.txt}\n").spec == {"system_prompt": text}


def test_a_file_at_a_secret_place_is_never_read(folder: Folder) -> None:
    folder.persona("p", CUSTOM + "      api_key: {file: ../keys/llm.txt}\n", path="personas/p.yaml")
    loaded = folder.load()
    assert loaded.errors == []
    marker = at(loaded["persona.p"], "/layers/llm/api_key")
    assert marker == SecretRef("file", "keys/llm.txt")
    assert loaded.secrets.resolve(SecretRef("file", "keys/llm.txt")) is None
    folder.write("keys/llm.txt", "s3cret\r\n")
    assert loaded.secrets.resolve(SecretRef("file", "keys/llm.txt")) == "s3cret"


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("nowhere.md", "does not exist"),
        ("folder", "is a folder"),
        ("/etc/hostname", "outside"),
        ("../outside.md", "outside"),
        ("folder/../../outside.md", "outside"),
        ("binary.md", "not UTF-8"),
        ("link.md", "outside"),
        ("linked/outside.md", "outside"),
    ],
)
def test_files_that_cannot_be_included(folder: Folder, path: str, word: str) -> None:
    outside = folder.root.parent / "outside.md"
    outside.write_text("secret")
    folder.write("folder/keep.txt", "")
    folder.write("binary.md", b"a\xff")
    (folder.root / "link.md").symlink_to(outside)
    (folder.root / "linked").symlink_to(folder.root.parent)
    folder.persona("p", f"  greeting: hi\n  system_prompt: {{file: {path}}}\n", path="m/p.yaml")
    (folder.root / "m/p.yaml").rename(folder.root / "p.yaml")
    errors = [item for item in folder.load(paths=["p.yaml"]).errors if item.pointer == "/system_prompt"]
    assert [(item.code, str(item.span)) for item in errors] == [("E-file", "p.yaml:7:18")]
    assert word in errors[0].summary


def test_a_link_inside_the_project_is_followed(folder: Folder) -> None:
    folder.write("real.txt", "text")
    (folder.root / "link.txt").symlink_to(folder.root / "real.txt")
    assert folder.one("  system_prompt: {file: link.txt}\n").spec == {"system_prompt": "text"}


def test_a_pipe_is_no_file(folder: Folder) -> None:
    import os

    os.mkfifo(folder.root / "pipe.txt")
    assert folder.one("  system_prompt: {file: pipe.txt}\n").error.code == "E-file"


def test_references_to_other_manifests(folder: Folder) -> None:
    folder.persona("p", "  tools: [lookup, {ref: tool.flag}]\n")
    folder.write(
        "t.yaml",
        "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: flag}\nspec: {name: flag, description: d}\n",
    )
    loaded = folder.load()
    assert loaded.errors == []
    assert at(loaded["persona.p"], "/tools") == ["lookup", ResourceRef("tool.flag")]


@pytest.mark.parametrize(
    ("target", "word"),
    [
        ("flag", "not an address"),
        ("tol.flag", "unknown kind"),
        ("tool.", "not an address"),
        ("tool.nothing", "no manifest declares tool.nothing"),
        ("persona.p", "is no tool"),
    ],
)
def test_wrong_references_are_errors(folder: Folder, target: str, word: str) -> None:
    found = folder.one(f"  tools:\n    - {{ref: {target}}}\n").error
    assert word in found.summary
    assert str(found.span) == "p.yaml:7:7"


def test_a_dangling_reference_names_the_nearest(folder: Folder) -> None:
    folder.write("t.yaml", "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: lookup}\nspec: {}\n")
    assert "tool.lookup" in (folder.one("  tools: [{ref: tool.lokup}]\n").error.hint or "")


@pytest.mark.parametrize(
    ("spec", "pointer", "value"),
    [
        ("layers: {llm: {extra_body: {env: prod}}}", "/layers/llm/extra_body", {"env": "prod"}),
        ("layers: {tts: {voice_settings: {file: x}}}", "/layers/tts/voice_settings", {"file": "x"}),
        ("layers: {llm: {extra_body: {x: {env: A, b: 1}}}}", "/layers/llm/extra_body/x", {"env": "A", "b": 1}),
        ("layers: {llm: {extra_body: {x: {env: 3}}}}", "/layers/llm/extra_body/x", {"env": 3}),
        ("layers: {llm: {extra_body: {x: {env: A}}}}", "/layers/llm/extra_body/x", SecretRef("env", "A")),
        ("layers: {llm: {headers: {X: {env: A}}}}", "/layers/llm/headers/X", SecretRef("env", "A")),
        ("layers: {llm: {headers: {env: prod}}}", "/layers/llm/headers", {"env": "prod"}),
        ("layers: {llm: {headers: {file: v1}}}", "/layers/llm/headers", {"file": "v1"}),
        ("layers: {mcp: {servers: [{key: {env: A}}]}}", "/layers/mcp/servers/0/key", SecretRef("env", "A")),
    ],
)
def test_what_is_a_reference_and_what_is_data(folder: Folder, spec: str, pointer: str, value: Json) -> None:
    loaded = folder.one(f"  {spec}\n")
    assert loaded.errors == []
    assert at(loaded["persona.p"], pointer) == value


def test_schemas_are_left_as_they_are(folder: Folder) -> None:
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/x"}, "ref": {"ref": "x.y"}, "value": {"join": []}},
    }
    tool = {"type": "function", "function": {"name": "f", "parameters": schema}}
    spec = {"layers": {"llm": {"tools": [tool]}}}
    folder.write("p.json", json.dumps(spec))
    folder.write(
        "t.json",
        json.dumps(
            {"apiVersion": "personas/v1", "kind": "Tool", "metadata": {"name": "t"}, "spec": {"parameters": schema}}
        ),
    )
    loaded = folder.load()
    assert loaded.errors == []
    assert loaded["persona.p"].spec == spec
    assert loaded["tool.t"].spec == {"parameters": schema}


@pytest.mark.parametrize("word", ["$secret", "$ref"])
def test_there_is_nothing_to_forge(folder: Folder, word: str) -> None:
    assert folder.one(f"  greeting: {{{word}: {{env: HOME}}}}\n").error.code == "L20"
    data = {"x": {word: {"env": 1}}}
    assert (
        at(
            folder.one(f"  layers: {{llm: {{extra_body: {json.dumps(data)}}}}}\n")["persona.p"],
            "/layers/llm/extra_body",
        )
        == data
    )


@pytest.mark.parametrize("path", ["/layers/llm/api_key", "/layers/tts/api_key"])
@pytest.mark.parametrize("value", ["kkk", "sk-123", "${LLM_KEY}", "your-api-key", "12345"])
def test_a_literal_key_is_an_error_and_leaves_the_manifest(folder: Folder, path: str, value: str) -> None:
    layer = path.split("/")[2]
    loaded = folder.one(f"  layers:\n    {layer}:\n      api_key: {value}\n")
    assert loaded.codes == ["L03"]
    assert str(loaded.error.span) == "p.yaml:8:16"
    marker = at(loaded["persona.p"], path)
    assert marker == SecretRef("literal", f"persona.p{path}")
    assert loaded.secrets.resolve(SecretRef("literal", f"persona.p{path}")) == value
    assert value not in repr(loaded["persona.p"])
    assert value not in (loaded.error.summary + loaded.error.detail)


def test_a_literal_is_a_warning_where_allowed(folder: Folder) -> None:
    loaded = folder.one("  layers: {llm: {api_key: abc}}\n", allow=True)
    assert loaded.errors == []
    assert loaded.warning.code == "L03"
    assert loaded.secrets.resolve(SecretRef("literal", "persona.p/layers/llm/api_key")) == "abc"


def test_interpolation_is_not_a_thing_and_the_hint_says_what_is(folder: Folder) -> None:
    found = folder.one("  layers: {llm: {api_key: '${LLM_KEY}'}}\n").error
    assert "{env: LLM_KEY}" in (found.hint or "")


def test_prompts_keep_their_braces(folder: Folder) -> None:
    loaded = folder.one("  system_prompt: 'Hello {{name}}, ${x} $y {env}'\n")
    assert loaded.spec == {"system_prompt": "Hello {{name}}, ${x} $y {env}"}


@pytest.mark.parametrize(
    ("name", "value", "secret"),
    [
        ("Authorization", "x", True),
        ("X-Api-Key", "abc", True),
        ("api-version", "2024-02-01", False),
        ("X-Request-Source", "tavus", False),
        ("X-Trace", "Bearer abc", True),
        ("X-Other", "sk-abcdefghijklmnop", True),
        ("X-Other", "9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c", True),
        ("Cookie", "a=b", True),
        ("max_tokens", "100", False),
        ("OpenAI-Organization", "org-northwind", False),
    ],
)
@pytest.mark.parametrize("place", ["headers", "default_query"])
def test_headers_are_secret_by_name_or_value(folder: Folder, place: str, name: str, value: str, secret: bool) -> None:
    loaded = folder.one(f"  layers:\n    llm:\n      {place}:\n        {name}: '{value}'\n")
    assert loaded.codes == (["L03"] if secret else [])
    found = at(loaded["persona.p"], f"/layers/llm/{place}/{name}")
    assert found == (SecretRef("literal", f"persona.p/layers/llm/{place}/{name}") if secret else value)


@pytest.mark.parametrize("mask", ["****", "********", "*" * 40])
def test_a_mask_at_a_secret_place_is_an_error(folder: Folder, mask: str) -> None:
    found = folder.one(f"  layers: {{llm: {{api_key: '{mask}'}}}}\n", allow=True).error
    assert found.code == "E-mask"
    assert "{env:" in (found.hint or "")


@pytest.mark.parametrize("value", ["", "null", "''"])
def test_no_secret_is_no_secret(folder: Folder, value: str) -> None:
    assert folder.one(f"  layers: {{llm: {{api_key: {value}}}}}\n").codes == []


def test_a_tools_secrets(folder: Folder) -> None:
    folder.write(
        "t.yaml",
        """
apiVersion: personas/v1
kind: Tool
metadata: {name: t}
spec:
  name: t
  description: d
  delivery:
    api:
      url: https://x.example.com
      auth: {type: bearer, token: abc}
      headers: {X-Env: prod, Authorization: {env: TOKEN}}
""",
    )
    loaded = folder.load()
    assert loaded.at() == ["t.yaml:11:35 L03"]
    assert lookup(loaded.spec, "/delivery/api/headers") == {
        "X-Env": "prod",
        "Authorization": SecretRef("env", "TOKEN"),
    }


def test_persona_words_and_secrets_in_lists_of_documents(folder: Folder, tmp_path: Path) -> None:
    folder.write("a.json", '{"data": [{"persona_name": "A", "layers": {"tts": {"api_key": "abc"}}}]}')
    loaded = folder.load()
    assert loaded.at() == ["a.json:1:63 L03"]
    assert loaded.secrets.resolve(SecretRef("literal", "persona.A/layers/tts/api_key")) == "abc"
