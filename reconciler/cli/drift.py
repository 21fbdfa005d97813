"""`reconciler drift`: what was changed in the account by hand."""

from __future__ import annotations

from typing import Any

from reconciler.cli import exit_codes
from reconciler.cli.drift_accept import ACCEPT
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command
from reconciler.cli.plan_flags import CHOICE, PATHS, REF, STRICT, options_of, with_flags

EXAMPLES = """
reconciler drift
reconciler -w production drift --format json
reconciler drift --report markdown=drift.md --report junit=drift.xml
reconciler drift --accept persona.claims-desk/system_prompt   the edit by hand becomes the manifest's
"""


@command("drift", examples=EXAMPLES)
@PATHS
@REF
@ACCEPT
@with_flags(CHOICE, STRICT)
def drift(
    settings: Settings, paths: tuple[str, ...], ref: str | None, accepted: tuple[Any, ...], **flags: Any
) -> int:
    """Report what was changed in the account since the last apply; exits with 2 when something was.

    Compares the account with the state, and shows what the manifests say where there are any. Changes of the
    manifests that wait for an apply are no drift. Three ways out: `--accept` takes a live value into the manifest,
    `reconciler apply` puts the manifest's back, `lifecycle.ignore` leaves the field to others.
    """
    from reconciler.api.accept import accept_now
    from reconciler.api.plan import drift_now
    from reconciler.cli.composition import open_run
    from reconciler.cli.drift_accept import tell
    from reconciler.cli.output import deliver, reporting
    from reconciler.types.report import Report

    settings = settings.with_paths(paths)
    options = options_of(**flags)
    with reporting("drift", settings):
        run = open_run(settings, ref=ref)
        if accepted:
            return tell(settings, accept_now(run, options, accepted))
        looked = drift_now(run, options)
        code = exit_codes.DIFFERENCES if looked.plan.drift else exit_codes.DONE
        if options.strict_complete and looked.plan.incomplete:
            code = exit_codes.ERROR
        findings = looked.manifests.diagnostics
        report = Report("drift", run.workspace.name, looked.plan, None, findings, code, looked.notes)
        return deliver(report, settings)
