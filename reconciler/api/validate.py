"""What validate finds, each with its place in the file, and which findings the baseline or a comment drops."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.api.manifests import catalogue_of, locating_errors, manifest_notes, read_files, unaccepted
from reconciler.types.manifest import ManifestSet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reconciler.api.session import Session
    from reconciler.core.linting import Accepted
    from reconciler.core.migration_result import MigrationResult, Outcome
    from reconciler.engine.validate import ReadText
    from reconciler.manifests.tree.file_tree import Tree
    from reconciler.types.address import Address
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.plan import Plan
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


def settle(
    session: Session, found: Iterable[Diagnostic], baseline: Collection[Accepted] | None = None
) -> tuple[Diagnostic, ...]:
    """The findings without those that a comment keeps as they are; those of the baseline (None: the project's) are
    marked, and unknown fields are errors where the policy denies them. Raises `ManifestError` where the baseline
    cannot be read, whether or not anything was found."""
    from reconciler.core.fields.field_check import UNKNOWN_FIELD
    from reconciler.core.linting import mark_accepted
    from reconciler.engine.validate import without_kept
    from reconciler.types.diagnostic import Severity

    rules = session.platform.rules
    if baseline is None:
        baseline = baseline_of(session.project, session.sources.ref)
    marked = mark_accepted(without_kept(found, rules, reader(session)), baseline, rules)
    if session.workspace.policy.unknown_fields != "deny":
        return marked
    return tuple(
        replace(diagnostic, severity=Severity.ERROR, summary=diagnostic.summary.partition("; ")[0], detail=DENIED)
        if diagnostic.code == UNKNOWN_FIELD and not diagnostic.accepted and diagnostic.severity is Severity.WARNING
        else diagnostic
        for diagnostic in marked
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


def accepted_migration(outcome: Outcome) -> Accepted:
    """What a baseline holds of a change that `migrate` would make or ask about."""
    from reconciler.core.linting import Accepted

    pointer = outcome.finding.pointers[0] if outcome.finding.pointers else ""
    return Accepted(outcome.id, str(outcome.address), pointer, outcome.finding.summary)


def new_migrations(project: Project, result: MigrationResult, tree: Tree | None = None) -> tuple[int, int]:
    """How many changes `migrate --check` speaks up for, and how many more the baseline holds."""
    from reconciler.core.migration_result import undone

    found = [accepted_migration(outcome) for outcome in undone(result)]
    baseline = baseline_of(project, tree=tree)
    held = sum(accepted in baseline for accepted in found)
    return len(found) - held, held


def write_new_baseline(session: Session) -> NewBaseline:
    """Accept every finding of the whole project as it is, in each of its workspaces, and every change that `migrate`
    would make. What cannot be read of the old file counts for nothing. Raises `ReconcilerError` where the file cannot
    be written."""
    from reconciler.api.manifests import platform_of
    from reconciler.api.migrate import read_migration
    from reconciler.api.paths import write_file
    from reconciler.core.linting import to_accept
    from reconciler.core.migration import choose_migrations
    from reconciler.core.migration_result import undone
    from reconciler.errors import ManifestError
    from reconciler.manifests.project.baseline_file import baseline_path, write_baseline

    try:
        old = baseline_of(session.project)
    except ManifestError:
        old = frozenset()
    findings: set[Accepted] = set()
    left: dict[Diagnostic, None] = {}
    for name in session.project.workspaces:
        here = session.in_workspace(name)
        rules, (found, _) = here.platform.rules, check(here, baseline=old)
        held = {
            manifest.address for manifest in read_files(here, settled=False)[0].manifests if manifest.id is not None
        }
        findings |= to_accept(found, rules, held)
        left |= dict.fromkeys(
            diagnostic for diagnostic in found if diagnostic.is_error and not to_accept([diagnostic], rules, held)
        )
    run = read_migration(session.project, (), choose_migrations(platform_of(session.project).migrations), {})
    migrations = {accepted_migration(outcome) for outcome in undone(run.once(run.options.answers))}
    path = baseline_path(session.project)
    accepted = findings | migrations
    # A text that holds a value which this run knows to be a secret stays out: it is reported again.
    safe = {entry for entry in accepted if session.redactor.hide(entry.text) == entry.text}
    if safe or Path(path).exists():
        write_file(path, write_baseline(safe))
    return NewBaseline(path, len(safe & findings), len(safe & migrations), len(old - accepted), tuple(left))


def check(
    session: Session, *, strict: bool = False, allow_empty: bool = False, baseline: Collection[Accepted] | None = None
) -> tuple[tuple[Diagnostic, ...], tuple[str, ...]]:
    """Every finding about the manifests of this run, in the order of the files; and remarks for a person. `baseline`:
    what is accepted, where that is not what the project's file says.

    Raises `NothingFound` where there are no manifests, whatever the state remembers.
    """
    from reconciler.core.fields.field_check import UNKNOWN_FIELD
    from reconciler.engine.validate import validate
    from reconciler.manifests.read.load_manifests import place
    from reconciler.types.diagnostic import Severity

    catalogue, rules = catalogue_of(session), session.platform.rules
    manifests, _ = read_files(session, settled=False)
    manifests = replace(manifests, diagnostics=(*manifests.diagnostics, *unknown_plugins(session.project)))
    if not any(diagnostic.is_error for diagnostic in manifests.diagnostics):
        require_manifests(session, manifests, allow_empty=allow_empty)
    found = validate(manifests, catalogue, rules)
    placed = place(session.project, found, manifests=manifests.manifests, ref=session.sources.ref)
    # Once more, over the findings alone: with their places known, they can be sorted and `keep` comments be honoured.
    found = settle(session, validate(ManifestSet(diagnostics=placed), catalogue, rules), baseline)
    if strict:
        # Promoted here, once: the exit code and every format tell of errors then. An unknown field is one however
        # sure its rule is.
        found = tuple(
            replace(diagnostic, severity=Severity.ERROR)
            if not diagnostic.accepted
            and (diagnostic.severity is Severity.WARNING or diagnostic.code == UNKNOWN_FIELD)
            else diagnostic
            for diagnostic in found
        )
    return found, manifest_notes(session, manifests)


def unknown_plugins(project: Project) -> Iterator[Diagnostic]:
    """Providers and backends that no workspace of the project can be opened with."""
    from reconciler.backends import BACKENDS
    from reconciler.manifests.tree.file_tree import relative
    from reconciler.manifests.tree.problems import PROJECT, suggest
    from reconciler.platforms import providers
    from reconciler.types.diagnostic import Diagnostic, Severity, Source
    from reconciler.types.json import join

    if project.file is None:
        return
    source = Source(relative(project.file, project.home))
    for name, workspace in project.workspaces.items():
        for section, key, word, table in (
            ("provider", "type", workspace.provider.type, providers()),
            ("state", "backend", workspace.state.type, BACKENDS),
        ):
            if word not in table:
                hint = suggest(word, table) or f"known: {', '.join(table)}"
                pointer = join("workspaces", name, section, key)
                summary = f"unknown {table.what} {word!r} in workspace {name!r}"
                yield Diagnostic(PROJECT, Severity.ERROR, summary, hint=hint, pointer=pointer, source=source)


def require_manifests(session: Session, manifests: ManifestSet, *, allow_empty: bool) -> None:
    """Raise `NothingFound` where no document was read, `ManifestError` for a path that holds nothing of ours. The
    state is not asked: what it remembers is no manifest."""
    from reconciler.core.planning.selection_check import BEGIN, MEANT, unmatched_paths
    from reconciler.errors import ManifestError, NothingFound

    if missing := [*unmatched_paths(manifests)]:
        raise ManifestError("there is nothing to validate", missing)
    if not (manifests.manifests or manifests.moved or manifests.removed or allow_empty):
        with locating_errors(session, manifests):
            raise NothingFound("there are no manifests to validate", manifests.diagnostics, hint=f"{BEGIN}; {MEANT}")


def review(session: Session, manifests: ManifestSet, plan: Plan) -> Plan:
    """The plan with its findings in their places, and with what the rules say about every resource that it writes.

    Rules cost time, so what is in sync is left to `validate`. Raises `ManifestError` when one of them is an error
    that the API shares: what it would refuse is not sent.
    """
    from reconciler.api.plan import with_spans
    from reconciler.core.fields.field_hints import removes_required
    from reconciler.engine.validate import tolerated, validate
    from reconciler.errors import ManifestError
    from reconciler.manifests.read.load_manifests import place
    from reconciler.types.change import Action

    plan = with_spans(session, manifests, plan)
    written = {change.address for change in plan.changes if change.requests and change.managed is not None}
    if not written:
        return plan
    manifests = with_referred(session, manifests, written)
    catalogue, rules = catalogue_of(session), session.platform.rules
    new = {change.address for change in plan.changes if change.action is Action.CREATE or removes_required(change)}
    # What the loader says about a place is shown already, in its own words.
    said = {diagnostic.key for diagnostic in manifests.diagnostics}
    every = validate(manifests, catalogue, rules, only=written, new=new)
    found = [diagnostic for diagnostic in every if diagnostic.key not in said]
    placed = place(session.project, found, manifests=manifests.manifests, ref=session.sources.ref)
    more = tolerated(settle(session, validate(ManifestSet(diagnostics=placed), catalogue, rules)), rules)
    # What the account has so is accepted as long as nothing is written; what is sent has to be good.
    more = tuple(replace(diagnostic, accepted=diagnostic.accepted and not diagnostic.is_error) for diagnostic in more)
    errors = sum(diagnostic.is_error for diagnostic in more)
    if errors:
        noun = "error" if errors == 1 else "errors"
        summary = f"{errors} {noun} in the manifests of what would be written; nothing was sent"
        raise ManifestError(summary, unaccepted((*more, *manifests.diagnostics)))
    return replace(plan, diagnostics=(*plan.diagnostics, *more))


def with_referred(session: Session, manifests: ManifestSet, written: Collection[Address]) -> ManifestSet:
    """The manifests with the bodies of all that the `written` ones refer to: rules look into them."""
    from reconciler.api.manifests import read_manifests
    from reconciler.core.canonical.references import reference_texts
    from reconciler.types.address import Address

    verdicts = session.verdicts
    if verdicts is None:
        return manifests
    referred = {
        Address.parse(text)
        for manifest in manifests.manifests
        if manifest.address in written
        for text in reference_texts(manifest.spec)
    }
    if not verdicts.drop(referred & verdicts.taken.keys()):
        return manifests
    return read_manifests(replace(session, emit=lambda event: None))[0]


def reader(session: Session) -> ReadText:
    """Texts of files by the path that findings show them under."""
    from reconciler.manifests.tree.file_tree import Unreadable
    from reconciler.manifests.tree.git_tree import open_tree

    def read(path: str) -> str | None:
        tree, close = open_tree(session.project, session.sources.ref)
        try:
            return tree.read(str(Path(session.project.root, path))).decode("utf-8", "replace")
        except Unreadable:
            return None
        finally:
            close()

    return read
