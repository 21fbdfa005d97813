"""Where a value stands in its file: worked out from the text on demand, never on the happy path."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, TypeAlias

from reconciler.core.canonical.field_tree import UNKNOWN, Node, build_field_tree
from reconciler.manifests.read import yaml_rules
from reconciler.manifests.read.envelope import MARKDOWN_BODY, split_front_matter
from reconciler.manifests.tree.decode import decode
from reconciler.manifests.tree.problems import Findings
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Source, Span
from reconciler.types.json import index_of, split
from reconciler.types.kind import KindSpec
from reconciler.types.manifest import Manifest

if TYPE_CHECKING:
    from yaml.nodes import MappingNode
    from yaml.nodes import Node as YamlNode

Locate: TypeAlias = Callable[[Source, str], Span]
_Mark = tuple[int, int]  # line and column, from 0


def locate(text: str, source: Source, pointer: str, *, kind: KindSpec | None = None) -> Span:
    """The place of the value at `pointer` (below `source.base`) in the text of `source.path`.

    Canonical words find their other spellings when `kind` is given. A value that is not there gives the nearest
    parent that is. Aliases lead to the anchor, merged members to where they are written. Never raises.
    """
    return find(text, source, pointer, kind=kind)[0]


def find(text: str, source: Source, pointer: str, *, kind: KindSpec | None = None) -> tuple[Span, bool]:
    """The same, and whether the value itself was found."""
    path = source.path
    suffix = path[path.rfind(".") :].lower()
    front = split_front_matter(text) if suffix == ".md" else None
    words = _choices(split(source.base), split(pointer), kind)
    if suffix == ".json" or (suffix != ".md" and text.lstrip()[:1] in {"{", "["}):
        found = _in_json(text, path, words)
        if found is not None:
            return found
    if front is not None:
        span, exact = _in_yaml(front.yaml, source, words)
        if not exact and words and MARKDOWN_BODY in words[-1]:
            return Span(path, front.line + 1, 1), True
        return span, exact
    return _in_yaml(text, source, words)


def _choices(base: tuple[str, ...], tokens: tuple[str, ...], kind: KindSpec | None) -> list[tuple[str, ...]]:
    """For every token of the way the words that may stand there, best first."""
    words: list[tuple[str, ...]] = [(token,) for token in base]
    node: Node = build_field_tree(kind) if kind is not None else UNKNOWN
    for token in tokens:
        name = node.renames.get(token, token)
        others = [word for word, canonical in node.renames.items() if canonical == name]
        words.append(tuple(dict.fromkeys((token, name, *others))))
        node = node.child(name)
    return words


def _in_yaml(text: str, source: Source, words: list[tuple[str, ...]]) -> tuple[Span, bool]:
    roots = _roots(text)
    root = roots[source.document] if source.document < len(roots) else None
    if root is None:
        return Span(source.path, 1, 1), False
    mark, exact = _descend(root, words)
    return Span(source.path, mark[0] + 1, mark[1] + 1), exact


@lru_cache(maxsize=2)
def _roots(text: str) -> list[YamlNode | None]:
    """The documents, None for each that is broken. Kept for the next finding, which is mostly in the same file."""
    from reconciler.manifests.read.yaml_documents import nodes

    return list(nodes(text, lambda *_: None))


@lru_cache(maxsize=2)
def _table(text: str) -> dict[tuple[str, ...], tuple[int, int]]:
    """Offsets of key and value by tokens; empty when the text is not JSON after all."""
    from reconciler.manifests.read.json_text import places

    try:
        json.loads(text)
        return {tokens: (key, value) for tokens, key, value in places(text)}
    except (ValueError, IndexError, RecursionError):
        return {}


@lru_cache(maxsize=2)
def _line_starts(text: str) -> list[int]:
    return [0, *(match.end() for match in re.finditer("\n", text))]


def _at(text: str, offset: int, path: str) -> Span:
    starts = _line_starts(text)
    line = bisect_right(starts, offset)
    return Span(path, line, offset - starts[line - 1] + 1)


def _descend(node: YamlNode, words: list[tuple[str, ...]]) -> tuple[_Mark, bool]:
    mark = _mark(node)
    for choices in words:
        step = _member(node, choices)
        if step is None:
            return mark, False
        key, node = step
        # A collection that starts below its key is shown at the key: that is the line one looks for.
        value = _mark(node)
        is_below = key is not None and not isinstance(node.value, str) and node.start_mark.line != key.start_mark.line
        mark = _mark(key) if is_below and key is not None else value
    return mark, True


def _mark(node: YamlNode) -> _Mark:
    return node.start_mark.line, node.start_mark.column


def _member(node: YamlNode, choices: tuple[str, ...]) -> tuple[YamlNode | None, YamlNode] | None:
    import yaml

    if isinstance(node, yaml.MappingNode):
        return _of_mapping(node, choices, 0)
    if not isinstance(node, yaml.SequenceNode):
        return None
    for token in choices:
        number = index_of(token, len(node.value))
        if number is not None:
            return None, node.value[number]
        for item in node.value:
            if _function_name(item) == token:
                return None, item
    return None


def _function_name(node: YamlNode) -> str | None:
    """The name of an inline tool, by which its leaf is called in pointers."""
    import yaml

    for word in ("function", "name"):
        found = _of_mapping(node, (word,), 0) if isinstance(node, yaml.MappingNode) else None
        if found is not None:
            node = found[1]
        elif word == "name":
            return None
    return node.value if isinstance(node, yaml.ScalarNode) else None


def _of_mapping(node: MappingNode, choices: tuple[str, ...], depth: int) -> tuple[YamlNode | None, YamlNode] | None:
    import yaml

    for token in choices:
        for key, value in reversed(node.value):
            if key.value == token and key.tag != yaml_rules.MERGE:
                return key, value
    for key, value in node.value:
        if key.tag == yaml_rules.MERGE and depth < 10:
            for source in value.value if isinstance(value, yaml.SequenceNode) else [value]:
                found = _of_mapping(source, choices, depth + 1) if isinstance(source, yaml.MappingNode) else None
                if found is not None:
                    return found
    return None


def _in_json(text: str, path: str, words: list[tuple[str, ...]]) -> tuple[Span, bool] | None:
    """None when the text is not JSON after all."""
    table = _table(text)
    if () not in table:
        return None
    here: tuple[str, ...] = ()
    exact = True
    for choices in words:
        step = next((token for token in choices if (*here, token) in table), None)
        if step is None:
            exact = False
            break
        here = (*here, step)
    key_at, value_at = table[here]
    key, value = _at(text, max(key_at, 0), path), _at(text, value_at, path)
    return (key if here and value.line != key.line else value), exact


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """By file, line and column; what has no place comes last."""
    nowhere = Span("\U0010ffff", 0, 0)
    return tuple(sorted(diagnostics, key=lambda item: item.span or nowhere))


class Places:
    """Fills in the spans of diagnostics; every file is read at most once."""

    def __init__(self, read: Callable[[str], bytes | None], shown: Callable[[str], str]) -> None:
        """`read` gives the bytes of a `Source.path`, `shown` the path as the user would write it."""
        self._read = read
        self._shown = shown
        self._texts: dict[str, str] = {}

    def locate(self, source: Source, pointer: str, kind: KindSpec | None = None) -> Span:
        span, _ = find(self._text(source.path), source, pointer, kind=kind)
        return Span(self._shown(source.path), span.line, span.column)

    def place(
        self, diagnostics: Iterable[Diagnostic], manifests: Mapping[Address, Manifest] | None = None
    ) -> tuple[Diagnostic, ...]:
        """The diagnostics with their spans; a value that only an overlay holds is shown there.

        Spans that are already there stay as they are.
        """
        return tuple(
            diagnostic.at(self._place(diagnostic, manifests or {})) if diagnostic.span is None else diagnostic
            for diagnostic in diagnostics
        )

    def show(self, diagnostics: Iterable[Diagnostic]) -> list[Diagnostic]:
        """The diagnostics whose spans bear a `Source.path`, with the path as the user would write it."""
        return [
            item
            if item.span is None
            else item.at(Span(self._shown(item.span.path), item.span.line, item.span.column))
            for item in diagnostics
        ]

    def _place(self, diagnostic: Diagnostic, manifests: Mapping[Address, Manifest]) -> Span | None:
        source, address = diagnostic.source, diagnostic.address
        if source is None:
            return None
        in_spec = source.base or not (diagnostic.pointer or "").startswith("/metadata")
        manifest = manifests.get(address) if address is not None else None
        kind = manifest.kind if manifest is not None and in_spec else None
        pointer = diagnostic.pointer or ""
        span, exact = find(self._text(source.path), source, pointer, kind=kind)
        if not exact and manifest is not None:
            for overlay in (*reversed(manifest.overlays), *reversed(manifest.defaults)):
                other, found = find(self._text(overlay.path), overlay, pointer, kind=kind)
                if found:
                    span = other
                    break
        return Span(self._shown(span.path), span.line, span.column)

    def _text(self, path: str) -> str:
        if path not in self._texts:
            data = self._read(path)
            self._texts[path] = (decode(data, path, Findings()) if data is not None else None) or ""
        return self._texts[path]
