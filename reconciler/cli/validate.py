"""`reconciler validate`: are the manifests right, as far as this machine can tell?"""

from __future__ import annotations

import click

from reconciler.cli import exits
from reconciler.cli.group import command
from reconciler.cli.planning import EMPTY, PATHS, REF
from reconciler.cli.settings import Settings

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
@EMPTY
def validate(settings: Settings, paths: tuple[str, ...], ref: str | None, strict: bool, allow_empty: bool) -> int:
    """Check manifests: schema, references, lint. Offline; exits with 1 when there are errors."""
    from reconciler.api.checking import check
    from reconciler.cli.outcome import deliver, reporting
    from reconciler.cli.wiring import open_run
    from reconciler.types.report import Report

    settings = settings.with_paths(paths)
    with reporting("validate", settings):
        run = open_run(settings, ref=ref)
        findings, notes = check(run, strict=strict, allow_empty=allow_empty)
        code = exits.ERROR if any(one.is_error for one in findings) else exits.DONE
        report = Report("validate", run.workspace.name, diagnostics=findings, exit_code=code, notes=notes)
        return deliver(report, settings)
