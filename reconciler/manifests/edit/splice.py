"""One edit of one document carried out on its text: only the part that changes is replaced, every other byte stays.

What is outside of the value that goes stays, comments included: one that stands behind a removed value becomes a
line of its own. Whether the result means what was wanted is for the caller to check (`editable_file`).
"""

from __future__ import annotations

import re

from reconciler.manifests.edit.manifest_writer import (
    Manner,
    Written,
    block_item,
    block_member,
    write_block,
    write_flow,
    write_json,
    write_key,
)
from reconciler.manifests.edit.text_layout import ALIAS, LIST, MAP, CannotEdit, Member, Part
from reconciler.types.json import Json, split


def splice_set(text: str, root: Part, pointer: str, value: Json, manner: Manner, raw: str | None = None) -> str:
    """Put `value` at `pointer`. `raw` is how it was written elsewhere, taken over where it is given.

    Raises `CannotEdit` where the way leads through an alias or a shape that is not understood.
    """
    tokens = split(pointer)
    way = [root]
    members: list[Member] = []
    for token in tokens:
        member = way[-1].member(token) if way[-1].kind in (MAP, LIST) else None
        if member is None:
            break
        members.append(member)
        way.append(member.value)
        if member.value.kind == ALIAS and len(members) < len(tokens):
            raise CannotEdit("the way there leads through an alias", member.value.start)
    missing = list(tokens[len(members) :])
    while len(missing) > 1:
        last = missing.pop()
        value, raw = ([value] if last == "-" else {last: value}), None
    edit = _Edit(text, manner)
    if not missing:
        return edit.replace(way[-2] if members else None, members[-1] if members else None, root, value, raw)
    holder = way[-1]
    if holder.kind in (MAP, LIST) and holder.members:
        return edit.add(holder, missing[0], value, raw)
    whole: Json = [value] if missing[0] == "-" else {missing[0]: value}
    return edit.replace(way[-2] if members else None, members[-1] if members else None, root, whole, None)


def splice_remove(text: str, root: Part, pointer: str, manner: Manner) -> str:
    """Take the member or item at `pointer` away; a collection that was left empty is written as such."""
    holder, member, above = _find(root, pointer)
    edit = _Edit(text, manner)
    if len(holder.members) > 1:
        return edit.remove(holder, member)
    empty: Json = [] if holder.kind == LIST else {}
    if above is None:
        return edit.replace(None, None, root, empty, None)
    return edit.replace(above[0], above[1], root, empty, None)


def splice_drop(text: str, holder: Part, member: Member, manner: Manner) -> str:
    """Take one of several members away, whatever its key is."""
    return _Edit(text, manner).remove(holder, member)


def splice_rename(text: str, root: Part, pointer: str, name: str, manner: Manner) -> str:
    """Call a member by another name, in the quotes it had."""
    _, member, _ = _find(root, pointer)
    old = text[member.start : member.key_end]
    if not old or old[0] in "&!*":
        raise CannotEdit("the key has an anchor, an alias or a tag", member.start)
    like = old[0] if old[0] in "\"'" else ""
    return text[: member.start] + write_key(name, manner, flow=False, like=like) + text[member.key_end :]


def splice_grow(text: str, root: Part, pointer: str, old: str, new: str, manner: Manner) -> str | None:
    """`new`, which starts with `old`, where `old` is a block text: its lines stay and new ones follow.

    None where the value is no block text, or the addition cannot stand in one.
    """
    _, member, _ = _find(root, pointer)
    part = member.value
    head = old.rstrip("\n")
    if part.style not in ("|", ">") or not head or not new.startswith(head) or "\r" in new:
        return None
    header, _, content = text[part.start : part.end].partition("\n")
    first = next((line for line in content.split("\n") if line.strip()), "")
    indent = first[: len(first) - len(first.lstrip(" "))]
    added = new.rstrip("\n")[len(head) :]
    if not indent or not added.startswith("\n") or re.search(r"[|>][-+]?[0-9]|\+", header.split("#")[0]):
        return None
    if part.style == ">":
        if re.search(r"\n[ \t]", added) or content.rstrip("\r\n").rsplit("\n", 1)[-1][len(indent) :][:1] in " \t":
            return None
        # In a folded text one line end more is written than is meant.
        added = re.sub(r"\n+", lambda match: match.group() + "\n", added)
    lines = [indent + line if line else "" for line in added.split("\n")[1:]]
    end = part.start + len(text[part.start : part.end].rstrip())
    return text[:end] + "".join(manner.newline + line for line in lines) + text[part.end :]


