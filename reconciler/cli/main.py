"""The program's words, and the one place where whatever happened becomes an exit code."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from reconciler.cli.click_commands import LazyGroup
from reconciler.version import __version__

COMMANDS = {
    "init": ("reconciler.cli.init:init", "Scaffold a project."),
    "validate": ("reconciler.cli.validate:validate", "Check manifests: schema, references, lint; offline."),
    "render": (
        "reconciler.cli.validate:render",
        "Print the manifests as they will be sent; --why: where values come from.",
    ),
    "plan": ("reconciler.cli.plan:plan", "Show what apply would do."),
    "apply": ("reconciler.cli.apply:apply", "Carry out a plan."),
    "show": ("reconciler.cli.plan:show", "Show a saved plan, in any format."),
    "destroy": ("reconciler.cli.apply:destroy", "Delete everything that this project manages."),
    "drift": ("reconciler.cli.drift:drift", "Report what was changed in the account by hand."),
    "watch": ("reconciler.cli.watch:watch", "Keep accounts as the manifests say, again and again."),
    "fleet": ("reconciler.cli.fleet:fleet", "The same over several machines, scheduled by Temporal."),
    "migrate": ("reconciler.cli.migrate:migrate", "Rewrite manifests off what was deprecated."),
    "export": ("reconciler.cli.export:export", "Write manifests for everything in the account that has none."),
    "import": ("reconciler.cli.apply:import_", "Take a live object under management."),
    "state": ("reconciler.cli.state:state", "Look at the state, repair it, free its lock."),
    "trust": ("reconciler.cli.trust:trust", "Say which hosts and commands a project file may name."),
    "models": ("reconciler.cli.explain:models", "The catalogue of models: status, successor, context window."),
    "explain": ("reconciler.cli.explain:explain", "What a manifest field is."),
    "schema": ("reconciler.cli.explain:schema", "JSON Schema of manifests, for editors."),
    "simulator": ("reconciler.cli.demo:simulator", "The simulated API."),
    "demo": ("reconciler.cli.demo:demo", "A two-minute tour on the embedded simulator."),
    "completion": ("reconciler.cli.completion:completion", "Shell completion."),
}

HELP = """Conversational-agent personas as code.

Manifests say what should exist; `plan` shows the smallest change that gets the account there, `apply` carries out
exactly that, `drift` reports what somebody changed by hand.

Exit codes: 0 done, 1 error, 2 differences (plan --detailed-exitcode, drift,
migrate --check), 3 refused by a safety rule, 4 state
locked, 5 stale plan, 64 wrong usage, 130 interrupted."""

EXAMPLES = """
reconciler demo                          see it work, without a key or a network
reconciler init                          start a project in this folder
reconciler plan                          what would change
reconciler plan --out pr.plan            ... kept, so that exactly this is applied
reconciler apply pr.plan
reconciler -w production drift           what was edited by hand
"""

program = LazyGroup("reconciler", help=HELP, examples=EXAMPLES, table=COMMANDS, no_args_is_help=True)
click.version_option(__version__, "-V", "--version", prog_name="reconciler", message="%(prog)s %(version)s")(program)


def run(args: Sequence[str]) -> int:
    """Run one command and return its exit code; every error was shown on standard error when this returns."""
    try:
        result = program.main(args=list(args), prog_name="reconciler", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except BaseException as error:
        from reconciler.cli.error_output import show

        code = show(error, args, COMMANDS)
    if "reconciler.cli.output" in sys.modules:  # else nothing but click has written, which flushes by itself
        from reconciler.cli.output import close_gate, flush

        flush()
        close_gate()
    return code
