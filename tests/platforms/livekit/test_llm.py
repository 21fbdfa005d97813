"""The plugin of a custom model: by its host or by the catalogue, and the nearest that works where there is none."""

from __future__ import annotations

import inspect
import operator
from importlib import import_module
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.core.export.target import Ledger
from reconciler.errors import UsageError
from reconciler.platforms.livekit.agent_settings import agent_settings
from reconciler.platforms.livekit.llm import ARGUMENTS, Service, llm_service, plugin_of
from reconciler.types.address import SecretRef
from reconciler.types.catalogue import Catalogue
from reconciler.types.json import Json, Object
from tests.support.livekitpersonas import persona
from tests.support.livekitworld import lacking

CATALOGUE = load_catalogue()
PLUGINS = CATALOGUE.livekit.plugins
KEY = SecretRef("env", "KEY")
OVERVIEW = {
    "Amazon Bedrock": "python", "Anthropic": "python", "Baseten": "python", "Google Gemini": "both", "Groq": "both",
    "LangChain": "python", "Mistral AI": "python", "OpenAI": "both", "Azure OpenAI": "both", "Cerebras": "both",
    "DeepSeek": "both", "Fireworks": "both", "Letta": "python", "Ollama": "both", "OpenRouter": "python",
    "Perplexity": "both", "Telnyx": "both", "Together AI": "both", "xAI": "both",
}  # fmt: skip
"""LiveKit's table of plugins, row by row."""
AZURE = "https://your-azure-openai.openai.azure.com/openai/deployments/gpt-4o"


def service(
    layer: Object, language: str = "python", catalogue: Catalogue = CATALOGUE
) -> tuple[Service, dict[str, str], list[str]]:
    """The service for a layer, with the reasons of what was adjusted and the pointers of what was left."""
    subject = persona(layers={"llm": layer})
    ledger = Ledger(subject.address, subject.kind, subject.spec)
    found = llm_service(ledger, catalogue, language)
    ledger.rest(lambda pointer, value: ("left", ""))
    return found, {one.path: one.reason for one in ledger.adjusted}, [one.path for one in ledger.not_carried]


def own(**layer: Json) -> Object:
    return {"model": "m", "api_key": KEY, **layer}


def test_the_table_is_that_of_the_overview() -> None:
    found = {one.name: "both" if set(one.languages) == {"python", "node"} else "".join(one.languages)
             for one in PLUGINS.values()}  # fmt: skip
    assert found == OVERVIEW


@pytest.mark.parametrize("name", list(PLUGINS))
def test_every_row_is_whole(name: str) -> None:
    plugin = PLUGINS[name]
    assert plugin.page and plugin.sources
    assert set(plugin.sources) <= set(CATALOGUE.sources)
    for language in plugin.languages:
        assert plugin.call_in(language) is not None
    for language in ("python", "node"):
        call = plugin.call_in(language)
        assert call is not None or plugin.address or not plugin.variables or "api_key" not in _takes(name)
        if call is not None:
            assert call.package and call.module
            assert set(call.takes) <= {
                "api_key", "base_url", "headers", "default_query", "extra_body", "temperature", "top_p",
            }  # fmt: skip
    assert plugin.hosts or plugin.needs


def _takes(name: str) -> tuple[str, ...]:
    call = PLUGINS[name].python
    return call.takes if call is not None else ()


@pytest.mark.parametrize("name", list(PLUGINS))
def test_the_installed_plugin_takes_what_the_table_says(name: str) -> None:
    call = PLUGINS[name].python
    assert call is not None
    module = f"livekit.plugins.{call.module}"
    if lacking(module):
        pytest.skip(lacking(module))
    known = set(inspect.signature(operator.attrgetter(call.call)(import_module(module))).parameters)
    if PLUGINS[name].needs:
        assert call.model not in known  # it is made of something else than the name of a model
        return
    arguments = {call.model, *(ARGUMENTS.get(word, word) for word in call.takes), *PLUGINS[name].query.values()}
    arguments |= {PLUGINS[name].label} - {""}
    assert arguments <= known


@pytest.mark.parametrize("language", ["python", "node"])
@pytest.mark.parametrize("name", [name for name, one in PLUGINS.items() if one.hosts])
def test_a_host_chooses_its_plugin_or_the_nearest_that_works(name: str, language: str) -> None:
    plugin = PLUGINS[name]
    host = plugin.hosts[0].replace("*", "eu-west-1")
    query: Object = dict.fromkeys(plugin.query, "2024-02-15-preview")
    layer: Object = {"model": "m", "base_url": f"https://{host}/v1", "default_query": query}
    if "api_key" in _takes(name):
        layer["api_key"] = KEY
    found, adjusted, left = service(layer, language)
    call = plugin.call_in(language)
    assert left == []
    assert found.name == (name if call is not None else "openai")
    assert found.arguments[found.call.model if found.call is not None else ""] == "m"
    if name != "openai":
        assert plugin.name in adjusted["/layers/llm/base_url"]
    if call is None:
        assert found.arguments["base_url"] == f"https://{host}/v1"
        assert f"no plugin for {language.capitalize()}" in adjusted["/layers/llm/base_url"]


def test_azure_of_the_vendors_pages() -> None:
    layer = own(model="gpt-4o", base_url=AZURE, default_query={"api-version": "2024-02-15-preview"})
    for language in ("python", "node"):
        found, _, left = service(layer, language)
        assert (found.name, left) == ("azure-openai", [])
        assert found.arguments == {
            "model": "gpt-4o", "base_url": AZURE, "api_key": KEY, "api_version": "2024-02-15-preview",
        }  # fmt: skip
    without, adjusted, _ = service(own(base_url=AZURE))
    assert without.name == "openai"
    assert "api-version" in adjusted["/layers/llm/base_url"]


