"""What becomes of findings before anybody sees them: `keep` comments drop them, the project's baseline folds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.core.linting.baseline import Accepted
    from reconciler.core.migrating.migration_result import MigrationResult, Outcome
    from reconciler.manifests.tree.file_tree import Tree
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.project import Project


DENIED = "the policy of this workspace denies unknown fields; a comment `# reconciler: keep L18 REASON` allows one"


@dataclass(frozen=True, slots=True)
class NewBaseline:
    """What `--write-baseline` wrote."""

    path: str
    findings: int
    migrations: int
    gone: int
    """How many of the old baseline nobody finds any more."""
    left: tuple[Diagnostic, ...] = ()
    """Errors: no baseline can hold them."""


def settle(session: Session, found: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The findings without those that a comment keeps as they are; those of the baseline are marked, and unknown
    fields are errors where the policy denies them. Raises `ManifestError` where the baseline cannot be read."""
    from reconciler.api.validate import reader
    from reconciler.core.fields.field_check import UNKNOWN_FIELD
    from reconciler.core.linting.baseline import mark_accepted
    from reconciler.engine.validate import without_kept
    from reconciler.types.diagnostic import Severity

    rules = session.platform.rules
    kept = tuple(without_kept(found, rules, reader(session)))
    if not kept:
        return kept
    marked = mark_accepted(kept, baseline_of(session.project, session.sources.ref), rules)
    if session.workspace.policy.unknown_fields != "deny":
        return marked
    return tuple(
        replace(one, severity=Severity.ERROR, summary=one.summary.partition("; ")[0], detail=DENIED)
        if one.code == UNKNOWN_FIELD and not one.accepted and one.severity is Severity.WARNING
        else one
        for one in marked
    )


def baseline_of(project: Project, ref: str | None = None, tree: Tree | None = None) -> frozenset[Accepted]:
    """What the project's baseline holds, at the commit `ref` or in `tree`."""
    from reconciler.manifests.project.baseline_file import read_baseline
    from reconciler.manifests.tree.git_tree import open_tree

    if tree is not None:
        return read_baseline(project, tree)
    opened, close = open_tree(project, ref)
    try:
        return read_baseline(project, opened)
    finally:
        close()


def accepted_migration(one: Outcome) -> Accepted:
    """What a baseline holds of a change that `migrate` would make or ask about."""
    from reconciler.core.linting.baseline import Accepted

    pointer = one.finding.pointers[0] if one.finding.pointers else ""
    return Accepted(one.id, str(one.address), pointer, one.finding.summary)


def new_migrations(project: Project, result: MigrationResult, tree: Tree | None = None) -> tuple[int, int]:
    """How many changes `migrate --check` speaks up for, and how many more the baseline holds."""
    from reconciler.core.migrating.migration_result import undone

    found = [accepted_migration(one) for one in undone(result)]
    if not found:
        return 0, 0
    baseline = baseline_of(project, tree=tree)
    held = sum(one in baseline for one in found)
    return len(found) - held, held


def write_new_baseline(session: Session) -> NewBaseline:
    """Accept every finding of the whole project as it is, in each of its workspaces, and every change that `migrate`
    would make. Raises `ReconcilerError` where the file cannot be written."""
    from reconciler.api.manifests import platform_of
    from reconciler.api.migrate import read_migration
    from reconciler.api.output_files import write_file
    from reconciler.api.validate import check
    from reconciler.core.linting.baseline import to_accept
    from reconciler.core.migrating.migration import choose_migrations
    from reconciler.core.migrating.migration_result import undone
    from reconciler.manifests.project.baseline_file import baseline_path, write_baseline

    findings: set[Accepted] = set()
    left: dict[Diagnostic, None] = {}
    for name in session.project.workspaces:
        here = session.in_workspace(name)
        rules, (found, _) = here.platform.rules, check(here)
        findings |= to_accept(found, rules)
        left |= dict.fromkeys(one for one in found if one.is_error and not to_accept([one], rules))
    run = read_migration(session.project, (), choose_migrations(platform_of(session.project).migrations), {})
    migrations = {accepted_migration(one) for one in undone(run.once(run.options.answers))}
    old = baseline_of(session.project)
    path = baseline_path(session.project)
    accepted = findings | migrations
    # A text that holds a value which this run knows to be a secret stays out: it is reported again.
    safe = {one for one in accepted if session.redactor.hide(one.text) == one.text}
    if safe or Path(path).exists():
        write_file(path, write_baseline(safe))
    return NewBaseline(path, len(safe & findings), len(safe & migrations), len(old - accepted), tuple(left))
