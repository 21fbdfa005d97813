"""What a write leaves as it is, what travels with it, and that all that goes is said."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import at_default, is_masked, keyed_parent, leaf_at, leaves, same
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.live_document import live_document
from reconciler.core.diff import three_way
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.resource_plan import field_change, ignored
from reconciler.types.change import Block, Direction, FieldChange
from reconciler.types.json import Json, Object, join, lookup, split, within
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.resource import Resource


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


def refuse_ignored(work: Work, after: Object) -> None:
    """Block a change that would write what `lifecycle.ignore` leaves alone, whichever step planned it."""
    for pointer in work.resource.lifecycle.ignore:
        touched = any(within(path, pointer) or within(pointer, path) for path in work.edits)
        before, left = value_at(work.spec, work.document, pointer), value_at(work.spec, after, pointer)
        if touched and not same(before, left):
            message = f"{pointer} is left alone (lifecycle.ignore), and this change would take it away or write it"
            hint = f"take {pointer} out of lifecycle.ignore, or keep what stands around it in the manifest"
            work.blocks.append(Block("ignore", message, hint, pointer))


def tell_removed(work: Work, after: Object | None) -> None:
    """Every leaf that is live before and not after (None: nothing is written) stands among the fields, and each
    removal says who wants it."""
    told = [field.path for field in work.fields]
    left = leaves(work.spec, after) if after is not None else {}
    for path, value in leaves(work.spec, work.document).items() if after is not None else ():
        if path in left or value is None or at_default(field_at(work.spec, path), value):
            continue
        if any(within(path, one) or within(one, path) for one in told):
            continue
        gone = field_change(work.spec, path, Direction.GIT, value, None, secret=work.was_secret(path))
        work.fields.append(replace(gone, note="goes along"))
    work.fields = [_explained(work, field) for field in work.fields]


def _explained(work: Work, field: FieldChange) -> FieldChange:
    if not _takes_away(field.before, field.after) or field.after_unknown or work.observing:
        return field
    resource, entry = work.resource, work.entry
    source = resource.source.path if resource.source is not None else None
    ours = entry is not None and any(within(one, field.path) for one in entry.sent)
    said = any(within(one, field.path) or within(field.path, one) for one in resource.leaves)
    if said or not ours:
        return replace(field, why=f"{source or 'the manifest'} wants it", wanted=True)
    before = entry.source if entry is not None and entry.source is not None else source
    return replace(field, why=f"{before or 'the manifest'} no longer says it")


def _takes_away(before: Json, after: Json) -> bool:
    """Whether something that was there is not there any more: a value, an item of a list."""
    if isinstance(before, list) and isinstance(after, list):
        return any(not any(same(one, other) for other in after) for one in before)
    return before is not None and after is None


def carry_companions(work: Work) -> None:
    """Values that the API wants again with any write near them."""
    for companion in work.spec.companions:
        touched = [edit for path, edit in work.edits.items() if within(path, companion.under)]
        if not touched or any(edit.remove and edit.path == companion.under for edit in touched):
            continue
        after = apply_edits(work.spec, work.document, work.edits.values())
        if not leaf_at(work.spec, after, companion.when):
            continue
        for path in companion.carry:
            if path in work.edits:
                continue
            value = None if ignored(path, work.resource.lifecycle.ignore) else work.resource.leaves.get(path)
            if value is None:
                current = leaf_at(work.spec, work.document, path)
                if current is None or three_way.hidden(field_at(work.spec, path), current):
                    work.blocks.append(
                        Block(
                            "secret",
                            f"{path} must travel with this write and is not in the manifest: {companion.why}",
                            f"add {path} to the manifest as {{env: NAME}} or {{file: path}}, not under ignore",
                        )
                    )
                    continue
                value = current
            work.edits[path] = Edit(path, value)
