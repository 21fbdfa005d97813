"""Generated agents for Node under the real packages: they type-check, build offline, and hold what was said."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from reconciler.core.export.target import Subject
from reconciler.platforms.livekit.node_files import OPENAI, PACKAGES, RELEASE, TOOLS
from reconciler.types.address import Address
from tests.platforms.livekit.test_agents import CATALOGUE, SCHEMA, chosen, example_subjects, hosted
from tests.support.livekitpersonas import NASTY, persona, subjects
from tests.support.nodeagents import agent_folder, compile_agents, lacking_node, make_node, run_node, uninstalled
from tests.support.nodepackages import ROOT

needs_packages = pytest.mark.skipif(bool(lacking_node()), reason=lacking_node())
pytestmark = [pytest.mark.rare, pytest.mark.xdist_group("node-agents")]
World = dict[str, tuple[Subject, dict[str, Any]]]


def build(every: list[Subject], folder: Path) -> World:
    """By name: each persona with what its agent built; those left out whose packages are not installed."""
    known = {subject.address: subject for subject in every}
    made = [one for one in make_node(every, folder) if not one.skipped and not uninstalled(one)]
    names = [agent_folder(one, folder).name for one in made]
    assert compile_agents(folder, names) == ""
    found = run_node(folder, names)
    assert len(found) == len(made)
    return {one.address.name: (known[one.address], world) for one, world in zip(made, found, strict=True)}


def providers() -> list[Subject]:
    """A persona for each host of the table of plugins."""
    found: list[Subject] = []
    for name, plugin in CATALOGUE.livekit.plugins.items():
        for host in plugin.hosts[:1]:
            query: Any = dict.fromkeys(plugin.query, "2024-02-15-preview")
            address = f"https://{host.replace('*', 'there')}/v1"
            layer: Any = {"model": "m", "base_url": address, "default_query": query}
            found.append(persona(f"host-{name}", system_prompt="Hi", layers={"llm": layer}))
    return found


def drawn() -> list[Subject]:
    """Personas of every sort, built in the same run as the others: starting the real packages takes seconds."""
    found: list[Subject] = []

    @settings(max_examples=25, phases=[Phase.generate], suppress_health_check=list(HealthCheck), database=None)
    @given(subjects())
    def collect(subject: Subject) -> None:
        found.append(replace(subject, address=Address("persona", f"any-{len(found)}")))

    collect()
    return found


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> World:
    every = [*example_subjects(), *chosen(), *providers(), *drawn()]
    return build(every, tmp_path_factory.mktemp("node"))


@needs_packages
class TestUnderTheRealPackages:
    def test_every_agent_compiles_imports_and_builds(self, built: World) -> None:
        assert {name: world["error"] for name, (_, world) in built.items() if "error" in world} == {}
        assert {"concierge", "storyteller", "life-coach", "toolbox", "own", "voice-2"} <= set(built)
        assert {world["entry"] for _, world in built.values()} == {"function"}

    def test_instructions_are_the_prompt(self, built: World) -> None:
        prompts = {
            name: (subject.spec["system_prompt"], world["instructions"])
            for name, (subject, world) in built.items()
            if isinstance(subject.spec.get("system_prompt"), str) and not subject.spec.get("context")
        }
        assert len(prompts) > len(NASTY)
        assert {name: pair for name, pair in prompts.items() if pair[0] != pair[1]} == {}

    def test_models_are_those_that_were_chosen(self, built: World) -> None:
        for model in hosted():
            near = CATALOGUE.livekit.nearest.get(model)
            if near is not None and near.id:
                world = built[f"model-{model}"][1]
                assert (world["llm"], world["llmClass"]) == (near.id, "inference.LLM")
        claude = built["model-tavus-claude-haiku-4.5"][1]
        assert (claude["llm"], claude["host"]) == ("claude-haiku-4-5", "api.anthropic.com")
        for name, plugin in CATALOGUE.livekit.plugins.items():
            if plugin.hosts and name != "google":
                host = plugin.hosts[0].replace("*", "there")
                assert built[f"host-{name}"][1]["host"] == host

    def test_tools_have_their_names_schemas_and_handlers(self, built: World) -> None:
        subject, world = built["toolbox"]
        names = ["lookup", "import", "HANDLERS", "print", "None", "a-b"]
        assert [tool["name"] for tool in world["tools"]] == names
        assert all(tool["parameters"] == SCHEMA for tool in world["tools"])
        assert world["tools"][0]["description"] == NASTY[0]
        assert world["handled"] == [f"{name} is not written yet" for name in names]
        assert world["avatar"][0] == subject.id

    def test_parts_of_the_session(self, built: World) -> None:
        assert built["livekit"][1]["keyterms"] == {"keyterms": ["Roey", "Acme Corp"]}
        turns = built["turns"][1]["turns"]
        assert turns["endpointing"]["maxDelay"] == 5000
        assert (turns["interruption"]["minDuration"], turns["interruption"]["minWords"]) == (1000, 3)
        assert built["cold"][1]["turns"]["preemptiveGeneration"]["enabled"] is False
        assert built["voice-0"][1]["tts"] == "cartesia/sonic-2"
        assert built["own"][1]["own"] == "OwnModel"

    def test_the_face_asks_for_a_conversation_in_the_room(self, built: World) -> None:
        world = built["toolbox"][1]
        assert world["conversation"] == "c1"
        request = world["sent"][0]
        assert request["address"] == "https://tavusapi.com/v2/conversations"
        assert request["body"]["pal_id"] == "p1"
        assert set(request["body"]["properties"]) == {"livekit_ws_url", "livekit_room_token"}
        assert request["key"].startswith("https://value.example/of/TAVUS_API_KEY")

    def test_any_persona_becomes_an_agent(self, built: World) -> None:
        drawn = {name: pair for name, pair in built.items() if name.startswith("any-")}
        assert len(drawn) > 10
        for subject, world in drawn.values():
            assert world["instructions"] == subject.spec["system_prompt"]
            schemas = {tool.name: tool.spec["parameters"] for tool in subject.tools if tool.spec is not None}
            assert all(tool["parameters"] == schemas.get(tool["name"], tool["parameters"]) for tool in world["tools"])


def test_the_build_installs_the_versions_of_the_package_file() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    named = dict(re.findall(r"((?:@[a-z-]+/)?[a-z-]+)@([0-9.]+)", script))
    for name, version in {**PACKAGES, **TOOLS, "openai": OPENAI}.items():
        assert version.removeprefix("^").startswith(named[name])
    plugins = {name: version for name, version in named.items() if name.startswith("@livekit/agents")}
    assert set(plugins.values()) == {RELEASE}
    assert "@livekit/agents" in plugins
