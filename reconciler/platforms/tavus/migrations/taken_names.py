"""Names that are held already, by a manifest or an object of the account, and the manifests that migrations write.

A migration takes over nothing that it did not make. A held name is used where the content is the same, else a person
says: keep it inline, use theirs, or take another name.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import effective_value, json_equal, leaves
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.keyed_lists import normalize_schema
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.migration import Context, Subject
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address
from reconciler.types.json import Json, Object, lookup
from reconciler.types.manifest import NewDocument

THEIRS = "theirs"
"""The answer that uses what holds the name as it is."""
FREE = "another name"
"""What else may be answered."""
LABELS = ("/tags",)
"""What tells nothing about behaviour."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has a name. `spec` is None where nobody looked: the files only say that the account has it."""

    whose: str
    spec: Object | None = None
    address: Address | None = None
    """Of the manifest."""
    id: str | None = None
    """In the account."""

    def is_same(self, name: str, body: Object) -> bool:
        """Whether the object says what `body` (of the kind `name`) says, defaults filled."""
        return self.spec is not None and same_content(name, self.spec, body, live=self.address is None)

    def reference(self) -> Json:
        """What stands in a list of ids for it."""
        return {"ref": str(self.address)} if self.address is not None else self.id


def in_files(name: str, wanted: str, context: Context) -> Holder | None:
    """The manifest that holds the name `wanted` of a kind, wherever it lies."""
    spec = kind(name)
    held = context.cache.setdefault(f"held {name}", {})
    assert isinstance(held, dict)
    if not held:
        held[""] = None
        for subject in context.subjects:
            if subject.address.kind == name and not subject.overlay:
                body = to_canonical(spec, subject.spec)[0]
                said = lookup(body, spec.name_field)
                held.setdefault(
                    said if isinstance(said, str) and said else subject.address.name, _of_manifest(subject, body)
                )
    found = held.get(wanted)
    return found if isinstance(found, Holder) else None


def in_account(name: str, wanted: str, context: Context) -> Holder | None:
    """The account's object that holds the name, where somebody looked."""
    there = context.account.get(name, {}).get(wanted)
    return Holder(f"the account ({there.id})", there.spec, id=there.id) if there is not None else None


def _of_manifest(subject: Subject, body: Object) -> Holder:
    return Holder(f"the manifest {subject.address}", body, subject.address)


def same_content(name: str, held: Object, body: Object, *, live: bool) -> bool:
    """Whether two bodies of a kind mean the same. What a manifest leaves to the vendor's default is no difference;
    what the account does not show is at its default."""
    spec = kind(name)
    theirs, ours = leaves(spec, held), leaves(spec, to_canonical(spec, body)[0])
    for path in {*theirs, *ours} - {spec.name_field}:
        row = field_at(spec, path)
        one, other = (effective_value(row, normalize_schema(side.get(path))) for side in (theirs, ours))
        if json_equal(one, other) or (one in (None, "", [], {}) and other in (None, "", [], {})):
            continue
        if not live and (path in LABELS or path not in theirs):
            continue
        if row is not None and path not in ours and one in row.omitted_values:
            continue
        return False
    return True


API_VERSION = "personas/v1"


def new_manifest(kind: str, name: str, spec: Object) -> NewDocument:
    """A manifest of this kind and name, in a file called after it. A live object of its name is
    taken over only with the same content."""
    head: Object = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}}
    return NewDocument(f"{name}.yaml", {**head, "lifecycle": {"adopt": "same"}, "spec": spec})
