"""Verdicts about single resources: what an earlier run found in sync is so while all that was compared is as it was.

Of such a resource the files are hashed and not parsed, the entry in state and the live object are held against marks,
and nothing is compared field by field. What rules look at that look across resources (address, name, id, labels) is
kept with the verdict, so that all of them see it like any other: its references too, with the ids that they led to.
What was found in its text is told again. What uses secrets, or has something attached to it, is never kept.
"""

from __future__ import annotations

import marshal
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from reconciler.core.secrets.secret_book import has_secret
from reconciler.types.address import Address, ResourceRef
from reconciler.types.change import Action, Reason
from reconciler.types.diagnostic import Diagnostic, Fix, Severity, Source, Span
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Adopt, Lifecycle, Manage, Manifest
from reconciler.types.state import Entry, State

if TYPE_CHECKING:
    from reconciler.core.planning.records import Compared
    from reconciler.types.live import Listing, LiveObject

EQUAL = 2
"""The newest format of marshal in which equal values give equal bytes, whichever of their parts are one object."""
NO_IDS: Mapping[Address, str] = MappingProxyType({})
Marshalled: TypeAlias = "str | int | float | tuple[str] | list[Marshalled] | dict[str, Marshalled] | None"
Kept: TypeAlias = tuple[bool, tuple[str, ...], str, str]
"""A lifecycle: protect, ignore, manage, adopt."""
Told: TypeAlias = tuple[
    str, str, str, str, str | None, str | None,
    tuple[str, int, str] | None, tuple[str, int, int] | None, tuple[str, Json, bool] | None,
]  # fmt: skip
"""A finding with its place: code, severity, summary, detail, hint, pointer, source, span, fix."""
PLAIN = frozenset({"file", "value", "join", "ref"})
"""References that leave nothing but texts and addresses in a body."""


class ResourceVerdict(NamedTuple):
    """A resource in sync: what others look at, and marks of what its comparison read beside its file. A tuple, as
    thousands are read at once."""

    kind: str
    name: str
    document: int
    """Number of the document in the file, and the pointer to its body."""
    base: str
    body: Marshalled
    """What the body has in the name field of its kind, and its references, each as a tuple of its address."""
    manifest_id: str | None
    labels: tuple[tuple[str, str], ...]
    overlays: tuple[tuple[str, int, str], ...]
    """Path, document and base of each."""
    included: tuple[str, ...]
    """Paths of the files that it includes."""
    digests: tuple[bytes, ...]
    """Those of the files of the overlays, then of the included ones."""
    entry: bytes
    uses: tuple[tuple[str, str | None], ...]
    """Address of what it refers to, and the id that it had."""
    entry_uses: tuple[str, ...]
    """Addresses of what it referred to when it was written."""
    lifecycle: Kept
    entry_lifecycle: Kept
    id: str
    """Of the live object, as state has it."""
    last_name: str | None
    source: str | None
    live: bytes
    findings: tuple[Told, ...]
    """What was found in its text."""

    def told(self) -> list[Diagnostic]:
        """The findings once more."""
        return [
            Diagnostic(
                code, Severity(severity), summary, detail, hint, self.address, pointer,
                None if source is None else Source(*source), None if span is None else Span(*span),
                None if fix is None else Fix(*fix),
            )
            for code, severity, summary, detail, hint, pointer, source, span, fix in self.findings
        ]  # fmt: skip

    @property
    def address(self) -> Address:
        return Address(self.kind, self.name)

    def spec(self) -> Object:
        """What stands for the manifest's body."""
        found = _unmarshalled(self.body)
        assert isinstance(found, dict)
        return found


@dataclass(frozen=True, slots=True)
class ReadFrom:
    """What a manifest was read from."""

    manifest: Manifest
    digest: bytes
    included: tuple[str, ...]
    digests: tuple[bytes, ...]
    findings: tuple[Diagnostic, ...] = ()
    """In its text, each with its place."""


Verdicts: TypeAlias = tuple[bytes, tuple[ResourceVerdict, ...]]
"""The digest of a file, and the verdicts about all that it declares."""


