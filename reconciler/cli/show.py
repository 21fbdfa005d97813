"""`reconciler show`: a saved plan, in any format."""

from __future__ import annotations

import click

from reconciler.cli.group import command
from reconciler.cli.settings import Settings

EXAMPLES = """
reconciler show pr.plan
reconciler show pr.plan --format json
reconciler show pr.plan --report markdown=comment.md --report html=plan.html
"""


@command("show", examples=EXAMPLES)
@click.argument("planfile", metavar="PLANFILE")
def show(settings: Settings, planfile: str) -> int:
    """Show a plan that `plan --out` saved; needs neither the project nor the account."""
    import os

    from reconciler.api.files import read_file
    from reconciler.api.opened import plan_key
    from reconciler.cli.outcome import deliver, reporting
    from reconciler.core.planning.planfile import load_plan
    from reconciler.types.report import Report

    with reporting("show", settings):
        plan = load_plan(read_file(planfile), plan_key(os.environ))
        return deliver(Report("show", plan.workspace, plan), settings)
