"""Edits of manifest files: the source text is spliced, read again, and kept only if nothing but the edit changed.

A file that holds several documents, Markdown with front matter, JSON, CRLF line ends, a byte order mark, UTF-16: all
are given back as they came. Each document is edited in a piece of text of its own, and so is each body of a long JSON
list: an edit costs what its document is long, not what its file is.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from reconciler.core.canonical import same
from reconciler.core.documentedit import Unfit, rebase
from reconciler.kinds.base import KindSpec
from reconciler.loader.aliases import written_out
from reconciler.loader.decode import decode
from reconciler.loader.documents import Document, read_documents
from reconciler.loader.findings import Findings
from reconciler.loader.jsontext import parse_json
from reconciler.loader.layout import CannotEdit
from reconciler.loader.pieces import Piece, cut
from reconciler.loader.textedit import EditableText, edited
from reconciler.types.edit import Edit, EditRefused
from reconciler.types.json import Json, lookup, within
from reconciler.types.source import Span

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
    """Which piece an edit belongs to, and where the piece begins in its document."""

    piece: int
    base: str = ""


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
        self.documents = {one.number: one for one in documents}
        text = data[len(self._mark) :].decode(self._encoding)
        self._pieces = cut(text, path, documents)
        self._places: dict[int, _Place] = {
            number: _Place(at) for at, piece in enumerate(self._pieces) for number in piece.numbers
        }
        self._changed = False

    def edit(self, number: int, edits: Sequence[Edit]) -> Callable[[], None]:
        """Carry out all of `edits` on one document, or none; what is given back takes them back again.

        Raises `EditRefused`, with nothing changed.
        """
        document = self.documents.get(number)
        if document is None:
            raise EditRefused(f"there is no document number {number + 1}", Span(self.path, 1, 1))
        item = self._item(number, edits)
        if item is not None:
            at, index = item
            return self._edit_item(at, index, document, edits)
        if number not in self._places:
            self._join()
        at = self._places[number].piece
        piece = self._pieces[at]
        local = 0 if piece.single else number
        try:
            after, text = self._carried_out(piece, local, document, edits)
        except EditRefused as refusal:
            plain = self._written_out(piece, local, document, edits) if self._values else piece.text
            if plain == piece.text:
                raise
            try:
                after, text = self._carried_out(replace(piece, text=plain), local, document, edits)
            except EditRefused:
                raise refusal from None
        before, piece.text = piece.text, text
        self.documents[number] = after
        self._changed = True

        def undo() -> None:
            piece.text = before
            self.documents[number] = document

        return undo

    def _written_out(self, piece: Piece, number: int, document: Document, edits: Sequence[Edit]) -> str:
        """The text of a piece in which nothing ties the edited places to others; unchanged where that cannot be."""
        if "&" not in piece.text or piece.manner is not None:
            return piece.text
        try:
            return written_out(piece.text, self.path, number, document, edits)
        except (CannotEdit, Unfit, EditRefused, IndexError):
            return piece.text

    def data(self) -> bytes:
        """The bytes of the file as it is now, read once more. Raises `EditRefused` where they do not say what they
        should."""
        if not self._changed:
            return self._before
        data = self._mark + "".join(piece.text for piece in self._pieces).encode(self._encoding)
        after = {one.number: one for one in _read(data, self.path)}
        for number in sorted({*self.documents, *after}):
            wanted, found = self.documents.get(number), after.get(number)
            if wanted is None or found is None or wanted.body != found.body or not same(wanted.value, found.value):
                raise EditRefused("changing this document would change another one", Span(self.path, 1, 1))
        return data

    def text_of(self, number: int) -> tuple[str, int]:
        """The text of the piece that holds a document, and the document's number there. Empty for list items: JSON
        has no comments."""
        at = self._places.get(number)
        if at is None:
            return "", 0
        return self._pieces[at.piece].text, 0 if self._pieces[at.piece].single else number

    def place(self, number: int, base: str, pointer: str, kind: KindSpec) -> Span:
        """Line and column of a value in the body at `base` of a document, or of what is nearest to it."""
        from reconciler.loader.spans import locate
        from reconciler.types.source import Source

        at = self._places.get(number)
        if at is None:
            text = "".join(piece.text for piece in self._pieces)
            return locate(text, Source(self.path, number, base), pointer, kind=kind)
        piece = self._pieces[at.piece]
        source = Source(self.path, 0 if piece.single else number, base)
        return self._moved(locate(piece.text, source, pointer, kind=kind), piece)

    def _item(self, number: int, edits: Sequence[Edit]) -> tuple[int, int] | None:
        """The piece of a list item that all edits lie in, and the number of the item."""
        if number in self._places or not edits:
            return None
        for base in {piece.base.rpartition("/")[0] for piece in self._pieces[1:2]}:
            token = edits[0].pointer[len(base) + 1 :].partition("/")[0]
            where = f"{base}/{token}"
            at = 2 * int(token) + 1 if token.isdigit() else len(self._pieces)
            inside = all(within(edit.pointer, where) and edit.pointer != where for edit in edits)
            if inside and at < len(self._pieces) and self._pieces[at].base == where:
                return at, int(token)
        return None

    def _edit_item(self, at: int, index: int, document: Document, edits: Sequence[Edit]) -> Callable[[], None]:
        piece = self._pieces[at]
        items = lookup(document.value, piece.base.rpartition("/")[0])
        assert isinstance(items, list)
        inner = [rebase(edit, piece.base, back=True) for edit in edits]
        after, text = self._carried_out(piece, 0, Document(items[index], 0), inner)
        value, before = items[index], piece.text
        piece.text, items[index] = text[len(piece.lead) :], after.value
        self._changed = True

        def undo() -> None:
            piece.text, items[index] = before, value

        return undo

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
            except Unfit as problem:
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
            found = {one.number: one for one in read_documents(text.encode(), self.path, findings)}
        if findings.has_errors:
            first = next(one for one in findings.items if one.is_error)
            reason = f"the file would not be readable any more after changing {pointers} ({first.summary})"
            raise EditRefused(reason, self._moved(first.span or Span(self.path, 1, 1), piece))
        for number in sorted({*wanted, *found}):
            one, other = wanted.get(number), found.get(number)
            if one is None or other is None or one.body != other.body:
                raise EditRefused("changing this document would change another one", Span(self.path, 1, 1))
            pointer = _difference(one.value, other.value, "")
            if pointer is not None:
                from reconciler.loader.spans import locate
                from reconciler.types.source import Source

                span = locate(text, Source(self.path, number), pointer)
                raise EditRefused(
                    f"changing {pointers} would also change {pointer or 'the document'}: "
                    "an anchor or a merge ties them together; write the value out first",
                    self._moved(span, piece),
                )

    def _moved(self, span: Span, piece: Piece) -> Span:
        """A place of a piece as one of the file."""
        lines = 0
        for one in self._pieces:
            if one is piece:
                break
            lines += one.text.count("\n")
        return replace(span, line=span.line + lines)

    def _join(self) -> None:
        """One piece again, for edits that lie in no item of the list."""
        text = "".join(piece.text for piece in self._pieces)
        self._pieces = [Piece(text, tuple(self.documents))]
        self._places = {number: _Place(0) for number in self.documents}


def _encoding(data: bytes) -> tuple[bytes, str]:
    return next(((mark, name) for mark, name in _MARKS if data.startswith(mark)), (b"", "utf-8"))


def _read(data: bytes, path: str) -> list[Document]:
    findings = Findings()
    if decode(data, path, findings) is not None:
        documents = read_documents(data, path, findings)
        if not findings.has_errors:
            return documents
    first = next(one for one in findings.items if one.is_error)
    raise EditRefused(first.summary, first.span or Span(path, 1, 1))


def _difference(a: Json, b: Json, path: str) -> str | None:
    """Pointer of the first place where the two differ."""
    if same(a, b):
        return None
    if isinstance(a, dict) and isinstance(b, dict):
        for key in (*a, *(key for key in b if key not in a)):
            if (key in a) != (key in b) or not same(a.get(key), b.get(key)):
                return _difference(a.get(key), b.get(key), f"{path}/{key}") or f"{path}/{key}"
    return path
