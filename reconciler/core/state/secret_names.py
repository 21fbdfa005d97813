"""What objects are called: a name that comes from a variable stands in no record, only a digest of it does."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.core.secrets.secret_book import SecretBook, has_secret
from reconciler.types.change import Change
from reconciler.types.json import Json
from reconciler.types.kind import KindSpec
from reconciler.types.live import Listing
from reconciler.types.resource import Resource
from reconciler.types.state import Entry, Intent


def name_of(resource: Resource, book: SecretBook) -> str:
    """The name that an object of `resource` bears; where its variable is not here, that of the manifest."""
    return _hidden(resource.kind, resource.leaves, book) or resource.name


def name_given(change: Change, book: SecretBook) -> str:
    """The same of a change that makes an object."""
    return _hidden(change.kind, change.managed or {}, book) or change.name or ""


def name_digest(change: Change, book: SecretBook) -> str | None:
    """What state keeps of a name that comes from a variable; None for one that anybody may read."""
    name = _hidden(change.kind, change.managed or {}, book)
    return None if name is None else book.digest(name, secret=True)


def is_name_hidden(kind: KindSpec, managed: Mapping[str, Json], entry: Entry | None) -> bool:
    """Whether the name of an object of this kind is, or was, a variable's."""
    field = kind.name_field
    return has_secret(managed.get(field)) or (entry is not None and field in entry.secret_paths)


def bears(intent: Intent, name: str | None, book: SecretBook) -> bool:
    """Whether `name` is the one that the open create sent."""
    if intent.digest is None:
        return name == intent.name
    return name is not None and book.matches(name, intent.digest) is True


def made_by(
    intent: Intent, listing: Listing | None, book: SecretBook, held: Collection[str], likely: str | None = None
) -> list[str]:
    """Ids of the objects that may have come of an open create: of its name, not there before, nobody's (`held`).

    `likely` is the name as far as it is known by now: digests of all names are dear.
    """
    objects = listing.objects.values() if listing is not None else ()
    free = [one for one in objects if one.id not in intent.before and one.id not in held]
    if likely is not None and bears(intent, likely, book):
        return [one.id for one in free if one.name == likely]
    return [one.id for one in free if bears(intent, one.name, book)]


def _hidden(kind: KindSpec, leaves: Mapping[str, Json], book: SecretBook) -> str | None:
    value = leaves.get(kind.name_field)
    if not has_secret(value) or book.missing(value):
        return None
    filled = book.fill(value)
    return filled if isinstance(filled, str) and filled else None
