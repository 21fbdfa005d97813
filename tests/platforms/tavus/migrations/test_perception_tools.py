"""Inline tools that see or hear: when they leave for the registry, and what the project file may answer."""

from __future__ import annotations

import pytest

from tests.support.migrating import Project

HEAD = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\n"
TOOL = "[{type: function, function: {name: look, description: Looks., parameters: {type: object, properties: {}}}}]"


def persona(perception: str) -> bytes:
    return (
        f"{HEAD}spec:\n  pal_name: A\n  system_prompt: x\n  layers:\n"
        f"    llm: {{model: tavus-gpt-oss}}\n    perception:\n{perception}"
    ).encode()


@pytest.mark.parametrize("model", ["raven-0", "basic"])
@pytest.mark.parametrize("answer", ["yes", "raven-1"])
def test_with_an_answer_the_model_and_the_tools_move_in_one_run(model, answer):
    project = Project({"a.yaml": persona(f"      perception_model: {model}\n      visual_tools: {TOOL}\n")})
    project.migrate(answers={"raven-0-to-raven-1": {"*": answer}})
    text = project.files["a.yaml"].decode()
    assert "perception_model: raven-1" in text and "visual_tools" not in text and "look" in text
    assert b"origin: vision" in project.files["tools/look.yaml"]


def test_without_one_they_stay_and_the_report_says_why():
    before = persona(f"      perception_model: raven-0\n      visual_tools: {TOOL}\n")
    project = Project({"a.yaml": before})
    result = project.migrate()
    assert project.files == {"a.yaml": before}
    assert [name for name, _ in result.questions] == ["raven-0-to-raven-1"]
    notes = [note for one in result.outcomes for note in one.finding.notes]
    assert any("need raven-1, not raven-0" in note for note in notes)


def test_a_model_that_was_not_named_is_named():
    project = Project({"a.yaml": persona(f"      visual_tools: {TOOL}\n")})
    project.migrate()
    text = project.files["a.yaml"].decode()
    assert "perception_model: raven-1" in text and "visual_tools" not in text


def test_an_overlay_with_an_older_model_keeps_them_inline():
    before = persona(f"      visual_tools: {TOOL}\n")
    overlay = HEAD.encode() + b"spec: {layers: {perception: {perception_model: raven-0}}}\n"
    project = Project({"a.yaml": before, "overlays/p/a.yaml": overlay}, overlays=frozenset({"overlays/p/a.yaml"}))
    project.migrate()
    assert project.files["a.yaml"] == before


def test_more_than_fifty_tools_stay_before_anything_is_made():
    many = ", ".join(f"{{type: function, function: {{name: t{n}, description: d}}}}" for n in range(51))
    before = persona(f"      perception_model: raven-1\n      visual_tools: [{many}]\n")
    project = Project({"a.yaml": before})
    result = project.migrate()
    assert project.files == {"a.yaml": before}, "no tool of it was made either"
    assert any(one.id == "M23" for one in result.outcomes)


@pytest.mark.parametrize(
    ("old", "new"), [("tavus-gpt-4o", "tavus-gpt-5.2"), ("tavus-gpt-4.1", None), ("tavus-llama", "tavus-gemma-4")]
)
def test_yes_takes_the_successor_and_never_picks_one(old, new):
    body = HEAD + f"spec: {{pal_name: A, layers: {{llm: {{model: {old}}}}}}}\n"
    project = Project({"a.yaml": body.encode()})
    result = project.migrate(only=["M15"], answers={"model-successor": {"*": "yes"}})
    assert project.files["a.yaml"].decode() == (body.replace(old, new) if new else body)
    assert bool(result.questions) == (new is None)
