"""M30: what leaves the manifest for a LiveKit agent, its overlays included, and that nothing else does."""

from __future__ import annotations

import json

import pytest
import yaml
from hypothesis import given

from reconciler.core.migration_result import Status
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, Object
from tests.support.bodies import bodies
from tests.support.migrating import Project, one

ONLY = ["livekit-handover"]
YES = {"livekit-handover": {"*": "handover"}}
FULL = """\
# about this file
pal_name: Desk          # what people see
system_prompt: Hello.
pal_description: At the door
default_face_id: r1
greeting: Hi
tools: [lookup]
guardrail_ids: [g1]
document_tags: [a]
skills: {memory: {}}
brand_new: kept         # nobody knows what this is
layers:
  llm: {model: tavus-gpt-4.1}
  tts: {}
  perception: {perception_model: raven-1}
  conferencing: {username: desk}
  own_layer: {x: 1}
"""


def handed(project: Project, path: str = "p.yaml") -> Json:
    project.migrate(only=ONLY, answers=YES)
    return yaml.safe_load(project.text(path))


def test_the_face_stays_and_what_is_inert_goes() -> None:
    project = one(FULL)
    assert handed(project) == {
        "pal_name": "Desk", "pal_description": "At the door", "default_face_id": "r1", "brand_new": "kept",
        "layers": {"own_layer": {"x": 1}, "transport": {"transport_type": "livekit"}}, "pipeline_mode": "echo",
    }  # fmt: skip
    for comment in ("# about this file", "# what people see", "# nobody knows what this is"):
        assert comment in project.text("p.yaml")


def test_twice_is_once() -> None:
    project = one(FULL)
    handed(project)
    before = project.text("p.yaml")
    result = project.migrate(only=ONLY, answers=YES)
    assert (result.files, result.outcomes) == ((), ())
    assert project.text("p.yaml") == before


def test_persona_words_are_known_too() -> None:
    body: Object = {"persona_name": "A", "default_replica_id": "r1", "system_prompt": "Hi", "tool_ids": ["t1"]}
    project = one(json.dumps(body), "p.json")
    project.migrate(only=ONLY, answers=YES)
    assert json.loads(project.text("p.json")) == {
        "persona_name": "A", "default_replica_id": "r1", "pipeline_mode": "echo",
        "layers": {"transport": {"transport_type": "livekit"}},
    }  # fmt: skip


def test_the_prompt_of_a_markdown_file_goes() -> None:
    project = one("---\nkind: PAL\npal_name: A # name\n---\n\nYou are kind.\n\nVery.\n", "a.md")
    result = project.migrate(only=ONLY, answers=YES)
    assert not result.of(Status.REFUSED)
    assert "kind." not in project.text("a.md")
    assert "pal_name: A # name\n" in project.text("a.md")
    assert project.migrate(only=ONLY, answers=YES).files == ()


def envelope(name: str, spec: str) -> bytes:
    return f"apiVersion: personas/v1\nkind: PAL\nmetadata: {{name: {name}}}\nspec: {spec}\n".encode()


def test_overlays_follow_their_persona_and_no_other() -> None:
    files = {
        "p.yaml": envelope("desk", "{pal_name: A, system_prompt: Hi}"),
        "q.yaml": envelope("door", "{pal_name: B, system_prompt: Hi}"),
        "o/desk.yaml": envelope("desk", "{default_face_id: r2, pipeline_mode: full, layers: {llm: {model: m}}}"),
        "o/door.yaml": envelope("door", "{layers: {llm: {model: m}}}"),
    }
    project = Project(dict(files), frozenset({"o/desk.yaml", "o/door.yaml"}))
    answers = {"livekit-handover": {"*": "keep", "persona.desk": "handover"}}
    result = project.migrate(only=ONLY, answers=answers)
    assert yaml.safe_load(project.text("o/desk.yaml"))["spec"] == {"default_face_id": "r2"}
    assert yaml.safe_load(project.text("p.yaml"))["spec"]["pipeline_mode"] == "echo"
    assert project.files["q.yaml"] == files["q.yaml"]
    assert project.files["o/door.yaml"] == files["o/door.yaml"]
    notes = [note for found in result.of(Status.DONE) if found.path == "o/desk.yaml" for note in found.finding.notes]
    assert any("-w NAME" in note for note in notes)


@pytest.mark.parametrize("only", [[], ["M15"], ["model-successor"]])
def test_never_by_itself(only: list[str]) -> None:
    project = one(FULL)
    result = project.migrate(only=only, answers=YES)
    assert not [found for found in result.outcomes if found.id == "M30"]


def test_without_an_answer_it_waits() -> None:
    project = one(FULL)
    result = project.migrate(only=ONLY)
    assert result.files == ()
    (found,) = result.of(Status.OPEN)
    assert found.finding.question is not None
    assert any("openai/gpt-4.1" in note for note in found.finding.notes)


def written(reference: object) -> dict[str, str]:
    """A reference as a manifest spells it."""
    if isinstance(reference, ResourceRef):
        return {"ref": reference.address}
    assert isinstance(reference, SecretRef)
    return reference.written()


@given(bodies("persona"))
def test_any_body_is_handed_over_or_refused_and_then_rests(body: Object) -> None:
    project = one(json.dumps({"pal_name": "A", **body}, default=written), "p.json")
    result = project.migrate(only=ONLY, answers=YES)
    if result.diagnostics or result.of(Status.REFUSED):
        return
    after = json.loads(project.text("p.json"))
    assert after["pipeline_mode"] == "echo"
    assert after["layers"]["transport"]["transport_type"] == "livekit"
    assert not {"system_prompt", "greeting", "tools", "skills", "guardrail_ids"} & set(after)
    assert project.migrate(only=ONLY, answers=YES).files == ()
