"""Objects that belong to others: tools behind attachments, items listed as objects, what stays beside them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from reconciler.core.canonical.keyed_lists import ToolBody, item_places, registry_tool
from reconciler.core.canonical.references import parse_reference
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.resource_diff.resource_plan import Matching, ResourcePlan
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.live import Listing
from reconciler.types.manifest import Resource

OFF = "the project file says `migrate: off` here: remove it in the account, or say `migrate: ask`"


class AttachedTools:
    """Called with an item of an attachment set: the tool as it will be once the plan is carried out, None where
    nobody knows it. Each is worked out once."""

    def __init__(
        self,
        resources: Mapping[Address, Resource],
        matching: Matching,
        listing: Listing | None,
        attached: Collection[str],
    ) -> None:
        """`attached`: the kinds whose objects are attached to others; `listing`: those of the account."""
        self._attached = attached
        self._resources = resources
        self._matching = matching
        self._listing = listing
        self._known: dict[str, ToolBody | None] = {}
        self._managed: dict[str, Address] | None = None

    def __call__(self, item: Json) -> ToolBody | None:
        address = parse_reference(item)
        key = item if isinstance(item, str) else str(address)
        if key not in self._known:
            self._known[key] = self._find(address, key)
        return self._known[key]

    def _find(self, address: Address | None, id: str) -> ToolBody | None:
        if address is None:
            if self._managed is None:
                bindings = self._matching.bindings.items()
                self._managed = {
                    binding.id: where for where, binding in bindings if where.kind in self._attached and binding.id
                }
            address = self._managed.get(id)
        resource = self._resources.get(address) if address is not None else None
        if resource is not None:
            return registry_tool(resource.spec, resource.name)
        live = self._listing.objects.get(id) if self._listing is not None else None
        return registry_tool(live_document(live.kind, live), live.name or "") if live is not None else None


def leftover_warnings(
    planned: Mapping[Address, ResourcePlan], resources: Mapping[Address, Resource], *, setting_word: str
) -> Iterator[Diagnostic]:
    """A warning for each place that stays. `setting_word`: what the project file says about migrating."""
    for address, result in planned.items():
        for left in result.left:
            hint = OFF if setting_word == "off" and "--migrate" in left.hint else left.hint
            yield Diagnostic(
                "E-left",
                Severity.WARNING,
                f"{address} ({left.path} in the account): {left.summary}",
                hint=hint,
                address=address,
                pointer=left.beside,
                source=resources[address].source,
            )


def shadows(listed: Iterable[str], kinds: Kinds) -> Iterator[tuple[str, str, str]]:
    """Kind of the holder, pointer of its list, kind that its items are shown as: for each of the `listed` kinds."""
    known = set(listed)
    for name, spec in kinds.all().items():
        for pointer, shown in spec.mirrored_lists:
            if shown in known:
                yield name, pointer, shown


def item_ids(listing: Listing, pointer: str, shown: KindSpec) -> set[str]:
    """Ids that the items at `pointer` bear as objects of the kind `shown`."""
    found: set[str] = set()
    for live in listing.objects.values():
        for item in item_places(live.kind, live_document(live.kind, live), pointer).values():
            found.update(id for word in shown.id_members if isinstance(id := item.get(word), str))
    return found
