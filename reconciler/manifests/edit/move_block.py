"""A block of YAML taken to another place of its document with everything that is written in it, comments too."""

from __future__ import annotations

import re

from reconciler.manifests.edit.splice import find_member
from reconciler.manifests.edit.text_layout import MAP, Part

MARK = "moved-block-0"
"""Stands where the block belongs until it is put there."""
_TARGET = re.compile(r"( *)[^\s#{}\[\],-][^#{}\[\]]*: $")
_REST = re.compile(r"[ \t]*(?:#[^\n]*)?\r?$")


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
