"""Secrets never leave: what stands at a secret path is hidden, on every side of a comparison.

Hidden is decided by place, never by looking for a known text: a search would miss the old value of a rotated key and
would spoil innocent text that happens to contain it. Five things make a value sensitive:

- its path is declared secret in the kind's field table (`*` rows and rows inside atomic objects included);
- its name is a credential's, or its look is one (of a header, a parameter, a URL with a token in it);
- it is a reference to a secret (`SecretRef`), wherever it stands;
- it is the mask that a server shows for a hidden value (`****` or longer);
- its counterpart on the other side is a marker (`marked`): the live value there is the secret itself.

Words may be canonical or those of the wire: both are found.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from reconciler.core.canonical.canonical_form import is_masked, tool_name
from reconciler.core.canonical.field_tree import UNKNOWN, Node, build_field_tree, looks_secret
from reconciler.core.credential_detection import is_credential_name, looks_like_credential
from reconciler.types.address import SecretRef
from reconciler.types.json import SENSITIVE, Json, Object, escape, split
from reconciler.types.kind import KindSpec

NOTHING: frozenset[str] = frozenset()


def redact(
    kind: KindSpec | None, document: Object, hidden: Collection[str] = NOTHING, *, keep: bool = False
) -> Object:
    """`document` with `(sensitive)` in the place of every secret, itself where it has none; null stays null.

    `hidden` are further pointers to hide: those of `marked(other_side)`. With `kind` None (a kind that this version
    does not know) only markers, masks and `hidden` count. `keep` leaves references: they hold no secret.
    """
    result = _redact(build_field_tree(kind) if kind else UNKNOWN, document, "", hidden, keep)
    return result if isinstance(result, dict) else {}


def redact_at(
    kind: KindSpec | None, pointer: str, value: Json, hidden: Collection[str] = NOTHING, *, keep: bool = False
) -> Json:
    """The same for one value that stands at `pointer`.

    `keep` leaves references as they are: they name where a secret comes from and hold none. That is what
    patches and request bodies show.
    """
    node, secret = _find(kind, pointer)
    if secret and value is not None:
        return value if keep and isinstance(value, SecretRef) else SENSITIVE
    return _redact(node, value, pointer, hidden, keep)


def is_secret(kind: KindSpec | None, pointer: str) -> bool:
    """Whether `pointer` is, or lies under, a path that the kind declares secret."""
    return _find(kind, pointer)[1]


def marked(*documents: Json) -> frozenset[str]:
    """Pointers of the references to secrets in `documents`: the same places of the other side are secret too.

    List items have no fixed place: an inline tool goes by its name, any other list counts as a whole.
    """
    return frozenset(pointer for document in documents for pointer in _markers(document, ""))


def sensitive_mask(kind: KindSpec | None, document: Json, hidden: Collection[str] = NOTHING) -> Json:
    """The shape of Terraform's `before_sensitive` and `after_sensitive`.

    True at a secret; an object holds only members that are not plain false, a list one item each; `{}` for an object
    without secrets; false for null and for any other plain value.
    """
    return _mask(build_field_tree(kind) if kind else UNKNOWN, document, "", hidden)


def _find(kind: KindSpec | None, pointer: str) -> tuple[Node, bool]:
    node = build_field_tree(kind) if kind else UNKNOWN
    for token in split(pointer):
        node = _child(node, token)
        if node.row is not None and node.row.secret:
            return node, True
    return node, False


def _child(node: Node, word: str) -> Node:
    return node.child(node.renames.get(word, word))


def _sensitive(node: Node, value: Json, path: str, hidden: Collection[str]) -> bool:
    """Whether all of `value` is secret. A text where an object of secrets belongs (`headers: "Bearer x"`) is."""
    if value is None:
        return False
    if (
        (node.row is not None and node.row.secret)
        or isinstance(value, SecretRef)
        or is_masked(value)
        or path in hidden
        or looks_secret(node.row, value)
    ):
        return True
    misplaced = isinstance(value, str) and (node.star or node.children)
    return bool(misplaced) and _holds_secrets(node)


def _holds_secrets(node: Node) -> bool:
    below = [*node.children.values(), *([node.star] if node.star else [])]
    return any((child.row is not None and child.row.secret) or _holds_secrets(child) for child in below)


def _redact(node: Node, value: Json, path: str, hidden: Collection[str], keep: bool) -> Json:
    """The very same object where nothing in it is a secret: a plan holds thousands of documents."""
    if keep and isinstance(value, SecretRef):
        return value
    if _sensitive(node, value, path, hidden):
        return SENSITIVE
    if isinstance(value, dict):
        changed = {
            key: new
            for key, old in value.items()
            if (new := _redact(_child(node, key), old, _below(node, path, key), hidden, keep)) is not old
        }
        return {**value, **changed} if changed else value
    if isinstance(value, list):
        items = [_redact(_item(node), item, _item_path(path, item), hidden, keep) for item in value]
        return items if any(new is not old for new, old in zip(items, value, strict=True)) else value
    return value


def _mask(node: Node, value: Json, path: str, hidden: Collection[str]) -> Json:
    if _sensitive(node, value, path, hidden):
        return True
    if isinstance(value, dict):
        masks = {
            key: _mask(_child(node, key), member, _below(node, path, key), hidden) for key, member in value.items()
        }
        return {key: mask for key, mask in masks.items() if mask is not False}
    if isinstance(value, list):
        return [_mask(_item(node), item, _item_path(path, item), hidden) for item in value]
    return False


def _item(node: Node) -> Node:
    return node.star or UNKNOWN


def _below(node: Node, path: str, key: str) -> str:
    return f"{path}/{escape(node.renames.get(key, key))}"


def _item_path(path: str, item: Json) -> str:
    name = tool_name(item)
    return f"{path}/{escape(name)}" if name else path + "/-"


def _markers(value: Json, path: str) -> Iterator[str]:
    if isinstance(value, SecretRef):
        yield path
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from _markers(member, f"{path}/{escape(key)}")
    elif isinstance(value, list):
        for item in value:
            yield from _markers(item, f"{path}/{escape(name)}") if (name := tool_name(item)) else _whole(item, path)


def _whole(item: Json, path: str) -> Iterator[str]:
    if any(True for _ in _markers(item, "")):
        yield path


def credentials_in(spec: KindSpec, body: Json) -> Iterator[str]:
    """Every text in a body (an object, or RFC 6902 operations) that must not be shown; masks are none."""
    root = build_field_tree(spec)
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
            yield from _collect(child, member, secret=secret or _is_secret(child, name))
    elif isinstance(value, list):
        for item in value:
            yield from _collect(node, item, secret=secret)
    elif isinstance(value, str):
        if value and (secret or looks_like_credential(value)) and not is_masked(value):
            yield value
    elif secret and isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
