"""`reconciler explain | models | schema`: what a manifest may say, in words, as a table and as JSON Schema."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from reconciler.cli.click_commands import command
from reconciler.cli.settings import Settings
from reconciler.errors import NothingFound, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.reporters.explain_topics import Topic
    from reconciler.types.json import Json

EXAMPLES = """
reconciler explain persona
reconciler explain persona.layers.llm.model
reconciler explain tool.delivery
reconciler explain /layers/conversational_flow       a path out of a plan
reconciler explain L32                               a rule, by its code or name
reconciler explain M20                               a migration, likewise
reconciler explain livekit                           an export target, with the plugins of its models
reconciler explain E-field                           a finding of any other code; also: explain mass_change
reconciler explain project.workspaces.NAME.policy    keys of the project file
reconciler explain state.s3                          the settings of a backend, or of a provider
reconciler explain references                        {env}, {file}; also Moved, Removed, exit-codes, json
"""


@command("explain", examples=EXAMPLES)
@click.argument("path", metavar="PATH|CODE")
def explain(settings: Settings, path: str) -> int:
    """What a field is: its type, default, limits, known values, and where that is known from.

    Or what a finding is about, by its code: what it looks for, why, and an example of both sides; what stops a plan,
    what an exit code says, what the project file takes, and what the commands put out as JSON.
    Or an export target: what it writes, and the plugins that it chooses from.
    """
    from reconciler.cli.output import emit_document, style

    width = style(settings).width
    page = _documented(path, settings) or _topic_or_field(path, settings)
    return emit_document(settings, text=lambda: page.text(width), document=page.document)


@dataclass(frozen=True, slots=True)
class Page:
    """What `explain` prints: as text of a given width, or as JSON."""

    text: Callable[[int], str]
    document: Callable[[], Json]


def _documented(path: str, settings: Settings) -> Page | None:
    """The page of a rule, a migration or an export target; None if `path` names none of them."""
    from reconciler.api.manifests import project_catalogue
    from reconciler.cli.composition import find_project
    from reconciler.platforms import PLATFORMS, TARGETS
    from reconciler.reporters.explain_pages import (
        describe_migration,
        describe_rule,
        describe_target,
        find_migration,
        find_rule,
        migration_as_json,
        rule_as_json,
        target_as_json,
    )

    if (rule := find_rule(path, PLATFORMS.rules())) is not None:
        return Page(lambda width: describe_rule(rule, width=width), lambda: rule_as_json(rule))
    if (migration := find_migration(path, PLATFORMS.migrations())) is not None:
        return Page(lambda width: describe_migration(migration, width=width), lambda: migration_as_json(migration))
    if path in TARGETS:
        target, catalogue = TARGETS.get(path), project_catalogue(find_project(settings))
        return Page(
            lambda width: describe_target(target, catalogue, width=width), lambda: target_as_json(target, catalogue)
        )
    return None


def _topic_or_field(path: str, settings: Settings) -> Page:
    """The page of a topic, else of a field of a manifest, else of a topic by another of its names.

    Raises `UsageError` for a path that names nothing.
    """
    from reconciler.api.manifests import project_catalogue
    from reconciler.cli.composition import find_project
    from reconciler.cli.exit_codes import MEANINGS
    from reconciler.cli.main import COMMANDS
    from reconciler.platforms import PLATFORMS, TARGETS
    from reconciler.reporters import explain_field
    from reconciler.reporters.explain_topics import TOPICS, code_topics, error_topics, exit_topics, find_topic

    topics = [*TOPICS, *exit_topics(MEANINGS), *code_topics(), *error_topics(all_errors()), *project_topics()]
    if (topic := find_topic(path, topics)) is not None:
        return _page_of(topic)
    others = [*(topic.name for topic in topics), *PLATFORMS.rules(), *PLATFORMS.migrations(), *TARGETS]
    project = find_project(settings)
    try:
        found = explain_field.explain(path, project.kinds, project_catalogue(project), others)
    except UsageError as error:
        topic = find_topic(path, topics, also=True) or find_topic(path.removeprefix("project."), topics, also=True)
        if topic is not None:
            return _page_of(topic)
        if path in COMMANDS:
            raise UsageError(f"{path} is a command, no field", hint=f"reconciler {path} --help") from error
        raise
    return Page(lambda width: explain_field.render(found, width=width), lambda: explain_field.as_json(found))


def _page_of(topic: Topic) -> Page:
    from reconciler.reporters.explain_topics import topic_as_json, topic_text

    return Page(lambda width: topic_text(topic, width=width), lambda: topic_as_json(topic))


def project_topics() -> list[Topic]:
    """A page for each mapping of the project file, each of its keys, and what stands beside a plug-in's name."""
    from reconciler.manifests.project.plugin_settings import BACKEND_SETTINGS, SHARED_SETTINGS, provider_settings
    from reconciler.manifests.project.project_keys import keys, models, title_of
    from reconciler.platforms import PLATFORMS
    from reconciler.reporters.explain_topics import key_topics, setting_topics

    plugins = {
        "workspaces.NAME.state": BACKEND_SETTINGS,
        "workspaces.NAME.provider": provider_settings(PLATFORMS),
        "accounts.NAME.shared": {"postgres": SHARED_SETTINGS},
    }
    mappings = {title_of(name).removeprefix("an entry of "): [*keys(model)] for name, model in models().items()}
    for place, of in plugins.items():
        for name, docs in of.items():
            rows = [(key, kind, default, meaning) for key, (kind, meaning, default) in docs.items()]
            mappings[f"{place}.{name}"] = rows
    return [*key_topics(mappings), *setting_topics(plugins)]


