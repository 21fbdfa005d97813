"""Edits of manifest files: the source text is spliced, read again, and kept only if nothing but the edit changed.

A file that holds several documents, Markdown with front matter, JSON, CRLF line ends, a byte order mark, UTF-16: all
are given back as they came. Each document is edited in a piece of text of its own, and so is each body of a long
list: an edit costs what its body is long, not what its file is.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.canonical.raw_edit import EditUnfit, rebase
from reconciler.manifests.edit.document_pieces import Piece, cut, written_out
from reconciler.manifests.edit.editable_text import EditableText, edited
from reconciler.manifests.edit.text_layout import CannotEdit
from reconciler.manifests.read.envelope import Document, read_documents
from reconciler.manifests.read.json_text import parse_json
from reconciler.manifests.tree.decode import decode
from reconciler.manifests.tree.problems import Findings
from reconciler.types.diagnostic import Source, Span
from reconciler.types.json import Json, lookup, within
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Edit, EditRefused

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def rewrite(data: bytes, path: str, edits: Sequence[tuple[int, Edit]]) -> bytes:
    """The bytes of the file after `edits`, each for the document of that number; pointers are document pointers.

    All or nothing. Raises `EditRefused` when an edit would change anything else (an anchor that is used
    elsewhere, a merge), or when the file is not readable to begin with.
    """
    file = EditableFile(data, path)
    for number, group in groupby(edits, lambda pair: pair[0]):
        file.edit(number, [edit for _, edit in group])
    return file.data()


@dataclass(frozen=True, slots=True)
class _Place:
    """A piece, and how the document, or the item of a list, that it holds is called there."""

    piece: Piece
    number: int = 0
    base: str = ""
    """What leads to it in its document: of an item its pointer, else nothing."""

    def inside(self, edit: Edit) -> Edit:
        """The edit for the piece."""
        return rebase(rebase(edit, self.base, back=True), self.piece.inner)

    def document(self, document: Document) -> Document:
        """What the piece holds of its document."""
        if not self.base:
            return replace(document, number=self.number)
        value = lookup(document.value, self.base)
        return Document([value] if self.piece.inner else value)


class EditableFile:
    """One file, read once, that takes any number of edits and is written once."""

    def __init__(
        self, data: bytes, path: str, documents: Sequence[Document] | None = None, *, values: bool = False
    ) -> None:
        """`documents` are those of the file where they were read already. With `values`, anchors and aliases that are
        in the way of an edit are written out as the values that they are, instead of refusing it.

        Raises `EditRefused` for a file that cannot be read.
        """
        self.path = path
        self._values = values
        self._mark, self._encoding = _encoding(data)
        self._before = data
        documents = _read(data, path) if documents is None else documents
        self.documents = {document.number: document for document in documents}
        text = data[len(self._mark) :].decode(self._encoding)
        self._lines: dict[int, int] | None = None
        """Of each piece, by its identity: how many lines stand before it. None until somebody asks."""
        self._take(cut(text, path, documents))
        self._changed = False

    def edit(self, number: int, edits: Sequence[Edit]) -> Callable[[], None]:
        """Carry out all of `edits` on one document, or none; what is given back takes them back again.

        Raises `EditRefused`, with nothing changed.
        """
        document = self.documents.get(number)
        if document is None:
            raise EditRefused(f"there is no document number {number + 1}", Span(self.path, 1, 1))
        place = self._place_of(number, [edit.pointer for edit in edits])
        if place is None:
            self._join()
            place = self._places[number, ""]
        inner = [place.inside(edit) for edit in edits]
        after, text = self._edited(place, document, inner)
        piece, before = place.piece, place.piece.text
        piece.text = text[len(piece.lead) :]
        undo = self._put(place, number, document, after)
        self._changed, self._lines = True, None

        def back() -> None:
            piece.text, self._lines = before, None
            undo()

        return back

    def _edited(self, place: _Place, document: Document, edits: Sequence[Edit]) -> tuple[Document, str]:
        """What a piece holds and says after the edits, its aliases written out where they are in the way."""
        piece, held = place.piece, place.document(document)
        try:
            return self._carried_out(piece, place.number, held, edits)
        except EditRefused as refusal:
            plain = self._written_out(piece, place.number, held, edits) if self._values else piece.text
            if plain == piece.text:
                raise
            try:
                return self._carried_out(replace(piece, text=plain), place.number, held, edits)
            except EditRefused:
                raise refusal from None

    def _put(self, place: _Place, number: int, document: Document, after: Document) -> Callable[[], None]:
        """Let the document be what was made of its piece; what is given back takes it back."""
        holder, _, token = place.base.rpartition("/")
        items = lookup(document.value, holder) if place.base else None
        if not isinstance(items, list):
            self.documents[number] = replace(after, number=number)
            return lambda: self.documents.update({number: document})
        before = items[int(token)]
        items[int(token)] = lookup(after.value, place.piece.inner)

        def back() -> None:
            items[int(token)] = before

        return back

    def _written_out(self, piece: Piece, number: int, document: Document, edits: Sequence[Edit]) -> str:
        """The text of a piece in which nothing ties the edited places to others; unchanged where that cannot be."""
        if "&" not in piece.text or piece.manner is not None:
            return piece.text
        try:
            return written_out(piece.text, self.path, number, document, edits)
        except (CannotEdit, EditUnfit, EditRefused, IndexError):
            return piece.text

    def data(self) -> bytes:
        """The bytes of the file as it is now, read once more. Raises `EditRefused` where they do not say what they
        should."""
        if not self._changed:
            return self._before
        data = self._mark + "".join(piece.text for piece in self._pieces).encode(self._encoding)
        after = {document.number: document for document in _read(data, self.path)}
        for number in sorted({*self.documents, *after}):
            wanted, found = self.documents.get(number), after.get(number)
            if (
                wanted is None
                or found is None
                or wanted.body != found.body
                or not json_equal(wanted.value, found.value)
            ):
                raise EditRefused("changing this document would change another one", Span(self.path, 1, 1))
        return data

    def text_of(self, number: int, base: str) -> tuple[str, Source]:
        """The text of the piece that holds the body at `base` of a document, and where the body stands there."""
        place = self._place_of(number, [f"{base}/"])
        if place is None:
            return "".join(piece.text for piece in self._pieces), Source(self.path, number, base)
        return place.piece.text, Source(self.path, place.number, place.piece.inner + base.removeprefix(place.base))

    def place(self, number: int, base: str, pointer: str, kind: KindSpec) -> Span:
        """Line and column of a value in the body at `base` of a document, or of what is nearest to it."""
        from reconciler.manifests.read.source_spans import locate

        text, source = self.text_of(number, base)
        place = self._place_of(number, [f"{base}/"])
        lead = place.piece.lead if place is not None else ""
        span = locate(lead + text, source, pointer, kind=kind)
        return self._moved(span, place.piece) if place is not None else span

    def _take(self, pieces: list[Piece]) -> None:
        self._pieces = pieces
        self._lines = None
        self._places: dict[tuple[int, str], _Place] = {}
        self._lists: dict[int, str] = {}
        for piece in pieces:
            for number in piece.numbers:
                self._places[number, ""] = _Place(piece, 0 if piece.single else number)
            if piece.item is not None:
                self._places[piece.item] = _Place(piece, 0, piece.item[1])
                self._lists[piece.item[0]] = piece.item[1].rpartition("/")[0]

    def _place_of(self, number: int, pointers: Sequence[str]) -> _Place | None:
        """The piece of a document, or of the item of a list that all the places lie in; None where there is none."""
        if number not in self._lists:
            return self._places.get((number, ""))
        above = self._lists[number]
        base = f"{above}/{pointers[0].removeprefix(f'{above}/').partition('/')[0]}" if pointers else ""
        inside = all(within(pointer, base) and pointer != base for pointer in pointers)
        return self._places.get((number, base)) if inside else None

    def _carried_out(
        self, piece: Piece, number: int, document: Document, edits: Sequence[Edit]
    ) -> tuple[Document, str]:
        """The document and the text of its piece after the edits, proven to say the same."""
        text = piece.lead + piece.text
        item = (len(piece.lead), piece.manner) if piece.manner is not None else None
        others = {one: self.documents[one] for one in piece.numbers if not piece.single and one != number}
        after = document
        for edit in edits:
            file = EditableText(text, self.path, item)
            try:
                text = file.apply(number, edit, after)
                after = edited(after, edit)
            except CannotEdit as problem:
                raise EditRefused(problem.message, self._moved(file.place(problem), piece)) from None
            except EditUnfit as problem:
                raise EditRefused(str(problem), self._moved(file.where(number), piece)) from None
        self._check(piece, text, {**others, number: after}, edits)
        return after, text

    def _check(self, piece: Piece, text: str, wanted: dict[int, Document], edits: Sequence[Edit]) -> None:
        """Refuse what does not read as wanted, naming the place where it differs."""
        pointers = ", ".join(edit.pointer for edit in edits)
        findings = Findings()
        if piece.manner is not None:
            found = {
                number: Document(value, number)
                for number, value in parse_json(text[len(piece.lead) :], self.path, findings)
            }
        else:
            found = {document.number: document for document in read_documents(text.encode(), self.path, findings)}
        if findings.has_errors:
            first = next(diagnostic for diagnostic in findings.items if diagnostic.is_error)
            reason = f"the file would not be readable any more after changing {pointers} ({first.summary})"
            raise EditRefused(reason, self._moved(first.span or Span(self.path, 1, 1), piece))
        for number in sorted({*wanted, *found}):
            document, other = wanted.get(number), found.get(number)
            if document is None or other is None or document.body != other.body:
                raise EditRefused("changing this document would change another one", Span(self.path, 1, 1))
            pointer = _difference(document.value, other.value, "")
            if pointer is not None:
                from reconciler.manifests.read.source_spans import locate

                span = locate(text, Source(self.path, number), pointer)
                raise EditRefused(
                    f"changing {pointers} would also change {pointer or 'the document'}: "
                    "an anchor or a merge ties them together; write the value out first",
                    self._moved(span, piece),
                )

    def _moved(self, span: Span, piece: Piece) -> Span:
        """A place of a piece as one of the file."""
        if self._lines is None:
            self._lines, lines = {}, 0
            for one in self._pieces:
                self._lines[id(one)] = lines
                lines += one.text.count("\n")
        return replace(span, line=span.line + self._lines.get(id(piece), 0))

    def _join(self) -> None:
        """One piece again, for edits that lie in no item of the list."""
        text = "".join(piece.text for piece in self._pieces)
        self._take([Piece(text, tuple(self.documents))])


def _encoding(data: bytes) -> tuple[bytes, str]:
    return next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))


def _read(data: bytes, path: str) -> list[Document]:
    findings = Findings()
    if decode(data, path, findings) is not None:
        documents = read_documents(data, path, findings)
        if not findings.has_errors:
            return documents
    first = next(diagnostic for diagnostic in findings.items if diagnostic.is_error)
    raise EditRefused(first.summary, first.span or Span(path, 1, 1))


def _difference(a: Json, b: Json, path: str) -> str | None:
    """Pointer of the first place where the two differ."""
    if json_equal(a, b):
        return None
    if isinstance(a, dict) and isinstance(b, dict):
        for key in (*a, *(key for key in b if key not in a)):
            if (key in a) != (key in b) or not json_equal(a.get(key), b.get(key)):
                return _difference(a.get(key), b.get(key), f"{path}/{key}") or f"{path}/{key}"
    return path
