"""The place of a canonical pointer in a document as its author wrote it: other words, items by name, references."""

from __future__ import annotations

from dataclasses import dataclass, replace

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.core.canonical.field_tree import Node, build_field_tree
from reconciler.core.canonical.keyed_lists import item_names
from reconciler.core.canonical.references import LITERAL
from reconciler.manifests.read.envelope import MARKDOWN_BODY, Document
from reconciler.types.json import Json, join, lookup, split
from reconciler.types.kind import KindSpec

REFERENCES: dict[str, type] = {"env": str, "file": str, "ref": str, "value": str, "join": list}
"""What leads elsewhere -> what it stands before."""


class Misplaced(Exception):
    """A value cannot be written there; the text says why."""


@dataclass(frozen=True, slots=True)
class RawPlace:
    """`pointer` is a document pointer, fit for an edit, whether or not something stands there."""

    pointer: str
    exists: bool
    value: Json = None
    file: str | None = None
    """The path of the file that the value comes from."""
    shared: str = ""
    """What of the project file, or of several texts, makes the value: `the value "brand"`."""
    in_body: bool = False
    """It is the text below the front matter."""
    taken: bool = False
    """It lies in a literal: what stands there is data, whatever it looks like."""


def find_place(spec: KindSpec, document: Document, base: str, pointer: str) -> RawPlace:
    """Where the document, whose body stands at `base`, says the value at `pointer`.

    Raises `Misplaced` where the way there ends at something that is no object: a reference, a text, null.
    """
    here: Json = lookup(document.value, base)
    node: Node = build_field_tree(spec)
    tokens = split(pointer)
    way = list(split(base))
    words = _vocabulary(spec, here)
    taken = False
    for index, token in enumerate(tokens):
        if not taken and _reference(here) is not None:
            raise Misplaced(f"{join(*way)} comes from a reference")
        if not taken and is_literal(here):
            taken = True
            way.append(LITERAL)
            here = lookup(here, join(LITERAL))
        if isinstance(here, dict):
            word = _spelling(node, token, here)
            if word is None:
                return replace(_missing(node, way, tokens[index:], words, document, pointer), taken=taken)
            way.append(word)
            here = here[word]
        elif isinstance(here, list):
            place = _item(node, token, here)
            if place is None and index + 1 < len(tokens):
                raise Misplaced(f"{join(*way)} has no item {token}")
            if place is None:
                return RawPlace(join(*way, "-"), False, taken=taken)
            way.append(str(place))
            here = here[place]
        else:
            raise Misplaced(f"{join(*way)} is no mapping")
        node = node.child(token)
    reference = None if taken else _reference(here)
    file = reference[1] if reference and reference[0] == "file" else None
    shared = _shared(reference, here) if reference is not None else ""
    return RawPlace(join(*way), True, here, file, shared, taken=taken)


def is_literal(value: Json) -> bool:
    """Whether an author wrote `{literal: ...}`."""
    return isinstance(value, dict) and len(value) == 1 and LITERAL in value


def _missing(
    node: Node, way: list[str], rest: tuple[str, ...], words: str, document: Document, pointer: str
) -> RawPlace:
    if document.body is not None and pointer == f"/{MARKDOWN_BODY}":
        return RawPlace(join(*way, *rest), bool(document.body), document.body, in_body=True)
    for token in rest:
        row = node.child(token).row
        way.append(row.wire_names.get(words, token) if row is not None else token)
        if node.row is not None and (node.row.keyed or node.row.item_key):
            raise Misplaced(f"{join(*way[:-1])} is not there")
        node = node.child(token)
    return RawPlace(join(*way), False)


def _spelling(node: Node, token: str, here: dict[str, Json]) -> str | None:
    """The word for `token` that the author used."""
    others = [word for word, canonical in node.renames.items() if canonical == token]
    found = [word for word in (token, *others) if word in here]
    if len(found) > 1:
        raise Misplaced(f"{' and '.join(found)} say it twice")
    return found[0] if found else None


def _vocabulary(spec: KindSpec, body: Json) -> str:
    """Whose words the body speaks, by its own top level; ours where it does not show."""
    if isinstance(body, dict):
        for other in spec.vocabularies[1:]:
            if any(row.wire_names.get(other) in body for row in spec.fields if row.path.count("/") == 1):
                return other
    return next(iter(spec.vocabularies), "")


def _item(node: Node, token: str, items: list[Json]) -> int | None:
    names: list[str | None]
    if node.row is not None and node.row.item_key is not None:
        names = [*item_names(node.row.item_key, items)]
    elif node.row is not None and node.row.keyed:
        names = [tool_name(item) for item in items]
    else:
        raise Misplaced("it lies inside a list")
    return names.index(token) if token in names else None


def _shared(reference: tuple[str, str], value: Json) -> str:
    word, target = reference
    if word == "value":
        return f"the value {target!r} of the project file"
    parts = value.get("join") if isinstance(value, dict) else None
    return f"texts put together: {', '.join(map(_part, parts))}" if isinstance(parts, list) else ""


def _part(part: Json) -> str:
    """One of the texts that are put together, in few words."""
    if isinstance(part, dict) and len(part) == 1:
        ((word, target),) = part.items()
        return f"{word} {target}" if isinstance(target, str) else str(word)
    return "a text" if isinstance(part, str) else "a number"


def _reference(value: Json) -> tuple[str, str] | None:
    if isinstance(value, dict) and len(value) == 1:
        ((word, target),) = value.items()
        if word in REFERENCES and isinstance(target, REFERENCES[word]):
            return word, target if isinstance(target, str) else ""
    return None
