"""A live object as the comparable document that it is, and the digest by which it is known again."""

from __future__ import annotations

from reconciler.core.canonical.canonical_form import comparable, with_told
from reconciler.core.canonical.keyed_lists import by_name
from reconciler.core.canonical.vocabulary import canonical_words
from reconciler.core.serialization.digest import digest
from reconciler.types.json import Object
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject


def live_document(spec: KindSpec, live: LiveObject) -> Object:
    """The live body in canonical words, with what the API keeps apart from it where that is known."""
    document = with_told(spec, by_name(spec, canonical_words(spec, live.body)[0]))
    if spec.apart:
        document = {name: member for name, member in document.items() if f"/{name}" not in spec.apart}
        if spec.attachments is not None and live.tools is not None:
            document[spec.attachments[1:]] = list(live.tools)
        document |= {pointer[1:]: part for pointer, part in live.parts.items()}
    return document


def object_digest(spec: KindSpec, live: LiveObject) -> str:
    """Digest of the whole object as a list or a GET showed it, without server-owned members and what is apart."""
    return body_digest(spec, comparable(spec, live_document(spec, live)))


def body_digest(spec: KindSpec, document: Object) -> str:
    """The same of a `comparable` document."""
    return digest({name: member for name, member in document.items() if f"/{name}" not in spec.apart})