def raw_value(text: str, root: Part, pointer: str) -> str | None:
    """How the value is written, where those very characters could stand elsewhere too: on one line, without names."""
    _, member, _ = _find(root, pointer)
    part = member.value
    written = text[part.start : part.end]
    plain = part.kind != ALIAS and not part.is_block and part.style not in ("|", ">")
    return written if plain and written and "\n" not in written and not set("&*!#") & set(written) else None


def find_member(root: Part, pointer: str) -> tuple[Part, Member]:
    """The collection that holds the value at `pointer`, and the member. Raises `CannotEdit`."""
    holder, member, _ = _find(root, pointer)
    return holder, member


def _find(root: Part, pointer: str) -> tuple[Part, Member, tuple[Part, Member] | None]:
    """The collection that holds it, the member, and the collection's own holder and member."""
    holder, above, member = root, None, None
    for token in split(pointer):
        if member is not None:
            above, holder = (holder, member), member.value
        if holder.kind == ALIAS:
            raise CannotEdit("the way there leads through an alias", holder.start)
        member = holder.member(token) if holder.kind in (MAP, LIST) else None
        if member is None:
            raise CannotEdit(f"{pointer} is not written here; it may come in through a merge (<<)", holder.start)
    if member is None:
        raise CannotEdit("the whole document cannot be taken away", root.start)
    return holder, member, above


