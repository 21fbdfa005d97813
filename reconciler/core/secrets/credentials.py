"""The secret texts of a body: at places that the kind declares, and in members with a credential's name or look."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import is_masked
from reconciler.core.canonical.field_tree import Node, shape
from reconciler.core.credential_looks import is_credential_name, looks_like_credential
from reconciler.types.json import Json, split
from reconciler.types.kind import KindSpec


def credentials_in(spec: KindSpec, body: Json) -> Iterator[str]:
    """Every text in a body (an object, or RFC 6902 operations) that must not be shown; masks are none."""
    root = shape(spec)
    if not isinstance(body, list):
        yield from _collect(root, body, secret=False)
        return
    for operation in body:
        if isinstance(operation, dict):
            path = operation.get("path")
            node, secret = root, False
            for token in split(path) if isinstance(path, str) else ():
                node = node.child(node.renames.get(token, token))
                secret = secret or _is_secret(node, token)
            yield from _collect(node, operation.get("value"), secret=secret)


def _is_secret(node: Node, name: str) -> bool:
    if node.row is not None:
        return node.row.secret
    return not node.children and is_credential_name(name)


def _collect(node: Node, value: Json, *, secret: bool) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            child = node.child(node.renames.get(name, name))
            if member is not None and not isinstance(member, bool):
                yield from _collect(child, member, secret=secret or _is_secret(child, name))
    elif isinstance(value, list):
        for item in value:
            yield from _collect(node, item, secret=secret)
    elif isinstance(value, str):
        if value and (secret or looks_like_credential(value)) and not is_masked(value):
            yield value
    elif secret and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
