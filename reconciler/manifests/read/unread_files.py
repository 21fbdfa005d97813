"""Files that are read as no manifest although they were meant as one: by their name, or by how they begin."""

from __future__ import annotations

import re

from reconciler.manifests.read.detect_kind import API_VERSION, SHARED_WORDS
from reconciler.manifests.read.raw_manifest import STATEMENTS
from reconciler.manifests.tree.decode import readable
from reconciler.manifests.tree.file_search import LINES, MARKDOWN
from reconciler.manifests.tree.file_tree import SUFFIXES
from reconciler.types.kind import Kinds

LARGEST = 64 * 1024
"""So many bytes of a file are looked at."""
BEGINNING = 10
"""Front matter is expected within so many lines."""

_KEY = re.compile(r"""(?:^|[{,\[])[ \t]*(?:-[ \t]+)?["']?(\w+)["']?[ \t]*[:=][ \t]*["']?([\w./-]*)""", re.MULTILINE)
_FENCE = re.compile(r"[ \t\ufeff]*(-{3,}|\+{3,}|;{3,})[ \t]*([A-Za-z]*)[ \t]*")
_CODE = re.compile(r"[ \t]*(```|~~~)")
_COMMENT = re.compile(r"[ \t\ufeff]*(?:#|//|/\*|\*|<!--|\{[{%#]|%|$)")
_STRUCTURE = re.compile(r"""[ \t\ufeff]*(?:-{3}|\+{3}|[\[{]|(?:-[ \t]+)?["']?\w+["']?[ \t]*[:=])""")


def by_name(name: str, data: bytes, kinds: Kinds) -> tuple[str, str] | None:
    """(what it looks like, what to do) for a file whose name is none of a manifest; None where it is not like one."""
    plain = name.lower()
    if plain.endswith(LINES):
        return "it looks like JSON Lines", "write a document for each line"
    text = readable(data[:LARGEST])
    parts = plain.split(".")[1:]
    if not MARKDOWN.isdisjoint(parts):
        inner = _front_matter(text, kinds)
        found = _ours(inner[1], kinds) if inner is not None else None
    else:
        first = next((line for line in text.splitlines() if not _COMMENT.match(line)), "")
        found = _ours(text, kinds) if _STRUCTURE.match(first) else None
    if found is None:
        return None
    usual = next((one for one in SUFFIXES if one[1:] in parts), ".md" if not MARKDOWN.isdisjoint(parts) else ".yaml")
    hint = f"write it to a file that ends in {usual}, or list it under sources.exclude"
    return f"it looks like {found}, and manifests end in {', '.join(SUFFIXES)}", hint


def by_beginning(text: str, kinds: Kinds) -> tuple[str, str] | None:
    """The same for Markdown that has no front matter in its first line, and a manifest's words near it."""
    inner = _front_matter(text[:LARGEST], kinds)
    found = _ours(inner[1], kinds) if inner is not None else None
    if inner is None or found is None:
        return None
    return (
        f"it looks like {found}, but {inner[0]}",
        "write it as YAML between two lines of three dashes, the first of the file",
    )


def _front_matter(text: str, kinds: Kinds) -> tuple[str, str] | None:
    """(how it begins, the text) of what was meant as front matter."""
    lines = text.replace("\r\n", "\n").split("\n")
    for number, line in enumerate(lines[:BEGINNING]):
        if _CODE.match(line):
            return None
        fence = _FENCE.fullmatch(line)
        if fence is None:
            continue
        before = _bare(lines[:number])
        if _ours(before[1], kinds) is not None:
            return before
        sign = fence[1]
        end = next((at for at in range(number + 1, len(lines)) if lines[at].strip() in (sign, "...")), len(lines))
        inner = "\n".join(lines[number + 1 : end])
        if sign != "---" or fence[2]:
            return "its front matter is not fenced as YAML", inner
        if number or line != sign:
            return "its front matter does not begin with the first character of the file", inner
        return "its front matter is not one mapping that a single line of three dashes ends", inner
    return _bare(lines)


def _bare(lines: list[str]) -> tuple[str, str]:
    first = next((number for number, line in enumerate(lines) if not _COMMENT.match(line)), len(lines))
    end = next((at for at in range(first, len(lines)) if lines[at].strip() in ("---", "")), len(lines))
    return "no line of three dashes stands before it", "\n".join(lines[first:end])


def _ours(text: str, kinds: Kinds) -> str | None:
    """What a text speaks of by its keys: a manifest, or the body of an object."""
    body = None
    words = {*kinds.words, *STATEMENTS} - SHARED_WORDS
    bodies = {key: kind.name for kind in kinds.bare for key in kind.bare_keys if "_" in key}
    for key, value in _KEY.findall(text):
        if (key == "apiVersion" and value == API_VERSION) or (key == "kind" and value in words):
            return "a manifest"
        body = body or bodies.get(key)
    return f"the body of a {body}" if body is not None else None
