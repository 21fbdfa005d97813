"""What an export target is: the text behind `reconciler explain livekit`, with the plugins of its language models."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

from reconciler.core.export.target import Target
from reconciler.types.catalogue import Catalogue, LiveKitCall, LiveKitPlugin
from reconciler.types.json import Json, Object

PAGES = "https://docs.livekit.io/agents/models/llm/plugins"
CHOICE = (
    "A custom model is spoken to through the plugin of its base_url's host, where that takes all that the persona "
    "says of it; else, and in a language without that plugin, through the openai plugin at the same address. Another "
    "choice stands in the project's catalogue: livekit: {nearest: {MODEL: {plugin: PLUGIN}}}, or "
    "livekit: {plugins: {PLUGIN: {hosts: [HOST]}}}."
)


def describe_target(target: Target, catalogue: Catalogue, *, width: int = 100) -> str:
    """The target and the table of its plugins."""
    lines = [f"TARGET:     {target.name}", f"WRITES:     {target.what}"]
    if target.languages:
        lines.append(f"LANGUAGES:  {', '.join(target.languages)}")
    plugins = catalogue.livekit.plugins
    if plugins:
        lines += ["", "PLUGINS:", *(f"  {part}" for part in wrap(CHOICE, max(width - 2, 20)))]
    for name, plugin in plugins.items():
        lines += ["", f"  {name}: {plugin.name}"]
        for title, text in plugin_facts(plugin):
            first, *more = wrap(text, max(width - 16, 20))
            lines += [f"    {title:<12}{first}", *(" " * 16 + part for part in more)]
    return "\n".join(lines) + "\n"


def plugin_facts(plugin: LiveKitPlugin) -> Iterator[tuple[str, str]]:
    """What is known of a plugin, as (title, text)."""
    if plugin.hosts:
        yield "hosts", ", ".join(plugin.hosts)
    yield "python", call_text(plugin, "python")
    yield "node", call_text(plugin, "node")
    if plugin.variables:
        yield "variables", ", ".join(plugin.variables)
    if plugin.needs:
        yield "needs", plugin.needs
    if plugin.query:
        yield "needs", f"{' and '.join(plugin.query)} in default_query"
    if plugin.note:
        yield "note", plugin.note
    if plugin.page:
        yield "page", f"{PAGES}/{plugin.page}.md"
    if plugin.sources:
        yield "sources", ", ".join(plugin.sources)


def call_text(plugin: LiveKitPlugin, language: str) -> str:
    """How it is made in a language, or the nearest that works there."""
    call = plugin.call_in(language)
    if call is not None:
        return f"{call.package}: {call.module}.{call.call}"
    if plugin.address:
        return f"no plugin; the openai plugin speaks to {plugin.address}"
    if plugin.hosts:
        return "no plugin; the openai plugin speaks to an address with OpenAI's protocol"
    return "no plugin, and no address of its own: a model of LiveKit Inference, or the llm node of the agent"


def target_as_json(target: Target, catalogue: Catalogue) -> Object:
    """`{format_version, target, what, languages, plugins: [...]}`."""
    return {
        "format_version": "1.0",
        "target": target.name,
        "what": target.what,
        "languages": [*target.languages],
        "plugins": [_plugin(name, plugin) for name, plugin in catalogue.livekit.plugins.items()],
    }


def _plugin(name: str, plugin: LiveKitPlugin) -> Json:
    return {
        "id": name,
        "name": plugin.name,
        "languages": [*plugin.languages],
        "hosts": [*plugin.hosts],
        "variables": [*plugin.variables],
        "address": plugin.address or None,
        "python": _call(plugin.python),
        "node": _call(plugin.node),
        "needs": plugin.needs or None,
        "note": plugin.note,
        "page": f"{PAGES}/{plugin.page}.md" if plugin.page else None,
        "sources": [*plugin.sources],
    }


def _call(call: LiveKitCall | None) -> Json:
    if call is None:
        return None
    return {"package": call.package, "call": f"{call.module}.{call.call}", "takes": [*call.takes]}
