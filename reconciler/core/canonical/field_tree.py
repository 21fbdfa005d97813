"""A kind's field table as a tree, so that a document is walked once with the knowledge about each place at hand."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from reconciler.core.credential_detection import has_url_credentials, is_credential, is_credential_name
from reconciler.types.json import Json, split
from reconciler.types.kind import Field, KindSpec

KEPT = 1000
"""Names of members that are remembered a place: an answer may hold any number of them."""


@dataclass(slots=True)
class Node:
    """One place in a body. Built once per kind; only `plain` is filled as it is asked for."""

    row: Field | None = None
    children: dict[str, Node] = field(default_factory=dict)
    """By canonical word."""
    star: Node | None = None
    """What any other member is."""
    plain: dict[str, Node] = field(default_factory=dict)
    """Members that were asked for whose name is no credential's, where `star` is secret."""
    renames: dict[str, str] = field(default_factory=dict)
    """Wire word -> canonical word of a member."""
    renames_below: tuple[str, ...] = ()
    """Canonical words of the members that have renames somewhere below them."""
    named_below: tuple[str, ...] = ()
    """Canonical words of the members that are lists of named items, or hold some below them."""

    def child(self, word: str) -> Node:
        """What is known about the member `word` (canonical); an empty node where nothing is."""
        known = self.children.get(word)
        if known is not None:
            return known
        if self.star is None:
            return UNKNOWN
        row = self.star.row
        if row is None or not row.secret or word == "*" or is_credential_name(word):
            return self.star
        plain = self.plain.get(word)
        if plain is None:
            plain = Node(row=replace(row, secret=False, by_look=word))
            if len(self.plain) < KEPT:
                self.plain[word] = plain
        return plain

    @property
    def structural(self) -> bool:
        """An object that only groups declared fields: an empty one says nothing."""
        return bool(self.children)


UNKNOWN = Node()


@cache
def build_field_tree(spec: KindSpec) -> Node:
    """The tree of `spec`; computed once."""
    root = Node()
    for row in spec.fields:
        node = root
        tokens = split(row.path)
        for token in tokens:
            if token == "*":
                node.star = node.star or Node()
                node = node.star
            else:
                node = node.children.setdefault(token, Node())
        node.row = row
        _declare_words(root, tokens, row)
    _mark(root)
    _mark_named(root)
    return root


def _declare_words(root: Node, tokens: tuple[str, ...], row: Field) -> None:
    if not row.wire_names and not row.aliases:
        return
    parent = root
    for token in tokens[:-1]:
        parent = parent.children[token]
    for word in (*row.wire_names.values(), *row.aliases):
        if word != tokens[-1]:
            parent.renames[word] = tokens[-1]


def _mark(node: Node) -> bool:
    node.renames_below = tuple(word for word, child in node.children.items() if _mark(child))
    return bool(node.renames or node.renames_below)


def _mark_named(node: Node) -> bool:
    node.named_below = tuple(word for word, child in node.children.items() if _mark_named(child))
    return bool(node.named_below) or (node.row is not None and node.row.item_key is not None)


@cache
def absent_from_lists(spec: KindSpec) -> frozenset[str]:
    """Canonical pointers of what list items may leave out: of a set some lists show no more than its name."""
    return frozenset(row.path for row in spec.fields if row.absent_from_lists or row.item_key is not None)


def looks_secret(row: Field | None, value: Json) -> bool:
    """Whether a value is secret by its look, at a place that is not declared so: a URL with a credential in it
    anywhere; what looks like a credential, or is no plain value at all, in a header or parameter."""
    if isinstance(value, str):
        if row is not None and row.by_look:
            return is_credential(row.by_look, value)
        return "://" in value and has_url_credentials(value)
    return row is not None and row.by_look != "" and isinstance(value, dict | list)


@lru_cache(maxsize=4096)
def node_at(spec: KindSpec, pointer: str) -> Node:
    """What is known about the place `pointer` (canonical)."""
    node = build_field_tree(spec)
    for token in split(pointer):
        node = node.child(token)
    return node


def field_at(spec: KindSpec, pointer: str) -> Field | None:
    """The declared field at `pointer`, None where the table is silent."""
    return node_at(spec, pointer).row


def is_undeclared(spec: KindSpec, pointer: str) -> bool:
    """Whether `pointer` leaves the table where it lists every member: a field that is sent without being known."""
    node = build_field_tree(spec)
    for token in split(pointer):
        row = node.row
        if not node.children or (row is not None and (row.open_ended or row.atomic)):
            return False
        child = node.child(token)
        if child is UNKNOWN:
            return True
        node = child
    return False
