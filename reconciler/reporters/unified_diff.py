"""The difference between the old and the new text of a file, as a unified diff that a person can read."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import unified_diff

from reconciler.core.migrating.migration_result import FileChange
from reconciler.core.text import visible

LINE = re.compile(r"[^\n]*\n|[^\n]+")
HIDDEN = "(sensitive)"


def file_diff(change: FileChange, secrets: Iterable[str] = (), prefix: str = "") -> str:
    """The unified diff of one file; what a screen hides is written out, secrets are not shown."""
    before = _lines(change.before or b"")
    after = _lines(change.after)
    path = visible(prefix + change.path)
    old = f"a/{path}" if change.before is not None else "/dev/null"
    shown: list[str] = []
    for line in unified_diff(before, after, old, f"b/{path}", lineterm=""):
        shown.append(visible(line.rstrip("\r\n")))
        if line[:1] in ("+", "-", " ") and not line.endswith("\n") and not line.startswith(("--- ", "+++ ")):
            shown.append("\\ No newline at end of file")
    return conceal("\n".join(shown), secrets)


def conceal(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _lines(data: bytes) -> list[str]:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return LINE.findall(data.decode(encoding, "replace"))
