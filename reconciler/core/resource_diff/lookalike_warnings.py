"""A word before a second object is made whose name people cannot tell from that of the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.kind_table import kind
from reconciler.core.state.secret_names import is_name_hidden
from reconciler.core.text.confusable_names import difference, folded
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.live import Listing
from reconciler.types.resource import Resource


def lookalikes(
    resources: Mapping[Address, Resource], created: Iterable[Address], listings: Mapping[str, Listing]
) -> Iterator[Diagnostic]:
    """A warning for each of the `created` that gets almost the name of a live object."""
    known: dict[str, dict[str, tuple[str, str]]] = {}
    for address in created:
        listing = listings.get(address.kind)
        if listing is None or is_name_hidden(address.kind, resources[address].leaves, None):
            continue
        if address.kind not in known:
            named = ((one.name, one.id) for one in listing.objects.values())
            known[address.kind] = {folded(name): (name, id) for name, id in named if name}
        name = resources[address].name
        live, id = known[address.kind].get(folded(name), (name, ""))
        if live != name:
            yield Diagnostic(
                "E-name",
                Severity.WARNING,
                f"{address} will be created as {name!r} beside the live {live!r} ({id}): "
                f"the two differ only {difference(name, live)}",
                hint="write the name as it is in the account, or metadata.id, if that object is meant",
                address=address,
                pointer=kind(address.kind).name_field,
                source=resources[address].source,
            )
