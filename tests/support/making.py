"""Short ways to make the records that core and engine tests talk about."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.canonical.references import resources_of
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.serialization.digest import SecretDigests
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address, SecretRef
from reconciler.types.diagnostic import Source
from reconciler.types.json import Object, lookup
from reconciler.types.live import Listing, LiveObject
from reconciler.types.manifest import Adopt, Lifecycle, Manage, Manifest, Resource
from reconciler.types.state import Entry, State
from tests.support.records import live_of, manifest_of

SALT = "00ff"


def at(text: str) -> Address:
    return Address.parse(text)


def manifest(
    address: str,
    body: Object,
    *,
    id: str | None = None,
    path: str | None = None,
    labels: Mapping[str, str] | None = None,
    protect: bool = False,
    ignore: tuple[str, ...] = (),
    manage: str = "full",
    adopt: str = "any",
) -> Manifest:
    """A manifest as the loader gives it, from a body in either vocabulary."""
    spec, clashes = to_canonical(kind(at(address).kind), body)
    assert not clashes
    return manifest_of(
        at(address),
        spec,
        body,
        Source(path or f"{address}.yaml"),
        id=id,
        labels=labels or {},
        lifecycle=Lifecycle(protect, ignore, Manage(manage), Adopt(adopt)),
    )


def resource(address: str, body: Object, **more: object) -> Resource:
    return resources_of([manifest(address, body, **more)])[at(address)]  # type: ignore[arg-type]


def live(
    kind_name: str, id: str, body: Object, *, tools: tuple[str, ...] | None = None, detailed: bool = False
) -> LiveObject:
    spec = kind(kind_name)
    name = lookup(to_canonical(spec, body)[0], spec.name_field)
    return live_of(kind_name, id, name if isinstance(name, str) else None, body, detailed, tools)


def listing(kind_name: str, *objects: LiveObject) -> Listing:
    return Listing(kind_name, {one.id: one for one in objects})


def entry(id: str, **more: object) -> Entry:
    return Entry(id, **more)  # type: ignore[arg-type]


def state(**entries: Entry) -> State:
    """`state(persona__a=entry("p1"))`: two underscores for the dot."""
    found = {at(name.replace("__", ".", 1)): one for name, one in entries.items()}
    return State("lineage", 3, "test", found, salt=SALT)


def book(**secrets: str) -> SecretBook:
    """Secrets by the name of their environment variable; HMAC, which is quick."""
    return SecretBook(SecretDigests(SALT, b"test key"), lambda reference: secrets.get(reference.name))


def env(name: str) -> Object:
    return SecretRef("env", name)
