"""One text of manifests and the edits that are carried out on it: what is not edited stays as it is written."""

from __future__ import annotations

import json
import re
from dataclasses import replace

from reconciler.core.canonical.canonical_form import json_equal
from reconciler.core.canonical.raw_edit import EditUnfit, edit_document, exists, prunable_pointer, steps
from reconciler.manifests.edit.manifest_writer import Manner
from reconciler.manifests.edit.splice import (
    find_member,
    raw_value,
    splice_grow,
    splice_remove,
    splice_rename,
    splice_set,
)
from reconciler.manifests.edit.text_layout import MAP, CannotEdit, Part, json_layout, json_part, yaml_layout
from reconciler.manifests.read.envelope import MARKDOWN_BODY, Document
from reconciler.manifests.read.yaml_reader import parse_yaml
from reconciler.manifests.tree.problems import Findings
from reconciler.types.diagnostic import Span
from reconciler.types.json import lookup
from reconciler.types.manifest import Edit, EditRefused, MoveValue, RemoveValue, RenameKey, SetValue

_FENCE = re.compile(r"---[ \t]*\r?\n")
_CLOSE = re.compile(r"^---[ \t]*(?:\r?\n|\Z)", re.MULTILINE)
MARK = "moved-block-0"
"""Stands where the block belongs until it is put there."""
_TARGET = re.compile(r"( *)[^\s#{}\[\],-][^#{}\[\]]*: $")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?\r?$")


def edited(document: Document, edit: Edit) -> Document:
    """The document's data after one edit; in Markdown the prompt may be the text below the front matter."""
    if _is_body(document, edit):
        return replace(document, body=_new_body(edit))
    return replace(document, value=edit_document(document.value, edit))


def _is_body(document: Document, edit: Edit) -> bool:
    """Whether the edit is about the text below the front matter."""
    if document.body is None or edit.pointer not in (f"/{MARKDOWN_BODY}", f"/spec/{MARKDOWN_BODY}"):
        return False
    if exists(document.value, edit.pointer):
        return False
    if isinstance(edit, RemoveValue):
        return bool(document.body)
    return isinstance(edit, SetValue) and isinstance(edit.value, str)


def _new_body(edit: Edit) -> str:
    """The text below the front matter after `edit`; none is an empty one."""
    return str(edit.value) if isinstance(edit, SetValue) else ""


class EditableText:
    """A text, and the slice of it that is YAML or JSON.

    `item` says that the text is one value of a larger JSON file: where it begins, and how that file writes.
    """

    def __init__(self, text: str, path: str, item: tuple[int, Manner] | None = None) -> None:
        self.text = text
        self.path = path
        self.item = item
        self.start, self.stop = 0, len(text)
        if path.lower().endswith(".md"):
            self.start, self.stop, self.body, self.body_end = front_matter(text)
        self.inner = text[self.start : self.stop]
        self.json = item is not None or path.lower().endswith(".json") or is_json(self.inner)
        self.roots = self.layout()

    def again(self, text: str) -> EditableText:
        """The same for a text that was changed."""
        return EditableText(text, self.path, self.item)

    def layout(self) -> list[Part]:
        if self.item is not None:
            return [json_part(self.inner, self.item[0])]
        if self.json:
            return json_layout(self.inner)
        from yaml import YAMLError

        try:
            return yaml_layout(self.inner)
        except YAMLError:
            raise EditRefused("the file is no longer readable", Span(self.path, 1, 1)) from None

    def apply(self, number: int, edit: Edit, document: Document) -> str:
        if _is_body(document, edit):
            return self.with_body(_new_body(edit))
        root = self.roots[number]
        manner = self.manner(root)
        match edit:
            case SetValue():
                inner = self.grown(number, edit, document, manner) or splice_set(
                    self.inner, root, edit.pointer, edit.value, manner
                )
            case RemoveValue():
                inner = splice_remove(self.inner, root, prunable_pointer(document.value, edit), manner)
            case RenameKey():
                if exists(document.value, edit.pointer.rpartition("/")[0] + "/" + edit.name):
                    raise EditUnfit(f"{edit.name} is already there")
                inner = splice_rename(self.inner, root, edit.pointer, edit.name, manner)
            case MoveValue():
                return self.move(number, edit, document)
        return self.text[: self.start] + inner + self.text[self.stop :]

    def move(self, number: int, edit: MoveValue, document: Document) -> str:
        put, take = steps(document.value, edit)
        assert isinstance(put, SetValue)
        root = self.roots[number]
        whole = None if self.json else self.moved_whole(number, put, take, edit, document)
        if whole is not None:
            return whole
        raw = raw_value(self.inner, root, edit.pointer)
        inner = splice_set(self.inner, root, put.pointer, put.value, self.manner(root), raw)
        text = self.text[: self.start] + inner + self.text[self.stop :]
        return self.again(text).apply(number, take, edited(document, put))

    def moved_whole(self, number: int, put: SetValue, take: Edit, edit: MoveValue, document: Document) -> str | None:
        """The text with the block moved as it is written, None where its value has to be written anew."""
        found = block_at(self.inner, self.roots[number], edit.pointer)
        if found is None:
            return None
        block, column, bare = found
        base = self.again(self.text[: self.start] + bare + self.text[self.stop :])
        root = base.roots[number]
        marked = splice_set(base.inner, root, put.pointer, MARK, base.manner(root), MARK)
        inner = put_block(marked, block, column)
        if inner is None:
            return None
        try:
            file = self.again(self.text[: self.start] + inner + self.text[self.stop :])
            text = file.apply(number, take, edited(document, put))
        except (EditRefused, CannotEdit, EditUnfit, IndexError):
            return None
        wanted = edit_document(document.value, edit)
        after = dict(parse_yaml(self.again(text).inner, self.path, Findings()))
        return text if json_equal(after.get(number), wanted) else None

    def grown(self, number: int, edit: SetValue, document: Document, manner: Manner) -> str | None:
        """The slice with a block text that got more lines, None where the value has to be written anew."""
        old = lookup(document.value, edit.pointer)
        if self.json or not isinstance(old, str) or not isinstance(edit.value, str) or edit.value == old:
            return None
        inner = splice_grow(self.inner, self.roots[number], edit.pointer, old, edit.value, manner)
        if inner is None:
            return None
        after = dict(parse_yaml(inner, self.path, Findings()))
        return inner if json_equal(lookup(after.get(number), edit.pointer), edit.value) else None

    def with_body(self, prompt: str) -> str:
        newline = "\r\n" if "\r\n" in self.text[: self.stop] else "\n"
        start, end = self.body, self.body_end
        lead = newline if start == len(self.text) and not self.text.endswith("\n") else ""
        return self.text[:start] + lead + prompt.replace("\n", newline) + self.text[end:]

    def manner(self, root: Part) -> Manner:
        """How the text writes."""
        if self.item is not None:
            return self.item[1]
        crlf = self.inner.count("\r\n")
        newline = "\r\n" if crlf and crlf * 2 >= self.inner.count("\n") else "\n"
        ascii = self.json and self.inner.isascii() and "\\u" in self.inner
        return Manner(newline, self.json, self.step(root), ascii, not self.inner.endswith("\n"))

    def step(self, root: Part) -> int:
        """By how much the file indents, from the first member that stands deeper than its parent."""
        stack: list[tuple[Part, int]] = [(root, -1)]
        while stack:
            part, above = stack.pop()
            if not part.members or (part.flow and not self.json):
                continue
            at = part.members[0].start
            column = at - (self.inner.rfind("\n", 0, at) + 1)
            if above >= 0 and column > above and not self.inner[at - column : at].strip(" "):
                return min(column - above, 8)
            if self.json and above < 0 and column > 0 and not self.inner[at - column : at].strip(" "):
                return min(column, 8)
            stack += [(member.value, column) for member in reversed(part.members)]
        return 2

    def place(self, problem: CannotEdit) -> Span:
        return CannotEdit(problem.message, problem.offset + self.start).span(self.text, self.path)

    def where(self, number: int) -> Span:
        offset = self.roots[number].start if number < len(self.roots) else 0
        return CannotEdit("", offset + self.start).span(self.text, self.path)


