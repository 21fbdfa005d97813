"""`reconciler show`: a saved plan, in any format."""

from __future__ import annotations

import click

from reconciler.cli.flags import SUMMARY
from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command

EXAMPLES = """
reconciler show pr.plan
reconciler show pr.plan --format json
reconciler show pr.plan --report markdown=comment.md --report html=plan.html
"""


@command("show", examples=EXAMPLES)
@SUMMARY
@click.argument("planfile", metavar="PLANFILE")
def show(settings: Settings, planfile: str, summary: bool) -> int:
    """Show a plan that `plan --out` saved; needs neither the project nor the account."""
    import os

    from reconciler.api.offline import load_plan
    from reconciler.api.output_files import read_file
    from reconciler.api.session import plan_key
    from reconciler.cli.output import deliver, reporting
    from reconciler.types.report import Report

    with reporting("show", settings):
        plan = load_plan(read_file(planfile), plan_key(os.environ))
        return deliver(Report("show", plan.workspace, plan), settings.summarised(summary))