class _Edit:
    def __init__(self, text: str, manner: Manner) -> None:
        self.text = text
        self.manner = manner
        self.newline = manner.newline

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """Offset of the line end, before a carriage return."""
        end = self.text.find("\n", at)
        if end < 0:
            return len(self.text)
        return end - 1 if end > at and self.text[end - 1] == "\r" else end

    def next_line(self, at: int) -> int:
        end = self.text.find("\n", at)
        return len(self.text) if end < 0 else end + 1

    def indent_of(self, member: Member) -> str:
        """What stands before the key, as blanks."""
        before = self.text[self.line_start(member.start) : member.start]
        return before if not before.strip() else " " * len(before)

    def is_first_on_line(self, at: int) -> bool:
        return not self.text[self.line_start(at) : at].strip()

    # --- replacing ------------------------------------------------------------------------------------------------

    def replace(self, holder: Part | None, member: Member | None, root: Part, value: Json, raw: str | None) -> str:
        if holder is None or member is None:
            return self.replace_root(root, value)
        part = member.value
        if holder.flow or self.manner.json:
            shown = raw if raw is not None else self.flow_value(value, member)
            lead = " " if part.is_empty else ""
            return self.text[: part.start] + lead + shown + self.text[part.end :]
        if member.colon < 0:
            raise CannotEdit("a key written as `? key` cannot be changed", member.start)
        written = Written(raw) if raw is not None else write_block(value, self.manner, self.indent_of(member))
        return self.replace_in_block(member, written)

    def replace_root(self, root: Part, value: Json) -> str:
        shown = write_json(value, self.manner, "") if self.manner.json else write_flow(value, self.manner)
        return self.text[: root.start] + shown + self.text[root.end :]

    def replace_in_block(self, member: Member, written: Written) -> str:
        """Behind the colon the new head, below it the new lines; comments beside the old value stay."""
        text, part = self.text, member.value
        below = "".join(self.newline + line for line in written.lines)
        first_line_end = self.line_end(member.colon)
        if part.start > first_line_end:
            # The old value starts on a line of its own.
            comment = text[member.colon : first_line_end]
            start = self.line_start(part.start)
            last = self.line_end(part.end)
            behind = text[part.end : last].strip()
            # Not deeper than the key: below a block text that would make it a part of the text.
            kept = self.indent_of(member) + behind if behind else ""
            head = f" {written.head}" if written.head else ""
            between = text[first_line_end:start]
            if below and between.strip():
                raise CannotEdit("there is a comment between the key and its value", member.start)
            rest = between if kept else between.removesuffix("\n").removesuffix("\r")
            return text[: member.colon] + head + comment + below + rest + kept + text[last:]
        gap = text[member.colon : part.start] or " "
        # A text that keeps its last line ends (`|+`) holds that of its own last line, too.
        end = self.line_end(part.end - 1) if text[part.end - 1 : part.end] == "\n" else part.end
        last = self.line_end(end)
        header = self.header_comment(part)
        if not below:
            return text[: member.colon] + gap + written.head + header + text[end:]
        behind = header or text[end:last].rstrip()
        head = gap + written.head if written.head else ""
        return text[: member.colon] + head + behind + below + text[last:]

    def header_comment(self, part: Part) -> str:
        """The comment behind the `|` or `>` of a block text, with the blanks before it."""
        if part.style not in ("|", ">"):
            return ""
        header = self.text[part.start : self.line_end(part.start)]
        return header[len(header.split("#", 1)[0].rstrip()) :] if "#" in header else ""

    def flow_value(self, value: Json, member: Member) -> str:
        if not self.manner.json:
            return write_flow(value, self.manner, self.quote_of(member))
        before = self.text[self.line_start(member.start) : member.start]
        if before.strip() or not isinstance(value, (dict, list)) or not value:
            return write_flow(value, self.manner)
        return write_json(value, self.manner, before)

    def quote_of(self, member: Member) -> str:
        sign = self.text[member.start : member.start + 1]
        return sign if member.key is not None and sign in ('"', "'") else ""

    # --- removing -------------------------------------------------------------------------------------------------

    def remove(self, holder: Part, member: Member) -> str:
        index = next(at for at, one in enumerate(holder.members) if one is member)
        if holder.flow:
            return self.remove_in_flow(holder, index)
        text = self.text
        if member.colon < 0:
            raise CannotEdit("a key written as `? key` cannot be taken away", member.start)
        end = max(member.value.end, member.colon)
        if not self.is_first_on_line(member.start):
            following = holder.members[index + 1] if index + 1 < len(holder.members) else None
            if following is None or "#" in text[end : following.start]:
                raise CannotEdit("the member shares its line with something else", member.start)
            return text[: member.start] + text[following.start :]
        start, behind = self.line_start(member.start), text[end : self.line_end(end)].strip()
        if behind:
            return text[:start] + self.indent_of(member) + behind + text[self.line_end(end) :]
        stop = end if end > start and text[end - 1 : end] == "\n" else self.next_line(end)
        if stop == len(text) and not text.endswith("\n") and start > 0:
            start -= 2 if text[start - 2 : start] == "\r\n" else 1
        return text[:start] + text[stop:]

    def remove_in_flow(self, holder: Part, index: int) -> str:
        text, members = self.text, holder.members
        member = members[index]
        if index + 1 < len(members):
            following = members[index + 1].start
            between = text[member.value.end : following]
            if "#" not in between:
                return text[: member.start] + text[following:]
            return text[: member.start] + between.replace(",", "", 1).lstrip(" ") + text[following:]
        before = members[index - 1].value.end if index else member.start
        between = text[before : member.start]
        if "#" in between:
            return text[: member.start] + text[member.value.end :]
        return text[:before] + text[member.value.end :]

    # --- adding ---------------------------------------------------------------------------------------------------

    def add(self, holder: Part, key: str, value: Json, raw: str | None) -> str:
        if (holder.kind == LIST) != (key == "-"):
            raise CannotEdit("a list takes items and a mapping takes members", holder.start)
        return (
            self.add_in_flow(holder, key, value, raw) if holder.flow else self.add_in_block(holder, key, value, raw)
        )

    def add_in_flow(self, holder: Part, key: str, value: Json, raw: str | None) -> str:
        text, last = self.text, holder.members[-1]
        if text[holder.end - 1 : holder.end] not in ("}", "]"):
            raise CannotEdit("the collection has no brackets", holder.start)
        own_line = self.is_first_on_line(last.start)
        like = self.quote_of(last)
        if raw is not None:
            shown = raw
        elif self.manner.json and own_line and isinstance(value, (dict, list)) and value:
            shown = write_json(value, self.manner, self.indent_of(last))
        else:
            shown = write_flow(value, self.manner, like)
        if holder.kind == MAP:
            shown = f"{write_key(key, self.manner, flow=True, like=like)}: {shown}"
        lead = self.newline + self.indent_of(last) if own_line else " "
        at = last.value.end
        return text[:at] + "," + lead + shown + text[at:]

    def add_in_block(self, holder: Part, key: str, value: Json, raw: str | None) -> str:
        text, last = self.text, holder.members[-1]
        indent = self.indent_of(holder.members[0])
        if holder.kind == LIST:
            lines = block_item(value, self.manner, indent)
        elif raw is not None:
            lines = (f"{indent}{write_key(key, self.manner, flow=False)}: {raw}",)
        else:
            lines = block_member(key, value, self.manner, indent, like=self.quote_of(last))
        shown = self.newline.join(lines)
        end = max(last.value.end, last.colon, last.key_end)
        if end and text[end - 1] == "\n":
            return text[:end] + shown + self.newline + text[end:]
        at = self.line_end(end)
        return text[:at] + self.newline + shown + text[at:]
