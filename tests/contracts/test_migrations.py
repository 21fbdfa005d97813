"""Every migration of all platforms: its documentation, its example, and the laws that hold for all."""

from __future__ import annotations

import re

import pytest
import yaml

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.migration import Migration, Safety
from reconciler.core.platform import Platform
from reconciler.manifests.read.envelope import read_documents
from reconciler.manifests.tree.problems import Findings
from reconciler.platforms.tavus.migrations import MIGRATIONS
from reconciler.types.json import Json, Object
from tests.support.migrating import Project
from tests.support.platforms import EVERY

IDS = list(MIGRATIONS)
ENTRIES = [(one, id) for one in EVERY.values() for id in one.migrations]
SAFETY = {
    "auto": {"M01", "M03", "M05", "M06", "M12", "M13", "M20", "M21", "M22"},
    "ask": {"M02", "M04", "M07", "M10", "M11", "M14", "M15", "M16", "M24", "M25"},
    "never": {"M23", "M26", "M30"},
}
KNOWN_TOOL = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: known_tool}
spec: {name: known_tool, description: Knows., parameters: {}}
"""
HOUSE_RULES = """\
apiVersion: personas/v1
kind: GuardrailSet
metadata: {name: house_rules}
spec:
  name: House rules
  data: [{guardrail_name: no_legal_advice, guardrail_prompt: The persona gives legal advice.}]
"""


def enveloped(platform: Platform, one: Migration, text: str) -> bytes:
    """An example as a file: as it stands where its kind is known by its body, else with its kind around it."""
    kind = platform.kinds.get(one.kinds[0]) if one.kinds else platform.kinds.default
    if kind.bare_keys:
        return text.encode()
    head: Object = {"apiVersion": "personas/v1", "kind": kind.manifest_kinds[0], "metadata": {"name": "subject"}}
    return yaml.safe_dump({**head, "spec": yaml.safe_load(text)}).encode()


def example(platform: Platform, one: Migration) -> Project:
    """The example before, as a bare body, with whatever it refers to."""
    project = Project(platform=platform)
    project.files["subject.yaml"] = enveloped(platform, one, one.doc.before)
    if "known_tool" in one.doc.before:
        project.files["known_tool.yaml"] = KNOWN_TOOL.encode()
    if "house_rules" in one.doc.before:
        project.files["house_rules.yaml"] = HOUSE_RULES.encode()
    return project


def body(text: bytes) -> Json:
    return read_documents(text, "subject.yaml", Findings())[0].value


def test_the_ids_are_those_of_the_table() -> None:
    assert set(IDS) == {f"M{number:02}" for number in (*range(1, 8), *range(10, 17), *range(20, 27), 30)}


def test_names_are_unique() -> None:
    assert len({one.name for one in MIGRATIONS.all().values()}) == len(IDS)


@pytest.mark.parametrize("id", IDS)
def test_has_the_safety_of_the_table(id: str) -> None:
    assert id in SAFETY[MIGRATIONS.get(id).safety.value]


@pytest.mark.parametrize(("platform", "id"), ENTRIES, ids=lambda value: getattr(value, "name", value))
class TestEveryMigration:
    def test_is_registered_under_its_own_id(self, platform: Platform, id: str) -> None:
        one = platform.migrations.get(id)
        assert isinstance(one, Migration)
        assert one.id == id
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", one.name)

    def test_is_documented(self, platform: Platform, id: str) -> None:
        one = platform.migrations.get(id)
        for section in (one.doc.what, one.doc.why):
            assert len(section) > 40
            assert section.endswith(".")
        assert one.sources
        assert isinstance(yaml.safe_load(one.doc.before), dict)
        assert isinstance(yaml.safe_load(one.doc.after), dict)

    def test_takes_its_example_from_before_to_after(self, platform: Platform, id: str) -> None:
        one = platform.migrations.get(id)
        project = example(platform, one)
        project.migrate(only=[id], answers={one.name: one.doc.answers})
        assert json_equal(body(project.files["subject.yaml"]), body(enveloped(platform, one, one.doc.after)))

    def test_twice_is_once(self, platform: Platform, id: str) -> None:
        one = platform.migrations.get(id)
        project = example(platform, one)
        project.migrate(only=[id], answers={one.name: one.doc.answers})
        again = project.migrate(only=[id], answers={one.name: one.doc.answers})
        assert again.files == ()

    def test_does_nothing_of_weight_without_an_answer(self, platform: Platform, id: str) -> None:
        one = platform.migrations.get(id)
        if not one.doc.answers:
            assert one.safety is not Safety.ASK or id == "M15"
            return
        project = example(platform, one)
        before = dict(project.files)
        result = project.migrate(only=[id])
        assert project.files == before
        assert result.questions

    def test_keep_leaves_no_question(self, platform: Platform, id: str) -> None:
        one = platform.migrations.get(id)
        project = example(platform, one)
        result = project.migrate(only=[id], answers={one.name: {"*": "keep"}})
        assert result.questions == ()


@pytest.mark.parametrize("id", IDS)
class TestEveryMigrationOfPersonas:
    def test_finds_nothing_in_what_has_nothing(self, id: str) -> None:
        project = Project()
        project.files["subject.yaml"] = b"pal_name: A\nsystem_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n"
        assert project.migrate(only=[id] if id != "M30" else []).outcomes == ()

    @pytest.mark.parametrize("odd", ["null", "[]", "text", "7", "{a: 1}", "{env: X}", "[[1], null, {name: 5}]"])
    def test_survives_any_shape(self, id: str, odd: str) -> None:
        layers = ("llm", "tts", "stt", "perception", "conversational_flow", "vqa", "transport")
        project = Project()
        project.files["whole.yaml"] = f"system_prompt: Hi\nlayers: {odd}\n".encode()
        inner = "".join(f"  {name}: {odd}\n" for name in layers)
        project.files["layers.yaml"] = f"pal_name: A\nlayers:\n{inner}".encode()
        fields = ("context", "system_prompt", "tools", "tool_ids", "guardrails_id", "pipeline_mode")
        project.files["top.yaml"] = f"pal_name: B\n{''.join(f'{name}: {odd}{chr(10)}' for name in fields)}".encode()
        names = ("tools", "model", "visual_tools", "perception_model", "tts_engine", "voice_settings", "tool_prompt")
        deep = "".join(f"  {name}: {{{', '.join(f'{field}: {odd}' for field in names)}}}\n" for name in layers)
        project.files["deep.yaml"] = f"pal_name: C\nlayers:\n{deep}".encode()
        one = MIGRATIONS.get(id)
        for answer in ({}, {one.name: dict(one.doc.answers)}, {one.name: {"*": "nonsense"}}):
            assert project.migrate(only=[id], answers=answer).diagnostics == ()