@dataclass(slots=True)
class ResourceVerdicts:
    """Those of one run: what it may take from earlier ones, what it took, and what it found itself."""

    load: Callable[[], bytes | None]
    """What `dump` gave, proven by whoever kept it; None: nothing."""
    key: bytes
    """Marks are keyed: what is easy to guess cannot be told from them."""
    taken: dict[Address, ResourceVerdict] = field(default_factory=dict)
    """What the manifests that were read last stand for by a verdict alone."""
    _files: dict[str, Verdicts] | None = None
    _dropped: set[Address] = field(default_factory=set)
    _read: Mapping[str, Sequence[ReadFrom | None]] = field(default_factory=dict)
    _seen: set[str] = field(default_factory=set)
    _marks: dict[str, bytes] = field(default_factory=dict)
    _entries: dict[Address, Entry] = field(default_factory=dict)
    _by_text: dict[str, ResourceVerdict] = field(default_factory=dict)
    _found: dict[str, Verdicts] = field(default_factory=dict)

    # --- files ------------------------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The manifests are read now, maybe once more."""
        self.taken.clear()
        self._by_text.clear()
        if self._files is None:
            self._files = _parse(self.load())

    def of_file(self, path: str, digest: bytes) -> tuple[ResourceVerdict, ...]:
        """The verdicts about all that a file declares; none where it has to be parsed."""
        self._seen.add(path)
        known = (self._files or {}).get(path)
        if known is None or known[0] != digest or (self._dropped and self._is_dropped(known[1])):
            return ()
        for one in known[1]:
            self.taken[one.address] = one
            self._by_text[f"{one.kind}.{one.name}"] = one
        return known[1]

    def _is_dropped(self, found: Iterable[ResourceVerdict]) -> bool:
        return any(one.address in self._dropped for one in found)

    def drop(self, addresses: Iterable[Address]) -> bool:
        """These are read and compared anew from now on; whether there are any."""
        before = len(self._dropped)
        self._dropped.update(addresses)
        return len(self._dropped) > before

    def was_read(self, files: Mapping[str, Sequence[ReadFrom | None]]) -> None:
        """What was parsed, by file: manifests that refer to nothing, and of which only their own text tells anything;
        None for all others."""
        self._read = files

    # --- state ------------------------------------------------------------------------------------------------------

    def entry(self, address: str, line: bytes) -> Entry | None:
        """The entry whose `line` stands in the state, as far as others look at it; None: it is to be read."""
        mark = self._marks[address] = self._mark(line)
        known = self._by_text.get(address)
        if known is None or known.entry != mark:
            return None
        entry = Entry(
            known.id,
            name=known.last_name,
            source=known.source,
            refs=known.entry_uses,
            lifecycle=recall(known.entry_lifecycle),
        )
        self._entries[known.address] = entry
        return entry

    # --- account ----------------------------------------------------------------------------------------------------

    def moved(
        self, state: State, listings: Mapping[str, Listing], ids: Mapping[Address, str] = NO_IDS
    ) -> list[Address]:
        """What was taken, and is otherwise in the state or in the account now, or refers to something that is.
        `ids`: what references lead to."""
        return [
            address for address, known in self.taken.items() if not self._holds(address, known, state, listings, ids)
        ]

    def _holds(
        self, address: Address, known: ResourceVerdict, state: State, listings: Mapping[str, Listing],
        ids: Mapping[Address, str],
    ) -> bool:  # fmt: skip
        entry, listing = state.resources.get(address), listings.get(address.kind)
        if entry is None or entry is not self._entries.get(address) or listing is None:
            return False
        if known.uses and any(ids.get(Address.parse(used)) != id for used, id in known.uses):
            return False
        live = listing.objects.get(known.id)
        return live is not None and self._mark_live(live) == known.live

    def _mark(self, content: bytes) -> bytes:
        return blake2b(content, key=self.key, digest_size=16).digest()

    def _mark_live(self, live: LiveObject) -> bytes:
        return self._mark(marshal.dumps(live.body, EQUAL))

    # --- what is kept -----------------------------------------------------------------------------------------------

    def note(self, compared: Compared, said: Collection[Address | None]) -> None:
        """Take note of what was found in sync, each file whole, and not the `said`: the plan speaks of those."""
        for path, manifests in self._read.items():
            usable = [read for read in manifests if read is not None and read.manifest.address not in said]
            found = [verdict for read in usable if (verdict := self._judge(read, compared)) is not None]
            if len(found) == len(manifests):
                self._found[path] = (usable[0].digest, tuple(found))

    def _judge(self, read: ReadFrom, compared: Compared) -> ResourceVerdict | None:
        from reconciler.core.resource_diff.resource_plan import ResourcePlan

        manifest = read.manifest
        address, result = manifest.address, compared.planned.get(manifest.address)
        binding = compared.bound.matching.bindings.get(address)
        if result is None or binding is None or result != ResourcePlan(result.change):
            return None
        change, entry, kind = result.change, binding.entry, manifest.kind
        if (
            change.action is not Action.NOOP
            or change.reason is not Reason.CHANGED
            or change.is_difference
            or change.blocked
            or address.kind in compared.bound.context.kinds.attached
            or (kind.attachments is not None and kind.attachments in compared.bound.resources[address].leaves)
            or entry is None
            or entry.former
            or entry.gives_way_to is not None
            or entry.secret_paths
            or str(address) not in self._marks
        ):
            return None
        live = compared.account.seen.listings[address.kind].objects.get(entry.id)
        if live is None or live is not compared.live.get((address.kind, entry.id)):
            return None  # it was looked at by itself
        body = shape_of(manifest, used := compared.bound.resources[address].refs)
        if body is None:
            return None
        return ResourceVerdict(
            address.kind, address.name, manifest.source.document, manifest.source.base,
            body, manifest.id, tuple(manifest.labels.items()),
            tuple((one.path, one.document, one.base) for one in manifest.overlays), read.included, read.digests,
            self._marks[str(address)],
            tuple((str(one), compared.bound.ids.get(one)) for one in used), entry.refs,
            kept_of(manifest.lifecycle), kept_of(entry.lifecycle), entry.id,
            entry.name, entry.source, self._mark_live(live), tuple(map(_told, read.findings)),
        )  # fmt: skip

    def dump(self) -> bytes | None:
        """All of it for the next run; None where there is nothing that `load` did not give."""
        if not self._found:
            return None
        files = {path: known for path, known in (self._files or {}).items() if path in self._seen} | self._found
        return marshal.dumps({path: (known[0], [tuple(one) for one in known[1]]) for path, known in files.items()})


