"""YAML text -> JSON values: the C parser, YAML 1.2 words, and a clear error for every trap.

PyYAML's C parser composes the nodes; the values are built here instead of by PyYAML's constructor, because that one
accepts duplicate keys, reads `off` as false and dates as objects, and is slower. The nodes' marks give the place of
whatever has to be reported, so a clean file pays for no position bookkeeping of ours.
"""

from __future__ import annotations

from sys import intern
from typing import TYPE_CHECKING, Any

from reconciler.manifests.read import yaml_rules
from reconciler.manifests.read.yaml_documents import Refused, nodes
from reconciler.manifests.read.yaml_rules import MAX_DEPTH, TOO_DEEP, depth_exceeded, report_syntax, span_at
from reconciler.manifests.tree.problems import AMBIGUOUS, DUPLICATE, YAML, Findings
from reconciler.types.diagnostic import Span
from reconciler.types.json import Json, Object

if TYPE_CHECKING:
    from yaml.nodes import Node

EXPANSION = 100_000
"""How many more values than characters a file may stand for once its aliases are expanded."""
LONG_TEXT = 1_000
MAX_PROBLEMS = 100
"""After so many findings the rest of a file is not looked at: they have one cause."""


def parse_yaml(text: str, path: str, findings: Findings) -> list[tuple[int, Json]]:
    """All documents of `text` as (number in the file, value); empty documents are left out.

    Whatever is wrong is added to `findings` with its place; a broken document hides none of the others.
    Never raises for any text.
    """
    documents: list[tuple[int, Json]] = []

    def broken(problem: Exception, lines: str, offset: int) -> None:
        if isinstance(problem, Refused):
            span = _span(problem.mark, path) if problem.mark is not None else span_at(lines, offset, path)
            findings.error(YAML, problem.message, span=span)
        elif isinstance(problem, RecursionError):
            deep = depth_exceeded(lines[offset:], len(lines)) or 0
            findings.error(YAML, TOO_DEEP, span=span_at(lines, offset + deep, path))
        else:
            report_syntax(problem, lines, path, findings, offset)

    for index, node in enumerate(nodes(text, broken)):
        if node is None:
            continue
        try:
            value = _Build(text, path, findings).value(node, 0)
        except Refused as problem:
            findings.error(YAML, problem.message, span=_span(problem.mark, path))
            continue
        if value is not None:
            documents.append((index, value))
    return documents


