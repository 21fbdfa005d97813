"""`reconciler validate | render`: are the manifests right, and how are they sent?"""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import command
from reconciler.cli.flags import PATHS, REF, WHY, option
from reconciler.cli.global_options import ADDRESS
from reconciler.cli.settings import Settings

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.types.address import Address

EXAMPLES = """
reconciler validate
reconciler validate manifests/personas/claims.yaml
reconciler validate --write-baseline                  accept what there is: only new findings count then
reconciler validate --strict --report sarif=findings.sarif
reconciler -w production validate --format json
"""


@command("validate", examples=EXAMPLES)
@PATHS
@REF
@click.option("--strict", is_flag=True, help="Unknown fields and other warnings are errors.")
@click.option(
    "--write-baseline",
    is_flag=True,
    help="Accept all warnings, errors in what the account has so (metadata.id), and what migrate would change, in "
    ".baseline.yaml beside the project file.",
)
@option("allow_empty")
def validate(
    settings: Settings,
    paths: tuple[str, ...],
    ref: str | None,
    strict: bool,
    write_baseline: bool,
    allow_empty: bool,
) -> int:  # fmt: skip
    """Check manifests: schema, references, lint. Offline; exits with 1 when there are errors."""
    from reconciler.api.validate import check
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import deliver, home_of, reporting
    from reconciler.errors import UsageError
    from reconciler.types.report import Report

    if write_baseline and (paths or ref):
        raise UsageError("--write-baseline accepts findings of the whole project", hint="leave PATH and --ref away")
    settings = settings.with_paths(paths)
    with reporting("validate", settings):
        session = open_session(settings, ref=ref)
        accepted = (_accept(session),) if write_baseline else ()
        findings, notes = check(session, strict=strict, allow_empty=allow_empty)
        code = (
            exit_codes.ERROR
            if any(finding.is_error and not finding.accepted for finding in findings)
            else exit_codes.DONE
        )
        report = Report(
            "validate", session.workspace.name, diagnostics=findings, exit_code=code, notes=(*notes, *accepted),
            home=home_of(session),
        )  # fmt: skip
        return deliver(report, settings)


def _accept(session: Session) -> str:
    """Write the baseline; the line that says so."""
    from reconciler.api.paths import display_path
    from reconciler.api.validate import write_new_baseline
    from reconciler.reporters.messages import baseline_note

    done = write_new_baseline(session)
    return baseline_note(display_path(done.path), done.findings, done.migrations, done.gone)


RENDER_EXAMPLES = """
reconciler -w production render                                    all, with overlays and values
reconciler render --target persona.claims-desk --format json
reconciler render --why persona.claims-desk/layers/llm/model       what decides, and where
"""


@command("render", examples=RENDER_EXAMPLES)
@PATHS
@REF
@click.option(
    "--target", "targets", type=ADDRESS, multiple=True, metavar="ADDR", help="Only this one; may be repeated."
)
@WHY
def render(
    settings: Settings, paths: tuple[str, ...], ref: str | None, targets: tuple[Address, ...], why: str | None
) -> int:
    """Print the manifests as they will be sent from a workspace. Offline.

    Overlays and defaults are merged in, values, files and joined texts stand in their places; secrets stay
    references.
    """
    from reconciler.api.manifests import as_yaml, resolved_documents
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import emit_document, reporting

    settings = settings.with_paths(paths)
    with reporting("render", settings):
        session = open_session(settings, ref=ref)
        if why is not None:
            return show_why(settings, session, why)
        documents = resolved_documents(session, targets)
        return emit_document(settings, text=lambda: as_yaml(documents), document=lambda: [*documents], exact=True)


def show_why(settings: Settings, session: Session, why: str) -> int:
    """Where the value of one field comes from: file, overlay, defaults, value, text. Offline."""
    from reconciler.api.boundary import parse_address
    from reconciler.api.manifests import find_origins
    from reconciler.cli.output import emit_document
    from reconciler.reporters.messages import why_document, why_text

    name, slash, pointer = why.partition("/")
    found = find_origins(session, parse_address(name), slash + pointer)
    return emit_document(settings, text=lambda: why_text(found), document=lambda: why_document(found))
