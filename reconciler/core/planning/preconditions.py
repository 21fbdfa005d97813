"""Whether a change may be written: the gate before every write, and whether its object moved meanwhile."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from reconciler.core.canonical.canonical_form import (
    effective_value,
    is_at_default,
    is_masked,
    json_equal,
    leaf_at,
    leaves,
    may_be_omitted,
)
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.vocabulary import live_document, vocabulary_of, wire_pointer
from reconciler.core.diff.three_way import is_secret
from reconciler.core.planning.write_check import is_there, judge, wanted_at
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change, FieldChange, Request
from reconciler.types.json import Json, is_mask, join, masks, split, within
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Lifecycle, Manage

WRITES = (Action.CREATE, Action.UPDATE, Action.DELETE)


def moved_since(
    change: Change, live: LiveObject, was: LiveObject | None, book: SecretBook, ids: Mapping[Address, str]
) -> tuple[str, ...]:
    """Paths at which the object is neither as it was read nor as `change` would have left it.

    `was` is the object as it was read; without it the plan's own `before` counts, in which secrets are masks. Works
    leaf by leaf, so that a GET that shows more than the list did is no move: every leaf that was seen must be as it
    was, and every leaf that is written must not have appeared since. Two readings in detail are compared whole;
    before a delete the time of the last change counts, too.
    """
    spec = change.kind
    document = live_document(spec, live)
    seen = leaves(spec, live_document(spec, was) if was is not None else change.before or {})
    if was is not None and was.detailed and live.detailed:
        seen = {**dict.fromkeys(leaves(spec, document)), **seen}
    ours = [field for field in change.fields if _is_done(spec, change, field, live, document, book, ids)]
    moved = [
        path
        for path, value in seen.items()
        if path not in spec.separate_pointers
        and next(masks(value), None) is None
        and (was is not None or not is_secret(field_at(spec, path), (change.managed or {}).get(path)))
        and not _means_same(spec, path, value, leaf_at(spec, document, path))
        and not any(within(path, field.path) or within(field.path, path) for field in ours)
    ]
    for field in change.fields:
        if field.path in spec.separate_pointers:
            if field not in ours and _apart_moved(spec, change, field, live, was, book, ids):
                moved.append(field.path)
        elif field not in ours and not field.sensitive and not any(within(path, field.path) for path in seen):
            current = leaf_at(spec, document, field.path)
            if not _means_same(spec, field.path, None if field.before == {} else field.before, current):
                moved.append(field.path)
    moved += _taken_along(spec, change, live, seen.keys(), ours)
    if change.action is Action.DELETE and was is not None and None not in (was.tools, live.tools):
        moved += [spec.attachments] if spec.attachments and was.tools != live.tools else []
    if change.action is Action.DELETE and was is not None:
        # What a list leaves out may be what somebody added since, and a delete takes it along.
        before, now = was.body.get("updated_at"), live.body.get("updated_at")
        moved += ["/updated_at"] if None not in (before, now) and before != now else []
    return tuple(sorted(set(moved)))


def _taken_along(
    spec: KindSpec, change: Change, live: LiveObject, seen: Collection[str], ours: Collection[FieldChange]
) -> list[str]:
    """What came since into a member that the patch writes or removes whole: it would go unseen. A server's defaults
    are nothing, and where all that is written there shows already, it is our own request that made the rest."""
    if not change.patch:
        return []
    written = {op.path for op in change.patch}
    vocabulary, flat = vocabulary_of(spec, live.body), leaves(spec, live_document(spec, live))
    paths = [field.path for field in change.fields]
    found: list[str] = []
    for parent in {above for path in paths for above in _parents(path)}:
        if wire_pointer(spec, parent, vocabulary, live.body) not in written:
            continue
        if all(field in ours for field in change.fields if within(field.path, parent)):
            continue
        found += [
            path
            for path, value in flat.items()
            if within(path, parent)
            and path not in seen
            and next(masks(value), None) is None
            and not may_be_omitted(field_at(spec, path), value)
            and not any(within(path, other) or within(other, path) for other in paths)
        ]
    return found


def _parents(path: str) -> list[str]:
    tokens = split(path)
    return [join(*tokens[:count]) for count in range(1, len(tokens))]


def matches_own_write(change: Change, live: LiveObject, book: SecretBook, ids: Mapping[Address, str]) -> bool:
    """Whether the body is exactly what the planned write makes of the object that the plan was made against.

    What the API keeps apart from the body (attachments, parts) is left out: writing it once more does no harm.
    """
    spec = change.kind
    fields = tuple(field for field in change.fields if field.path not in spec.separate_pointers)
    verdict = judge(replace(change, fields=fields), live, book, ids)
    written = [field.path for field in fields]
    after = leaves(spec, change.after or {})
    untouched = [path for path in after if not any(within(path, other) or within(other, path) for other in written)]
    moved = set(moved_since(replace(change, before=change.after, fields=()), live, None, book, ids))
    return verdict.good and not verdict.notes and moved.isdisjoint(untouched)


def is_done(change: Change, request: Request, live: LiveObject, book: SecretBook, ids: Mapping[Address, str]) -> bool:
    """Whether everything that `request` writes shows already; never where a secret hides that."""
    spec = change.kind
    document = live_document(spec, live)
    written = [field for field in change.fields if _belongs(spec, field, request)]
    return bool(written) and all(
        not field.sensitive
        and (field.after is None or leaf_at(spec, document, field.path) is not None)
        and _is_done(spec, change, field, live, document, book, ids)
        for field in written
    )


def _belongs(spec: KindSpec, field: FieldChange, request: Request) -> bool:
    """Whether `request` is the one that writes this field."""
    if field.path in spec.separate_pointers:
        return field.path in spec.subresources and request.method == "PUT"
    alone = any(within(field.path, pointer) for pointer in spec.patched_alone)
    return request.method == "PATCH" and alone == (request.purpose == "conferencing")


def _is_done(
    spec: KindSpec,
    change: Change,
    field: FieldChange,
    live: LiveObject,
    document: dict[str, Json],
    book: SecretBook,
    ids: Mapping[Address, str],
) -> bool:
    if field.path in spec.separate_pointers and field.path[1:] not in document:
        return False
    desired = wanted_at(change, field, book, ids)
    return is_there(spec, field.path, desired, leaf_at(spec, document, field.path))


def _apart_moved(
    spec: KindSpec,
    change: Change,
    field: FieldChange,
    live: LiveObject,
    was: LiveObject | None,
    book: SecretBook,
    ids: Mapping[Address, str],
) -> bool:
    """The same for what the API keeps apart; of attached tools each counts by itself, for each is written alone."""
    if field.path != spec.attachments:
        return field.path in live.parts and not _means_same(spec, field.path, field.before, live.parts[field.path])
    if was is None or was.tools is None or live.tools is None:
        return False
    wanted = wanted_at(change, field, book, ids)
    planned = {item for item in wanted if isinstance(item, str)} if isinstance(wanted, list) else set()
    before, now = set(was.tools), set(live.tools)
    return not (before & planned <= now <= before | planned)


def _means_same(spec: KindSpec, path: str, before: Json, current: Json) -> bool:
    row = field_at(spec, path)
    if is_masked(before) or is_mask(before):
        return current is not None  # some show in a GET what they mask in a list; what is gone is gone
    if is_masked(current) and before not in (None, ""):
        return True
    if json_equal(effective_value(row, before), effective_value(row, current)):
        return True
    return is_at_default(row, before) and is_at_default(row, current)


def refusal_reason(change: Change, *, in_scope: bool = True, today: Lifecycle | None = None) -> Iterator[Block]:
    """Why this change may not be written at all: the gate in front of every write, whichever way led to it.

    Plans from manifests, rollbacks, replacements, moves, migrations and `destroy` pass it where requests are made, a
    saved plan once more where they are sent. `today`: the lifecycle that counts beside the change's own, where a plan
    is made of something older than the manifests.
    """
    if change.action not in WRITES:
        return
    lifecycles = (change.lifecycle, *((today,) if today is not None else ()))
    if not in_scope:
        yield Block(
            "scope", "this run was not asked about it", f"leave out the option that excludes {change.address}"
        )
    if any(lifecycle.manage is Manage.OBSERVE for lifecycle in lifecycles):
        yield Block("observe", "it is only observed: nothing of it is written", "drop manage: observe")
    if change.action is Action.DELETE and any(lifecycle.protect for lifecycle in lifecycles):
        yield Block(
            "protect", "the object is protected", "set lifecycle.protect: false in its manifest and apply that first"
        )
    if change.action is Action.UPDATE:
        ignore = {pointer for lifecycle in lifecycles for pointer in lifecycle.ignore}
        for path in (field.path for field in change.fields):
            if any(within(path, pointer) for pointer in ignore):
                yield Block(
                    "ignore",
                    f"{path} is left alone (lifecycle.ignore)",
                    f"take {path} out of lifecycle.ignore, or --exclude {change.address}",
                    path,
                )


def newly_managed(was: Lifecycle, change: Change) -> tuple[str, ...]:
    """What `change` writes although the state remembers it as left alone: the manifest says otherwise by now. Stands
    among the notes of the change, so that nobody lifts it unseen."""
    found = []
    if was.manage is Manage.OBSERVE and change.lifecycle.manage is not Manage.OBSERVE:
        found.append("it was only observed until now (lifecycle.manage)")
    gone = [pointer for pointer in was.ignore if pointer not in change.lifecycle.ignore]
    paths = [field.path for field in change.fields]
    found += [
        f"{pointer} was left alone until now (lifecycle.ignore)"
        for pointer in gone
        if any(within(path, pointer) or within(pointer, path) for path in paths)
    ]
    return tuple(found)