def _told(finding: Diagnostic) -> Told:
    source, span, fix = finding.source, finding.span, finding.fix
    return (
        finding.code, finding.severity.value, finding.summary, finding.detail, finding.hint, finding.pointer,
        None if source is None else (source.path, source.document, source.base),
        None if span is None else (span.path, span.line, span.column),
        None if fix is None else (fix.summary, fix.value, fix.remove),
    )  # fmt: skip


def shape_of(manifest: Manifest, used: Collection[Address]) -> Marshalled:
    """What others look at of a body that refers to what is `used`; None where that cannot be told from the rest."""
    name = manifest.kind.name_field[1:]
    called = manifest.spec.get(name)
    if not (called is None or isinstance(called, str)):
        return None
    found = _marshalled(manifest.spec) if used else {}
    if not isinstance(found, dict) or {*_addresses(found)} != {*map(str, used)}:
        return None
    return found if called is None else {**found, name: called}


def _marshalled(value: Json) -> Marshalled:
    """The references of a value where they stand, and beside them what keeps them in their place; None: none."""
    if isinstance(value, ResourceRef):
        return (value.address,)
    if isinstance(value, dict):
        return {word: found for word, member in value.items() if (found := _marshalled(member)) is not None} or None
    if isinstance(value, list) and any(isinstance(item, ResourceRef) for item in value):
        return [item if isinstance(item, str) else _marshalled(item) for item in value]
    return None


def _unmarshalled(value: Marshalled) -> Json:
    if isinstance(value, tuple):
        return ResourceRef(value[0])
    if isinstance(value, dict):
        return {word: _unmarshalled(member) for word, member in value.items()}
    return [_unmarshalled(item) for item in value] if isinstance(value, list) else value


def _addresses(value: Marshalled) -> Iterator[str]:
    if isinstance(value, tuple):
        yield value[0]
    elif isinstance(value, dict | list):
        for member in value.values() if isinstance(value, dict) else value:
            yield from _addresses(member)


def kept_of(lifecycle: Lifecycle) -> Kept:
    """The inverse of `recall`."""
    return (lifecycle.protect, lifecycle.ignore, lifecycle.manage.value, lifecycle.adopt.value)


def recall(kept: Kept) -> Lifecycle:
    """The lifecycle that was kept."""
    protect, ignore, manage, adopt = kept
    return FULL if kept == _FULL else Lifecycle(protect, ignore, Manage(manage), Adopt(adopt))


FULL = Lifecycle()
_FULL = kept_of(FULL)


def is_plain(manifest: Manifest, words: Collection[str]) -> bool:
    """Whether a manifest in whose texts the `words` of references stand refers to nothing but texts and addresses."""
    return not words or (PLAIN.issuperset(words) and not has_secret(manifest.spec))


def _parse(content: bytes | None) -> dict[str, Verdicts]:
    if content is None:
        return {}
    rows = marshal.loads(content)  # noqa: S302 - what this program wrote, and signed
    return {path: (digest, tuple(map(ResourceVerdict._make, found))) for path, (digest, found) in rows.items()}
