"""`# reconciler: keep L32 reason`: a comment that silences findings of the named rules on one place of a file."""

from __future__ import annotations

import re
from collections.abc import Sequence

KEEP = re.compile(r"(?:^|\s)(?:#|<!--|//)\s*reconciler:\s*keep\s+(?P<rest>.*?)\s*(?:-->)?\s*$")
LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


def split_lines(text: str) -> list[str]:
    """The lines of a file, broken where YAML breaks lines (and not, as `splitlines` does, at a form feed)."""
    return LINE_BREAK.split(text)


def kept_codes(line: str) -> frozenset[str]:
    """The codes that a line's comment keeps: `# reconciler: keep L32, L28 until the voice is chosen`.

    Codes come first, separated by commas or blanks; the first word that is no code starts the reason.
    """
    match = KEEP.search(line)
    if match is None:
        return frozenset()
    codes: set[str] = set()
    for word in match["rest"].replace(",", " ").split():
        word = word.rstrip(":;")
        if not re.fullmatch(r"[LlMm]\d{2,3}|E-[a-z0-9-]+", word):
            break
        codes.add(word if word.startswith("E-") else word.upper())
    return frozenset(codes)


def is_kept(lines: Sequence[str], line: int, code: str) -> bool:
    """Whether a finding of `code` on `line` (from 1) is kept on purpose."""
    return code in codes_at(lines, line)


def codes_at(lines: Sequence[str], line: int) -> frozenset[str]:
    """The codes that are kept on `line` (from 1).

    The comment stands on the line itself or on comment lines directly above it; blank lines and anything that is
    no comment end the search.
    """
    if not 1 <= line <= len(lines):
        return frozenset()
    codes = kept_codes(lines[line - 1])
    for at in range(line - 2, -1, -1):
        if not lines[at].strip().startswith(("#", "<!--", "//")):
            break
        codes |= kept_codes(lines[at])
    return codes
