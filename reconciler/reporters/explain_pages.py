"""The pages of a rule, of a migration and of an export target: what, why, and an example of both ways."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import indent, wrap

from reconciler.core.export.target import Target
from reconciler.core.linting import Rule
from reconciler.core.migration import Migration, Safety, known_names
from reconciler.registry import Registry
from reconciler.types.catalogue import Catalogue, LiveKitCall, LiveKitPlugin
from reconciler.types.json import Json, Object


def find_rule(name: str, rules: Registry[Rule]) -> Rule | None:
    """The rule of this code (`L04`, in either case) or name (`base-url-route`)."""
    code = name.upper()
    if code in rules:
        return rules.get(code)
    return next((rule for rule in rules.all().values() if rule.name == name.lower()), None)


def describe_rule(rule: Rule, *, width: int = 100) -> str:
    """The rule's documentation as text."""
    lines = [f"{rule.code} {rule.name} ({rule.severity.value})", f"Source: {rule.source}"]
    for title, text in (("What it finds", rule.doc.what), ("Why that is bad", rule.doc.why)):
        lines += ["", f"{title}:", *(f"  {line}" for line in wrap(text, max(width - 2, 20)))]
    for title, example in (("Bad", rule.doc.bad), ("Good", rule.doc.good)):
        lines += ["", f"{title}:", indent(_short(example), "  ").rstrip("\n")]
    lines += ["", f"Silence one finding: # reconciler: keep {rule.code} and the reason, on its line or above it."]
    return "\n".join(lines) + "\n"


def _short(example: str) -> str:
    """Examples of rules about length are long: their lines are cut."""
    return "\n".join(
        line if len(line) <= 160 else f"{line[:120]}... ({len(line):,} characters)" for line in example.splitlines()
    )


def rule_as_json(rule: Rule) -> Object:
    """`{code, name, severity, kinds, what, why, bad, good, source}`."""
    kinds: list[Json] = list(rule.kinds)
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "kinds": kinds,
        "what": rule.doc.what,
        "why": rule.doc.why,
        "bad": rule.doc.bad,
        "good": rule.doc.good,
        "source": rule.source,
    }


WHEN = {
    Safety.AUTO: "by itself; what is in doubt is asked",
    Safety.ASK: "asks; what is documented or says nothing goes by itself",
    Safety.NEVER: "only reports, or works on request",
}


def find_migration(name: str, migrations: Registry[Migration]) -> Migration | None:
    """The migration of this id (`M20`, in either case) or name (`inline-tool-create`)."""
    names = known_names(migrations)
    wanted = names.get(name.upper()) or names.get(name.lower())
    return next((migration for migration in migrations.all().values() if migration.name == wanted), None)


def describe_migration(migration: Migration, *, width: int = 100) -> str:
    """The migration's documentation as text."""
    lines = [f"{migration.id} {migration.name} ({migration.safety.value}: {WHEN[migration.safety]})"]
    lines += [f"Source: {migration.sources}"] if migration.sources else []
    for title, text in (("What it does", migration.doc.what), ("Why", migration.doc.why)):
        lines += ["", f"{title}:", *(f"  {line}" for line in wrap(text, max(width - 2, 20)))]
    for title, example in (("Before", migration.doc.before), ("After", migration.doc.after)):
        lines += ["", f"{title}:", indent(example, "  ").rstrip("\n")]
    if migration.doc.answers:
        given = ", ".join(
            f"{migration.name}{'' if key == '*' else '.' + key}={answer}"
            for key, answer in migration.doc.answers.items()
        )
        lines += ["", f"With the answer {given}."]
    lines += ["", f"Alone: reconciler migrate --only {migration.name}"]
    lines += [f"Leave one place as it is: # reconciler: keep {migration.id} and the reason, on its line or above it."]
    return "\n".join(lines) + "\n"


def migration_as_json(migration: Migration) -> Object:
    """`{id, name, safety, kinds, what, why, before, after, answers, source}`."""
    return {
        "id": migration.id,
        "name": migration.name,
        "safety": migration.safety.value,
        "kinds": list(migration.kinds),
        "what": migration.doc.what,
        "why": migration.doc.why,
        "before": migration.doc.before,
        "after": migration.doc.after,
        "answers": dict(migration.doc.answers),
        "source": migration.sources,
    }


PAGES = "https://docs.livekit.io/agents/models/llm/plugins"
CHOICE = (
    "A custom model is spoken to through the plugin of its base_url's host, where that takes all that the persona "
    "says of it; else, and in a language without that plugin, through the openai plugin at the same address. Another "
    "choice stands in the project's catalogue: livekit: {nearest: {MODEL: {plugin: PLUGIN}}}, or "
    "livekit: {plugins: {PLUGIN: {hosts: [HOST]}}}."
)


def describe_target(target: Target, catalogue: Catalogue, *, width: int = 100) -> str:
    """The target and the table of its plugins."""
    lines = [f"TARGET:     {target.name}", f"WRITES:     {target.description}"]
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
        "what": target.description,
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