class _Build:
    """Builds the value of one document from its nodes; aliases become copies."""

    def __init__(self, text: str, path: str, findings: Findings) -> None:
        import yaml

        self.scalar, self.sequence = yaml.ScalarNode, yaml.SequenceNode
        self.path = path
        self.findings = findings
        self.left = len(text) + EXPANSION
        self.problems_left = MAX_PROBLEMS
        self.characters_left = len(text) + 100 * EXPANSION

    def value(self, node: Node, depth: int) -> Json:
        kind = type(node)
        if kind is self.scalar:
            return (
                intern(node.value) if node.tag == yaml_rules.STR and len(node.value) < LONG_TEXT else self.leaf(node)
            )
        self.left -= len(node.value) + 1
        if self.left < 0:
            raise Refused("aliases expand to too many values; write the values out", node)
        if depth >= MAX_DEPTH:
            raise Refused(f"{TOO_DEEP}, or an alias that contains itself", node)
        if node.tag and not node.tag.startswith("tag:yaml.org,2002:"):
            self.error(node, f"the tag {node.tag} means nothing here", "remove it")
        if kind is self.sequence:
            return [self.value(item, depth + 1) for item in node.value]
        return self.mapping(node, depth)

    def mapping(self, node: Node, depth: int) -> Object:
        result: Object = {}
        merges: list[Node] = []
        for key_node, value_node in node.value:
            if type(key_node) is self.scalar:
                if key_node.tag == yaml_rules.MERGE:
                    merges.append(value_node)
                    continue
                key = intern(key_node.value)
                if not key and key_node.tag != yaml_rules.STR:
                    self.error(key_node, "an empty key", "write a name before the colon")
            else:
                self.error(
                    key_node,
                    "a key must be text, not a list or a mapping",
                    "put a value that starts with { or [ in quotes, for example one with {{placeholders}}",
                )
                continue
            if key in result:
                self.duplicate(node, key_node)
            result[key] = self.value(value_node, depth + 1)
        for merge in merges:
            self.merge(result, merge, depth)
        return result

    def merge(self, into: Object, node: Node, depth: int) -> None:
        """`<<: *anchor` or `<<: [*a, *b]`: members that are not there yet; the earlier source wins."""
        value = self.value(node, depth + 1)
        sources = value if isinstance(value, list) else [value]
        if not all(isinstance(source, dict) for source in sources):
            self.error(node, "<< merges mappings only", "point it at an anchor of a mapping")
            return
        for source in sources:
            if isinstance(source, dict):
                for key, member in source.items():
                    into.setdefault(key, member)

    def leaf(self, node: Node) -> Json:
        tag, text = node.tag, node.value
        if tag == yaml_rules.STR:
            self.characters_left -= len(text)
            if self.characters_left < 0:
                raise Refused("aliases expand to too much text; write the values out", node)
            return intern(text)  # thousands of manifests say the same, and the account says it again
        if tag == yaml_rules.NULL:
            return None
        if tag == yaml_rules.BOOL:
            if text.lower() in {"true", "false"}:
                return bool(text.lower() == "true")
            self.error(node, f"{text!r} is not a boolean", "write true or false")
            return None
        if tag in {yaml_rules.NUMBER, yaml_rules.INT, yaml_rules.FLOAT}:
            return self.number(node)
        if tag == yaml_rules.OLD_BOOL:
            self.warn(node, text)
            return str(text)
        if tag == yaml_rules.NOT_JSON:
            self.error(node, f"{text} is not a JSON value", "write a finite number, or put it in quotes")
            return None
        if tag not in {yaml_rules.MERGE, yaml_rules.TIMESTAMP, "!"}:
            self.error(node, f"the tag {tag.replace('tag:yaml.org,2002:', '!!')} means nothing here", "remove it")
        return str(text)

    def number(self, node: Node) -> Json:
        try:
            value = yaml_rules.number(node.value)
        except yaml_rules.NotJson as problem:
            self.error(node, str(problem), None)
            return None
        if isinstance(value, str) and node.tag != yaml_rules.NUMBER:
            self.error(node, f"{node.value!r} is not a number", "remove the tag, or correct the number")
        if node.tag == yaml_rules.NUMBER:
            self.warn(node, value)
        return value

    def count(self, node: Node) -> None:
        self.problems_left -= 1
        if self.problems_left < 0:
            raise Refused(f"more than {MAX_PROBLEMS} problems in one document; the rest was not read", node)

    def warn(self, node: Node, value: int | float | str) -> None:
        reading = yaml_rules.ambiguity(node.value, value)
        if reading and self.problems_left > 0:
            self.problems_left -= 1
            self.findings.warning(
                AMBIGUOUS,
                f"unquoted {node.value} is {reading}",
                span=_span(node.start_mark, self.path),
                hint="put it in quotes, or write true or false if you mean a boolean",
            )

    def duplicate(self, node: Node, again: Node) -> None:
        self.count(again)
        first = next(key for key, _ in node.value if key.value == again.value)
        self.findings.error(
            DUPLICATE,
            f"the key {again.value!r} stands twice in one mapping (first at line {first.start_mark.line + 1}, "
            f"column {first.start_mark.column + 1})",
            span=_span(again.start_mark, self.path),
            hint="keep one of the two",
        )

    def error(self, node: Node, summary: str, hint: str | None) -> None:
        self.count(node)
        self.findings.error(YAML, summary, span=_span(node.start_mark, self.path), hint=hint)


def _span(mark: Any, path: str) -> Span:
    return Span(path, mark.line + 1, mark.column + 1) if mark is not None else Span(path, 1, 1)
