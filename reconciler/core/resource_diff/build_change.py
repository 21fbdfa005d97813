"""What was found about one resource as a change of the plan."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.core.canonical.canonical_edit import apply_edits
from reconciler.core.canonical.canonical_form import comparable
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.references import differs_in_ids
from reconciler.core.canonical.vocabulary import body_digest
from reconciler.core.diff.json_patch import build_patch
from reconciler.core.resource_diff.findings import Findings, Subject
from reconciler.core.resource_diff.preserve_values import note_removed, refuse_ignored
from reconciler.core.secrets.redact_document import marked, redact
from reconciler.types.change import Action, Block, Change, FieldChange, PatchOp, Reason


def to_change(subject: Subject, found: Findings) -> Change:
    """What differs as a change: the patch, both documents with no secret in them, every difference and why."""
    spec, resource, document = subject.spec, subject.resource, subject.document
    edits = [found.edits[path] for path in sorted(found.edits)]
    after = apply_edits(spec, document, edits)
    apart = {change.path[1:]: change.after for change in found.fields if change.path in spec.apart}
    changed = bool(edits or apart)
    if changed:
        after = {**after, **apart}
        found = refuse_ignored(subject, found, after)
        if (
            edits
            and not subject.observing
            and spec.refused is not None
            and (refused := spec.refused(after)) is not None
        ):
            found += Findings(blocks=(_unfit(*refused),))
    fields = note_removed(subject, found, after if changed else None)
    patch: tuple[PatchOp, ...] = ()
    parents: tuple[str, ...] = ()
    if edits and not subject.observing:
        patch, parents = build_patch(spec, subject.live.body, edits, subject.context.vocabulary)
    secrets = marked(resource.spec) | subject.secret_paths
    action = Action.UPDATE if (patch or apart) and not subject.observing else Action.NOOP
    held = comparable(spec, document)
    before = redact(spec, held, secrets)
    return replace(
        in_sync(subject, found),
        action=action,
        reason=_reason(subject, found, fields, action),
        importing=subject.live.id if subject.entry is None else None,
        before=before,
        # What the patch leaves alone comes from the account, which may show a secret in the clear.
        after=redact(spec, comparable(spec, after), secrets, keep=True) if changed else before,
        fields=tuple(sorted(fields, key=lambda change: change.path)),
        patch=patch,
        live_digest=body_digest(spec, held),
        detailed=subject.live.detailed,
        parents=parents,
        blocked=found.blocks,
        adopt=tuple(sorted(found.adopt, key=lambda one: one.path)),
    )


def in_sync(subject: Subject, found: Findings) -> Change:
    """Nothing differs: the common case, so no document and no digest is made for it."""
    resource = subject.resource
    return Change(
        address=resource.address,
        kind=resource.kind,
        action=Action.NOOP,
        reason=subject.binding.reason,
        id=subject.live.id,
        previous=subject.binding.previous,
        managed=subject.managed,
        lifecycle=resource.lifecycle,
        source=resource.source.path if resource.source else None,
        name=subject.name,
        level=subject.spec.level,
        depends_on=resource.refs,
        notes=found.notes,
        kept=resource.kept,
    )


def _unfit(place: str, why: str) -> Block:
    """What is wanted does not go with what the object has and nobody speaks of."""
    hint = "say in the manifest what is to stand there instead of what the account has: a value, or null for nothing"
    return Block("unfit", f"{place}: {why}, and the API refuses that", hint, place)


def _reason(subject: Subject, found: Findings, fields: Sequence[FieldChange], action: Action) -> Reason:
    reason = subject.binding.reason
    if subject.observing and fields:
        return Reason.OBSERVE
    if action is Action.UPDATE and fields and all(_repointed(subject, change) for change in fields):
        return Reason.REPOINTED
    if found.adopt and action is Action.NOOP and reason is Reason.CHANGED:
        return Reason.VENDOR
    return reason


def _repointed(subject: Subject, change: FieldChange) -> bool:
    """Whether a leaf differs only because it refers to an object that is made anew."""
    row = field_at(subject.spec, change.path)
    if row is None or not change.after_unknown:
        return False
    return row.ref is not None or differs_in_ids(change.before, subject.managed.get(change.path))
