"""Live objects -> manifests: who is claimed, legal and unique names, and the document that holds each.

The same account gives the same documents, whatever its ids are: names are given by human name, then by content.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.core.canonical.canonical_form import json_equal, keyed_items, leaf_at
from reconciler.core.canonical.field_tree import build_field_tree
from reconciler.core.canonical.references import resources_of, write_member_references
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.export.manifest_body import ExportedBody, export_body, name_secrets
from reconciler.core.resource_diff.match_objects import objects_of
from reconciler.core.secrets.secret_book import markers
from reconciler.core.serialization.digest import digest
from reconciler.core.serialization.record_codec import write_marks
from reconciler.types.address import NAME_PATTERN, Address
from reconciler.types.json import Json, Object, join, lookup, split
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import ManifestSet
from reconciler.types.state import State

LONGEST = 128
DEVICES = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{word}{digit}" for word in ("com", "lpt") for digit in "0123456789"}
)
"""Names that Windows keeps for devices, whatever the suffix."""
FOLDED_AWAY = frozenset({"layers", "delivery", "api"})
"""Words of a path that add nothing to the name of an environment variable."""


def legal_name(text: str | None, fallback: str) -> str:
    """`text` as the name of a manifest: itself where that is legal, else lower case with dashes; `fallback` where
    nothing is left of it. Accents are dropped, letters of other scripts too."""
    if text is not None and NAME_PATTERN.fullmatch(text) and not text.endswith("."):
        return text
    plain = unicodedata.normalize("NFKD", text or "").encode("ascii", "ignore").decode("ascii")
    name = re.sub(r"[^a-z0-9_.]+", "-", plain.lower())
    return name.strip("-.")[:LONGEST].rstrip("-.") or fallback


def unique_name(name: str, taken: Collection[str]) -> str:
    """`name`, or the first of `name-2`, `name-3` ... that is not in `taken` (case-folded names)."""
    found, number = name, 1
    while found.casefold() in taken:
        number += 1
        tail = f"-{number}"
        found = name[: LONGEST - len(tail)].rstrip("-.") + tail
    return found


def file_stem(name: str) -> str:
    """The file name, without suffix, for a manifest called `name`, on any file system.

    `reconciler` is kept for project files.
    """
    first = name.partition(".")[0].casefold()
    return f"{name}_" if first in DEVICES or name.casefold() == "reconciler" else name


def folder_name(spec: KindSpec) -> str:
    """The folder for manifests of a kind: the one that it names, else its plural."""
    kind = spec.name
    if spec.folder:
        return spec.folder
    if kind.endswith("s"):
        return kind
    return f"{kind[:-1]}ies" if kind.endswith("y") else f"{kind}s"


def variable_name(kind: str, name: str, pointer: str, taken: Collection[str]) -> str:
    """The environment variable for a secret: `PERSONA_CLAIMS_DESK_LLM_API_KEY`; none of those in `taken`."""
    words = [kind, name, *(token for token in split(pointer) if token not in FOLDED_AWAY)]
    plain = unicodedata.normalize("NFKD", "_".join(words)).encode("ascii", "ignore").decode("ascii")
    base = re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_")
    found, number = base, 1
    while found in taken:
        number += 1
        found = f"{base}_{number}"
    return found


API_VERSION = "personas/v1"
Key = tuple[str, str]
"""(kind, id)"""


@dataclass(frozen=True, slots=True)
class Claims:
    """What the files and the state say about the account already."""

    manifests: Mapping[Key, Address] = field(default_factory=dict)
    """Objects that have a manifest."""
    names: Mapping[Key, Address] = field(default_factory=dict)
    """Objects that state holds and whose manifest is gone: they get their address back."""
    taken: frozenset[Address] = frozenset()
    """Addresses that no other object can have."""
    variables: frozenset[str] = frozenset()
    """Environment variables in use."""


@dataclass(frozen=True, slots=True)
class ExportedSecret:
    """A variable that has to be set before the secret can be written."""

    variable: str
    address: Address
    pointer: str


@dataclass(frozen=True, slots=True)
class ExportedManifest:
    """One manifest to write. `document` is an envelope; references stand in it as they do in files, and data that
    looks like one is escaped."""

    address: Address
    kind: KindSpec
    id: str
    document: Object
    secrets: tuple[ExportedSecret, ...] = ()
    left_out: tuple[tuple[str, str], ...] = ()
    """(canonical pointer, why) of what no manifest can hold."""
    spec: Object = field(default_factory=dict)
    """The body in the same words, with the references themselves."""


def find_claims(manifests: ManifestSet, state: State, listings: Mapping[str, Listing]) -> Claims:
    """Which objects have a manifest: by the id in state, by `metadata.id`, by a name that only one object bears."""
    resources = resources_of(manifests.manifests)
    held: dict[Key, Address] = {}
    for address, resource in resources.items():
        entry = state.resources.get(address)
        id = entry.id if entry is not None else resource.id
        if id is None:
            named = objects_of(listings.get(address.kind), resource.name)
            id = named[0] if len(named) == 1 else None
        if id is not None:
            held.setdefault((address.kind, id), address)
    orphans = {
        (address.kind, entry.id): address
        for address, entry in state.resources.items()
        if address not in resources and (address.kind, entry.id) not in held
    }
    gone = {move.before for move in manifests.moved} | {drop.address for drop in manifests.removed}
    variables = {
        reference.variable
        for manifest in manifests.manifests
        for reference in markers(manifest.spec)
        if reference.variable is not None
    }
    return Claims(
        held,
        {key: address for key, address in orphans.items() if address not in gone},
        frozenset({*resources, *state.resources, *gone}),
        frozenset(variables),
    )


def parts_of_others(listings: Mapping[str, Listing]) -> frozenset[str]:
    """Ids of objects that live inside another one: the guardrails of a legacy set are listed on their own too."""
    found: set[str] = set()
    for listing in listings.values():
        for live in listing.objects.values():
            rows = live.kind.fields
            for word in (row.path[1:] for row in rows if row.item_key is not None and row.path.count("/") == 1):
                items = live.body.get(word)
                found |= {
                    str(item["uuid"])
                    for item in (items if isinstance(items, list) else ())
                    if isinstance(item, dict) and isinstance(item.get("uuid"), str)
                }
    return frozenset(found)


def export_objects(
    wanted: Iterable[LiveObject],
    listings: Mapping[str, Listing],
    claims: Claims,
    write_id: Callable[[str], Json],
    kinds: Kinds,
) -> tuple[ExportedManifest, ...]:
    """The manifests of `wanted`, referred to before their users. `write_id` gives what stands in `metadata.id`."""
    return _Export(listings, claims, write_id, kinds).run(list(wanted))


class _Export:
    def __init__(
        self, listings: Mapping[str, Listing], claims: Claims, write_id: Callable[[str], Json], kinds: Kinds
    ) -> None:
        self.kinds = kinds
        self.listings = listings
        self.claims = claims
        self.write_id = write_id
        self.addresses: dict[Key, Address] = dict(claims.manifests)
        self.taken: dict[str, set[str]] = {}
        for address in claims.taken:
            self.taken.setdefault(address.kind, set()).add(address.name.casefold())
        self.variables = set(claims.variables)

    def run(self, wanted: list[LiveObject]) -> tuple[ExportedManifest, ...]:
        result: list[ExportedManifest] = []
        users = _users(wanted, self.kinds)
        order = sorted(self.kinds.all().values(), key=lambda kind: kind.level)
        for kind in order:
            bodies = [(live, export_body(live, self.refer, self.kinds)) for live in wanted if live.kind is kind]
            bodies.sort(key=lambda pair: self.place(pair[0], pair[1], users))
            named = [(live, body, self.name(live)) for live, body in bodies]
            result += [self.manifest(live, body, address) for live, body, address in named]
        return tuple(result)

    @staticmethod
    def place(live: LiveObject, body: ExportedBody, users: Mapping[Key, str]) -> tuple[str, str, str, str]:
        """Ids do not count, a re-created account has others; equal objects are told apart by who uses them."""
        name = legal_name(live.name, live.kind.name)
        return name, live.name or "", digest(write_marks(body.spec)), users.get(live.key, "")

    def name(self, live: LiveObject) -> Address:
        known = self.claims.names.get(live.key)
        taken = self.taken.setdefault(live.kind.name, set())
        if known is None:
            known = Address(live.kind.name, unique_name(legal_name(live.name, live.kind.name), taken))
        taken.add(known.name.casefold())
        self.addresses[live.key] = known
        return known

    def refer(self, name: str, id: str) -> Json:
        """`{ref: kind.name}` for an object with a manifest; a raw id for any other (a tool that the account does not
        list cannot be named: None)."""
        address = self.addresses.get((name, id))
        listing = self.listings.get(name)
        if address is not None:
            held = listing.objects.get(id) if listing is not None else None
            if name in self.kinds.attached and held is not None and held.name == address.name:
                return address.name
            return {"ref": str(address)}
        if name not in self.kinds.attached:
            return id
        return id if listing is not None and id in listing.objects else None

    def manifest(self, live: LiveObject, body: ExportedBody, address: Address) -> ExportedManifest:
        names: dict[str, str] = {}
        for pointer in sorted(body.secrets):
            names[pointer] = variable_name(address.kind, address.name, pointer, self.variables)
            self.variables.add(names[pointer])
        spec = name_secrets(_unnamed(live.kind, body.spec, live.name, address), names)
        assert isinstance(spec, dict)
        document: Object = {
            "apiVersion": API_VERSION,
            "kind": live.kind.preferred_manifest_kind or live.kind.manifest_kinds[0],
            "metadata": {"name": address.name, "id": self.write_id(live.id)},
            "spec": write_member_references(build_field_tree(live.kind), spec),
        }
        secrets = tuple(ExportedSecret(names[pointer], address, pointer) for pointer in sorted(names))
        return ExportedManifest(address, live.kind, live.id, document, secrets, body.left_out, spec)


def _users(objects: Iterable[LiveObject], kinds: Kinds) -> dict[Key, str]:
    """A digest of what the users of each object say, whatever ids they hold."""
    found: dict[Key, list[Json]] = {}
    for live in objects:
        used: list[Key] = []
        body = export_body(live, _noting(used), kinds)
        said = digest([live.kind.name, live.name, write_marks(body.spec)])
        for key in used:
            found.setdefault(key, []).append(said)
    return {key: digest([*sorted(marks, key=str)]) for key, marks in found.items()}


def _noting(used: list[Key]) -> Callable[[str, str], Json]:
    def refer(name: str, id: str) -> Json:
        used.append((name, id))
        return ""

    return refer


def _unnamed(spec: KindSpec, body: Object, name: str | None, address: Address) -> Object:
    """Without a name that says no more than the kind: a create sends the manifest's, so this is what an object that
    had none is called once it was created again."""
    required = any(row.required for row in spec.fields if row.path == spec.name_field)
    if required or name != address.name or not re.fullmatch(rf"{spec.name}(-\d+)?", name):
        return body
    return {word: member for word, member in body.items() if word != spec.name_field[1:]}


def shared_inline_tools(
    objects: Iterable[LiveObject], addresses: Mapping[Key, Address]
) -> tuple[tuple[str, tuple[str, ...], bool], ...]:
    """Inline tools that stand in several objects: (name, addresses, whether all definitions are equal)."""
    found: dict[str, list[tuple[str, Json]]] = {}
    for live in objects:
        spec = live.kind
        document = live_document(spec, live)
        for row in spec.fields:
            for name, item in (keyed_items(lookup(document, row.path)) or {} if row.keyed else {}).items():
                found.setdefault(name, []).append((str(addresses.get(live.key, live.id)), item))
    result = []
    for name, users in sorted(found.items()):
        who = tuple(sorted({address for address, _ in users}))
        if len(who) > 1:
            result.append((name, who, all(json_equal(users[0][1], item) for _, item in users)))
    return tuple(result)


def matches_fields(live: LiveObject, wanted: Mapping[str, str]) -> bool:
    """Whether the object has all of these values. Keys are fields (`pipeline_mode`) or JSON pointers
    (`/layers/llm/model`), in either vocabulary; a list has a value when one of its items is that text."""
    spec = live.kind
    document = live_document(spec, live)
    return all(text in _texts(leaf_at(spec, document, _pointer(spec, key))) for key, text in wanted.items())


def _pointer(spec: KindSpec, key: str) -> str:
    node, tokens = build_field_tree(spec), []
    for token in split(key if key.startswith("/") else f"/{key}"):
        tokens.append(node.renames.get(token, token))
        node = node.child(tokens[-1])
    return join(*tokens)


def _texts(value: Json) -> Collection[str]:
    if isinstance(value, list):
        return [text for item in value for text in _texts(item)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    return [] if value is None or isinstance(value, dict) else [str(value)]
