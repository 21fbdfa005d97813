"""`reconciler apply`: carry out a plan, saved or made on the spot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from reconciler.cli.global_settings import Settings
from reconciler.cli.lazy_group import command
from reconciler.cli.plan_flags import CHOICE, MODES, REF, SAFETY, STRICT, with_flags
from reconciler.errors import UsageError

EXAMPLES = """
reconciler apply                          plan, show, ask, carry out
reconciler apply manifests/personas       the same for a part of the manifests
reconciler apply --auto-approve --lock-timeout 5m
reconciler apply pr.plan                  exactly what `plan --out pr.plan` saved; never asks
"""
APPROVAL = (
    click.option("--auto-approve", is_flag=True, help="Do not ask."),
    click.option(
        "--force-maker", is_flag=True, help="Discard what a person is editing in the vendor's editor right now."
    ),
)


@command("apply", examples=EXAMPLES)
@click.argument("paths", nargs=-1, metavar="[PLANFILE | PATH...]")
@with_flags(APPROVAL, (REF,), CHOICE, MODES, STRICT, SAFETY)
def apply(settings: Settings, paths: tuple[str, ...], **flags: Any) -> int:
    """Carry out a plan: a saved one as it is, or one made now, shown, and approved by you.

    Ctrl-C lets running requests finish, saves and ends; a second one aborts at once.
    """
    from reconciler.cli.apply_run import carry_out, carry_out_saved

    saved = saved_plan(paths)
    if saved is None:
        return carry_out("apply", settings.with_paths(paths), **flags)
    refuse_flags(flags)
    return carry_out_saved(
        settings, saved, force_maker=flags["force_maker"], accept_account=flags["accept_account"],
        lock_timeout=flags["lock_timeout"],
    )  # fmt: skip


def saved_plan(paths: tuple[str, ...]) -> bytes | None:
    """The bytes of the plan file among the arguments; None where they are manifests. Told apart by content."""
    from reconciler.api.output_files import read_file
    from reconciler.core.planning.plan_file import looks_like_plan

    found = [path for path in paths if Path(path).is_file() and looks_like_plan(read_file(path))]
    if not found:
        return None
    if len(paths) > 1:
        raise UsageError(f"{found[0]} is a saved plan; it stands alone", hint="apply it, then the rest")
    return read_file(found[0])


def refuse_flags(flags: dict[str, Any]) -> None:
    """A saved plan is carried out as it is: raise `UsageError` for what would have changed it."""
    harmless = {"auto_approve", "force_maker", "accept_account", "lock_timeout"}
    wrong = [name for name, value in flags.items() if value and name not in harmless]
    if wrong:
        raise UsageError(
            f"--{wrong[0].rstrip('s').replace('_', '-')} cannot change a saved plan",
            hint="make a new plan with it: reconciler plan --out FILE",
        )
