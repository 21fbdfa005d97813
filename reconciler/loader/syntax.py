"""What the YAML parser's errors mean, in our words and with a way out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.loader.findings import YAML, Findings
from reconciler.types.source import Span

if TYPE_CHECKING:
    from yaml import YAMLError

_HINTS = {
    "tab": "indent with spaces",
    "cannot start any token": "put the value in quotes; tabs cannot indent",
    "mapping values are not allowed": "put a value that contains ': ' in quotes, or use a block text (|)",
    "undefined alias": "define the anchor (&name) before it, or put a text that starts with * in quotes",
    "did not find expected key": "check the indentation, and put texts with special characters in quotes",
    "did not find expected ',' or": "close the bracket, and separate the items with commas",
    "expected <block end>": "check the indentation: members of one mapping start in the same column",
    "could not find expected ':'": "check the indentation and the quotes of the lines before",
    "escape": "use single quotes, or write the backslash twice",
}


def report_syntax(problem: YAMLError, text: str, path: str, findings: Findings) -> None:
    """Add a parser's error to `findings` with file, line, column and a hint."""
    from yaml.error import MarkedYAMLError

    if isinstance(problem, MarkedYAMLError):
        what = problem.problem or problem.context or "not readable as YAML"
        mark = problem.problem_mark or problem.context_mark
        hint = next((hint for word, hint in _HINTS.items() if word in what), None)
        context = problem.context or ""
        if "end of stream" in what and "quoted scalar" in context:
            what, mark, hint = "a quote that is never closed", problem.context_mark or mark, "close the quote"
        elif context and context not in what:
            what = f"{what} ({context})"
        span = Span(path, mark.line + 1, mark.column + 1) if mark else Span(path, 1, 1)
        findings.error(YAML, f"not valid YAML: {what}", span=span, hint=hint)
        return
    character = getattr(problem, "character", None)
    if isinstance(character, int):
        offset = max(text.find(chr(character)), 0)
        findings.error(
            YAML,
            f"not valid YAML: the control character U+{character:04X} may not stand in a file",
            span=span_at(text, offset, path),
            hint="remove it, or write it as an escape in double quotes",
        )
        return
    findings.error(YAML, f"not valid YAML: {problem}", span=Span(path, 1, 1))


def span_at(text: str, offset: int, path: str) -> Span:
    """The place of a character offset in `text`."""
    return Span(path, text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