def front_matter(text: str) -> tuple[int, int, int, int]:
    """Offsets in a Markdown text: the YAML between the fences, then the prompt (less one line end at each side)."""
    opening = _FENCE.match(text)
    if opening is None:
        return 0, 0, 0, len(text)
    closing = _CLOSE.search(text, opening.end())
    if closing is None:
        return opening.end(), len(text), len(text), len(text)
    start, end = closing.end(), len(text)
    if text.startswith(("\n", "\r\n"), start):
        start += 2 if text[start] == "\r" else 1
    if end > start and text[end - 1] == "\n":
        end -= 2 if end - 1 > start and text[end - 2] == "\r" else 1
    return opening.end(), closing.start(), start, max(start, end)


def is_json(text: str) -> bool:
    if text.lstrip()[:1] not in ("{", "["):
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def block_at(text: str, root: Part, pointer: str) -> tuple[str, int, str] | None:
    """What stands behind the key of a member whose value is a block of lines, the column of that key, and the text
    without the comment that ends the block: taking a member away would leave it where it is.

    None for anything else: that is written anew. Raises `CannotEdit` where nothing is written at `pointer`.
    """
    holder, member = find_member(root, pointer)
    part = member.value
    if not part.is_block or part.anchor or holder.flow or holder.kind != MAP or member.colon < 0:
        return None
    last = part.end - 1 if text[part.end - 1] == "\n" else part.end
    end = text.find("\n", last)
    end = len(text) if end < 0 else end
    lines = text[member.colon : end]
    if "\n" not in lines or _REST.match(text[last:end]) is None:
        return None
    column = member.start - (text.rfind("\n", 0, member.start) + 1)
    rest = "\r" if lines.endswith("\r") else ""
    return lines, column, text[:last] + rest + text[end:] if text[last:end].strip() else text


def put_block(text: str, block: str, column: int) -> str | None:
    """`text` with `block` in the place of `MARK`, as deep as it belongs there; None where it cannot stand there."""
    before, mark, after = text.partition(MARK)
    if not mark or MARK in after:
        return None
    key = _TARGET.match(before[before.rfind("\n") + 1 :])
    moved = shifted(block, len(key[1]) - column) if key is not None else None
    if moved is None:
        return None
    return before.rstrip(" ") + moved + after.removeprefix("\r" if moved.endswith("\r") else "")


def shifted(block: str, by: int) -> str | None:
    """All lines but the first `by` columns deeper; None where one does not stand deep enough to come up."""
    first, *lines = block.split("\n")
    result = [first]
    for line in lines:
        if not line.strip():
            result.append(line)
        elif by >= 0:
            result.append(" " * by + line)
        elif not line[:-by].strip(" "):
            result.append(line[-by:])
        elif line.lstrip(" ").startswith("#"):
            result.append(line.lstrip(" "))
        else:
            return None
    return "\n".join(result)
