"""The language model of a LiveKit agent: LiveKit Inference, or the plugin of a provider.

A custom model (`base_url`) gets the plugin of its host, or the one that the project's catalogue names for it; where
that takes less than the persona says, or the language has none, the openai plugin speaks to the same address.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from reconciler.core.export.target import Ledger, summarize_value
from reconciler.errors import UsageError
from reconciler.types.address import SecretRef
from reconciler.types.catalogue import Catalogue, LiveKitCall, LiveKitChoice, LiveKitPlugin, is_hosted
from reconciler.types.json import Json, Object, escape

LAYER = "/layers/llm"
INFERENCE = "inference"
OPENAI = "openai"
SAMPLING = ("temperature", "top_p")
ARGUMENTS = {"headers": "extra_headers", "default_query": "extra_query"}
"""What the plugins call members of the layer, where they call them otherwise."""


@dataclass(frozen=True, slots=True)
class Service:
    """The module that has the language model, and what that is called with."""

    name: str
    """`inference`, or a plugin as the catalogue calls it."""
    arguments: Object
    call: LiveKitCall | None = None
    """How the plugin is made; None for LiveKit Inference."""


WORD = r"[A-Za-z_][A-Za-z0-9_]*"
PACKAGE = r"(@[a-z0-9][a-z0-9._-]*/)?[A-Za-z0-9][A-Za-z0-9._-]*"


def require_legal(service: Service, variables: Iterable[str]) -> None:
    """Words of a catalogue that go into code, or name what is installed, are names and nothing else.

    Raises `UsageError` for others: a project's catalogue may hold any text.
    """
    call = service.call
    words = [] if call is None else [(call.module, WORD), (call.call, rf"{WORD}(\.{WORD})*"), (call.package, PACKAGE)]
    words += [(name, WORD) for name in (*variables, *service.arguments)]
    wrong = next((text for text, pattern in words if re.fullmatch(pattern, text) is None), None)
    if wrong is not None:
        raise UsageError(
            f"the catalogue's plugin {summarize_value(service.name)} has {summarize_value(wrong)!r} "
            "where a name belongs",
            hint="look at livekit.plugins in the project's catalogue",
        )


def llm_service(ledger: Ledger, catalogue: Catalogue, language: str) -> Service:
    """The service that answers for the persona's model in an agent of this language."""
    model = ledger.text(f"{LAYER}/model")
    base_url = ledger.take(f"{LAYER}/base_url")
    plugins = catalogue.livekit.plugins
    if base_url is not None and not is_hosted(model):
        return _own(ledger, plugins, catalogue.livekit.nearest.get(model or ""), model, base_url, language)
    choice = _choose(ledger, catalogue, model, language)
    for word in ("base_url", "api_key", "headers", "default_query"):
        pointer = f"{LAYER}/{word}"
        if ledger.members(LAYER).get(word):
            ledger.lose(pointer, "it belongs to an endpoint of one's own; this persona's model is a hosted one")
    if choice.plugin:
        return _chosen(ledger, plugins, choice, language)
    parameters = _parameters(ledger, "LiveKit Inference", SAMPLING)
    result: Object = {"model": choice.id}
    if parameters:
        result["extra_kwargs"] = parameters
    return Service(INFERENCE, result)


def plugin_of(base_url: Json, plugins: Iterable[tuple[str, LiveKitPlugin]]) -> tuple[str, LiveKitPlugin, str] | None:
    """The plugin whose host an address names, and what `*` of that host stands for; None for any other address."""
    try:
        address = urlsplit(base_url) if isinstance(base_url, str) else None
        host = (address.hostname or "") if address is not None else ""
        port = address.port if address is not None else None
    except ValueError:
        return None
    for name, plugin in plugins:
        for pattern in plugin.hosts:
            wanted, _, at = pattern.partition(":")
            labels = re.escape(wanted.lower()).replace(r"\*", "([^.]+)")
            found = re.fullmatch(labels, host)
            if found is not None and (not at or at == str(port)):
                return name, plugin, "".join(found.groups()[:1])
    return None


def _chosen(ledger: Ledger, plugins: Mapping[str, LiveKitPlugin], choice: LiveKitChoice, language: str) -> Service:
    """The plugin that the catalogue names for a model without an address."""
    model = choice.plugin_model or ledger.text(f"{LAYER}/model") or ""
    plugin = plugins[choice.plugin]
    call = plugin.call_in(language)
    for name in plugin.variables:
        ledger.variables.setdefault(name, f"the {choice.plugin} plugin")
    if call is not None:
        arguments: Object = {call.model: model, **_parameters(ledger, f"the {choice.plugin} plugin", call.takes)}
        return Service(choice.plugin, arguments, call)
    ledger.adjust(f"{LAYER}/model", f"{_lacks(plugin, language)}: the openai plugin speaks to {plugin.address}")
    call = _openai(plugins, language)
    arguments = {"model": model, "base_url": plugin.address, "api_key": SecretRef("env", plugin.variables[0])}
    return Service(OPENAI, {**arguments, **_parameters(ledger, "the openai plugin", SAMPLING)}, call)


