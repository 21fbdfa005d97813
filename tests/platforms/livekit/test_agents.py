"""Generated agents under the real livekit-agents: they import and build with no network, and hold what was said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.core.export.target import AttachedTool, Generated, Subject
from reconciler.engine.export_account import subjects_of_manifests
from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.types.address import SecretRef
from reconciler.types.json import Json, Object
from reconciler.types.state import State
from tests.support.livekitpersonas import NASTY, persona, subjects
from tests.support.livekitworld import agent_path, lacking, make, run_agents
from tests.support.projects import load_project
from tests.support.records import persona_subject

CATALOGUE = load_catalogue()
PLUGINS = ("openai", "anthropic", "elevenlabs", "cartesia", "azure")
pytestmark = [
    pytest.mark.rare,
    pytest.mark.skipif(bool(lacking()), reason=lacking()),
    pytest.mark.xdist_group("livekit"),
]
KEY: Json = SecretRef("env", "OWN_KEY")
OWN: Object = {"model": "m", "base_url": "https://llm.example/v1", "api_key": KEY}
SCHEMA: Object = {
    "type": "object",
    "properties": {"topic": {"type": "string", "enum": ["a", "b"], "description": 'with "quotes" and {braces}'}},
    "required": ["topic"],
}


def needs(one: Generated) -> list[str]:
    """Plug-ins that the agent imports and that are not installed."""
    requirements = next(file.text for file in one.files if file.path.endswith("requirements.txt"))
    return [
        name for name in PLUGINS if f"livekit-plugins-{name}" in requirements and lacking(f"livekit.plugins.{name}")
    ]


def build(subjects: list[Subject], folder: Path) -> list[tuple[Generated, dict[str, Any]]]:
    """Every agent with what it built, those left out whose plug-in is not installed."""
    made = [one for one in make(subjects, folder) if not one.skipped and not needs(one)]
    found = run_agents(agent_path(one, folder) for one in made)
    assert len(found) == len(made)
    return list(zip(made, found, strict=True))


def example_subjects() -> list[Subject]:
    root = Path(__file__).resolve().parents[3]
    project = load_project(str(root / "manifests" / "reconciler.yaml"), root=root)
    manifests, _ = load_manifests(project, project.workspaces["sandbox"], environ={})
    return list(subjects_of_manifests(manifests, State("", 0, "sandbox"), "persona"))


def chosen() -> list[Subject]:
    """One persona for each thing that may go wrong."""
    inline: Json = [{"type": "function", "function": {"name": "a-b", "description": "d", "parameters": SCHEMA}}]
    tools = tuple(
        AttachedTool(name, {"name": name, "description": NASTY[0], "parameters": SCHEMA})
        for name in ("lookup", "import", "HANDLERS", "print", "None")
    )
    listed: Json = [tool.name for tool in tools]
    found = [
        *(persona(f"nasty-{at}", system_prompt=text, pal_name=text) for at, text in enumerate(NASTY)),
        *(persona(f"model-{model}", system_prompt="Hi", layers={"llm": {"model": model}}) for model in hosted()),
        persona_subject("toolbox", {"tools": listed, "layers": {"llm": {"tools": inline}}}, "p1", tools),
        persona("json", system_prompt="named like a module of Python"),
        persona("livekit", system_prompt="named like a package", layers={"stt": {"hotwords": "Roey, Acme Corp"}}),
        persona("own", layers={"llm": {**OWN, "extra_body": {"seed": 1}, "default_query": {"v": "1"}}}),
        persona("turns", layers={"conversational_flow": {"turn_taking_patience": "high", "interruptibility": "low"}}),
        persona("warm", layers={"llm": {"model": "tavus-gpt-4.1", "extra_body": {"temperature": 0.3}}}),
        persona("cold", layers={"llm": {"model": "tavus-gpt-4.1", "speculative_inference": False}}),
    ]
    for at, voice in enumerate(voices()):
        found.append(persona(f"voice-{at}", system_prompt="Hi", layers={"tts": voice}))
    return found


def hosted() -> list[str]:
    return sorted(CATALOGUE.tables["llm"])


def voices() -> list[Json]:
    settings: Json = {"stability": 0.4, "style": 0.2}
    return [
        {
            "tts_engine": "cartesia",
            "tts_model_name": "sonic-2",
            "external_voice_id": "v",
            "voice_settings": {"speed": 1},
        },
        {"tts_engine": "cartesia", "api_key": KEY, "external_voice_id": "v", "voice_settings": {"speed": "fast"}},
        {"tts_engine": "elevenlabs", "external_voice_id": "v", "voice_settings": settings, "api_key": KEY},
        {"tts_engine": "azure", "external_voice_id": "en-US-AvaNeural"},
    ]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Subject, dict[str, Any]]]:
    """By name: the example manifests and the chosen personas, imported and built by one process."""
    every = [*example_subjects(), *chosen()]
    known = {subject.address: subject for subject in every}
    found = build(every, tmp_path_factory.mktemp("agents"))
    return {one.address.name: (known[one.address], world) for one, world in found}


def test_every_agent_imports_and_builds(built: dict[str, tuple[Subject, dict[str, Any]]]) -> None:
    assert {name: world["error"] for name, (_, world) in built.items() if "error" in world} == {}
    assert {"concierge", "storyteller", "onboarding-guide", "life-coach", "toolbox"} <= set(built)
    assert {world["session"] for _, world in built.values()} == {"AgentSession"}
    assert {world["entry"] for _, world in built.values()} == {"entrypoint"}


def test_instructions_are_the_prompt(built: dict[str, tuple[Subject, dict[str, Any]]]) -> None:
    checked = 0
    for subject, world in built.values():
        prompt = subject.spec.get("system_prompt")
        if isinstance(prompt, str) and not subject.spec.get("context"):
            assert world["instructions"] == prompt
            checked += 1
    assert checked > len(NASTY)


def test_every_model_of_the_catalogue_is_the_one_that_the_session_has(
    built: dict[str, tuple[Subject, dict[str, Any]]],
) -> None:
    for model in hosted():
        near = CATALOGUE.livekit.nearest.get(model)
        if near is None or f"model-{model}" not in built:
            continue
        world = built[f"model-{model}"][1]
        if near.id is not None:
            assert (world["llm"], world["llm_class"]) == (near.id, "livekit.agents.inference.llm")
        elif near.plugin:
            assert world["llm"] == near.plugin_model
            assert world["llm_class"].startswith(f"livekit.plugins.{near.plugin}")


def test_tools_have_their_names_and_schemas(built: dict[str, tuple[Subject, dict[str, Any]]]) -> None:
    subject, world = built["toolbox"]
    assert [tool["name"] for tool in world["tools"]] == ["lookup", "import", "HANDLERS", "print", "None", "a-b"]
    assert all(tool["parameters"] == SCHEMA for tool in world["tools"])
    assert world["tools"][0]["description"] == NASTY[0]
    assert world["handlers"] == sorted(tool["name"] for tool in world["tools"])
    assert world["avatar"][0] == subject.id
    concierge = built["concierge"][1]
    assert [tool["name"] for tool in concierge["tools"]] == ["get_current_weather", "life_coach_insight"]


def test_parts_of_the_session(built: dict[str, tuple[Subject, dict[str, Any]]]) -> None:
    assert built["livekit"][1]["keyterms"] == ["Roey", "Acme Corp"]
    assert built["turns"][1]["endpointing"]["max_delay"] == 5.0
    assert built["turns"][1]["interruption"]["min_duration"] == 1.0
    assert built["warm"][1]["llm_options"]["extra_kwargs"] == {"temperature": 0.3}
    assert built["cold"][1]["preemptive"] is False
    assert built["voice-0"][1]["tts"] == "cartesia/sonic-2"


@pytest.mark.skipif(bool(lacking("livekit.plugins.openai")), reason=lacking("livekit.plugins.openai"))
def test_ones_own_endpoint(built: dict[str, tuple[Subject, dict[str, Any]]]) -> None:
    world = built["own"][1]
    assert world["llm_class"].startswith("livekit.plugins.openai")
    assert world["base_url"].rstrip("/") == "https://llm.example/v1"
    assert world["llm_options"]["extra_body"] == {"seed": 1}
    assert world["llm_options"]["extra_query"] == {"v": "1"}


@settings(max_examples=2, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
@given(st.lists(subjects(), min_size=20, max_size=40, unique_by=lambda one: one.address.name.casefold()))
def test_any_persona_becomes_an_agent(tmp_path_factory: pytest.TempPathFactory, every: list[Subject]) -> None:
    known = {subject.address: subject for subject in every}
    for one, world in build(every, tmp_path_factory.mktemp("any")):
        subject = known[one.address]
        assert "error" not in world, (subject, world)
        assert world["llm"] == one.model
        assert world["instructions"] == subject.spec["system_prompt"]
        assert [tool["name"] for tool in world["tools"]] == list(one.handlers)
        schemas = {tool.name: tool.spec["parameters"] for tool in subject.tools if tool.spec is not None}
        assert all(tool["parameters"] == schemas.get(tool["name"], tool["parameters"]) for tool in world["tools"])
