"""`reconciler drift`: what was changed in the account by hand."""

from __future__ import annotations

from typing import Any

from reconciler.cli import exits
from reconciler.cli.accepting import ACCEPT
from reconciler.cli.group import command
from reconciler.cli.planning import CHOICE, PATHS, REF, STRICT, options_of, with_flags
from reconciler.cli.settings import Settings

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
    from reconciler.api.accepting import accept_now
    from reconciler.api.reading import drift_now
    from reconciler.cli.accepting import tell
    from reconciler.cli.outcome import deliver, reporting
    from reconciler.cli.wiring import open_run
    from reconciler.types.report import Report

    settings = settings.with_paths(paths)
    options = options_of(**flags)
    with reporting("drift", settings):
        run = open_run(settings, ref=ref)
        if accepted:
            return tell(settings, accept_now(run, options, accepted))
        looked = drift_now(run, options)
        code = exits.DIFFERENCES if looked.plan.drift else exits.DONE
        if options.strict_complete and looked.plan.incomplete:
            code = exits.ERROR
        findings = looked.manifests.diagnostics
        report = Report("drift", run.workspace.name, looked.plan, None, findings, code, looked.notes)
        return deliver(report, settings)
