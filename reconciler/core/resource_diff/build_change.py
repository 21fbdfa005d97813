"""The findings about one resource as a change of the plan, with the values that its write must repeat or spare."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import (
    comparable_document,
    is_at_default,
    is_masked,
    json_equal,
    keyed_parent,
    leaf_at,
    leaves,
)
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.references import differs_in_ids
from reconciler.core.canonical.vocabulary import body_digest, live_document
from reconciler.core.diff import three_way
from reconciler.core.diff.json_patch import build_patch
from reconciler.core.resource_diff.findings import Findings, Subject
from reconciler.core.resource_diff.resource_plan import field_change, ignored
from reconciler.core.secrets.redact_document import marked, redact
from reconciler.types.change import Action, Block, Change, Direction, FieldChange, PatchOp, Reason
from reconciler.types.json import Json, Object, join, lookup, split, within
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Resource


def with_ignored(resource: Resource, live: LiveObject) -> Resource:
    """The resource with the live value at each ignored place inside a leaf: a leaf that is compared and written whole
    leaves it as it is."""
    inside = [
        (pointer, path)
        for pointer in resource.lifecycle.ignore
        for path, value in resource.leaves.items()
        if pointer != path and within(pointer, path) and isinstance(value, dict)
    ]
    if not inside:
        return resource
    spec = resource.kind
    document = live_document(spec, live)
    body, flat = resource.spec, dict(resource.leaves)
    for pointer, path in inside:
        value = value_at(spec, document, pointer)
        if is_masked(value):
            continue  # the API keeps what it hides
        leaf = apply_edits(spec, {"leaf": flat[path]}, [Edit(f"/leaf{pointer[len(path) :]}", value, value is None)])
        flat[path] = leaf["leaf"]
        if isinstance(lookup(body, path), dict):
            body = apply_edits(spec, body, [Edit(pointer, value, remove=value is None)])
    return replace(resource, spec=body, leaves=flat)


def value_at(spec: KindSpec, document: Object, pointer: str) -> Json:
    """The value at `pointer`, which may lead through the name of an inline tool."""
    tokens = split(pointer)
    for depth in range(1, len(tokens)):
        path = join(*tokens[:depth])
        if keyed_parent(spec, path) is not None:
            return lookup(leaf_at(spec, document, path), join(*tokens[depth:]))
    return lookup(document, pointer)


def refuse_ignored(subject: Subject, found: Findings, after: Object) -> Findings:
    """Block a change that would write what `lifecycle.ignore` leaves alone, whichever step planned it."""
    for pointer in subject.resource.lifecycle.ignore:
        touched = any(within(path, pointer) or within(pointer, path) for path in found.edits)
        before, left = (value_at(subject.spec, document, pointer) for document in (subject.document, after))
        if touched and not json_equal(before, left):
            message = f"{pointer} is left alone (lifecycle.ignore), and this change would take it away or write it"
            hint = f"take {pointer} out of lifecycle.ignore, or keep what stands around it in the manifest"
            found += Findings(blocks=(Block("ignore", message, hint, pointer),))
    return found


def note_removed(subject: Subject, found: Findings, after: Object | None) -> tuple[FieldChange, ...]:
    """The fields with every leaf that is live before and not after (None: nothing is written), and who wants each
    removal."""
    spec, fields = subject.spec, [*found.fields]
    told = [field.path for field in fields]
    left = leaves(spec, after) if after is not None else {}
    for path, value in leaves(spec, subject.document).items() if after is not None else ():
        if path in left or value is None or is_at_default(field_at(spec, path), value):
            continue
        if any(within(path, other) or within(other, path) for other in told):
            continue
        gone = field_change(spec, path, Direction.GIT, value, None, secret=subject.was_secret(path))
        fields.append(replace(gone, note="goes along"))
    return tuple(_explained(subject, field) for field in fields)


def _explained(subject: Subject, field: FieldChange) -> FieldChange:
    if not _takes_away(field.before, field.after) or field.after_unknown or subject.observing:
        return field
    resource, entry = subject.resource, subject.entry
    source = resource.source.path if resource.source is not None else None
    ours = entry is not None and any(within(path, field.path) for path in entry.sent)
    said = any(within(leaf, field.path) or within(field.path, leaf) for leaf in resource.leaves)
    if said or not ours:
        return replace(field, why=f"{source or 'the manifest'} wants it", wanted=True)
    before = entry.source if entry is not None and entry.source is not None else source
    return replace(field, why=f"{before or 'the manifest'} no longer says it")


def _takes_away(before: Json, after: Json) -> bool:
    """Whether something that was there is not there any more: a value, an item of a list."""
    if isinstance(before, list) and isinstance(after, list):
        return any(not any(json_equal(item, other) for other in after) for item in before)
    return before is not None and after is None


def carry_companions(subject: Subject, found: Findings) -> Findings:
    """Values that the API wants again with any write near them: the key of a custom model, its base URL."""
    for companion in subject.spec.companions if not subject.observing else ():
        touched = [edit for path, edit in found.edits.items() if within(path, companion.under)]
        if not touched or any(edit.remove and edit.path == companion.under for edit in touched):
            continue
        after = apply_edits(subject.spec, subject.document, found.edits.values())
        if leaf_at(subject.spec, after, companion.when):
            for path in companion.pointers:
                if path not in found.edits:
                    found += _carried(subject, path, companion.why)
    return found


def _carried(subject: Subject, path: str, why: str) -> Findings:
    """One companion value: the manifest's, else the live one; a block if neither is known."""
    resource = subject.resource
    value = None if ignored(path, resource.lifecycle.ignore) else resource.leaves.get(path)
    if value is None:
        value = leaf_at(subject.spec, subject.document, path)
        if value is None or three_way.hidden(field_at(subject.spec, path), value):
            message = f"{path} must travel with this write and is not in the manifest: {why}"
            hint = f"add {path} to the manifest as {{env: NAME}} or {{file: path}}, not under ignore"
            return Findings(blocks=(Block("secret", message, hint),))
    return Findings({path: Edit(path, value)})


