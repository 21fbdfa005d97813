"""`reconciler explain`: what a field of a manifest is."""

from __future__ import annotations

import click

from reconciler.cli.group import command
from reconciler.cli.settings import Settings

EXAMPLES = """
reconciler explain persona
reconciler explain persona.layers.llm.model
reconciler explain tool.delivery
reconciler explain /layers/conversational_flow       a path out of a plan
"""


@command("explain", examples=EXAMPLES)
@click.argument("path")
def explain(settings: Settings, path: str) -> int:
    """What a field is: its type, default, limits, known values, and where that is known from."""
    from reconciler.cli.outcome import emit_document, style
    from reconciler.core import explain as pages
    from reconciler.loader.catalogue import load_catalogue

    found = pages.explain(path, load_catalogue())
    return emit_document(
        settings,
        text=lambda: pages.render(found, width=style(settings).width),
        document=lambda: pages.as_json(found),
    )