def test_what_the_plugin_does_not_take_goes_through_the_openai_plugin() -> None:
    layer = own(base_url="https://api.groq.com/openai/v1", headers={"X-A": "b"}, extra_body={"seed": 1})
    found, adjusted, left = service(layer)
    assert (found.name, left) == ("openai", [])
    assert found.arguments["extra_headers"] == {"X-A": "b"}
    assert found.arguments["extra_body"] == {"seed": 1}
    assert "headers, extra_body" in adjusted["/layers/llm/base_url"]


def test_the_region_of_bedrock_is_in_its_address() -> None:
    address = "https://bedrock-runtime.eu-west-1.amazonaws.com/openai/v1"
    found, _, _ = service({"model": "m", "base_url": address})
    assert (found.name, found.arguments) == ("aws", {"model": "m", "region": "eu-west-1"})
    keyed, adjusted, _ = service(own(base_url=address))
    assert keyed.name == "openai"
    assert "takes no api_key" in adjusted["/layers/llm/base_url"]


class TestTheCatalogueDecides:
    def chosen(self, entry: Object, model: str = "my-model", language: str = "python", **layer: Json) -> Any:
        catalogue = load_catalogue({"livekit": {"nearest": {model: entry}}})
        return service({"model": model, **layer}, language, catalogue)

    def test_by_the_model_with_and_without_an_address(self) -> None:
        found, _, left = self.chosen({"plugin": "groq"}, base_url="https://gateway.example/v1", api_key=KEY)
        assert (found.name, left) == ("groq", [])
        assert found.arguments["base_url"] == "https://gateway.example/v1"
        found, _, _ = self.chosen({"plugin": "groq", "plugin_model": "other"})
        assert (found.name, found.arguments) == ("groq", {"model": "other"})
        found, _, _ = self.chosen({"plugin": "groq"}, model="meta/llama")
        assert (found.name, found.arguments) == ("groq", {"model": "meta/llama"})

    def test_by_a_host_of_ones_own(self) -> None:
        catalogue = load_catalogue({"livekit": {"plugins": {"groq": {"hosts": ["gateway.example"]}}}})
        assert service(own(base_url="https://gateway.example/v1"), "python", catalogue)[0].name == "groq"

    def test_a_language_without_the_plugin_speaks_to_the_provider(self) -> None:
        found, adjusted, _ = self.chosen({"plugin": "anthropic", "plugin_model": "claude-haiku-4-5"}, language="node")
        assert found.name == "openai"
        assert found.arguments == {
            "model": "claude-haiku-4-5", "base_url": "https://api.anthropic.com/v1/",
            "api_key": SecretRef("env", "ANTHROPIC_API_KEY"),
        }  # fmt: skip
        assert "no plugin for Node" in adjusted["/layers/llm/model"]

    @pytest.mark.parametrize(("plugin", "language"), [("nobody", "python"), ("langchain", "python"), ("aws", "node"),
                                                      ("azure-openai", "python")])  # fmt: skip
    def test_what_cannot_be_made_is_said_and_something_else_answers(self, plugin: str, language: str) -> None:
        found, adjusted, left = self.chosen({"plugin": plugin}, language=language)
        assert found.name == "inference"
        assert "/layers/llm/model" in {*adjusted, *left}


@pytest.mark.parametrize("language", ["python", "node"])
@pytest.mark.parametrize(
    "entry",
    [
        {"module": "os\nimport evil"}, {"call": "LLM(); evil()"}, {"package": "x; rm"}, {"module": ""},
        {"model": "model=evil(), x"}, {"call": "LLM.\u0430"},
    ],
)  # fmt: skip
def test_words_of_a_catalogue_do_not_become_code(language: str, entry: Object) -> None:
    good = {"package": "p", "module": "m", "call": "LLM", "takes": ["api_key", "base_url"]}
    plugin: Json = {"name": "E", "hosts": ["llm.example"], language: {**good, **entry}}
    catalogue = load_catalogue({"livekit": {"plugins": {"evil": plugin}}})
    subject = persona(layers={"llm": own(base_url="https://llm.example/v1")})
    with pytest.raises(UsageError, match="where a name belongs"):
        agent_settings(subject, "desk", catalogue, language)


def test_a_variable_of_a_catalogue_is_a_name() -> None:
    plugin: Json = {"groq": {"variables": ["A=1\nB"]}}
    catalogue = load_catalogue({"livekit": {"plugins": plugin, "nearest": {"m": {"plugin": "groq"}}}})
    with pytest.raises(UsageError, match="where a name belongs"):
        agent_settings(persona(layers={"llm": {"model": "m"}}), "desk", catalogue)


@given(
    base_url=st.text(max_size=30)
    | st.sampled_from(["https://api.groq.com.evil.example/v1", "https://evil.example/api.groq.com", "http://[::1",
                       "https://api.groq.com@evil.example", "https://xapi.groq.com/", "http://localhost:99999999/",
                       "https://a.b.openai.azure.com", "//", "https://"]),
)  # fmt: skip
def test_no_other_host_is_taken_for_one_of_the_table(base_url: str) -> None:
    assert plugin_of(base_url, PLUGINS.items()) is None
    found, _, left = service(own(base_url=base_url or "https://x"))
    assert (found.name, left) == ("openai", [])


@given(st.sampled_from(["https://API.groq.com/openai/v1", "https://api.groq.com:443", "https://api.groq.com?x=1#y"]))
def test_spellings_of_a_host_are_one(base_url: str) -> None:
    found = plugin_of(base_url, PLUGINS.items())
    assert found is not None and found[0] == "groq"