def to_change(subject: Subject, found: Findings) -> Change:
    """The change for the findings: patch, redacted documents before and after, differing leaves, the reason."""
    spec, resource, document = subject.spec, subject.resource, subject.document
    edits = [found.edits[path] for path in sorted(found.edits)]
    after = apply_edits(spec, document, edits)
    apart = {change.path[1:]: change.after for change in found.fields if change.path in spec.separate_pointers}
    changed = bool(edits or apart)
    if changed:
        after = {**after, **apart}
        found = refuse_ignored(subject, found, after)
        if (
            edits
            and not subject.observing
            and spec.find_refusal is not None
            and (refused := spec.find_refusal(after)) is not None
        ):
            found += Findings(blocks=(_unfit_block(*refused),))
    fields = note_removed(subject, found, after if changed else None)
    patch: tuple[PatchOp, ...] = ()
    parents: tuple[str, ...] = ()
    if edits and not subject.observing:
        patch, parents = build_patch(spec, subject.live.body, edits, subject.context.vocabulary)
    secrets = marked(resource.spec) | subject.secret_paths
    action = Action.UPDATE if (patch or apart) and not subject.observing else Action.NOOP
    held = comparable_document(spec, document)
    before = redact(spec, held, secrets)
    return replace(
        in_sync(subject, found),
        action=action,
        reason=_reason(subject, found, fields, action),
        importing=subject.live.id if subject.entry is None else None,
        before=before,
        # What the patch leaves alone comes from the account, which may show a secret in the clear.
        after=redact(spec, comparable_document(spec, after), secrets, keep=True) if changed else before,
        fields=tuple(sorted(fields, key=lambda change: change.path)),
        patch=patch,
        live_digest=body_digest(spec, held),
        detailed=subject.live.detailed,
        parents=parents,
        blocked=found.blocks,
        adopt=tuple(sorted(found.adopt, key=lambda adoption: adoption.path)),
    )


def in_sync(subject: Subject, found: Findings) -> Change:
    """The change of a resource in sync. The common case: no document and no digest is computed."""
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


def _unfit_block(place: str, why: str) -> Block:
    """A block: the wanted values do not fit a live value that the manifest does not mention."""
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
    """Whether a leaf differs only because it refers to an object that this plan replaces."""
    row = field_at(subject.spec, change.path)
    if row is None or not change.after_unknown:
        return False
    return row.ref is not None or differs_in_ids(change.before, subject.managed.get(change.path))
