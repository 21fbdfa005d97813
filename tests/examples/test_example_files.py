"""The files of the example project, read as plain data: what they show, and that they hold no secret."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).resolve().parents[2] / "manifests"
KEY_LIKE = re.compile(r"\bsk-\w|Bearer |\beyJ|[A-Za-z0-9+/]{32,}|\b[0-9a-f]{32,}\b")


def documents(pattern: str) -> dict[str, list[Any]]:
    return {
        path.relative_to(FOLDER).as_posix(): list(yaml.safe_load_all(path.read_text("utf-8")))
        for path in sorted(FOLDER.glob(pattern))
    }


def spec(name: str) -> dict[str, Any]:
    document = yaml.safe_load((FOLDER / name).read_text("utf-8"))
    body = document["spec"]
    assert isinstance(body, dict)
    return body


BASE = {
    name: found
    for folder in ("personas", "tools", "guardrails", "objectives", "documents", "dictionaries", "deployments")
    for name, found in documents(f"{folder}/*.yaml").items()
}
OVERLAYS = documents("overlays/*/*.yaml")


def test_the_health_coach_of_both_generations() -> None:
    body = spec("personas/health-coach.yaml")
    pal = spec("personas/health-coach-pal.yaml")
    assert body["layers"]["llm"] == {
        "model": "tavus-gpt-oss",
        "speculative_inference": True,
        "extra_body": {"temperature": 0.7, "top_p": 0.9},
    }
    assert (body["default_replica_id"], pal["default_face_id"]) == ("rf4e9d9790f0", "r90bbd427f71")
    assert pal["layers"]["llm"] == {**body["layers"]["llm"], "model": "tavus-glm-4.7"}
    assert pal["system_prompt"] == body["system_prompt"]


def test_the_storyteller_brings_a_model_of_its_own() -> None:
    llm = spec("personas/storyteller.yaml")["layers"]["llm"]
    assert llm["api_key"] == {"env": "STORYTELLER_LLM_API_KEY"}
    assert llm["default_query"] == {"api-version": "2024-02-15-preview"}
    assert llm["base_url"].endswith("/openai/deployments/gpt-4o")


def test_the_life_coach_keeps_what_is_deprecated() -> None:
    body = spec("personas/life-coach.yaml")
    layers = body["layers"]
    assert set(layers) == {"llm", "tts", "perception", "stt", "conversational_flow"}
    assert body["context"].startswith("Here are a few times")
    assert body["document_ids"] == ["d1234567890", "d2468101214"]
    assert body["document_tags"] == ["product_info", "company_policies"]
    assert layers["llm"]["model"] == "tavus-gpt-4o"
    assert layers["tts"] == {
        "tts_engine": "cartesia",
        "tts_model_name": "sonic",
        "tts_emotion_control": True,
        "voice_settings": {"speed": "normal", "emotion": ["positivity:high", "curiosity"]},
    }
    assert layers["perception"]["perception_model"] == "raven-0"
    assert len(layers["perception"]["ambient_awareness_queries"]) == 2
    assert layers["stt"] == {"stt_engine": "tavus-advanced"}
    assert layers["conversational_flow"] == {
        "turn_detection_model": "sparrow-1",
        "turn_taking_patience": "medium",
        "turn_commitment": "medium",
        "replica_interruptibility": "high",
        "active_listening": "low",
    }


@pytest.mark.parametrize(
    ("layer", "field", "name"),
    [("llm", "tools", "life_coach_insight"), ("perception", "perception_tools", "notify_if_id_shown")],
)
def test_a_registry_tool_is_the_inline_one(layer: str, field: str, name: str) -> None:
    (inline,) = spec("personas/life-coach.yaml")["layers"][layer][field]
    tool = spec(f"tools/{name}.yaml")
    assert inline["function"] == {key: tool[key] for key in ("name", "description", "parameters")}


def test_the_tools_are_those_of_the_pages() -> None:
    names = {body["spec"]["name"] for (body,) in documents("tools/*.yaml").values()}
    assert names == {"get_current_weather", "life_coach_insight", "notify_if_id_shown"}
    seen = spec("tools/notify_if_id_shown.yaml")
    assert seen["origin"] == "vision"
    assert "on_call" not in seen


def test_the_echo_persona_has_no_mind() -> None:
    body = spec("personas/echo-presenter.yaml")
    assert body["pipeline_mode"] == "echo"
    assert {"system_prompt", "layers", "context"} & set(body) == set()


def test_the_bare_body_has_no_envelope() -> None:
    body = json.loads((FOLDER / "personas/life-coach-minimal.json").read_text("utf-8"))
    assert set(body) == {"system_prompt", "pipeline_mode", "default_replica_id"}


def test_the_markdown_manifest_has_a_long_prompt() -> None:
    text = (FOLDER / "personas/onboarding-guide.md").read_text("utf-8")
    _, front, prompt = text.split("---\n", 2)
    head = yaml.safe_load(front)
    assert head["kind"] == "PAL"
    assert "system_prompt" not in head
    assert 1_000 < len(prompt) < 20_000


def test_the_concierge_uses_every_way_to_name_a_tool() -> None:
    body = spec("personas/concierge.yaml")
    assert body["tools"] == [
        "get_current_weather",
        {"ref": "tool.life_coach_insight"},
        {"ref": "tool.notify_if_id_shown"},
    ]
    assert (FOLDER / "personas" / body["system_prompt"]["file"]).is_file()


@pytest.mark.parametrize("path", [path for path in FOLDER.rglob("*") if path.is_file()], ids=lambda path: path.name)
def test_no_file_holds_what_looks_like_a_key(path: Path) -> None:
    assert KEY_LIKE.findall(path.read_text("utf-8")) == []


def secrets(value: Any) -> list[Any]:
    """Every value of a member called api_key, at any depth."""
    if isinstance(value, dict):
        here = [member for name, member in value.items() if name == "api_key"]
        return here + [found for member in value.values() for found in secrets(member)]
    return [found for member in value for found in secrets(member)] if isinstance(value, list) else []


def test_every_key_is_a_reference() -> None:
    project = documents("reconciler.yaml")
    found = [secret for group in (BASE, OVERLAYS, project) for bodies in group.values() for secret in secrets(bodies)]
    assert len(found) == 4
    assert [secret for secret in found if set(secret) not in ({"env"}, {"file"})] == []


def test_every_overlay_lies_over_a_manifest() -> None:
    known = {(body["kind"], body["metadata"]["name"]) for bodies in BASE.values() for body in bodies}
    known |= {("PAL" if kind == "Persona" else "Persona", name) for kind, name in known}
    over = {(body["kind"], body["metadata"]["name"]) for bodies in OVERLAYS.values() for body in bodies}
    assert over - known == set()


def test_every_overlay_folder_belongs_to_a_workspace() -> None:
    (project,) = documents("reconciler.yaml")["reconciler.yaml"]
    used = {folder for workspace in project["workspaces"].values() for folder in workspace.get("overlays", [])}
    assert used == {f"overlays/{path.name}" for path in (FOLDER / "overlays").iterdir()}
    assert set(project["workspaces"]) == {"sandbox", "staging", "production"}
    assert project["workspaces"]["sandbox"]["provider"] == {"type": "simulator"}


def test_the_names_that_people_see_are_unique() -> None:
    names = [
        body["spec"].get("persona_name") or body["spec"].get("pal_name")
        for bodies in BASE.values()
        for body in bodies
    ]
    given = [name for name in names if name]
    assert len(given) == len(set(given))


def test_the_page_lists_every_file_of_the_personas() -> None:
    page = (FOLDER / "README.md").read_text("utf-8")
    assert [path.name for path in (FOLDER / "personas").iterdir() if f"personas/{path.name}" not in page] == []
