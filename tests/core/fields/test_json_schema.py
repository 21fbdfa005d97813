"""The JSON Schema of manifests, tried with a validator on documents as people write them."""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from reconciler.api.offline import manifest_schema
from reconciler.core.fields.json_schema import API_VERSION, ENVELOPE
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.json import Json, lookup
from reconciler.types.manifest import Lifecycle, Manage

SCHEMA = manifest_schema()
VALIDATOR = jsonschema.Draft7Validator(SCHEMA)
MANIFESTS = Path(__file__).resolve().parents[3] / "manifests"


def is_valid(text: str) -> bool:
    return bool(VALIDATOR.is_valid(yaml.safe_load(text)))


HEAD = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: x}\n"


def test_it_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    assert SCHEMA["$schema"] == "http://json-schema.org/draft-07/schema#"


def test_it_is_json_and_always_the_same() -> None:
    assert json.loads(json.dumps(SCHEMA)) == manifest_schema()


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "spec: {persona_name: X, system_prompt: Hi}",
        HEAD + "spec: {pal_name: X, default_face_id: r1, something_new: 7}",
        HEAD + "spec: {system_prompt: {file: prompts/x.md}}",
        HEAD + "spec: {layers: {llm: {model: m, base_url: {env: URL}, api_key: {env: KEY}, headers: {X: {env: Y}}}}}",
        HEAD + "spec: {tools: [look_up, {ref: tool.look_up}]}",
        HEAD + "spec: {guardrail_ids: [{ref: guardrail.kind}], objectives_id: {ref: objectives.a}}",
        HEAD
        + "spec: {layers: {conversational_flow: {replica_interruptibility: low, turn_detection_model: sparrow-9}}}",
        HEAD + "spec: {layers: {stt: null, tts: {voice_settings: {speed: 1, anything: x}}}}",
        HEAD + "spec: {greeting: null, disclosure_type: new-type}",
        HEAD.replace("Persona", "PAL") + "spec: {}",
        HEAD + "lifecycle: {protect: true, ignore: [/layers/tts], manage: observe}\nspec: {}",
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: x, id: p1, labels: {team: a}}\nspec: {}",
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: x, id: {sandbox: p1}}\nspec: {}",
        "apiVersion: personas/v1\nkind: Tool\nmetadata: {name: x}\nspec: {name: x, parameters: {type: object}}",
        "apiVersion: personas/v1\nkind: Moved\nfrom: persona.a\nto: persona.b",
        "kind: Removed\naddress: persona.a.b",
        "persona_name: X\nsystem_prompt: Hi",
        "layers: {llm: {model: tavus-gpt-oss}}",
    ],
)
def test_what_people_write_is_valid(text: str) -> None:
    assert is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "spec: {system_prompt: [a]}",
        HEAD + "spec: {system_prompt: {fil: x}}",
        HEAD + "spec: {document_ids: d1}",
        HEAD + "spec: {pipeline_mode: new-mode}",
        HEAD + "spec: {layers: {conversational_flow: {turn_taking_patience: superlow}}}",
        HEAD + "spec: {layers: {knowledge_base: {rag_n_chunks: many}}}",
        HEAD.replace("Persona", "Document") + "spec: {crawl: {depth: 11}}",
        HEAD.replace("Persona", "PronunciationDictionary") + "spec: {rules: [{text: '', type: alias}]}",
        HEAD.replace("Persona", "Guardrail") + "spec: {tags: ['" + "x" * 65 + "']}",
        HEAD + "spec: {layers: {llm: {speculative_inference: maybe}}}",
        HEAD + "spec: {layers: {llm: {tools: text}}}",
        HEAD + "spec: {layers: {llm: [a]}}",
        HEAD + "spec: {}\nspek: {}",
        HEAD + "lifecycle: {protec: true}\nspec: {}",
        HEAD + "lifecycle: {manage: some}\nspec: {}",
        HEAD + "spec: {guardrail_ids: [{ref: nonsense}]}",
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: 'a b'}\nspec: {}",
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {}\nspec: {}",
        "apiVersion: personas/v2\nkind: Persona\nmetadata: {name: x}\nspec: {}",
        "apiVersion: personas/v1\nkind: Persna\nmetadata: {name: x}\nspec: {}",
        "kind: Moved\nfrom: persona.a",
        "kind: Removed\naddress: nonsense",
        "something: else",
        "- a list",
    ],
)
def test_what_the_loader_refuses_is_invalid(text: str) -> None:
    assert not is_valid(text)


def example_documents() -> list[tuple[str, Json]]:
    found = []
    for path in sorted(MANIFESTS.rglob("*")):
        inside = path.relative_to(MANIFESTS)
        if (
            path.suffix not in {".yaml", ".yml", ".json"}
            or "overlays" in inside.parts
            or path.name == "reconciler.yaml"
        ):
            continue
        found += [(inside.as_posix(), document) for document in yaml.safe_load_all(path.read_text("utf-8"))]
    return found


@pytest.mark.parametrize(("name", "document"), example_documents())
def test_the_example_project_is_valid(name: str, document: Json) -> None:
    errors = [f"{name}{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]
    assert errors == []


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_field_has_its_description_under_every_spelling(kind: str) -> None:
    spec = KINDS.get(kind)
    definitions = SCHEMA["definitions"]
    assert isinstance(definitions, dict)
    top = definitions[f"{kind}_spec"]
    assert isinstance(top, dict)
    members = top["properties"]
    assert isinstance(members, dict)
    for row in spec.fields:
        tokens = row.path.split("/")[1:]
        if len(tokens) == 1:
            for word in (tokens[0], *row.wire_names.values(), *row.aliases):
                member = members[word]
                assert isinstance(member, dict)
                assert str(member["description"]).startswith(row.doc)


def test_secrets_have_no_examples_and_old_fields_are_marked() -> None:
    text = json.dumps(SCHEMA)
    assert '"deprecated": true' in text
    assert '"readOnly": true' in text


def test_some_kinds_only() -> None:
    only = manifest_schema(["tool"])
    check = jsonschema.Draft7Validator(only)
    tool: Json = {"apiVersion": "personas/v1", "kind": "Tool", "metadata": {"name": "x"}, "spec": {}}
    assert check.is_valid(tool)
    assert not check.is_valid({**tool, "kind": "Persona"})
    assert not check.is_valid({"persona_name": "x"})


def members(definition: str) -> set[str]:
    found = lookup(manifest_schema(["tool"]), f"/definitions/{definition}/properties")
    assert isinstance(found, dict)
    return set(found)


def below(parent: str) -> set[str]:
    paths = [row.path for row in ENVELOPE.fields if row.path.startswith(parent + "/")]
    return {path[len(parent) + 1 :] for path in paths} - {"labels/*"}


def test_it_names_what_the_schema_takes() -> None:
    assert {path.partition("/")[0] for path in below("")} == members("tool")
    assert below("/metadata") == members("metadata")
    assert below("/lifecycle") == members("lifecycle")


def test_its_defaults_are_those_of_the_record() -> None:
    rows = {row.path: row for row in ENVELOPE.fields}
    assert rows["/lifecycle/protect"].default is Lifecycle().protect
    assert rows["/lifecycle/manage"].default == Lifecycle().manage.value
    assert set(rows["/lifecycle/manage"].enum) == {one.value for one in Manage}
    assert rows["/apiVersion"].enum == (API_VERSION,)
