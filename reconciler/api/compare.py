"""Two workspaces of a project side by side: what promoting the manifests of one to the other would change."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.api.session import choose_workspace
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.api.session import Opened
    from reconciler.types.address import Address
    from reconciler.types.comparison import Comparison
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.report import Report
    from reconciler.types.resource import Resource


@dataclass(frozen=True, slots=True)
class Compared:
    """What was found, and the plan of the other workspace: what promoting would change."""

    comparison: Comparison
    plan: Plan
    manifests: ManifestSet
    """Those of the other workspace, its overlays merged in."""
    notes: tuple[str, ...] = ()

    def report(self, exit_code: int = 0) -> Report:
        """The same for reporters."""
        from reconciler.types.report import Report

        return Report(
            "plan", self.plan.workspace, self.plan, diagnostics=self.manifests.diagnostics, exit_code=exit_code,
            notes=self.notes, comparison=self.comparison,
        )  # fmt: skip


def compare_now(run: Opened, other: str, options: PlanOptions) -> Compared:
    """The workspace of `run` beside the one called `other`. Reads both accounts and writes to neither.

    Raises `UsageError` for a workspace that does not exist or is the same, and what `plan_now` raises, with the name
    of the workspace that it is about.
    """
    from reconciler.api.validate import review
    from reconciler.core.planning.account_comparison import compare_accounts

    there = replace(
        run,
        workspace=replace(choose_workspace(run.project, other), parallelism=run.workspace.parallelism),
    )
    if there.workspace.name == run.workspace.name:
        raise UsageError(
            f"--compare {other}: this is the workspace {run.workspace.name} itself",
            hint="name another one of: " + ", ".join(name for name in run.project.workspaces if name != other),
        )
    key = secrets.token_bytes(32)
    mine, _ = _seen(run, options, key)
    theirs, manifests = _seen(there, options, key)
    comparison = compare_accounts(mine, theirs)
    notes = list(there.remarks(manifests))
    if comparison.waiting:
        noun = "change" if comparison.waiting == 1 else "changes"
        notes.append(
            f"{comparison.here} itself waits for {comparison.waiting} {noun}: what is promoted is what the manifests "
            f"say, not what is live there (`reconciler -w {comparison.here} plan` shows them)"
        )
    return Compared(comparison, review(there, manifests, theirs[0]), manifests, tuple(notes))


def _seen(
    run: Opened, options: PlanOptions, key: bytes
) -> tuple[tuple[Plan, Mapping[Address, Resource], Mapping[tuple[str, str], str]], ManifestSet]:
    from reconciler.engine.plan.workspace_view import view

    with _told(run.workspace.name):
        manifests, known = run.manifests()
        with run.provider(known, reading=True) as provider, run.placing(manifests):
            return view(manifests, run.state(), options, run.setting(provider, known), key), manifests


@contextmanager
def _told(workspace: str) -> Iterator[None]:
    """Errors say which of the two workspaces they are about."""
    try:
        yield
    except ReconcilerError as error:
        error.message = f"workspace {workspace}: {error.message}"
        error.args = (error.message,)
        raise
