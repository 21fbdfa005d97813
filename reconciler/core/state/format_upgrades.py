"""Older formats of the state document and the way from each to the next; every one so far has a file in the tests.

Format 1 had no history. Format 2 named no project, remembered of a saved plan only that it was begun, and told an
object that gives way to its successor by an address that ends in `.replaced`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from reconciler.core.serialization import checked_json as read
from reconciler.core.serialization.checked_json import Malformed, address_from
from reconciler.core.state.entry_changes import old_address
from reconciler.types.json import Json, Object

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
    pending = [read.mapping(one, "/pending") for one in read.items(document.get("pending"), "/pending")]
    open_creates = {read.text(one.get("address"), "/pending"): one for one in pending}
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
