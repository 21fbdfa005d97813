"""The reading runs, plan and drift, with the place of each finding; and live values taken into the manifests."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, TypeVar

from reconciler.api.connect import read_state, reading_run
from reconciler.api.manifests import locating_errors, manifest_notes, read_manifests, require_input
from reconciler.api.plan_cache import Verdict, open_cache
from reconciler.errors import Interrupted, ReconcilerError, UsageError
from reconciler.types.diagnostic import Source

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.engine.plan.accept_drift import AcceptedValue, Wanted
    from reconciler.engine.plan.make_plan import Differences
    from reconciler.engine.run_context import RunContext
    from reconciler.manifests.edit.accept_values import FileText
    from reconciler.types.change import Block, Change, FieldChange
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import PlanOptions
    from reconciler.types.plan import Plan
    from reconciler.types.ports import Secrets
    from reconciler.types.state import State

Found = TypeVar("Found")


def state_readings(session: Session, context: RunContext) -> Iterator[State]:
    """The current state, read without a lock; read and yielded again if it changed while the caller used it.

    Raises `StateError`, and `Interrupted` before and after each use once the user asked to stop.
    """
    check_stop(context)
    before = _state_digest(session, context)
    yield read_state(session, context.store)
    check_stop(context)
    if _state_digest(session, context) != before:
        yield read_state(session, context.store)


def _state_digest(session: Session, context: RunContext) -> bytes | None:
    """SHA-256 of the stored document; None if there is no state."""
    stored = context.store.read()
    if session.recording is not None:
        session.recording.read_state(context.store, stored)
    return None if stored is None else sha256(stored).digest()


def check_stop(context: RunContext) -> None:
    """Raise `Interrupted` if the user asked to stop."""
    if context.stop():
        raise Interrupted("stopped while the account was compared", hint="run the same command again")


def against_current_state(
    session: Session, context: RunContext, manifests: ManifestSet, make: Callable[[State], Found]
) -> Found:
    """The result of `make` for the current state; made again if the state changed meanwhile.

    Raises what `make` raises, with the places of its findings.
    """
    with locating_errors(session, manifests):
        for state in state_readings(session, context):
            found = make(state)
    return found


@dataclass(slots=True)
class Read:
    """What the files say; read once more where a verdict about them does not hold."""

    manifests: ManifestSet
    secrets: Secrets


def with_verdicts(session: Session, context: RunContext, read: Read) -> RunContext:
    """`context` with what earlier runs found in sync, if the session has anything of it."""
    if session.verdicts is None:
        return context
    quiet = replace(session, emit=lambda event: None)  # everything was said when it was read first

    def reread() -> tuple[ManifestSet, State]:
        read.manifests, _ = read_manifests(quiet)
        return read.manifests, read_state(quiet, context.store)

    return replace(context, verdicts=session.verdicts, reread=reread)


def plan_now(session: Session, options: PlanOptions) -> Verdict:
    """The plan of what an apply would do, with findings and notes; sends only GET requests.

    Raises `ManifestError`, `PlanError`, `ProviderError`, `StateError`, `NothingFound`, `Interrupted`.
    """
    from reconciler.api.migrated_manifests import migrate_if_configured

    session, options, migration_notes = migrate_if_configured(session, options)
    cache = open_cache(session, "plan", options)
    found = cache.recall()
    if found is None:
        from reconciler.api.validate import review
        from reconciler.engine.plan.make_plan import make_plan
        from reconciler.manifests.read.load_manifests import without_collector

        # Every frame from here to a patch does a step of its own.
        with without_collector(), cache.recorded() as recorded:
            read = Read(*read_manifests(recorded))
            require_input(recorded, read.manifests, options)
            with reading_run(recorded, read.secrets) as context, locating_errors(recorded, read.manifests):
                context = with_verdicts(recorded, context, read)
                for state in state_readings(recorded, context):
                    made = make_plan(read.manifests, state, options, context).plan
            found = _verdict(
                review(recorded, read.manifests, made), read.manifests, manifest_notes(recorded, read.manifests)
            )
        cache.keep(found)
    made = with_commit(session, found.plan) if options.record else found.plan
    return replace(found, plan=made, notes=(*found.notes, *migration_notes))


def drift_now(session: Session, options: PlanOptions) -> Verdict:
    """The drift of the account since the last apply, as a plan without changes; sends only GET requests. Raises what
    `plan_now` raises; `NothingFound` without a state."""
    from reconciler.api.migrated_manifests import migrate_if_configured

    session, options, _ = migrate_if_configured(session, options)
    cache = open_cache(session, "drift", options)
    found = cache.recall()
    if found is None:
        from reconciler.engine.plan.make_plan import find_drift
        from reconciler.manifests.read.load_manifests import without_collector

        with without_collector(), cache.recorded() as recorded:
            read = Read(*read_manifests(recorded))
            require_input(recorded, read.manifests, replace(options, drift_only=True))
            with reading_run(recorded, read.secrets) as context, locating_errors(recorded, read.manifests):
                context = with_verdicts(recorded, context, read)
                for state in state_readings(recorded, context):
                    made = find_drift(read.manifests, state, context, options)
            found = _verdict(with_spans(recorded, read.manifests, made), read.manifests)
        cache.keep(found)
    return found


def _verdict(plan: Plan, manifests: ManifestSet, notes: tuple[str, ...] = ()) -> Verdict:
    addresses = tuple(str(manifest.address) for manifest in manifests.manifests)
    return Verdict(plan, manifests.diagnostics, notes, addresses)


def with_commit(session: Session, plan: Plan) -> Plan:
    """The plan with the commit of the work tree that holds its manifests; unchanged outside git."""
    if plan.commit is not None or session.sources.ref is not None:
        return plan
    from reconciler.manifests.tree.source_version import head_of

    return replace(plan, commit=head_of(session.project.home))


def with_sources(diagnostics: Sequence[Diagnostic], manifests: ManifestSet) -> tuple[Diagnostic, ...]:
    """The findings, each that has an address with the document that declares it as its source."""
    if all(diagnostic.address is None or diagnostic.span is not None for diagnostic in diagnostics):
        return tuple(diagnostics)
    sources = {manifest.address: manifest.source for manifest in manifests.manifests}

    def source(diagnostic: Diagnostic) -> Source | None:
        known = sources.get(diagnostic.address) if diagnostic.address is not None else None
        # A path alone, as state keeps it, knows neither the document in the file nor where its spec begins.
        vague = diagnostic.source is None or (known is not None and diagnostic.source == Source(known.path))
        return known if known is not None and vague else diagnostic.source

    return tuple(
        diagnostic if diagnostic.span is not None else replace(diagnostic, source=source(diagnostic))
        for diagnostic in diagnostics
    )


def with_spans(session: Session, manifests: ManifestSet, plan: Plan) -> Plan:
    """The plan with file, line and column for every finding and every block about a value. Reads no file if none of
    them lacks a place."""
    from reconciler.manifests.read.load_manifests import place
    from reconciler.types.diagnostic import Diagnostic, Severity

    asked = dict.fromkeys(
        (change.address, pointer)
        for change in plan.changes
        for pointer in (
            *(block.pointer for block in change.blocked),
            *(field.path for field in change.fields if field.wanted),
        )
        if pointer is not None
    )
    diagnostics = with_sources(plan.diagnostics, manifests)
    open_places = any(diagnostic.source is not None and diagnostic.span is None for diagnostic in diagnostics)
    if not asked and not open_places:
        return plan
    sources = {manifest.address: manifest.source for manifest in manifests.manifests}
    questions = [
        Diagnostic("E-place", Severity.ERROR, "", address=address, pointer=pointer, source=sources.get(address))
        for address, pointer in asked
    ]
    found = place(session.project, [*diagnostics, *questions], manifests=manifests.manifests, ref=session.sources.ref)
    spans = {(diagnostic.address, diagnostic.pointer): diagnostic.span for diagnostic in found[len(diagnostics) :]}

    def placed(change: Change, block: Block) -> Block:
        span = spans.get((change.address, block.pointer)) if block.pointer is not None else None
        return block if span is None else replace(block, span=span)

    def seen(change: Change, field: FieldChange) -> FieldChange:
        span = spans.get((change.address, field.path)) if field.wanted else None
        return field if span is None else replace(field, span=span)

    changes = tuple(
        replace(
            change,
            blocked=tuple(placed(change, block) for block in change.blocked),
            fields=tuple(seen(change, field) for field in change.fields),
        )
        for change in plan.changes
    )
    return replace(plan, changes=changes, diagnostics=found[: len(diagnostics)])


@dataclass(frozen=True, slots=True)
class Accepted:
    """The live values written into manifests, the files, and how many other values have drifted."""

    values: tuple[AcceptedValue, ...]
    files: tuple[FileText, ...]
    left: int = 0


def accept_now(
    session: Session, options: PlanOptions, wanted: Collection[Wanted], ignored: Collection[Wanted] = ()
) -> Accepted:
    """Find what differs, write what is wanted, and the pointers of what is `ignored` into `lifecycle.ignore`; look
    again. A file that would not say it then gets its old text back.

    Raises `UsageError`, `ReconcilerError` (nothing written), `ManifestError`, `ProviderError`.
    """
    from reconciler.engine.plan.accept_drift import choose_accepted, expand_wanted
    from reconciler.manifests.edit.accept_values import NewValue, accept_values

    if session.sources.ref is not None:
        raise UsageError("--accept writes into the files of the work tree; leave --ref out")
    options = replace(options, accepted=tuple(value.address for value in (*wanted, *ignored)))
    manifests, secrets = read_manifests(session)
    require_input(session, manifests, replace(options, drift_only=True))
    by_address = {manifest.address: manifest for manifest in manifests.manifests}
    with reading_run(session, secrets) as context:
        found = find_accepted(session, context, manifests, options)
        state = read_state(session, context.store)
        chosen = expand_wanted(wanted, found.fields, manifests, state)
        values = choose_accepted(found.fields, manifests, state, chosen)
        files = accept_values(
            session.project,
            manifests.manifests,
            [NewValue(by_address[value.address], value.pointer, value.value, value.ids) for value in values],
            [(by_address[value.address], value.pointer) for value in ignored],
        )
        if files:
            write_accepted(files)
            try:
                written: list[AcceptedValue | Wanted] = [*values, *ignored]
                check_accepted(session, context, options, written)
            except ReconcilerError as problem:
                restore_texts(files)
                raise ReconcilerError(
                    f"{problem.message}; the files are as they were", hint=problem.hint or "edit the file by hand"
                ) from problem
    accepted = {(value.address, value.pointer) for value in values}
    accepted |= {(value.address, value.pointer) for value in ignored}
    left = sum((item.address, change.path) not in accepted for item in found.plan.drift for change in item.changes)
    return Accepted(tuple(values), tuple(files), left)


def find_accepted(session: Session, context: RunContext, manifests: ManifestSet, options: PlanOptions) -> Differences:
    """Every difference between the account and these manifests. Raises what `plan_now` raises."""
    from reconciler.engine.plan.make_plan import find_differences

    return against_current_state(
        session, context, manifests, lambda state: find_differences(manifests, state, context, options)
    )


def check_accepted(
    session: Session, context: RunContext, options: PlanOptions, values: Sequence[AcceptedValue | Wanted]
) -> None:
    """Raise `ReconcilerError` unless the manifests, read again, agree with the account at all of `values`."""
    manifests, _ = read_manifests(session)
    found = find_accepted(session, context, manifests, options).fields
    left = {(address, field.path) for address, fields in found.items() for field in fields}
    still = [f"{value.address}{value.pointer}" for value in values if (value.address, value.pointer) in left]
    if still:
        raise ReconcilerError(f"the manifest cannot say what is live at {', '.join(still)}")


def write_accepted(files: Sequence[FileText]) -> None:
    """Write the new texts: all files, or none. Raises `ReconcilerError`."""
    from reconciler.api.paths import write_files
    from reconciler.fsio import Replacement

    write_files([Replacement(file.path, file.before, file.after, file.shown) for file in files])


def restore_texts(files: Sequence[FileText]) -> None:
    """Write the earlier texts back. Raises `ReconcilerError`."""
    from reconciler.api.paths import write_files
    from reconciler.fsio import Replacement

    write_files([Replacement(file.path, file.after, file.before, file.shown) for file in files])
