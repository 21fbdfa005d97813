"""What was found about one resource as a change of the plan."""

from __future__ import annotations

from reconciler.core.canonical.canonical_edit import apply_edits
from reconciler.core.canonical.canonical_form import comparable
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.live_document import body_digest
from reconciler.core.canonical.references import differs_in_ids
from reconciler.core.diff.json_patch import build_patch
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.preserve_values import refuse_ignored, tell_removed
from reconciler.core.secrets.redact_document import marked, redact
from reconciler.types.change import Action, Block, Change, FieldChange, PatchOp, Reason


def to_change(work: Work) -> Change:
    spec, resource = work.spec, work.resource
    edits = [work.edits[path] for path in sorted(work.edits)]
    after = apply_edits(spec, work.document, edits)
    apart = [change for change in work.fields if change.path in spec.apart]
    changed = bool(edits or apart)
    if changed:
        after = {**after, **{change.path[1:]: change.after for change in apart}}
        refuse_ignored(work, after)
        if edits and not work.observing and spec.refused is not None and (refused := spec.refused(after)) is not None:
            work.blocks.append(_unfit(*refused))
    tell_removed(work, after if changed else None)
    adopted = work.entry is None
    patch: tuple[PatchOp, ...] = ()
    parents: tuple[str, ...] = ()
    if edits and not work.observing:
        patch, parents = build_patch(spec, work.live.body, edits, work.context.vocabulary)
    secrets = marked(resource.spec) | work.secret_paths
    writes = bool(patch) or bool(apart)
    action = Action.UPDATE if writes and not work.observing else Action.NOOP
    reason = work.binding.reason
    if work.adopt and action is Action.NOOP and reason is Reason.CHANGED:
        reason = Reason.VENDOR
    if work.observing and work.fields:
        reason = Reason.OBSERVE
    elif action is Action.UPDATE and work.fields and all(_repointed(work, change) for change in work.fields):
        reason = Reason.REPOINTED
    held = comparable(spec, work.document)
    before = redact(spec, held, secrets)
    return Change(
        address=resource.address,
        kind=resource.kind,
        action=action,
        reason=reason,
        id=work.live.id,
        importing=work.live.id if adopted else None,
        previous=work.binding.previous,
        before=before,
        # What the patch leaves alone comes from the account, which may show a secret in the clear.
        after=redact(spec, comparable(spec, after), secrets, keep=True) if changed else before,
        fields=tuple(sorted(work.fields, key=lambda change: change.path)),
        patch=patch,
        managed=work.managed,
        lifecycle=resource.lifecycle,
        source=resource.source.path if resource.source else None,
        name=work.name,
        level=spec.level,
        depends_on=resource.refs,
        live_digest=body_digest(spec, held),
        detailed=work.live.detailed,
        parents=parents,
        blocked=tuple(work.blocks),
        notes=tuple(work.notes),
        adopt=tuple(sorted(work.adopt, key=lambda one: one.path)),
        kept=resource.kept,
    )


def in_sync(work: Work) -> Change:
    """Nothing differs: the common case, so no document and no digest is made for it."""
    resource = work.resource
    return Change(
        address=resource.address,
        kind=resource.kind,
        action=Action.NOOP,
        reason=work.binding.reason,
        id=work.live.id,
        previous=work.binding.previous,
        managed=work.managed,
        lifecycle=resource.lifecycle,
        source=resource.source.path if resource.source else None,
        name=work.name,
        level=work.spec.level,
        depends_on=resource.refs,
        notes=tuple(work.notes),
        kept=resource.kept,
    )


def _unfit(place: str, why: str) -> Block:
    """What is wanted does not go with what the object has and nobody speaks of."""
    hint = "say in the manifest what is to stand there instead of what the account has: a value, or null for nothing"
    return Block("unfit", f"{place}: {why}, and the API refuses that", hint, place)


def _repointed(work: Work, change: FieldChange) -> bool:
    row = field_at(work.spec, change.path)
    if row is None or not change.after_unknown:
        return False
    return row.ref is not None or differs_in_ids(change.before, work.managed.get(change.path))
