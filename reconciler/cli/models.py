"""`reconciler models`: the catalogue of models."""

from __future__ import annotations

import click

from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command

EXAMPLES = """
reconciler models                    everything
reconciler models gpt --verbose      what has gpt in its name, and why a successor is one
reconciler models --table tts_model
reconciler models --format json
"""


@command("models", examples=EXAMPLES)
@click.argument("words", nargs=-1, metavar="[WORD]...")
@click.option("--table", "tables", multiple=True, metavar="TABLE", help="Only this kind of model, e.g. llm.")
def models(settings: Settings, words: tuple[str, ...], tables: tuple[str, ...]) -> int:
    """The catalogue: status, successor and context window of every model that is known."""
    from reconciler.api.manifests import project_catalogue
    from reconciler.cli.composition import find_project
    from reconciler.cli.output import emit_document, style
    from reconciler.errors import UsageError
    from reconciler.reporters.model_table import TITLES, model_rows, render_models, rows_as_json

    unknown = [table for table in tables if table not in TITLES]
    if unknown:
        raise UsageError(f"unknown table {unknown[0]!r}; known: {', '.join(TITLES)}")
    catalogue = project_catalogue(find_project(settings))
    rows = [
        row
        for row in model_rows(catalogue, tables=tables or None)
        if all(word.lower() in f"{row.id} {row.family}".lower() for word in words)
    ]
    how = style(settings)
    return emit_document(
        settings,
        text=lambda: render_models(catalogue, rows, width=how.width, reasons=settings.verbose),
        document=lambda: rows_as_json(catalogue, rows),
    )
