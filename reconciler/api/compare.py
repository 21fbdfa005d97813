"""Two workspaces of a project side by side: what promoting the manifests of one to the other would change."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.api.connect import read_state, reading_run
from reconciler.api.manifests import locating_errors, manifest_notes, read_manifests
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from reconciler.api.session import Session
    from reconciler.types.address import Address
    from reconciler.types.manifest import ManifestSet, Resource
    from reconciler.types.options import PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.report import Comparison, Report


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


def compare_now(session: Session, other: str, options: PlanOptions) -> Compared:
    """The workspace of `session` beside the one called `other`. Reads both accounts and writes to neither.

    Raises `UsageError` for a workspace that does not exist or is the same, and what `plan_now` raises, with the name
    of the workspace that it is about.
    """
    from reconciler.api.validate import review
    from reconciler.core.planning.account_comparison import compare_accounts

    there = session.in_workspace(other)
    there = replace(there, workspace=replace(there.workspace, parallelism=session.workspace.parallelism))
    if there.workspace.name == session.workspace.name:
        raise UsageError(
            f"--compare {other}: this is the workspace {session.workspace.name} itself",
            hint="name another one of: " + ", ".join(name for name in session.project.workspaces if name != other),
        )
    key = secrets.token_bytes(32)
    mine, _ = _view(session, options, key)
    theirs, manifests = _view(there, options, key)
    comparison = compare_accounts(mine, theirs)
    notes = list(manifest_notes(there, manifests))
    if comparison.waiting:
        noun = "change" if comparison.waiting == 1 else "changes"
        notes.append(
            f"{comparison.here} itself waits for {comparison.waiting} {noun}: what is promoted is what the manifests "
            f"say, not what is live there (`reconciler -w {comparison.here} plan` shows them)"
        )
    return Compared(comparison, review(there, manifests, theirs[0]), manifests, tuple(notes))


def _view(
    session: Session, options: PlanOptions, key: bytes
) -> tuple[tuple[Plan, Mapping[Address, Resource], Mapping[tuple[str, str], str]], ManifestSet]:
    from reconciler.engine.plan.make_plan import view

    with _naming(session.workspace.name):
        manifests, known = read_manifests(session)
        with reading_run(session, known) as context, locating_errors(session, manifests):
            return view(manifests, read_state(session, context.store), options, context, key), manifests


@contextmanager
def _naming(workspace: str) -> Iterator[None]:
    """Errors say which of the two workspaces they are about."""
    try:
        yield
    except ReconcilerError as error:
        error.message = f"workspace {workspace}: {error.message}"
        error.args = (error.message,)
        raise
