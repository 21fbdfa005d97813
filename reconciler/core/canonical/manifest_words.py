"""How manifests write references, and data that looks like one: the words that are reserved, and `{literal: ...}`."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.field_tree import UNKNOWN, Node
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, Object, escape, references
from reconciler.types.kind import Type

LITERAL, NULL, VALUE, JOIN = "literal", "null", "value", "join"
WORDS = ("env", "file", "ref", LITERAL, VALUE, JOIN)
"""What a mapping of one key may be instead of data."""
STANDS_BEFORE = {JOIN: list}
"""Words of references that stand before something else than a text."""
RESERVED = frozenset({*WORDS, NULL})


def word_of(node: Node, value: Object, *, free: bool, ids: bool) -> str | None:
    """The word that makes the mapping at `node` something else than data.

    A field that is an object of free keys is one itself, unless it is a literal. `free`: it stands inside such an
    object or in a tool's parameters, where the names of others count for data; `ids`: ids stand there all the same.
    """
    if len(value) != 1:
        return None
    ((word, target),) = value.items()
    if word not in RESERVED or word in node.children:
        return None
    if word == LITERAL:
        return word
    if word == NULL or (node.row is not None and node.row.type is Type.OBJECT):
        return None
    if free and (word == JOIN or (word == "ref" and not ids)):
        return None
    return word if isinstance(target, STANDS_BEFORE.get(word, str)) else None


def is_reserved(node: Node, value: Object) -> bool:
    """Whether a manifest that has this mapping of data at `node` must write it as a literal: it has the shape of
    something that is reserved, here or elsewhere."""
    if len(value) != 1:
        return False
    ((word, target),) = value.items()
    if word not in RESERVED or word in node.children:
        return False
    return word in (LITERAL, NULL) or isinstance(target, STANDS_BEFORE.get(word, str))


def spell(node: Node, value: Json) -> Json:
    """`value`, which belongs at `node`, as a manifest writes it: references by their words, data that reads as one as
    `{literal: ...}`."""
    if isinstance(value, SecretRef):
        return {**value.written()}
    if isinstance(value, ResourceRef):
        return {"ref": value.address}
    if isinstance(value, list):
        return [spell(UNKNOWN, item) for item in value]
    if not isinstance(value, dict):
        return value
    if is_reserved(node, value) and next(references(value), None) is None:
        return {LITERAL: value}
    return spell_members(node, value)


def spell_members(node: Node, value: Object) -> Object:
    """The same for the members of a mapping that itself is none of it: the whole body."""
    return {word: spell(child_of(node, word), member) for word, member in value.items()}


def unspellable(node: Node, value: Json, path: str = "") -> Iterator[str]:
    """Pointers of mappings that only a literal could hold, and that hold a reference."""
    if isinstance(value, dict):
        if path and LITERAL in value and is_reserved(node, value) and next(references(value), None) is not None:
            yield path
            return
        for word, member in value.items():
            yield from unspellable(child_of(node, word), member, f"{path}/{escape(word)}")
    elif isinstance(value, list) and any(True for item in value for _ in unspellable(UNKNOWN, item, "/-")):
        yield path


def child_of(node: Node, word: str) -> Node:
    """What is known about a member, in whichever vocabulary it is called."""
    return node.child(node.renames.get(word, word))


def is_written_reference(value: Json) -> bool:
    """Whether a mapping as its author wrote it is a reference or a literal: one leaf, whatever stands in it."""
    if not isinstance(value, dict) or len(value) != 1:
        return False
    ((word, target),) = value.items()
    return word in WORDS and (word not in (VALUE, JOIN) or isinstance(target, STANDS_BEFORE.get(word, str)))
