"""Text of others in Markdown, of comments and of written files: nothing in it is a link, a mention or markup."""

from __future__ import annotations

import re
from html import escape

from reconciler.core.text import one_line, visible

_SPECIAL = re.compile(r"([\\`*_{}\[\]|~^$])")
# An empty comment parts what a forge would turn into a mention, a link to an issue or a link to a page.
_LINKS = re.compile(r"@(?=\w)|#(?=\d)|(?<=:)(?=//)|(?<=www)(?=\.)|!(?=\d)")


def prose(text: str) -> str:
    """A sentence on one line in which nothing is a link, a mention or markup."""
    parted = _LINKS.sub(lambda match: match.group() + "\x00", one_line(text))
    escaped = _SPECIAL.sub(r"\\\1", escape(parted, quote=False)).replace("\x00", "<!-- -->")
    return "\\" + escaped if escaped[:1] in ("#", "-", "+", ">", "=") else escaped


def code(text: str) -> str:
    """A name or a value as code. HTML, because a code span cannot hold every text."""
    return f"<code>{inline(one_line(text))}</code>"


def inline(text: str) -> str:
    """Text inside an HTML element: Markdown characters as entities, so that they stay what they are."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[1])};", escape(text, quote=False))


def block(text: str) -> str:
    """Text inside `<pre>`; there, Markdown does not look."""
    return escape(visible(text), quote=False)
