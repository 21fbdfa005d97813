"""A manifest file's text made ready for edits: cut into documents and bodies of long lists; aliases written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reconciler.manifests.edit.editable_text import EditableText, is_json
from reconciler.manifests.edit.manifest_writer import Manner
from reconciler.manifests.edit.splice import splice_drop
from reconciler.manifests.edit.text_layout import ALIAS, LIST, MAP, Member, Part, json_layout, member_end, yaml_layout
from reconciler.manifests.read.envelope import Document
from reconciler.types.json import escape, lookup, within
from reconciler.types.manifest import Edit, SetValue

_START = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_OTHER_MARKS = re.compile(r"^(?:\.\.\.|%)|[\x85\u2028\u2029]|\r(?!\n)", re.MULTILINE)
"""Other ends and heads of documents, and line ends that YAML knows and a regular expression does not."""
_SILENT = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:#[^\n]*)?\Z")
FEW = 8
"""A list of fewer items is edited as one text."""
MOST = 1_000
"""Aliases that are written out for one change."""


@dataclass(slots=True)
class Piece:
    """A part of the text. All of them in order are the whole."""

    text: str
    numbers: tuple[int, ...] = ()
    """The documents in it, by their number in the file."""
    single: bool = False
    """Exactly one document, which is number 0 in this text."""
    item: tuple[int, str] | None = None
    """The item of a list that this is: the number of its document, and its pointer there."""
    inner: str = ""
    """Where that item stands in this text: in YAML below a list of its own, for the dash belongs to it."""
    lead: str = ""
    """What stands before an item of JSON on its first line."""
    manner: Manner | None = None
    """How the file writes; set for items of JSON."""


def cut(text: str, path: str, documents: Sequence[Document]) -> list[Piece]:
    """The pieces: one a document of a YAML file, one an item of a long list of bodies, else the whole text."""
    whole = [Piece(text, tuple(one.number for one in documents))]
    name = path.lower()
    if name.endswith(".md") or not documents:
        return whole
    if len(documents) == 1 and is_json(text):
        return _json_items(text, path, documents[0]) or whole
    if name.endswith(".json") or _OTHER_MARKS.search(text):
        return whole
    found = {one.number: one for one in documents}
    pieces: list[Piece] = []
    for index, part in enumerate(_documents(text, documents)):
        document = found.get(index)
        if document is None:
            pieces.append(Piece(part, single=True))
        else:
            pieces += _yaml_items(part, document) or [Piece(part, (index,), single=True)]
    return pieces or whole


def _documents(text: str, documents: Sequence[Document]) -> list[str]:
    """The text of each document of a YAML file; nothing where they cannot be told apart."""
    if len(documents) == 1 and documents[0].number == 0:
        return [text]
    starts = [match.start() for match in _START.finditer(text)]
    if not starts or not _SILENT.fullmatch(text, 0, starts[0]):
        starts.insert(0, 0)
    else:
        starts[0] = 0
    if documents[-1].number >= len(starts):
        return []
    return [text[start:end] for start, end in zip(starts, [*starts[1:], len(text)], strict=True)]


def _bodies(document: Document) -> tuple[str, int] | None:
    """Where a document has a long list of bodies, and how long it is."""
    value = document.value
    listed = value.get("data") if isinstance(value, dict) else value
    if not isinstance(listed, list) or len(listed) < FEW:
        return None
    return "/data" if isinstance(value, dict) else "", len(listed)


def _held(root: Part, base: str, count: int) -> tuple[Member | None, Part] | None:
    """That list in the text, with the member that holds it; None where the text says it otherwise."""
    member = root.member("data") if base else None
    held = member.value if member is not None else root
    return (member, held) if held.kind == LIST and len(held.members) == count else None


def _json_items(text: str, path: str, document: Document) -> list[Piece]:
    """The items of a JSON list of bodies with what stands between them; nothing where there is no such list."""
    found = _bodies(document)
    if found is None:
        return []
    file, (base, count) = EditableText(text, path), found
    root = json_layout(text)[0]
    there = _held(root, base, count)
    if there is None:
        return []
    manner = file.manner(root)
    pieces: list[Piece] = []
    at = 0
    for index, member in enumerate(there[1].members):
        between = text[at : member.value.start]
        item = (document.number, f"{base}/{index}")
        line = between.rpartition("\n")[2]
        pieces.append(Piece(between))
        pieces.append(Piece(text[member.value.start : member.value.end], item=item, lead=line, manner=manner))
        at = member.value.end
    pieces.append(Piece(text[at:]))
    return pieces


def _yaml_items(text: str, document: Document) -> list[Piece]:
    """The same for a block list in the text of one YAML document: lines of an item, with the comments above it, are
    a list of one item by themselves."""
    found = _bodies(document)
    if found is None:
        return []
    base, count = found
    roots = yaml_layout(text)
    there = _held(roots[0], base, count) if len(roots) == 1 else None
    if there is None or there[1].flow or not _is_untied(roots[0], there[1]):
        return []
    member, held = there
    lines = [text.rfind("\n", 0, one.start) + 1 for one in held.members]
    if any(text[line : one.start].strip(" ") or one.colon < 0 for line, one in zip(lines, held.members, strict=True)):
        return []
    ends = [_next_line(text, member_end(one)) for one in held.members]
    start = 0 if member is None else _next_line(text, member.colon)
    if not _SILENT.fullmatch(text, start, lines[0]):
        start = lines[0]
    pieces = [Piece(text[:start])]
    for index, (begin, end) in enumerate(zip([start, *ends], ends, strict=False)):
        pieces.append(Piece(text[begin:end], item=(document.number, f"{base}/{index}"), inner="/0"))
    return [*pieces, Piece(text[ends[-1] :])]


def _next_line(text: str, at: int) -> int:
    """Where the line after the one with the character before `at` begins."""
    return text.find("\n", at - 1) + 1 or len(text)


def _is_untied(root: Part, held: Part) -> bool:
    """Whether no alias leads from an item of the list to anything but the item itself, nor into an item."""
    items = {id(member.value) for member in held.members}
    for member in held.members:
        known: set[str] = set()
        for part in _parts(member.value, frozenset()):
            if part.kind == ALIAS and part.anchor not in known:
                return False
            known.add(part.anchor)
    return not any(part.kind == ALIAS for part in _parts(root, items))


def _parts(root: Part, without: frozenset[int] | set[int]) -> Iterator[Part]:
    """The value and what is in it, in the order in which it is written."""
    todo = [root]
    while todo:
        part = todo.pop()
        if id(part) not in without:
            yield part
            todo += [member.value for member in reversed(part.members)]


def written_out(text: str, path: str, number: int, document: Document, edits: Sequence[Edit]) -> str:
    """The text without the aliases and merges that tie the edited places to others; the same text where none does.

    Raises what `EditableText` raises where one cannot be written out.
    """
    names = _related(EditableText(text, path).roots[number], [edit.pointer for edit in edits])
    for _ in range(MOST):
        file = EditableText(text, path)
        found = next(_aliases(file.roots[number], "", names), None)
        if found is None:
            break
        pointer, holder, member = found
        if member.key is None and holder.kind == MAP:
            text = _without_merge(file, number, pointer, holder, member, document)
        else:
            text = file.apply(number, SetValue(pointer, lookup(document.value, pointer)), document)
    return text


def _without_merge(
    file: EditableText, number: int, pointer: str, holder: Part, member: Member, document: Document
) -> str:
    """The members that come in through `<<` stand in the mapping itself."""
    value = lookup(document.value, pointer)
    written = {one.key for one in holder.members}
    missing = {key: item for key, item in value.items() if key not in written} if isinstance(value, dict) else {}
    if len(holder.members) == 1:
        return file.apply(number, SetValue(pointer, value), document)
    inner = splice_drop(file.inner, holder, member, file.manner(file.roots[number]))
    text = file.text[: file.start] + inner + file.text[file.stop :]
    for key, one in missing.items():
        text = file.again(text).apply(number, SetValue(f"{pointer}/{escape(key)}", one), document)
    return text


def _related(root: Part, pointers: Sequence[str]) -> frozenset[str]:
    """Names of the anchors that stand at, above or below one of the places, and of the aliases that lead there."""
    names: set[str] = set()
    todo = [(root, "")]
    while todo:
        part, at = todo.pop()
        if part.anchor and any(within(pointer, at) or within(at, pointer) for pointer in pointers):
            names.add(part.anchor)
        todo += [(member.value, _below(at, part, index, member)) for index, member in enumerate(part.members)]
    return frozenset(names)


def _aliases(part: Part, at: str, names: frozenset[str]) -> Iterator[tuple[str, Part, Member]]:
    """Aliases of these names with their places; a merge has the place of its mapping."""
    for index, member in enumerate(part.members):
        place = _below(at, part, index, member)
        merged = member.value if part.kind == MAP and member.key is None else None
        if merged is not None and merged.kind == LIST:
            if any(one.value.anchor in names for one in merged.members):
                yield at, part, member
        elif member.value.kind == ALIAS and member.value.anchor in names:
            yield place, part, member
        else:
            yield from _aliases(member.value, place, names)


def _below(at: str, part: Part, index: int, member: Member) -> str:
    if part.kind == LIST:
        return f"{at}/{index}"
    return at if member.key is None else f"{at}/{escape(member.key)}"
