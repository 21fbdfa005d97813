"""export: what no manifest claims, as manifests, and personas as the targets of an export take them; reads only."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.canonical.canonical_form import comparable_document, json_equal
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.references import resources_of
from reconciler.core.canonical.vocabulary import live_document, to_canonical
from reconciler.core.export.exported_manifests import (
    ExportedManifest,
    Key,
    export_objects,
    find_claims,
    legal_name,
    matches_fields,
    parts_of_others,
    shared_inline_tools,
)
from reconciler.core.export.target import AttachedTool, Subject
from reconciler.core.text import matches
from reconciler.engine.account_reader import AccountReader, read_apart, run_parallel
from reconciler.engine.run_context import RunContext
from reconciler.errors import NothingFound, Rejected, Unavailable
from reconciler.types.address import Address, ResourceRef
from reconciler.types.json import Json, Object, lookup
from reconciler.types.kind import KindSpec
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import ManifestSet
from reconciler.types.state import State

SAMPLE = 4
"""Objects of a kind that are read by themselves before its list is taken at its word."""


@dataclass(frozen=True, slots=True)
class ExportChoice:
    """Which objects; everything empty is all of them."""

    kinds: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    """Globs over human names and over the names that manifests would get, whatever their case."""
    fields: Mapping[str, str] = field(default_factory=dict)
    """Field or JSON pointer -> value."""

    def takes(self, live: LiveObject) -> bool:
        """Whether kind and name fit."""
        if self.kinds and live.kind.name not in self.kinds:
            return False
        both = ((live.name or "").casefold(), legal_name(live.name, live.kind.name).casefold())
        return not self.names or any(matches(text, glob.casefold()) for glob in self.names for text in both)

    def require_matches(self, there: Sequence[LiveObject]) -> None:
        """Raise `NothingFound` for a kind or a glob that nothing in the account fits: a typo is no empty account."""
        for kinds, names, what in (
            *(((kind,), (), f"the account has no {kind}") for kind in self.kinds),
            *((self.kinds, (name,), f"nothing in the account is called {name}") for name in self.names),
        ):
            if not any(ExportChoice(kinds, names).takes(live) for live in there):
                among = {live.name or "" for live in there if not self.kinds or live.kind.name in self.kinds} - {""}
                shown = ", ".join(sorted(among)[:10]) + (" ..." if len(among) > 10 else "")
                hint = (
                    f"there is: {shown}"
                    if among
                    else f"it has: {', '.join(sorted({live.kind.name for live in there}))}"
                )
                raise NothingFound(f"{what}; nothing was exported", (), hint=hint if there else None)


@dataclass(frozen=True, slots=True)
class Export:
    """What there is to write, and what a person should know about it."""

    manifests: tuple[ExportedManifest, ...]
    claimed: int = 0
    """Objects that have a manifest already."""
    notes: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    """What the account did not show of what it may hold, with its answer: lists, objects, parts of objects."""


def export_account(
    manifests: ManifestSet,
    state: State,
    setting: RunContext,
    choice: ExportChoice,
    write_id: Callable[[str], Json] = lambda id: id,
) -> Export:
    """Manifests for what `choice` takes and no manifest claims. Sends nothing but GET requests.

    1. the lists of every kind, for references lead to any of them
    2. who has a manifest; what is a part of another object
    3. each object that is left in detail, with its attachments
    4. names, references, secrets

    Raises `ProviderError` when the account cannot be read; a kind that the account does not serve is a note, unless
    it was asked for. What it serves and did not show is `unread`.
    """
    notes: list[str] = []
    unread: list[str] = []
    reader = AccountReader(setting.provider, setting.clock, setting.workspace.parallelism, tolerant=True)
    listings = _lists(reader, choice, notes, unread)
    claims = find_claims(manifests, state, listings)
    parts = parts_of_others(_with_items(reader, listings))
    free = [
        live
        for listing in listings.values()
        for live in listing.objects.values()
        if live.key not in claims.manifests and live.id not in parts
    ]
    choice.require_matches([live for listing in listings.values() for live in listing.objects.values()])
    chosen = [live for live in free if choice.takes(live)]
    found = [
        live for live in _in_detail(reader, chosen, notes, unread, listings) if matches_fields(live, choice.fields)
    ]
    exported = export_objects(found, listings, claims, write_id, reader.provider.kinds)
    addresses = {(manifest.address.kind, manifest.id): manifest.address for manifest in exported}
    wanted = {live.key for live in chosen}
    unread += [
        f"{live.kind.name} {live.id} ({live.name!r}) was not {'exported' if live.key in wanted else 'read'}: "
        + reader.not_shown[live.key]
        for listing in listings.values()
        for live in listing.objects.values()
        if live.key in reader.not_shown
    ]
    notes += _remarks(exported)
    notes += [_shared(*tool) for tool in shared_inline_tools(found, addresses)]
    return Export(
        exported, sum(key in _known(listings) for key in claims.manifests), (*notes, *unread), tuple(unread)
    )


def _lists(reader: AccountReader, choice: ExportChoice, notes: list[str], unread: list[str]) -> dict[str, Listing]:
    listings: dict[str, Listing] = {}
    for name in reader.provider.kinds:
        try:
            listings |= reader.lists([name])
        except Rejected as refused:
            if name in choice.kinds or (not choice.kinds and reader.provider.kinds.get(name).exported):
                raise
            word = reader.provider.kinds.get(name).manifest_kinds[0]
            into = notes if refused.not_served else unread
            into.append(f"{word} objects were left out: {refused.message}")
    return listings


def _with_items(reader: AccountReader, listings: Mapping[str, Listing]) -> dict[str, Listing]:
    """The lists with what objects are made of: some lists show no more than names."""
    lacking = [
        live
        for name, listing in listings.items()
        for live in listing.objects.values()
        if not live.detailed and any(row.item_key and row.path[1:] not in live.body for row in live.kind.fields)
    ]
    found = {key: live for key, live in reader.details(lacking).items() if live is not None}
    return {
        name: Listing(name, {id: found.get((name, id), live) for id, live in listing.objects.items()})
        for name, listing in listings.items()
    }


def _known(listings: Mapping[str, Listing]) -> set[Key]:
    return {(name, id) for name, listing in listings.items() for id in listing.objects}


def _in_detail(
    reader: AccountReader,
    chosen: list[LiveObject],
    notes: list[str],
    unread: list[str],
    listings: Mapping[str, Listing],
) -> list[LiveObject]:
    """List items may lack members: some objects of each kind are read by themselves, and all of a kind where one of
    these holds anything else than its list shows. An object that vanished since it was listed is none any more."""
    kinds: dict[str, list[LiveObject]] = {}
    for live in chosen:
        if not live.detailed:
            kinds.setdefault(live.kind.name, []).append(live)
    details = reader.details([live for listed in kinds.values() for live in _telling(listed)])
    whole = {live.kind.name for live in chosen if _is_whole(live, details.get(live.key))}
    lacking = {
        live.kind.name for live in chosen if live.key in details and not _is_whole(live, details.get(live.key))
    }
    left = [kind for name in kinds.keys() - (whole - lacking) for kind in kinds[name] if kind.key not in details]
    details |= reader.details(left)
    result: list[LiveObject] = []
    for live in chosen:
        found = details.get(live.key, live)
        if found is None:
            notes.append(f"{live.kind.name} {live.id} ({live.name!r}) was deleted meanwhile")
        elif live.key not in reader.not_shown:
            result.append(_without_tools(found, listings))
    return run_parallel(lambda live: _whole(reader, live, notes, unread), result, reader.width)


def _without_tools(live: LiveObject, listings: Mapping[str, Listing]) -> LiveObject:
    """With nothing attached, where the account has nothing that could be."""
    row = field_at(live.kind, live.kind.attachments) if live.kind.attachments else None
    attached = listings.get(row.ref or "") if row is not None else None
    return live if live.tools is not None or attached is None or attached.objects else replace(live, tools=())


def _telling(listed: list[LiveObject]) -> list[LiveObject]:
    """Those by which one sees whether a list shows its objects whole: the largest, the smallest, one in between."""
    if len(listed) <= SAMPLE:
        return listed
    by_size = sorted(listed, key=lambda live: len(repr(live.body)))
    return [by_size[0], by_size[len(by_size) // 2], *by_size[2 - SAMPLE :]]


def _is_whole(listed: LiveObject, found: LiveObject | None) -> bool:
    """Whether a list item says what the object does that was read by itself."""
    spec = listed.kind
    if found is None or any(row.absent_from_lists for row in spec.fields):
        return False
    listed_body, read_body = (comparable_document(spec, live_document(spec, live)) for live in (listed, found))
    return all(
        f"/{name}" in spec.separate_pointers or json_equal(listed_body.get(name), read_body.get(name))
        for name in {**listed_body, **read_body}
    )


def _whole(reader: AccountReader, live: LiveObject, notes: list[str], unread: list[str]) -> LiveObject:
    """With what the API keeps apart from the body; a server that has no such sub resource has nothing there."""
    for pointer in live.kind.separate_pointers:
        try:
            live = read_apart(reader.provider, live, (pointer,))
        except Rejected as refused:
            into = notes if refused.not_served else unread
            into.append(f"{live.kind.name} {live.id} ({live.name!r}): {pointer} was left out: {refused.message}")
    return live


def _remarks(exported: tuple[ExportedManifest, ...]) -> list[str]:
    return [
        f"{manifest.address}: {pointer} was left out, so it is not managed ({why})"
        for manifest in exported
        for pointer, why in manifest.left_out
    ]


def _shared(name: str, users: tuple[str, ...], equal: bool) -> str:
    who = ", ".join(users[:5]) + (f" and {len(users) - 5} more" if len(users) > 5 else "")
    if equal:
        return (
            f"{len(users)} objects have the same inline tool {name} ({who}); one Tool manifest could serve them all"
        )
    return f"{len(users)} objects have an inline tool {name}, not all with the same definition ({who})"


def subjects_of_manifests(manifests: ManifestSet, state: State, kind: str) -> tuple[Subject, ...]:
    """Every object of the kind in the files, with the id that the manifest or the state knows."""
    resources = resources_of(manifests.manifests)
    tools = {address: resource.spec for address, resource in resources.items() if address.kind != kind}
    found: list[Subject] = []
    for address, resource in resources.items():
        if address.kind == kind:
            entry = state.resources.get(address)
            id = entry.id if entry is not None else resource.id
            found.append(
                Subject(address, resource.kind, resource.spec, id, _attached(resource.kind, resource.spec, tools))
            )
    return tuple(sorted(found, key=lambda subject: subject.address))


@dataclass(frozen=True, slots=True)
class AgentChoice(ExportChoice):
    """Objects of one kind by name, and everything that may be attached to them."""

    kind: str = ""
    attached: Collection[str] = ()

    def takes(self, live: LiveObject) -> bool:
        name = live.kind.name
        return name in self.attached or (name == self.kind and ExportChoice.takes(self, live))

    def require_matches(self, there: Sequence[LiveObject]) -> None:
        """Left to who chooses the subjects: only they know which names are of that kind."""


def subjects_of_account(state: State, setting: RunContext, names: tuple[str, ...], kind: str) -> tuple[Subject, ...]:
    """The objects of a kind in the account whose names fit; called as state calls them. Sends GET requests alone.

    Raises `ProviderError` when the account cannot be read.
    """
    attached = setting.provider.kinds.attached
    choice = AgentChoice(names=names, kind=kind, attached=attached)
    found = export_account(ManifestSet(), state, setting, choice)
    if found.unread:
        raise Unavailable("; ".join(found.unread), hint="an agent without them would not be whole; try again")
    tools = {manifest.address: _spec(manifest) for manifest in found.manifests if manifest.address.kind in attached}
    return tuple(
        Subject(
            manifest.address,
            manifest.kind,
            spec := _spec(manifest),
            manifest.id,
            _attached(manifest.kind, spec, tools),
        )
        for manifest in sorted(found.manifests, key=lambda manifest: manifest.address)
        if manifest.address.kind == kind
    )


def choose_subjects(subjects: Iterable[Subject], names: tuple[str, ...]) -> list[Address]:
    """Addresses of those whose name (in the manifest, or the one people see) fits one of the globs; all for none."""
    chosen: list[Address] = []
    for subject in subjects:
        both = (subject.address.name.casefold(), str(lookup(subject.spec, subject.kind.name_field) or "").casefold())
        if not names or any(matches(text, glob.casefold()) for glob in names for text in both):
            chosen.append(subject.address)
    return chosen


def _attached(kind: KindSpec, spec: Object, tools: Mapping[Address, Object]) -> tuple[AttachedTool, ...]:
    """What is attached to an object, with what is known about them."""
    by_name = {str(body.get("name")): address for address, body in tools.items()}
    by_name |= {address.name: address for address in tools}
    items = lookup(spec, kind.attachments) if kind.attachments else None
    found: list[AttachedTool] = []
    for item in items if isinstance(items, list) else ():
        refers = isinstance(item, ResourceRef)
        text = item.address if isinstance(item, ResourceRef) else item if isinstance(item, str) else ""
        address = by_name.get(text.removeprefix("tool.") if refers else text)
        found.append(AttachedTool(text or "?", tools[address] if address is not None else None))
    return tuple(found)


def _spec(manifest: ExportedManifest) -> Object:
    """The body of an exported manifest in canonical words."""
    return to_canonical(manifest.kind, manifest.spec)[0]
