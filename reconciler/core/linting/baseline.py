"""The baseline: findings that somebody accepted as they are, told by what they say, never by a line."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace

from reconciler.core.linting.rule import Rule
from reconciler.registry import Registry
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Object

BASELINE = ".baseline.yaml"
"""Its file, beside the project file."""


@dataclass(frozen=True, slots=True, order=True)
class Accepted:
    """One accepted finding."""

    code: str
    about: str
    """An address, or the file of what has none."""
    pointer: str = ""
    text: str = ""
    is_file: bool = False

    def as_object(self) -> Object:
        """As it stands in the file."""
        found: Object = {"code": self.code, "file" if self.is_file else "address": self.about}
        return found | ({"pointer": self.pointer} if self.pointer else {}) | {"text": self.text}


def accepted_form(finding: Diagnostic, rules: Registry[Rule]) -> Accepted | None:
    """What a baseline holds of a finding; None for what nobody can accept: an error that stops runs, and what is
    about no resource and no file."""
    if finding.is_error and not (finding.code in rules and rules.get(finding.code).taken):
        return None
    if finding.address is not None:
        return Accepted(finding.code, str(finding.address), finding.pointer or "", finding.summary)
    path = finding.span.path if finding.span else finding.source.path if finding.source else None
    return None if path is None else Accepted(finding.code, path, finding.pointer or "", finding.summary, True)


def mark_accepted(
    found: Iterable[Diagnostic], baseline: Collection[Accepted], rules: Registry[Rule]
) -> tuple[Diagnostic, ...]:
    """The same findings; those that the baseline holds say so."""
    if not baseline:
        return tuple(found)
    return tuple(replace(one, accepted=True) if accepted_form(one, rules) in baseline else one for one in found)


def to_accept(found: Iterable[Diagnostic], rules: Registry[Rule]) -> set[Accepted]:
    """What a new baseline holds: everything that a person is shown and that can be accepted."""
    forms = (accepted_form(one, rules) for one in found if one.severity is not Severity.INFO)
    return {form for form in forms if form is not None}


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