def all_errors() -> list[type[ReconcilerError]]:
    """Every deliberate error."""
    from reconciler import errors

    return [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, ReconcilerError)]


MODELS_EXAMPLES = """
reconciler models                    everything
reconciler models gpt --verbose      what has gpt in its name, and why a successor is one
reconciler models --table tts_model
reconciler models --format json
"""


@command("models", examples=MODELS_EXAMPLES)
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this kind of model, e.g. llm.")
def models(settings: Settings, words: tuple[str, ...], tables: tuple[str, ...]) -> int:
    """The catalogue: status, successor and context window of every model that is known."""
    from reconciler.api.manifests import project_catalogue
    from reconciler.cli.composition import find_project
    from reconciler.cli.output import emit_document, style
    from reconciler.reporters.model_table import (
        TITLES,
        model_rows,
        near_words,
        render_models,
        rows_as_json,
        rows_with,
    )

    unknown = [table for table in tables if table not in TITLES]
    if unknown:
        raise UsageError(f"unknown table {unknown[0]!r}; known: {', '.join(TITLES)}")
    catalogue = project_catalogue(find_project(settings))
    there = model_rows(catalogue, tables=tables or None)
    rows = rows_with(there, words)
    if words and not rows:
        said = f"no model in the catalogue has {' and '.join(map(repr, words))} in its name"
        meant = near_words(there, words)
        hint = f"did you mean {' '.join(meant)!r}?" if meant else None
        raise NothingFound(said, (), hint=hint or "`reconciler models` shows all of them")
    how = style(settings)
    return emit_document(
        settings,
        text=lambda: render_models(catalogue, rows, width=how.width, reasons=settings.verbose),
        document=lambda: rows_as_json(catalogue, rows),
    )


SCHEMA_EXAMPLES = """
reconciler schema > manifests.schema.json
reconciler schema --kind tool

In VS Code, with the YAML extension (settings.json):
  "yaml.schemas": {"manifests.schema.json": "manifests/**/*.yaml"}
"""


@command("schema", examples=SCHEMA_EXAMPLES)
@click.option("--kind", "kinds", multiple=True, metavar="KIND", help="Only this kind; may be repeated.")
def schema(settings: Settings, kinds: tuple[str, ...]) -> int:
    """Print the JSON Schema (draft 7) of manifests: completion and checks while you type."""
    import json

    from reconciler.api.offline import manifest_schema
    from reconciler.api.paths import write_file
    from reconciler.cli.output import write

    if settings.format not in {None, "json"} or any(name != "json" for name, _ in settings.reports):
        raise UsageError("a JSON Schema is JSON; no other format makes sense here")
    text = json.dumps(manifest_schema(kinds or None), ensure_ascii=False, indent=2) + "\n"
    write(text)
    for _, path in settings.reports:
        write_file(path, text.encode())
    return 0
