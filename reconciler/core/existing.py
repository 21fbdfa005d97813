"""One resource against its live object: the edits, the fields that differ, the drift, and the change they make."""

from __future__ import annotations

from reconciler.core import compare as three_way
from reconciler.core.attaching import attached_by_hand, to_enable
from reconciler.core.canonical import at_default, comparable, effective, has_parent, leaf_at
from reconciler.core.compare import Leaf, Sync, Verdict
from reconciler.core.diff import build_patch
from reconciler.core.digest import digest
from reconciler.core.edit import Edit, apply_edits
from reconciler.core.emptied import emptied_parents
from reconciler.core.match import Binding
from reconciler.core.named import item_of, named_lists
from reconciler.core.outdated import TABLES
from reconciler.core.planner import (
    Context,
    Planned,
    atomic_parent,
    field_change,
    ignored,
    live_document,
    object_digest,
    unknown_ids,
)
from reconciler.core.redact import SENSITIVE, marked, redact
from reconciler.core.resolve import differs_in_ids
from reconciler.core.secretbook import HIDDEN
from reconciler.core.shape import field_at
from reconciler.core.vendor_changes import Difference, Look, concerns, merged_along, vendor_changes, without_vendor
from reconciler.kinds import kind
from reconciler.types.change import Action, Adoption, Block, Change, Direction, FieldChange, PatchOp, Reason
from reconciler.types.json import Json, Object, escape, lookup, within
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Manage
from reconciler.types.plan import DriftField
from reconciler.types.resource import Resource
from reconciler.types.state import Entry


def plan_existing(resource: Resource, live: LiveObject, binding: Binding, context: Context) -> Planned:
    """A resource whose live object is known: tracked in state, or adopted by this plan."""
    return _Existing(resource, live, binding, context).plan()