def _openai(plugins: Mapping[str, LiveKitPlugin], language: str) -> LiveKitCall:
    """The call of the openai plugin. Raises `UsageError` where a project's catalogue took it away."""
    plugin = plugins.get(OPENAI)
    call = plugin.call_in(language) if plugin is not None else None
    if call is None:
        raise UsageError(
            f"the catalogue has no openai plugin for {language}, which addresses of one's own need",
            hint="take livekit.plugins.openai out of the project's catalogue",
        )
    return call


def _own(
    ledger: Ledger,
    plugins: Mapping[str, LiveKitPlugin],
    choice: LiveKitChoice | None,
    model: str | None,
    base_url: Json,
    language: str,
) -> Service:
    """An address of one's own: its host's plugin where that takes what the persona says, else the openai plugin."""
    pointer = f"{LAYER}/base_url"
    if model is None:
        ledger.adjust(pointer, "no model is named; the request carries an empty name")
    name, label = OPENAI, ""
    found = plugin_of(base_url, plugins.items())
    if choice is not None and choice.plugin:
        if choice.plugin in plugins:
            name = choice.plugin
            label = found[2] if found is not None and found[0] == name else ""
            model = choice.plugin_model or model
        else:
            ledger.adjust(f"{LAYER}/model", _unknown(choice.plugin, plugins))
    elif found is not None:
        name, label = found[0], found[2]
    plugin, call = plugins.get(name, LiveKitPlugin(name)), _openai(plugins, language)
    if name != OPENAI:
        own = plugin.call_in(language)
        missing = _missing(ledger, plugin, own, language)
        if missing or own is None:
            ledger.adjust(pointer, f"{missing}: the openai plugin speaks to the same address")
            name, plugin, label = OPENAI, plugins[OPENAI], ""
        else:
            ledger.adjust(pointer, f"{plugin.name} is spoken to through its plugin ({own.package})")
            call = own
    arguments: Object = {call.model: model or ""}
    if "base_url" in call.takes:
        arguments["base_url"] = ledger.resolvable(base_url, pointer)
    if plugin.label and label:
        arguments[plugin.label] = label
    return Service(name, {**arguments, **_taken(ledger, plugin, call, name)}, call)


def _missing(ledger: Ledger, plugin: LiveKitPlugin, call: LiveKitCall | None, language: str) -> str:
    """Why the plugin cannot be used for what the persona says; empty where it can."""
    if call is None:
        return _lacks(plugin, language)
    if plugin.needs:
        return f"the plugin of {plugin.name} needs {plugin.needs}"
    query = ledger.members(f"{LAYER}/default_query")
    lacking = [word for word in plugin.query if not isinstance(query.get(word), str)]
    if lacking:
        return f"the plugin of {plugin.name} needs {' and '.join(lacking)} in default_query"
    extra = ledger.members(f"{LAYER}/extra_body")
    said = [word for word in ("api_key", "headers") if ledger.members(LAYER).get(word)]
    said += ["default_query"] if set(query) - set(plugin.query) else []
    said += [word for word in SAMPLING if word in extra]
    said += ["extra_body"] if set(extra) - set(SAMPLING) else []
    left = [word for word in said if word not in call.takes]
    return f"the plugin of {plugin.name} takes no {', '.join(left)}" if left else ""


def _taken(ledger: Ledger, plugin: LiveKitPlugin, call: LiveKitCall, name: str) -> Object:
    """Key, headers, query, sampling and the rest of the body, as arguments of the call."""
    found: Object = {}
    if "api_key" in call.takes:
        key = ledger.take(f"{LAYER}/api_key")
        found["api_key"] = ledger.resolvable(key, f"{LAYER}/api_key")
        if not isinstance(key, SecretRef):
            # Without a key the plugin would send that of OpenAI to whoever answers there.
            variable = ledger.variable(f"{LAYER}/api_key")
            ledger.variables.setdefault(variable, f"{ledger.address} {LAYER}/api_key")
            found["api_key"] = SecretRef("env", variable)
    else:
        for variable in plugin.variables:
            ledger.variables.setdefault(variable, f"the {name} plugin")
    for member, argument in plugin.query.items():
        found[argument] = ledger.take(f"{LAYER}/default_query/{escape(member)}")
    for word, argument in ARGUMENTS.items():
        members = ledger.members(f"{LAYER}/{word}")
        if members and word in call.takes:
            ledger.settle(f"{LAYER}/{word}")
            found[argument] = {
                one: ledger.resolvable(value, f"{LAYER}/{word}/{escape(one)}") for one, value in members.items()
            }
    found |= _parameters(ledger, f"the {name} plugin", call.takes)
    extra = {
        one: ledger.resolvable(value, f"{LAYER}/extra_body/{escape(one)}")
        for one, value in ledger.members(f"{LAYER}/extra_body").items()
        if not ledger.is_settled(f"{LAYER}/extra_body/{escape(one)}")
    }
    if extra and "extra_body" in call.takes:
        ledger.settle(f"{LAYER}/extra_body")
        found["extra_body"] = extra
    return found


