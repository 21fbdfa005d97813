"""One object of a rollback: its thread -> the resource that puts back what was written since, and no more."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from reconciler.core.canonical.canonical_edit import Edit, apply_edits
from reconciler.core.canonical.canonical_form import (
    effective_value,
    is_at_default,
    is_masked,
    json_equal,
    leaf_at,
    leaves,
    sorted_set,
)
from reconciler.core.canonical.field_tree import field_at, is_undeclared
from reconciler.core.canonical.keyed_lists import objects_to_lists
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.export.live_values import unfilled_items, unfilled_object
from reconciler.core.fields.field_hints import missing_members
from reconciler.core.history.history_chain import ObjectHistory, paths_overlap
from reconciler.core.history.restored import Restored
from reconciler.core.resource_diff.resource_plan import atomic_parent
from reconciler.core.secrets.secret_book import HIDDEN, UNKNOWN, has_secret
from reconciler.core.serialization.digest import digest
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, Object, is_mask, lookup, within
from reconciler.types.kind import KindSpec, Type
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Lifecycle, Manage, Resource
from reconciler.types.state import Entry


@dataclass(frozen=True, slots=True)
class RestoreContext:
    """What restoring one object needs to know of the others, and of today."""

    ids: Mapping[str, Address]
    """What objects will be called that may have other ids by now."""
    there: Collection[Address]
    """Every address that can be referred to."""
    gone: frozenset[str] = frozenset()
    """Ids of objects that are gone for good: nothing may refer to them."""
    known_as: Mapping[Address, str] = field(default_factory=dict)
    """The id of what was managed at each address then."""
    lifecycles: Mapping[Address, Lifecycle] = field(default_factory=dict)
    """What manifests of today say of objects that state does not hold."""


def restore(
    thread: ObjectHistory,
    address: Address,
    now: Entry | None,
    setting: RestoreContext,
    live: LiveObject | None = None,
) -> Restored:
    """The object at the moment of its thread, as `address`.

    `now` is its entry in state; `live` what the account has of an object that is in no entry and still there.
    """
    spec = thread.kind
    then = (
        thread.first.entry
        or now
        or next((preimage.entry for preimage in thread.items if preimage.entry is not None), None)
    )
    made = _Making(thread, spec, address, now, then, setting, live)
    body = thread.body()
    known_at_all = body is not None or made.is_renewed
    if made.lifecycle.manage is Manage.OBSERVE or (not known_at_all and (now is not None or live is not None)):
        kept = tuple(now.sent) if now is not None else ()
        found = made.as_found({}, live) if live is not None and made.lifecycle.manage is Manage.FULL else {}
        resource = made.resource(
            apply_edits(spec, {}, made.edits(found)), found, kept=kept, id=live.id if live is not None else None
        )
        return Restored(resource, held=now, lacking=made.lacking({}, ()), touched=made.touched)
    found_then = leaves(spec, body or {})
    vanished = made.vanished(found_then)
    told, same_still, unkept = made.by_digest({**found_then, **vanished})
    changed = tuple(path for path in made.moved(found_then) if path not in {*vanished, *told, *unkept})
    flat = {path: made.renumbered(path, value) for path, value in {**found_then, **vanished, **told}.items()}
    for path, reference in (thread.first.entry.secrets if thread.first.entry is not None else {}).items():
        if flat.get(path) is None:
            flat[path] = SecretRef.of(reference)  # hidden so well that the account does not even show a mask
    unkept = [path for path in unkept if path not in flat]
    lost = tuple(path for path, value in flat.items() if _has_sensitive(value))
    ours = {
        path for entry in (now, *(item.entry for item in thread.items)) if entry is not None for path in entry.secrets
    }
    unknown = {path: paths_overlap(path, ours) for path in lost}
    known = {path: value for path, value in flat.items() if path not in lost}
    lacking = made.lacking(known, lost)
    apart = tuple(path for path in spec.separate_pointers if path[1:] not in (body or {}))
    whole = None if lacking else made.whole(known)
    secrets = {path: digest for path, digest in (then.sent if then is not None else {}).items() if ":" in digest}
    if whole is not None and ((now is None and live is None) or (now is not None and made.is_renewed)):
        return Restored(
            whole, whole, now, secrets, lost, touched=made.touched, apart=apart, changed=changed, unknown=unknown
        )
    partial = made.partial(known, (*lost, *unkept, *same_still), live)
    hit = tuple(path for path in lost if paths_overlap(path, made.touched))
    return Restored(partial, whole, now, secrets, hit, lacking, made.touched, apart, changed, tuple(unkept), unknown)


@dataclass(frozen=True, slots=True)
class _Making:
    """The making of one resource."""

    thread: ObjectHistory
    spec: KindSpec
    address: Address
    entry: Entry | None
    then: Entry | None
    setting: RestoreContext
    live: LiveObject | None = None

    @property
    def is_renewed(self) -> bool:
        """Whether another object stands in its place by now."""
        now = self.entry.id if self.entry is not None else self.live.id if self.live is not None else None
        first = self.thread.first
        was = first.entry.id if first.entry is not None else first.id
        return now is not None and was is not None and now != was

    @property
    def touched(self) -> frozenset[str]:
        """Everything that runs have written since: of an object that was made again, all that was or is ours."""
        if not self.is_renewed:
            return self.thread.touched
        ours = (entry.sent.keys() for entry in (self.thread.first.entry, self.entry) if entry is not None)
        return self.thread.touched.union(*ours)

    @property
    def lifecycle(self) -> Lifecycle:
        """That of today: a rollback honours it as every other plan."""
        if self.entry is not None:
            return self.entry.lifecycle
        known = self.setting.lifecycles.get(self.address)
        return known or (self.then.lifecycle if self.then is not None else Lifecycle())

    @property
    def owned(self) -> Collection[str]:
        """Paths that were ours then; for an object that is only since then ours, those that are now."""
        return self.then.sent.keys() if self.then is not None else ()

    def lacking(self, known: Mapping[str, Json], lost: Collection[str]) -> tuple[str, ...]:
        """Why it could not be made again."""
        if self.lifecycle.manage is Manage.OBSERVE:
            return ("it is only observed",)
        if not self.thread.is_whole:
            return ("no run has kept all that it was",)
        named = {self.spec.name_field: "-"} | dict(known)
        body = apply_edits(self.spec, {}, self.edits(named))
        then = self.thread.first.entry
        told = then.sent if then is not None else {}
        lost = {*lost, *(path for path, one in told.items() if ":" in one and known.get(path) is None)}
        return (
            *(f"{path} was a secret, and no reference to it was recorded" for path in sorted(lost)),
            *(
                f"{path} is needed, and the API never showed what it was"
                for path, _ in missing_members(self.spec, objects_to_lists(self.spec, body))
                if not any(within(other, path) or within(path, other) for other in lost)
            ),
        )

    def moved(self, found: Mapping[str, Json]) -> list[str]:
        """Of what runs have written since, the places where the object was not as the last apply of then left it."""
        then = self.thread.first.entry
        if then is None:
            return []
        moved: list[str] = []
        for path in then.sent.keys() & self.touched:
            seen = then.seen_at(path)
            row, value = field_at(self.spec, path), found.get(path)
            if seen in (None, HIDDEN, UNKNOWN) or ":" in str(seen) or _has_sensitive(value) or has_secret(value):
                continue
            if digest(effective_value(row, value)) != seen and not (value is None and is_at_default(row, value)):
                moved.append(path)
        return sorted(moved)

    def vanished(self, found: Mapping[str, Json]) -> dict[str, Json]:
        """References as they were then where an object that was deleted took them along before anybody looked: only
        the digest of what was sent is known, and what the object referred to."""
        then = self.thread.first.entry
        if then is None:
            return {}
        used = [Address.parse(text) for text in then.refs]
        result: dict[str, Json] = {}
        for path, sent in then.sent.items():
            row = field_at(self.spec, path)
            if row is None or row.ref is None or not paths_overlap(path, self.touched):
                continue
            ids = [
                id
                for address in used
                if address.kind == row.ref and (id := self.setting.known_as.get(address)) is not None
            ]
            held = found.get(path)
            listed: list[Json] = [sorted_set([*ids]), sorted_set([*(held if isinstance(held, list) else ()), *ids])]
            for option in (held, *(listed if row.type in (Type.STRINGS, Type.LIST) else ids)):
                if digest(effective_value(row, option)) == sent:
                    if not json_equal(option, held):
                        result[path] = option
                    break
        return result

    def by_digest(self, found: Mapping[str, Json]) -> tuple[dict[str, Json], list[str], list[str]]:
        """What was sent then and no run has looked at since, of an object that went unseen: what the digest tells,
        which is what the API takes for granted or what the object has now; paths of what is the same still; and
        paths of what nobody knows any more."""
        then = self.thread.first.entry
        told: dict[str, Json] = {}
        still: list[str] = []
        unkept: list[str] = []
        if then is None or not self.is_renewed or self.thread.is_whole:
            return told, still, unkept
        document = live_document(self.spec, self.live) if self.live is not None else {}
        now = self.entry.sent if self.entry is not None else {}
        for path, sent in sorted(then.sent.items()):
            if paths_overlap(path, found):
                continue
            if now.get(path) == sent:
                still.append(path)
                continue
            row = field_at(self.spec, path)
            options = (effective_value(row, None), effective_value(row, leaf_at(self.spec, document, path)))
            right = [option for option in options if digest(option) == sent]
            if right:
                told[path] = right[0]
            else:
                unkept.append(path)
        return told, still, unkept

    def partial(self, known: Mapping[str, Json], lost: Collection[str], live: LiveObject | None) -> Resource:
        """Only what was written since; the rest of the entry stays as it is."""
        touched = self.touched
        sent = self.entry.sent if self.entry is not None else {}
        then = self.then.sent if self.then is not None else {}
        # What left state without a write of its own (a secret went with its layer) comes back like what was written.
        wanted = {
            path: value
            for path, value in known.items()
            if paths_overlap(path, touched) or (path in then and self.entry is not None and path not in sent)
        }
        for path in touched:
            if path not in sent and not paths_overlap(path, known) and not paths_overlap(path, lost):
                wanted[path] = None  # it was not there, and no entry asks to take it away again
        for companion in self.spec.companions:
            if any(within(path, companion.under) for path in touched):
                references = self.entry.secrets if self.entry is not None else {}
                wanted |= {
                    path: SecretRef.of(references[path])
                    for path in companion.pointers
                    if path in references and path not in wanted and not paths_overlap(path, touched)
                }
        spoilt = self.spoilt(lost)
        wanted = {path: value for path, value in wanted.items() if not any(within(path, other) for other in spoilt)}
        if live is not None:
            wanted = self.as_found(known, live) | wanted
        kept = tuple(
            path for path in sent if path not in wanted and (path in lost or not paths_overlap(path, touched))
        )
        kept += tuple(path for path in sent if path not in kept and any(within(path, other) for other in spoilt))
        body = apply_edits(self.spec, {}, self.edits({**known, **wanted}))
        return self.resource(body, wanted, kept=kept, touched=touched, id=live.id if live is not None else None)

    def spoilt(self, lost: Collection[str]) -> set[str]:
        """Objects that the API takes only whole, and of which a secret with a name of the user's own is not known:
        written without it, it would vanish."""
        found: set[str] = set()
        for path in lost:
            above = atomic_parent(self.spec, path)
            row = field_at(self.spec, path)
            if above is not None and above != path and row is not None and row.path.endswith("*"):
                found.add(above)
        return found

    def as_found(self, known: Mapping[str, Json], live: LiveObject) -> dict[str, Json]:
        """What was ours then and that no run has written since, of an object that state has let go: as it is now."""
        document = live_document(self.spec, live)
        found: dict[str, Json] = {}
        secrets = self.then.secrets if self.then is not None else {}
        for path in self.owned:
            current = leaf_at(self.spec, document, path)
            if path in secrets:
                found[path] = SecretRef.of(secrets[path])
            elif (current is None or is_masked(current)) and path in known:
                found[path] = known[path]
            elif current is not None and not is_masked(current):
                found[path] = current
        return found

    def whole(self, known: Mapping[str, Json]) -> Resource:
        """Everything that says something: for an object that is made again."""
        said = {
            path: value
            for path, value in known.items()
            if path in self.owned
            or not (is_at_default(field_at(self.spec, path), value) or is_undeclared(self.spec, path))
        }
        empty = [Edit(f"/{word}", {}) for word, member in (self.thread.body() or {}).items() if member == {}]
        return self.resource(apply_edits(self.spec, {}, [*empty, *self.edits(said)]), said)

    def resource(
        self,
        body: Object,
        wanted: Mapping[str, Json],
        *,
        kept: tuple[str, ...] = (),
        touched: frozenset[str] | None = None,
        id: str | None = None,
    ) -> Resource:
        then = self.then
        name = lookup(body, self.spec.name_field)
        refs = {Address.parse(text) for text in (then.refs if then is not None else ())} & set(self.setting.there)
        refs |= {Address.parse(text) for value in wanted.values() for text in _references(value)}
        return Resource(
            address=self.address,
            kind=self.spec,
            spec=body,
            leaves=dict(wanted),
            name=name if isinstance(name, str) and name else (then.name if then and then.name else self.address.name),
            id=id,
            lifecycle=self.lifecycle,
            source=Source(then.source) if then is not None and then.source is not None else None,
            refs=tuple(sorted(refs)),
            kept=kept,
            lent=frozenset(path for path in wanted if path not in self.owned),
            touched=touched,
        )

    def edits(self, flat: Mapping[str, Json]) -> list[Edit]:
        """The leaves as edits; objects that the API takes only whole without what it fills in of itself."""
        return [Edit(path, self.sendable(path, value)) for path, value in flat.items() if value is not None]

    def sendable(self, path: str, value: Json) -> Json:
        row = field_at(self.spec, path)
        if row is None or not row.server_defaults:
            return value
        if isinstance(value, list):
            return unfilled_items(row, value)
        return unfilled_object(row, value) if isinstance(value, dict) else value

    def renumbered(self, path: str, value: Json) -> Json:
        """`value` with references in place of ids of objects that may have been made again since, and without those
        that are gone for good."""
        row = field_at(self.spec, path)
        if row is None or (row.ref is None and path != self.spec.attachments):
            return value
        if isinstance(value, list):
            return [self.reference(item) for item in value if not self.is_gone(item)]
        return None if self.is_gone(value) else self.reference(value)

    def is_gone(self, value: Json) -> bool:
        return isinstance(value, str) and value in self.setting.gone

    def reference(self, value: Json) -> Json:
        if isinstance(value, str) and value in self.setting.ids:
            return ResourceRef(str(self.setting.ids[value]))
        return value


def _references(value: Json) -> list[str]:
    return [item.address for item in (value if isinstance(value, list) else [value]) if isinstance(item, ResourceRef)]


def _has_sensitive(value: Json) -> bool:
    if isinstance(value, dict):
        return any(_has_sensitive(member) for member in value.values())
    if isinstance(value, list):
        return any(_has_sensitive(item) for item in value)
    return is_mask(value)
