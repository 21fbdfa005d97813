"""`reconciler render`: the manifests as they will be sent, and where a value comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.flags import PATHS, REF
from reconciler.cli.global_options import ADDRESS
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command

if TYPE_CHECKING:
    from reconciler.types.address import Address

EXAMPLES = """
reconciler -w production render                                    all, with overlays and values
reconciler render --target persona.claims-desk --format json
reconciler render --why persona.claims-desk/layers/llm/model       what decides, and where
"""


@command("render", examples=EXAMPLES)
@PATHS
@REF
@click.option(
    "--target", "targets", type=ADDRESS, multiple=True, metavar="ADDR", help="Only this one; may be repeated."
)
@click.option("--why", metavar="ADDR/POINTER", help="Say where the value of one field comes from, and stop.")
def render(
    settings: Settings, paths: tuple[str, ...], ref: str | None, targets: tuple[Address, ...], why: str | None
) -> int:
    """Print the manifests as they will be sent from a workspace. Offline.

    Overlays and defaults are merged in, values, files and joined texts stand in their places; secrets stay
    references.
    """
    from reconciler.api.parse_options import parse_address
    from reconciler.api.resolved_manifests import as_yaml, find_origins, resolved_documents
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import emit_document, reporting
    from reconciler.reporters.origins import why_document, why_text

    settings = settings.with_paths(paths)
    with reporting("render", settings):
        session = open_session(settings, ref=ref)
        if why is not None:
            name, slash, pointer = why.partition("/")
            found = find_origins(session, parse_address(name), slash + pointer)
            return emit_document(settings, text=lambda: why_text(found), document=lambda: why_document(found))
        documents = resolved_documents(session, targets)
        return emit_document(settings, text=lambda: as_yaml(documents), document=lambda: [*documents])
