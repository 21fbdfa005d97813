"""A manifest file's text cut into pieces that are edited on their own: its documents, or the bodies of a list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from reconciler.loader.documents import Document
from reconciler.loader.layout import LIST, Part, json_layout
from reconciler.loader.textedit import EditableText, is_json
from reconciler.loader.writing import Manner

_START = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_OTHER_MARKS = re.compile(r"^(?:\.\.\.|%)|[\x85\u2028\u2029]|\r(?!\n)", re.MULTILINE)
"""Other ends and heads of documents, and line ends that YAML knows and a regular expression does not."""
_SILENT = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*[ \t]*(?:#[^\n]*)?\Z")
FEW = 8
"""A list of fewer items is edited as one text."""


@dataclass(slots=True)
class Piece:
    """A part of the text. All of them in order are the whole."""

    text: str
    numbers: tuple[int, ...] = ()
    """The documents in it, by their number in the file."""
    single: bool = False
    """Exactly one document, which is number 0 in this text."""
    base: str = ""
    """Pointer to the item of a list that this is."""
    lead: str = ""
    """What stands before an item on its first line."""
    manner: Manner | None = None
    """How the file writes; set for items."""


def cut(text: str, path: str, documents: Sequence[Document]) -> list[Piece]:
    """The pieces: one a document of a YAML file, one an item of a long JSON list, else the whole text."""
    whole = [Piece(text, tuple(one.number for one in documents))]
    name = path.lower()
    if name.endswith(".md") or not documents:
        return whole
    if len(documents) == 1:
        return _items(text, path, documents[0]) or whole
    if name.endswith(".json") or _OTHER_MARKS.search(text):
        return whole
    starts = [match.start() for match in _START.finditer(text)]
    if not starts or not _SILENT.fullmatch(text, 0, starts[0]):
        starts.insert(0, 0)
    else:
        starts[0] = 0
    if documents[-1].number >= len(starts):
        return whole
    found = {one.number for one in documents}
    ends = [*starts[1:], len(text)]
    return [
        Piece(text[start:end], (number,) if number in found else (), single=True)
        for number, (start, end) in enumerate(zip(starts, ends, strict=True))
    ]


def _items(text: str, path: str, document: Document) -> list[Piece]:
    """The items of a JSON list of bodies with what stands between them; nothing where there is no such list."""
    value = document.value
    base = "/data" if isinstance(value, dict) else ""
    listed = value.get("data") if isinstance(value, dict) else value
    if not isinstance(listed, list) or len(listed) < FEW or not is_json(text):
        return []
    file = EditableText(text, path)
    root: Part = json_layout(text)[0]
    member = root.member("data") if base else None
    held = member.value if member is not None else root
    if held.kind != LIST or len(held.members) != len(listed):
        return []
    manner = file.manner(root)
    pieces: list[Piece] = []
    at = 0
    for number, one in enumerate(held.members):
        between = text[at : one.value.start]
        line = between.rpartition("\n")[2]
        pieces.append(Piece(between))
        pieces.append(Piece(text[one.value.start : one.value.end], base=f"{base}/{number}", lead=line, manner=manner))
        at = one.value.end
    pieces.append(Piece(text[at:]))
    return pieces
