"""Keeps secrets out of messages, also when the service repeats them in its own error text."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from reconciler.core.shape import Node, shape
from reconciler.kinds.base import KindSpec
from reconciler.types.json import Json, split

HIDDEN = "(sensitive)"
TELLING = re.compile(
    r"(?:^|[_\-/ ])(?:api[_-]?key|key|token|secret|password|passwd|authorization|credentials?)$", re.I
)
"""Names of members whose values are taken for secrets wherever they stand."""
KEYLIKE = re.compile(r"(?=\S*[0-9])(?=\S*[A-Za-z])[^\s/]{24,}")
"""A text that looks like a key: long, one word, letters and digits."""


def conceal(text: str, secrets: Iterable[str]) -> str:
    """`text` with every secret replaced, in the spellings in which a service may repeat it."""
    spellings = {spelling for secret in secrets for spelling in _spellings(secret)}
    for spelling in sorted(spellings, key=len, reverse=True):
        if len(spelling) >= 4:
            text = text.replace(spelling, HIDDEN)
        else:  # so short that it would be found inside ordinary words
            text = re.sub(rf"(?<!\w){re.escape(spelling)}(?!\w)", HIDDEN, text)
    return text


def _spellings(secret: str) -> Iterator[str]:
    if not secret.strip():
        return
    yield secret
    yield secret.strip()
    yield " ".join(secret.split())
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield quote(secret, safe="", errors="replace")
    encoded = secret.encode("utf-8", "surrogatepass")
    if len(encoded) >= 6:
        yield base64.b64encode(encoded).decode()
        yield base64.urlsafe_b64encode(encoded).decode().rstrip("=")
    if len(secret) > 16:  # cut off in the middle, as error texts do
        yield secret[:16]
        yield secret[-16:]


def secrets_in(spec: KindSpec, body: Json) -> tuple[str, ...]:
    """Every text in the body of a request (an object, or RFC 6902 operations) that must not be shown.

    Secret are the fields that the kind declares so, members with a telling name, and texts that look like a key.
    """
    found: dict[str, None] = {}
    root = shape(spec)
    if isinstance(body, list):
        for operation in body:
            if isinstance(operation, dict):
                path = operation.get("path")
                tokens = split(path) if isinstance(path, str) else ()
                node, name = root, ""
                secret = False
                for token in tokens:
                    node, name = node.child(node.renames.get(token, token)), token
                    secret = secret or _is_secret(node, name)
                found.update(dict.fromkeys(_collect(node, operation.get("value"), secret=secret)))
    else:
        found.update(dict.fromkeys(_collect(root, body, secret=False)))
    return tuple(found)


def _is_secret(node: Node, name: str) -> bool:
    return (node.row is not None and node.row.secret) or TELLING.search(name) is not None


def _collect(node: Node, value: Json, *, secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            child = node.child(node.renames.get(name, name))
            yield from _collect(child, member, secret=secret or _is_secret(child, name))
    elif isinstance(value, list):
        for item in value:
            yield from _collect(node, item, secret=secret)
    elif isinstance(value, str) and value and (secret or KEYLIKE.fullmatch(value)):
        yield value
    elif secret and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
