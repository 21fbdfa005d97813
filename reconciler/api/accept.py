"""Live values taken into the manifests: choose, edit the files, look again; all or nothing."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.api.connect import read_state, reading_run
from reconciler.api.manifests import read_manifests, refuse_nothing
from reconciler.errors import ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.engine.plan.accept_drift import AcceptedValue, Wanted
    from reconciler.engine.plan.make_plan import Differences
    from reconciler.engine.run_context import RunContext
    from reconciler.manifests.edit.accept_values import FileText
    from reconciler.types.manifest import ManifestSet
    from reconciler.types.options import PlanOptions


@dataclass(frozen=True, slots=True)
class Accepted:
    """What was written, and how many other values have drifted."""

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
    options = replace(options, accepted=tuple(one.address for one in (*wanted, *ignored)))
    manifests, secrets = read_manifests(session)
    refuse_nothing(session, manifests, replace(options, drift_only=True))
    by_address = {manifest.address: manifest for manifest in manifests.manifests}
    with reading_run(session, secrets) as context:
        found = find_accepted(session, context, manifests, options)
        state = read_state(session, context.store)
        chosen = expand_wanted(wanted, found.fields, manifests, state)
        values = choose_accepted(found.fields, manifests, state, chosen)
        files = accept_values(
            session.project,
            manifests.manifests,
            [NewValue(by_address[one.address], one.pointer, one.value, one.ids) for one in values],
            [(by_address[one.address], one.pointer) for one in ignored],
        )
        if files:
            put(files)
            try:
                written: list[AcceptedValue | Wanted] = [*values, *ignored]
                check_accepted(session, context, options, written)
            except ReconcilerError as problem:
                put_back(files)
                raise ReconcilerError(
                    f"{problem.message}; the files are as they were", hint=problem.hint or "edit the file by hand"
                ) from problem
    accepted = {(one.address, one.pointer) for one in values} | {(one.address, one.pointer) for one in ignored}
    left = sum((item.address, one.path) not in accepted for item in found.plan.drift for one in item.changes)
    return Accepted(tuple(values), tuple(files), left)


def find_accepted(session: Session, context: RunContext, manifests: ManifestSet, options: PlanOptions) -> Differences:
    """What the account holds otherwise than these manifests say."""
    from reconciler.api.plan import look
    from reconciler.engine.plan.make_plan import find_differences

    return look(session, context, manifests, lambda state: find_differences(manifests, state, context, options))


def check_accepted(
    session: Session, context: RunContext, options: PlanOptions, values: Sequence[AcceptedValue | Wanted]
) -> None:
    """The files as they are now say what is live. Raises `ReconcilerError`."""
    manifests, _ = read_manifests(session)
    found = find_accepted(session, context, manifests, options).fields
    left = {(address, one.path) for address, fields in found.items() for one in fields}
    still = [f"{one.address}{one.pointer}" for one in values if (one.address, one.pointer) in left]
    if still:
        raise ReconcilerError(f"the manifest cannot say what is live at {', '.join(still)}")


def put(files: Sequence[FileText]) -> None:
    """Write all files, or none."""
    from reconciler.api.paths import write_files
    from reconciler.fsio import Replacement

    write_files([Replacement(one.path, one.before, one.after, one.shown) for one in files])


def put_back(files: Sequence[FileText]) -> None:
    """The texts as they were."""
    from reconciler.api.paths import write_files
    from reconciler.fsio import Replacement

    write_files([Replacement(one.path, one.after, one.before, one.shown) for one in files])
