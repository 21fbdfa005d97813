"""What a run of the migrations changes in files: each file's unified diff, or like changes once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from difflib import SequenceMatcher, unified_diff

from reconciler.core.migration_result import FileChange, MigrationResult
from reconciler.core.text import visible
from reconciler.reporters.migration_questions import some

LINE = re.compile(r"[^\n]*\n|[^\n]+")
HIDDEN = "(sensitive)"
SAME = "..."
"""Stands for what is the same in the line before and after."""


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


def folded_diff(result: MigrationResult) -> Iterator[str]:
    """Every changed line once, with the files that have it: what is the same behind the words that change is left
    out, so that files which differ only there are together. New files are listed by name."""
    found: dict[tuple[str, ...], dict[str, None]] = {}
    new = [result.prefix + file.path for file in result.files if file.before is None]
    for change in result.files:
        if change.before is not None:
            for block in _blocks(change, result.secrets):
                found.setdefault(block, {})[result.prefix + change.path] = None
    for block, files in found.items():
        yield f"  {visible(some(list(files), 3))}" + (f" ({len(files)} files)" if len(files) > 1 else "")
        yield from (f"    {visible(line)}" for line in block)
    if new:
        yield f"  new: {visible(some(new))}"


def _blocks(change: FileChange, secrets: Iterable[str]) -> Iterator[tuple[str, ...]]:
    # Secrets go before anything is cut: a part of one would not be known again.
    before, after = (LINE.findall(conceal(_text(data), secrets)) for data in (change.before or b"", change.after))
    for word, a, b, c, d in SequenceMatcher(a=before, b=after, autojunk=False).get_opcodes():
        if word != "equal":
            yield from _units([_bare(one) for one in before[a:b]], [_bare(one) for one in after[c:d]])


def _bare(line: str) -> str:
    return line.rstrip("\r\n")


def _units(old: list[str], new: list[str]) -> Iterator[tuple[str, ...]]:
    """Changes of single lines by themselves: another key for the same value (which is left out), another value under
    the same key; then whatever else goes and comes."""
    for alike, shorten in ((_value, True), (_key, False)):
        for one in list(old):
            other = next((line for line in new if alike(one) and alike(line) == alike(one)), None)
            if other is not None:
                old.remove(one)
                new.remove(other)
                yield tuple(
                    f"{sign}{line.strip().removesuffix(_value(line)) + SAME if shorten else line.strip()}"
                    for sign, line in (("-", one), ("+", other))
                )
    if old or new:
        indent = min((len(line) - len(line.lstrip()) for line in (*old, *new) if line.strip()), default=0)
        yield (*(f"-{line[indent:]}" for line in old), *(f"+{line[indent:]}" for line in new))


def _key(line: str) -> str:
    """What stands before the colon, with its blanks; empty where the line is no member."""
    key, colon, value = line.partition(": ")
    return key if colon and not key.lstrip().startswith("-") and value[:1] not in ("|", ">") else ""


def _value(line: str) -> str:
    """What stands behind the colon."""
    return line.partition(": ")[2].rstrip()


def conceal(text: str, secrets: Iterable[str]) -> str:
    """The text without the secrets."""
    for secret in sorted(secrets, key=len, reverse=True):
        text = text.replace(secret, HIDDEN)
    return text


def _lines(data: bytes) -> list[str]:
    return LINE.findall(_text(data))


def _text(data: bytes) -> str:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return data.decode(encoding, "replace")