class _Existing:
    """Collects what differs between one resource and its live object."""

    def __init__(self, resource: Resource, live: LiveObject, binding: Binding, context: Context) -> None:
        self.resource = resource
        self.live = live
        self.binding = binding
        self.context = context
        self.spec = kind(resource.address.kind)
        self.entry = binding.entry
        self.observing = resource.lifecycle.manage is Manage.OBSERVE
        self.document = live_document(self.spec, live)
        self.edits: dict[str, Edit] = {}
        self.fields: list[FieldChange] = []
        self.drift: list[DriftField] = []
        self.notes: list[str] = []
        self.dropped: list[str] = []
        self.assumed: list[str] = []
        self.blocks: list[Block] = []
        self.absent = False
        self.differences: list[Difference] = []
        self.adopt: list[Adoption] = []
        self.kept: tuple[Json, ...] = ()
        compared = {
            path: value for path, value in resource.leaves.items() if not ignored(path, resource.lifecycle.ignore)
        }
        self.compared: Object = compared
        self.managed: Object = {path: value for path, value in compared.items() if path not in resource.lent}

    def plan(self) -> Planned:
        for path, value in self.compared.items():
            self.compare_leaf(path, value)
        self.settle()
        self.collect_extra_items()
        if self.entry is not None and not self.observing:
            self.collect_removals(self.entry)
            for path in to_enable(
                self.spec, self.managed, self.document, self.edits, {field.path for field in self.fields}
            ):
                self.write_anyway(path)
        if not self.observing:
            self.carry_companions()
        change = self.change() if self.is_news() else self.in_sync()
        return Planned(change, tuple(self.drift), self.absent, tuple(self.dropped), tuple(self.assumed))

    def is_news(self) -> bool:
        return bool(self.fields or self.edits or self.adopt) or self.entry is None

    def compare_leaf(self, path: str, value: Json) -> None:
        current = leaf_at(self.spec, self.document, path)
        if value == current and isinstance(value, str) and not self.context.resend_secrets:
            return  # the common case; all the rules begin with this one
        row = field_at(self.spec, path)
        parent_present = has_parent(self.document, path)
        # What is only observed is held against the manifest alone: nothing of it was ever sent.
        entry = None if self.observing else self.entry
        leaf = Leaf(
            path,
            value,
            current,
            entry.sent.get(path) if entry else None,
            entry.seen_at(path) if entry else None,
            parent_present,
            tracked=entry is not None,
        )
        verdict = three_way.compare(self.spec, leaf, self.context.book)
        if verdict.sync is Sync.SAME and self.context.resend_secrets and three_way.is_secret(row, value):
            verdict = Verdict(Sync.GIT)
        if verdict.note and (verdict.sync is Sync.SAME or verdict.sync is Sync.LIVE):
            self.notes.append(f"{path}: {verdict.note}")
        if verdict.assumed:
            self.assumed.append(path)
        if verdict.sync is Sync.SAME:
            return
        if row is not None and row.immutable and not self.observing:
            if current is None and not verdict.desired_moved:
                self.absent = self.absent or value is not None
                return  # not shown again, and what was sent is still what is wanted
            self.blocks.append(self._fixed(path, current, value))
        self.differences.append(Difference(path, value, current, verdict))

    def settle(self) -> None:
        """Leave the vendor's own changes to the manifest; everything else that differs is to be written."""
        vendors = self.vendors()
        for one in self.differences:
            adoption = vendors.get(one.path)
            told = adoption is not None and one.path not in TABLES
            self.absent = self.absent or (one.live is None and one.desired is not None and not told)
            if one.path == self.spec.attachments and self.only_by_hand(one):
                continue
            if adoption is None:
                self.add_field(one.path, one.verdict, one.live, one.desired)
                self.edit(one.path, one.desired)
                continue
            self.adopt.append(adoption)
            if one.sync in (Sync.LIVE, Sync.BOTH):
                self.drift.append(
                    DriftField(one.path, Direction.VENDOR, adoption.manifest, adoption.live, note=adoption.note)
                )
        for path in merged_along(self.spec, self.managed, self.document, self.edits):
            self.write_anyway(path)

    def only_by_hand(self, one: Difference) -> bool:
        """Whether what was attached by hand is all that differs; it stays attached in any case."""
        self.kept = attached_by_hand(self.spec, self.entry, self.resource.leaves, one.desired, one.live)
        if self.kept:
            shown = ", ".join(str(item) for item in self.kept)
            self.notes.append(f"{one.path}: {shown} was attached by hand and stays; add it to tools, or detach it")
        wanted, held = (item if isinstance(item, list) else [] for item in (one.desired, one.live))
        return bool(self.kept) and all(item in held for item in wanted)

    def write_anyway(self, path: str) -> None:
        """Write a leaf that does not differ, or that was taken note of, because another one is written."""
        value = self.managed[path]
        self.add_field(path, Verdict(Sync.GIT), leaf_at(self.spec, self.document, path), value)
        self.edit(path, value)

    def vendors(self) -> dict[str, Adoption]:
        """What of the differences is the vendor's doing. A wish of git for what the vendor changed stays git's."""
        if not self.differences or self.context.catalogue is None or self.observing:
            return {}
        if not concerns(self.spec, self.differences):
            return {}
        catalogue = self.context.catalogue()
        if self.entry is not None:
            self.differences = without_vendor(self.differences, self.entry, catalogue, self.context.book)
        look = Look(
            self.spec, self.resource.address, catalogue, self.managed, self.document, tracked=self.entry is not None
        )
        return vendor_changes(self.differences, look)

    def _fixed(self, path: str, current: Json, value: Json) -> Block:
        kind_word = self.spec.manifest_kinds[0]
        was = f"is {current!r} and " if isinstance(current, str) and current else ""
        return Block(
            "immutable",
            f"{path} {was}cannot be changed on an object that exists",
            f"write the new one as a {kind_word} of another name and point its users at it (without metadata.id an "
            f"object in the state is made anew by itself), or add {path} to lifecycle.ignore",
        )

    def collect_extra_items(self) -> None:
        """Items of a named list that the manifest does not have: the list is ours as a whole."""
        for path in named_lists(self.spec):
            desired = lookup(self.resource.spec, path)
            live = lookup(comparable(self.spec, self.document), path)
            if not isinstance(desired, dict) or not isinstance(live, dict):
                continue
            for name, item in live.items():
                place = f"{path}/{escape(name)}"
                if name in desired or ignored(place, self.resource.lifecycle.ignore):
                    continue
                touched = self.resource.touched
                if touched is not None and not any(within(one, place) for one in touched):
                    continue
                ours = self.entry is None or any(within(sent, place) for sent in self.entry.sent)
                direction = Direction.GIT if ours and not self.observing else Direction.LIVE
                self.fields.append(FieldChange(place, direction, item))
                if direction is Direction.LIVE:
                    self.drift.append(DriftField(place, direction, after=item))
                self.edits[place] = Edit(place, remove=True)

    def add_field(self, path: str, verdict: Verdict, current: Json, value: Json) -> None:
        direction = verdict.sync.direction
        change = field_change(self.spec, path, direction, current, value)
        if path == self.spec.attachments:
            held = [item for item in current if item not in self.kept] if isinstance(current, list) else []
            change = FieldChange(path, direction, held, value, after_unknown=unknown_ids(value))
        self.fields.append(change)
        if direction is not Direction.GIT or self.observing:
            self.drift.append(
                DriftField(
                    path,
                    direction if not self.observing else Direction.LIVE,
                    before=None if verdict.desired_moved else change.after if not change.sensitive else SENSITIVE,
                    after=change.before,
                    before_unknown=verdict.desired_moved,
                    sensitive=change.sensitive,
                )
            )

    def edit(self, path: str, value: Json) -> None:
        """Plan the write of one leaf; a leaf inside an atomic object is written with the whole object."""
        if path in self.spec.apart:
            return
        if value is None:
            held = leaf_at(self.spec, self.document, path)
            if held is not None:
                self.edits[path] = Edit(path, remove=True)
            return
        atomic = atomic_parent(self.spec, path)
        if atomic is not None:
            self.edits[atomic] = Edit(atomic, lookup(self.resource.spec, atomic))
            return
        self.edits[path] = Edit(path, value)

    def collect_removals(self, entry: Entry) -> None:
        """Paths that we once applied and that left the manifest."""
        gone: list[str] = []
        for path in entry.sent:
            if path in self.resource.leaves or path in self.resource.kept:
                continue
            item = item_of(self.spec, path)
            if item is not None and lookup(self.resource.spec, item) is None:
                self.dropped.append(path)  # items go as a whole, and only from a list that the manifest has
                continue
            related = any(within(path, other) or within(other, path) for other in self.resource.leaves)
            row = field_at(self.spec, path)
            current = leaf_at(self.spec, self.document, path)
            present = has_parent(self.document, path)
            if ignored(path, self.resource.lifecycle.ignore) or related:
                self.dropped.append(path)
            elif current is None or at_default(row, current):
                seen = entry.seen_at(path)
                self.absent = self.absent or (current is None and seen not in (None, digest(None), HIDDEN))
                self.dropped.append(path)
            elif path == self.spec.name_field:
                # An object without a name cannot be found again; the name stays as it is and is no longer ours.
                self.dropped.append(path)
            else:
                gone.append(path)
                moved = self._live_moved(entry, path, effective(row, current, parent_present=present))
                direction = Direction.BOTH if moved else Direction.GIT
                change = field_change(self.spec, path, direction, current, None)
                if path == self.spec.attachments:
                    change = FieldChange(path, direction, current, [])
                self.fields.append(change)
                if moved:
                    self.drift.append(
                        DriftField(
                            path, direction, after=change.before, before_unknown=True, sensitive=change.sensitive
                        )
                    )
                atomic = atomic_parent(self.spec, path)
                if atomic is not None and atomic != path and lookup(self.resource.spec, atomic) is not None:
                    self.edits[atomic] = Edit(atomic, lookup(self.resource.spec, atomic))
                elif path not in self.spec.apart:
                    self.edits[path] = Edit(path, remove=True)
        self.remove_empty_parents(entry, gone)

    def _live_moved(self, entry: Entry, path: str, current: Json) -> bool:
        seen = entry.seen_at(path)
        if seen is None or seen == HIDDEN:
            return False
        secret = three_way.is_secret(field_at(self.spec, path), None) or ":" in seen
        if three_way.hidden(field_at(self.spec, path), current):
            return False
        return self.context.book.equal(self.context.book.digest(current, secret=secret), seen) is False

    def remove_empty_parents(self, entry: Entry, gone: list[str]) -> None:
        """Remove a parent that we created when nothing but defaults would stay in it."""
        for parent, inside in emptied_parents(self.spec, entry, gone, self.resource.leaves, self.document):
            for path in inside:
                self.edits.pop(path, None)
            if not any(within(parent, other) for other in self.edits):
                self.edits[parent] = Edit(parent, remove=True)

    def carry_companions(self) -> None:
        """Values that the API wants again with any write near them."""
        for companion in self.spec.companions:
            touched = [edit for path, edit in self.edits.items() if within(path, companion.under)]
            if not touched or any(edit.remove and edit.path == companion.under for edit in touched):
                continue
            after = apply_edits(self.spec, self.document, self.edits.values())
            if not leaf_at(self.spec, after, companion.when):
                continue
            for path in companion.carry:
                if path in self.edits:
                    continue
                value = self.resource.leaves.get(path)
                if value is None:
                    current = leaf_at(self.spec, self.document, path)
                    if current is None or three_way.hidden(field_at(self.spec, path), current):
                        self.blocks.append(
                            Block(
                                "secret",
                                f"{path} must travel with this write and is not in the manifest: {companion.why}",
                                f"add {path} to the manifest as {{env: NAME}} or {{file: path}}",
                            )
                        )
                        continue
                    value = current
                self.edits[path] = Edit(path, value)

    def in_sync(self) -> Change:
        """Nothing differs: the common case, so no document and no digest is made for it."""
        resource = self.resource
        return Change(
            address=resource.address,
            action=Action.NOOP,
            reason=self.binding.reason,
            id=self.live.id,
            previous=self.binding.previous,
            managed=self.managed,
            lifecycle=resource.lifecycle,
            source=resource.source.path if resource.source else None,
            name=self.live.name,
            level=self.spec.level,
            depends_on=resource.refs,
            notes=tuple(self.notes),
            kept=resource.kept,
        )

    def change(self) -> Change:
        spec, resource = self.spec, self.resource
        edits = [self.edits[path] for path in sorted(self.edits)]
        after = apply_edits(spec, self.document, edits)
        apart = [change for change in self.fields if change.path in spec.apart]
        after = {**after, **{change.path[1:]: change.after for change in apart}}
        adopted = self.entry is None
        patch: tuple[PatchOp, ...] = ()
        parents: tuple[str, ...] = ()
        if edits and not self.observing:
            patch, parents = build_patch(spec, self.live.body, edits, self.context.vocabulary)
        writes = bool(patch) or bool(apart)
        action = Action.UPDATE if writes and not self.observing else Action.NOOP
        reason = self.binding.reason
        if self.adopt and action is Action.NOOP and reason is Reason.CHANGED:
            reason = Reason.VENDOR
        if self.observing and self.fields:
            reason = Reason.OBSERVE
        elif action is Action.UPDATE and self.fields and all(self._repointed(change) for change in self.fields):
            reason = Reason.REPOINTED
        return Change(
            address=resource.address,
            action=action,
            reason=reason,
            id=self.live.id,
            importing=self.live.id if adopted else None,
            previous=self.binding.previous,
            before=redact(spec, comparable(spec, self.document), marked(self.resource.spec)),
            after=comparable(spec, after),
            fields=tuple(sorted(self.fields, key=lambda change: change.path)),
            patch=patch,
            managed=self.managed,
            lifecycle=resource.lifecycle,
            source=resource.source.path if resource.source else None,
            name=self.live.name,
            level=spec.level,
            depends_on=resource.refs,
            live_digest=object_digest(spec, self.live),
            detailed=self.live.detailed,
            parents=parents,
            blocked=tuple(self.blocks),
            notes=tuple(self.notes),
            adopt=tuple(sorted(self.adopt, key=lambda one: one.path)),
            kept=resource.kept,
        )

    def _repointed(self, change: FieldChange) -> bool:
        row = field_at(self.spec, change.path)
        if row is None or not change.after_unknown:
            return False
        return row.ref is not None or differs_in_ids(change.before, self.managed.get(change.path))