def _unusable(name: str, plugins: Mapping[str, LiveKitPlugin], language: str) -> str:
    """Why nothing can be made of a plugin for a model without an address; empty where it can."""
    if name not in plugins:
        return _unknown(name, plugins)
    plugin = plugins[name]
    needs = plugin.needs or " and ".join(plugin.query)
    if needs:
        return f"the plugin of {plugin.name} needs {needs}, which a model without an address lacks"
    reached = plugin.call_in(language) is not None or (plugin.address and plugin.variables)
    return "" if reached else f"{_lacks(plugin, language)}, and speaks no other protocol at a known address"


def _lacks(plugin: LiveKitPlugin, language: str) -> str:
    other = "Python" if language == "node" else "Node"
    there = f" (for {other}: {call.package})" if (call := plugin.call_in(other.lower())) is not None else ""
    return f"{plugin.name} has no plugin for {language.capitalize()}{there}"


def _unknown(name: str, plugins: Iterable[str]) -> str:
    known = ", ".join(plugins)
    return f"the catalogue names the plugin {summarize_value(name)}, which it does not describe; known: {known}"


def _parameters(ledger: Ledger, service: str, takes: Iterable[str]) -> Object:
    """The sampling parameters that the service takes, out of extra_body."""
    found: Object = {}
    for name in ledger.members(f"{LAYER}/extra_body"):
        pointer = f"{LAYER}/extra_body/{escape(name)}"
        if name not in SAMPLING:
            continue
        value = ledger.take(pointer)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            ledger.lose(pointer, f"{summarize_value(value)} is no number")
        elif name in takes:
            found[name] = value
        else:
            ledger.lose(pointer, f"{service} has no such parameter", "temperature alone steers it")
    return found


def _choose(ledger: Ledger, catalogue: Catalogue, model: str | None, language: str) -> LiveKitChoice:
    """The model of LiveKit Inference (or of a plugin) that stands for `model`."""
    pointer = f"{LAYER}/model"
    settled = model in catalogue.livekit.nearest
    if model is not None and "/" in model and not is_hosted(model) and not settled:
        renamed = catalogue.livekit.realtime_renames.get(model)
        if renamed is not None:
            ledger.adjust(pointer, f"{model} was replaced by {renamed}")
        return LiveKitChoice(renamed or model, "high")
    if model is not None and f"openai/{model}" in catalogue.livekit.models and not settled:
        ledger.adjust(pointer, f"{model} without base_url: openai/{model} of LiveKit Inference")
        return LiveKitChoice(f"openai/{model}", "high")
    for name in _line(catalogue, model):
        choice = catalogue.livekit.nearest.get(name)
        if choice is None or not (choice.id or choice.plugin):
            continue
        if choice.plugin and (why := _unusable(choice.plugin, catalogue.livekit.plugins, language)):
            ledger.adjust(pointer, why)
            if not choice.id:
                continue
            choice = replace(choice, plugin="")
        if name != model or choice.confidence != "high" or choice.why:
            near = choice.id or f"{choice.plugin_model or model} of the {choice.plugin} plugin"
            since = "" if name == model else f", which stands for {name}"
            why = f"; {choice.why}" if choice.why and not choice.plugin else ""
            told = f"{model} became {near}" if model else f"no model is named; {near}{since} is used"
            told += since if model and name != model else ""
            ledger.adjust(pointer, f"{told} ({choice.confidence} confidence{why})" if choice.id else told)
        return choice
    fallback = sorted(catalogue.livekit.listed())
    ledger.lose(
        pointer, f"nothing in LiveKit is known for {summarize_value(model)}", "choose a model of LiveKit Inference"
    )
    return LiveKitChoice(fallback[0] if fallback else "openai/gpt-4.1-mini")


def _line(catalogue: Catalogue, model: str | None) -> list[str]:
    """The model, what follows it, and the default of the generation."""
    line: list[str] = []
    current = model
    while current is not None and current not in line:
        line.append(current)
        after = catalogue.successor(current)
        current = after.id if after is not None else None
    default = catalogue.default()
    return [*line, *([default] if default and default not in line else [])]
