"""The page of the export targets: what each writes, and the plugins that it chooses for language models."""

from __future__ import annotations

from reconciler.api.offline import load_catalogue
from reconciler.core.export.target import Target
from reconciler.platforms import TARGETS
from reconciler.reporters.explain_pages import CHOICE, PAGES, call_text
from reconciler.types.catalogue import LiveKitPlugin
from reference import code, table

HEAD = ("plugin", "provider", "Python", "Node", "hosts of `base_url`", "variables", "remarks")


def page() -> str:
    """A section for each target."""
    return "\n\n".join(section(target) for target in TARGETS.all().values())


def section(target: Target) -> str:
    """The target, and its table of plugins with where that is known from."""
    catalogue = load_catalogue()
    plugins = catalogue.livekit.plugins
    sources = sorted({source for plugin in plugins.values() for source in plugin.sources})
    return "\n\n".join(
        [
            f"## {target.name}",
            f"`reconciler export --target {target.name}` writes {target.description}. "
            f"Languages (`--language`): {', '.join(code(one) for one in target.languages)}.",
            f"### Plugins of language models\n\n{CHOICE}",
            table(HEAD, [row(name, plugin) for name, plugin in plugins.items()]),
            "\n".join(f"- {source}: {catalogue.sources[source]}" for source in sources),
        ]
    )


def row(name: str, plugin: LiveKitPlugin) -> tuple[str, ...]:
    """One plugin."""
    needs = [f"needs {one}" for one in (plugin.needs, " and ".join(plugin.query)) if one]
    return (
        code(name),
        f"[{plugin.name}]({PAGES}/{plugin.page}.md)",
        call_text(plugin, "python"),
        call_text(plugin, "node"),
        ", ".join(code(one) for one in plugin.hosts),
        ", ".join(code(one) for one in plugin.variables),
        "; ".join([*needs, *([plugin.note] if plugin.note else [])]),
    )
