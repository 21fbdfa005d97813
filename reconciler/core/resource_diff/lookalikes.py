"""Names that people take for one and that computers do not, and a warning before a second object gets one."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.state.entry_changes import is_name_hidden
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.live import Listing
from reconciler.types.manifest import Resource

_FORMAT = "Cf"
"""Category of characters that nobody sees, such as a zero width space."""


def folded(name: str) -> str:
    """The same for all names that look alike."""
    if name.isascii():
        return " ".join(name.lower().split())
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(_visible(name).casefold().split())


def difference(one: str, other: str) -> str:
    """What tells two names that look alike apart, in words."""
    if one.casefold() == other.casefold():
        return "by case"
    if "".join(one.split()) == "".join(other.split()):
        return "by blanks"
    if unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other):
        return "by their Unicode form"
    if _visible(one) == _visible(other):
        return "by a character that nobody sees"
    return "by case, blanks or Unicode form"


def _visible(name: str) -> str:
    return "".join(character for character in name if unicodedata.category(character) != _FORMAT)


def lookalikes(
    resources: Mapping[Address, Resource], created: Iterable[Address], listings: Mapping[str, Listing]
) -> Iterator[Diagnostic]:
    """A warning for each of the `created` that gets almost the name of a live object."""
    known: dict[str, dict[str, tuple[str, str]]] = {}
    for address in created:
        listing = listings.get(address.kind)
        if listing is None or is_name_hidden(resources[address].kind, resources[address].leaves, None):
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
                pointer=resources[address].kind.name_field,
                source=resources[address].source,
            )
