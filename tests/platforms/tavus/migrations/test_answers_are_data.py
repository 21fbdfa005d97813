"""Answers of a stranger's project file: they choose among what migrations do, or are names and texts, no more."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.edit.source_files import TextEditor
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.migrations import MIGRATIONS
from reconciler.types.json import Json
from tests.support.migrating import Project

FILES = {
    "a.yaml": """\
pal_name: A
persona_name: B
system_prompt: Hi
context: Be kind.
guardrails_id: {ref: guardrail_set.house}
layers:
  llm:
    model: tavus-gpt-4o
    temperature: 0.3
    tools:
      - {type: function, function: {name: look up, description: Looks.}}
      - {type: function, function: {name: bare}}
  perception:
    {perception_model: raven-0, ambient_awareness_queries: [x], visual_awareness_queries: [y], tool_prompt: T}
  stt: {stt_engine: tavus-advanced, participant_pause_sensitivity: high}
  tts: {tts_engine: playht, voice_settings: {speed: fast}}
  conversational_flow: {pal_interruptibility: high, replica_interruptibility: low}
""",
    "b.yaml": """\
pal_name: C
layers:
  vqa: {enable_vision: true, prompt: See.}
  tts: {tts_engine: cartesia, tts_model_name: sonic, voice_settings: {speed: slow}}
  llm: {tools: [{type: function, function: {name: bare, description: Other.}}]}
  conversational_flow: {turn_detection_model: sparrow-0}
""",
    "set.yaml": """\
apiVersion: personas/v1
kind: GuardrailSet
metadata: {name: house}
spec: {name: House, data: [{guardrail_name: calm, guardrail_prompt: Be calm.}]}
""",
}  # fmt: skip
EVIL = [
    "{env: AWS_SECRET_ACCESS_KEY}", "{file: ../../.ssh/id_rsa}", "../../evil", "cartesia:{env: X}", "cartesia:../x",
    "a\n---\nkind: Removed", "!!python/object:os.system", "&a *a", "\x1b[31m", "/etc/passwd", "nul\0l", "x" * 200,
    "theirs", "rename", "common", "split", "append", "handover", "yes", "old", "both", "move", "1e9", "-0", "face",
]  # fmt: skip
KEYS = ["*", "persona.a", "persona.b", "look up", "bare", "bare:description", "guardrail_set.house", "calm", "fast"]
stranger = st.dictionaries(
    st.sampled_from([one.name for one in MIGRATIONS.all().values()]),
    st.dictionaries(st.sampled_from(KEYS), st.sampled_from(EVIL), max_size=4),
    max_size=8,
)


def strange(value: Json) -> list[str]:
    """References to the environment, to files and to values."""
    if isinstance(value, dict):
        if len(value) == 1 and next(iter(value)) in ("env", "file", "value", "join"):
            return [str(value)]
        return [one for member in value.values() for one in strange(member)]
    return [one for item in value for one in strange(item)] if isinstance(value, list) else []


@settings(max_examples=40, deadline=None)
@given(stranger)
def test_no_answer_becomes_more_than_a_choice_a_name_or_a_text(answers: dict[str, dict[str, str]]) -> None:
    project = Project({path: text.encode() for path, text in FILES.items()})
    result = project.migrate(answers=answers)
    assert result.diagnostics == () or all(not one.is_error for one in result.diagnostics)
    for path, data in project.files.items():
        assert path in FILES or re.fullmatch(r"(tools|guardrails)/[A-Za-z0-9_]{1,100}(-\d+)?\.yaml", path), path
        opened = TextEditor(KINDS).open(path, data, overlay=False)
        assert opened.problems == [], path
        wanted = {"a.yaml": "persona", "b.yaml": "persona", "set.yaml": "guardrail_set"}.get(
            path, path.split("s/")[0]
        )
        assert [draft.kind.name for draft in opened.drafts] == [wanted], "no document more, and of no other kind"
        assert [one for draft in opened.drafts for one in strange(draft.body)] == []
    assert project.migrate(answers=answers).files == (), "twice is once"


@pytest.mark.parametrize("id", list(MIGRATIONS))
def test_keep_keeps_everything_for_one_and_for_all(id: str) -> None:
    name = MIGRATIONS.get(id).name
    for answers, kept in (({"*": "keep"}, ("a.yaml", "b.yaml")), ({"persona.a": "keep"}, ("a.yaml",))):
        project = Project({path: text.encode() for path, text in FILES.items()})
        project.migrate(only=[id], answers={name: answers})
        for path in kept:
            assert project.text(path) == FILES[path]
