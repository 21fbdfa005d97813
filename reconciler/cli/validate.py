"""`reconciler validate`: are the manifests right, as far as this machine can tell?"""

from __future__ import annotations

import click

from reconciler.cli import exit_codes
from reconciler.cli.flags import PATHS, REF, option
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command

EXAMPLES = """
reconciler validate
reconciler validate manifests/personas/claims.yaml
reconciler validate --strict --report sarif=findings.sarif
reconciler -w production validate --format json
"""


@command("validate", examples=EXAMPLES)
@PATHS
@REF
@click.option("--strict", is_flag=True, help="Unknown fields and other warnings are errors.")
@option("allow_empty")
def validate(settings: Settings, paths: tuple[str, ...], ref: str | None, strict: bool, allow_empty: bool) -> int:
    """Check manifests: schema, references, lint. Offline; exits with 1 when there are errors."""
    from reconciler.api.validate import check
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import deliver, reporting
    from reconciler.types.report import Report

    settings = settings.with_paths(paths)
    with reporting("validate", settings):
        session = open_session(settings, ref=ref)
        findings, notes = check(session, strict=strict, allow_empty=allow_empty)
        code = exit_codes.ERROR if any(one.is_error for one in findings) else exit_codes.DONE
        report = Report("validate", session.workspace.name, diagnostics=findings, exit_code=code, notes=notes)
        return deliver(report, settings)
