"""One resource, or one create whose outcome is open, as it stands in the state document."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.core.serialization import checked_json as read
from reconciler.core.serialization.checked_json import Malformed, address_from
from reconciler.core.serialization.digest import digest
from reconciler.core.state.entry_records import NO_SECRETS, NONE, old_address
from reconciler.types.address import Address
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Adopt, Lifecycle, Manage
from reconciler.types.state import Entry, Intent

_ENTRY = frozenset(
    {
        "id",
        "kind",
        "sent",
        "seen",
        "protect",
        "ignore",
        "manage",
        "adopt",
        "source",
        "parents",
        "assumed",
        "name",
        "refs",
        "former",
        "secrets",
        "gives_way_to",
    }
)
_INTENT = frozenset({"address", "kind", "name", "before", "at", "digest"})


def entry_to_json(address: Address, entry: Entry) -> Object:
    """One resource as it stands in the document; what is at its default is left out."""
    lifecycle = entry.lifecycle
    full: Object = {
        "sent": dict(entry.sent),
        "seen": dict(entry.seen),
        "protect": lifecycle.protect,
        "ignore": list(lifecycle.ignore),
        "manage": None if lifecycle.manage is Manage.FULL else lifecycle.manage.value,
        "adopt": None if lifecycle.adopt is Adopt.ANY else lifecycle.adopt.value,
        "source": entry.source,
        "parents": list(entry.parents),
        "assumed": list(entry.assumed),
        "name": entry.name,
        "refs": list(entry.refs),
        "former": list(entry.former),
        "secrets": {path: dict(reference) for path, reference in entry.secrets.items()},
        "gives_way_to": None if entry.gives_way_to is None else str(entry.gives_way_to),
    }
    # An empty text is no default: only what reads back as the same may be left out.
    kept: Object = {key: value for key, value in full.items() if value or value == ""}
    return {"id": entry.id, "kind": address.kind, **kept}


def entry_digest(address: Address, entry: Entry) -> str:
    """Names everything that state says of one resource."""
    return digest(entry_to_json(address, entry))


def entry_from_json(address: Address, value: Json, where: str) -> Entry:
    """The inverse of `entry_to_json`. Raises `Malformed`."""
    found = read.mapping(value, where)
    read.refuse_unknown(found, _ENTRY, where)
    if found.get("kind") != address.kind:
        raise Malformed(f"{where}/kind: {found.get('kind')!r} does not fit the address")
    manage = found.get("manage") or Manage.FULL.value
    if manage not in {mode.value for mode in Manage}:
        raise Malformed(f"{where}/manage: {manage!r} is unknown")
    adopt = found.get("adopt") or Adopt.ANY.value
    if adopt not in {mode.value for mode in Adopt}:
        raise Malformed(f"{where}/adopt: {adopt!r} is unknown")
    lifecycle = Lifecycle(
        read.flag(found.get("protect"), f"{where}/protect"),
        read.texts(found.get("ignore"), f"{where}/ignore"),
        Manage(manage),
        Adopt(adopt),
    )
    successor = found.get("gives_way_to")
    return Entry(
        id=read.text(found.get("id"), f"{where}/id"),
        sent=read.text_map(found.get("sent"), f"{where}/sent"),
        seen=read.text_map(found.get("seen"), f"{where}/seen") or NONE,
        lifecycle=lifecycle,
        source=read.optional_text(found.get("source"), f"{where}/source"),
        parents=read.texts(found.get("parents"), f"{where}/parents"),
        assumed=read.texts(found.get("assumed"), f"{where}/assumed"),
        name=read.optional_text(found.get("name"), f"{where}/name"),
        refs=read.texts(found.get("refs"), f"{where}/refs"),
        former=read.texts(found.get("former"), f"{where}/former"),
        secrets=_secrets(found.get("secrets"), f"{where}/secrets") or NO_SECRETS,
        gives_way_to=None if successor is None else address_from(successor, f"{where}/gives_way_to"),
    )


def _secrets(value: Json, where: str) -> dict[str, dict[str, str]]:
    if value is None:
        return {}
    return {path: read.text_map(item, f"{where}/{path}") for path, item in read.mapping(value, where).items()}


def intent_to_json(intent: Intent) -> Object:
    """A create whose outcome is open, as it stands in the document."""
    address = str(intent.address)
    hidden: Object = {} if intent.digest is None else {"digest": intent.digest}
    return {
        "address": address,
        "kind": intent.kind,
        "name": intent.name,
        "before": list(intent.before),
        "at": intent.at,
        **hidden,
    }


def intent_from_json(value: Json, where: str) -> Intent:
    """The inverse of `intent_to_json`. Raises `Malformed`."""
    found = read.mapping(value, where)
    read.refuse_unknown(found, _INTENT, where)
    return Intent(
        address=address_from(found.get("address"), f"{where}/address"),
        kind=read.text(found.get("kind"), f"{where}/kind"),
        name=read.text(found.get("name"), f"{where}/name"),
        before=read.texts(found.get("before"), f"{where}/before"),
        at=read.text(found.get("at"), f"{where}/at"),
        digest=read.optional_text(found.get("digest"), f"{where}/digest"),
    )


FORMAT = 3
REPLACED = ".replaced"


def upgrade(document: Object) -> Object:
    """`document` in today's format. Raises `Malformed` where there is no way from its format."""
    while (version := read.whole(document.get("format"), "/format")) < FORMAT:
        if version not in UPGRADES:
            raise Malformed(f"/format: there is no way from format {version} to {FORMAT}")
        document = UPGRADES[version](document)
    return document


def _from_1(document: Object) -> Object:
    return {**document, "format": 2}


def _from_2(document: Object) -> Object:
    found: Object = {key: value for key, value in document.items() if key != "applied_plans"}
    applied = read.texts(document.get("applied_plans"), "/applied_plans")
    # Of a plan that was cut short, what is done is not known: it counts as applied, as it did then.
    plans: list[Json] = [{"digest": one, "done": [], "finished": True, "serial": 0} for one in applied]
    pending = [read.mapping(item, "/pending") for item in read.items(document.get("pending"), "/pending")]
    open_creates = {read.text(item.get("address"), "/pending"): item for item in pending}
    resources = read.mapping(document.get("resources"), "/resources")
    renamed: Object = {}
    for name, value in resources.items():
        entry = read.mapping(value, f"/resources/{name}")
        successor = name.removesuffix(REPLACED)
        if successor != name and _gave_way(entry, resources.get(successor), open_creates.get(successor)):
            address = address_from(successor, f"/resources/{name}")
            aside = old_address(address, read.text(entry.get("id"), f"/resources/{name}/id"))
            renamed[str(aside)] = {**entry, "gives_way_to": successor}
        else:
            renamed[name] = entry
    return {**found, "format": 3, "project": None, "plans": plans, "resources": renamed}


def _gave_way(entry: Object, successor: Json, intent: Object | None) -> bool:
    """Whether an entry `x.replaced` is what gives way to `x`, and not a manifest that somebody called so: both then
    come from one manifest and bear one name, or the create of the successor is open."""
    if isinstance(successor, Mapping):
        return all(entry.get(one) == successor.get(one) for one in ("kind", "source", "name"))
    return intent is not None and intent.get("name") == entry.get("name")


UPGRADES: dict[int, Callable[[Object], Object]] = {1: _from_1, 2: _from_2}
"""Format n -> the function that makes a document of format n + 1 of it."""
