"""Vocabularies: wire words to canonical words and back, at declared places only; live bodies in canonical words."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.core.canonical.canonical_form import comparable_document, with_known_masks
from reconciler.core.canonical.field_tree import Node, build_field_tree, node_at
from reconciler.core.canonical.keyed_lists import as_list, is_named, item_index, lists_to_objects
from reconciler.core.serialization.digest import digest
from reconciler.types.json import Json, Object, escape, join, lookup, split
from reconciler.types.kind import KindSpec
from reconciler.types.live import LiveObject


def to_canonical(spec: KindSpec, body: Object) -> tuple[Object, tuple[str, ...]]:
    """`body` in canonical words, and the canonical pointers where two spellings disagree.

    Only what changes is copied. Where two spellings stand side by side, equal values become one, a null gives way,
    and otherwise the pointer is listed and the spelling of the body's own vocabulary counts: it is the one that
    `to_wire` writes.
    """
    clashes: list[str] = []
    renamed = _rename(build_field_tree(spec), body, "", clashes)
    if clashes:
        renamed = _rename(build_field_tree(spec), body, "", [], vocabulary_of(spec, body))
    return (renamed if isinstance(renamed, dict) else body), tuple(clashes)


def vocabulary_of(spec: KindSpec, body: Object) -> str:
    """The vocabulary that the members of `body` are in; the one that we write where they do not tell. Single words
    of another one are known to leak into an answer, so ours decide."""
    first, *others = spec.vocabularies or ("",)
    for other in others:
        rows = [row for row in spec.fields if other in row.wire_names and row.path.count("/") == 1]
        if not any(row.path[1:] in body for row in rows) and any(row.wire_names[other] in body for row in rows):
            return other
    return first


def _rename(node: Node, value: Json, path: str, clashes: list[str], vocabulary: str = "") -> Json:
    if not isinstance(value, dict):
        return value
    result = value
    if node.renames and not node.renames.keys().isdisjoint(value):
        result = {}
        for word, member in value.items():
            name = node.renames.get(word, word)
            known = result.get(name)
            if known is None:
                result[name] = member
            elif member is not None and member != known:
                clashes.append(f"{path}/{escape(name)}")
                row = node.child(name).row
                if row is not None and row.wire_names.get(vocabulary, name) == word:
                    result[name] = member
    for word in node.renames_below:
        if word in result:
            child = _rename(node.children[word], result[word], f"{path}/{word}", clashes, vocabulary)
            if child is not result[word]:
                result = {**result, word: child}
    return result


def wire_name(node: Node, word: str, vocabulary: str, like: Json) -> str:
    """How the member `word` of `node` is called on the wire.

    The spelling that the object `like` already uses wins; otherwise the vocabulary decides.
    """
    row = node.child(word).row
    preferred = row.wire_names.get(vocabulary, word) if row is not None else word
    if isinstance(like, dict) and preferred not in like:
        for spelling in (word, *node.renames):
            if spelling in like and node.renames.get(spelling, word) == word:
                return spelling
    return preferred


def to_wire(spec: KindSpec, body: Object, vocabulary: str, like: Json = None) -> Object:
    """`body` (canonical) in the words of `vocabulary`, or in those that the live object `like` uses."""
    return _to_wire(build_field_tree(spec), body, vocabulary, like)


def _to_wire(node: Node, body: Mapping[str, Json], vocabulary: str, like: Json) -> Object:
    result: Object = {}
    for word, member in body.items():
        name = wire_name(node, word, vocabulary, like)
        child = node.children.get(word)
        if child is not None and isinstance(member, dict) and _translates(child):
            member = _to_wire(child, member, vocabulary, like.get(name) if isinstance(like, dict) else None)
        result[name] = member if child is None else as_list(child, member)
    return result


def _translates(node: Node) -> bool:
    return bool(node.renames or node.renames_below or node.named_below)


def wire_pointer(spec: KindSpec, pointer: str, vocabulary: str, like: Json) -> str:
    """A canonical pointer as the live object `like` would spell it; a named item is its place, `-` for a new one."""
    node = build_field_tree(spec)
    tokens: list[str] = []
    for token in split(pointer):
        if isinstance(like, list) and is_named(node):
            place = item_index(node, token, like)
            name = "-" if place is None else str(place)
            like = None if place is None else like[place]
        else:
            name = wire_name(node, token, vocabulary, like)
            like = like.get(name) if isinstance(like, dict) else None
        tokens.append(name)
        node = node.child(token)
    return join(*tokens)


def wire_pointers(spec: KindSpec, pointer: str, vocabulary: str, like: Json) -> tuple[str, ...]:
    """Every place at which the live object `like` holds the field at the canonical `pointer`; one where none does."""
    *above, word = split(pointer)
    parent = wire_pointer(spec, join(*above), vocabulary, like) if above else ""
    holder = lookup(like, parent) if parent else like
    node = node_at(spec, join(*above)) if above else build_field_tree(spec)
    held = [name for name in holder if node.renames.get(name, name) == word] if isinstance(holder, dict) else []
    return tuple(f"{parent}/{escape(name)}" for name in held) or (wire_pointer(spec, pointer, vocabulary, like),)


def wire_value(spec: KindSpec, pointer: str, value: Json, vocabulary: str) -> Json:
    """A value that will stand at the canonical `pointer`, with the members inside it in wire words."""
    node = node_at(spec, pointer)
    if isinstance(value, dict) and _translates(node):
        value = _to_wire(node, value, vocabulary, None)
    return as_list(node, value)


def live_document(spec: KindSpec, live: LiveObject) -> Object:
    """The live body in canonical words, with what the API keeps apart from it where that is known."""
    document = with_known_masks(spec, lists_to_objects(spec, to_canonical(spec, live.body)[0]))
    if spec.separate_pointers:
        document = {name: member for name, member in document.items() if f"/{name}" not in spec.separate_pointers}
        if spec.attachments is not None and live.tools is not None:
            document[spec.attachments[1:]] = list(live.tools)
        document |= {pointer[1:]: part for pointer, part in live.parts.items()}
    return document


def object_digest(spec: KindSpec, live: LiveObject) -> str:
    """Digest of the whole object as a list or a GET showed it, without server-owned members and what is apart."""
    return body_digest(spec, comparable_document(spec, live_document(spec, live)))


def body_digest(spec: KindSpec, document: Object) -> str:
    """The same of a document that `comparable_document` gave."""
    return digest({name: member for name, member in document.items() if f"/{name}" not in spec.separate_pointers})
