"""What a person is told about the model that a persona moves to: the request parameters, and the prompt's room."""

from __future__ import annotations

import pytest

from tests.support.migrating import Project


def notes(model: str, answer: str, *, prompt: str = "x", extra: str = "{}") -> list[str]:
    body = (
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec:\n  pal_name: A\n"
        f"  system_prompt: {prompt}\n  layers: {{llm: {{model: {model}, extra_body: {extra}}}}}\n"
    )
    project = Project({"a.yaml": body.encode()})
    result = project.migrate(only=["M15"], answers={"model-successor": {model: answer}})
    assert f"model: {answer}" in project.files["a.yaml"].decode()
    return [note for one in result.outcomes for note in one.finding.notes]


def test_claude_does_not_take_both_sampling_parameters():
    both = "{temperature: 0.2, top_p: 0.9}"
    (note,) = notes("tavus-gpt-4o", "tavus-claude-haiku-4.5", extra=both)
    assert "temperature and top_p together" in note and "tavus-claude-haiku-4.5" in note
    assert notes("tavus-gpt-4o", "tavus-claude-haiku-4.5", extra="{temperature: 0.2}") == []
    assert notes("tavus-gpt-4o", "tavus-gpt-5.2", extra=both) == []


def test_parameters_that_the_new_model_is_not_known_to_take():
    (note,) = notes("tavus-gpt-4o", "tavus-gpt-5.2", extra="{seed: 7}")
    assert "seed" in note


@pytest.mark.parametrize(
    ("answer", "length", "said"),
    [
        ("tavus-gpt-5.2", 4 * 40_000, "good for 32,000"),
        ("tavus-glm-4.7", 4 * 40_000, "from 15,000 on answers get worse"),
        ("tavus-gpt-5.2", 4 * 16_000, "from 15,000 on answers get worse"),
        ("tavus-gpt-5.2", 4 * 14_000, None),
    ],
)
def test_the_prompt_is_held_against_the_window_of_the_new_model(answer, length, said):
    found = notes("tavus-gpt-4.1", answer, prompt="x" * length)
    assert [said in note for note in found] == ([True] if said else [])
