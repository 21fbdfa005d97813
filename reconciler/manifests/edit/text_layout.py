"""Where every key and value of a document stands in its text: the parts that an edit may replace, and no others.

YAML parts come from the parser's events, whose marks are exact but for one case: what is said to be the end of a
block collection is the start of the next thing. So the end of a collection is that of its last part.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from json import decoder
from typing import Any

from reconciler.manifests.read.yaml_rules import span_at
from reconciler.types.diagnostic import Span
from reconciler.types.json import index_of

MAP, LIST, SCALAR, ALIAS = "map", "list", "scalar", "alias"
_BLANK = re.compile(r"(?:[ \t\r\n\x85\u2028\u2029]|#[^\r\n\x85\u2028\u2029]*)*")
_JSON_BLANK = re.compile(r"[ \t\r\n]*")
_JSON_WORD = re.compile(r"[^\s{}\[\],:\"]+")


class CannotEdit(Exception):
    """The text cannot be changed there without touching something else; `offset` is the place."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset

    def span(self, text: str, path: str) -> Span:
        """The place as line and column."""
        return span_at(text, min(self.offset, len(text)), path)


@dataclass(slots=True)
class Member:
    """A member of a mapping or an item of a list."""

    key: str | None
    """None for items, and for keys that are no text."""
    start: int
    """Offset of the key; of the dash in a block list; of the value in a flow list."""
    key_end: int
    colon: int
    """Offset behind the colon or the dash; -1 where there is none to be found."""
    value: Part


@dataclass(slots=True)
class Part:
    """One value. Offsets count characters; `start` includes an anchor and a tag."""

    kind: str
    start: int
    end: int = 0
    flow: bool = False
    style: str = ""
    """Of a scalar: the empty text (plain), a quote, `|` or `>`."""
    anchor: str = ""
    """The name that it is given, or the one that an alias refers to."""
    members: list[Member] = field(default_factory=list)

    @property
    def is_block(self) -> bool:
        """A collection whose members stand on lines of their own."""
        return self.kind in (MAP, LIST) and not self.flow

    @property
    def is_empty(self) -> bool:
        """A null that nothing is written for."""
        return self.kind == SCALAR and self.start == self.end

    def member(self, token: str) -> Member | None:
        """The member called `token`, the last one where there are several; the item of that number."""
        if self.kind == LIST:
            number = index_of(token, len(self.members))
            return self.members[number] if number is not None else None
        return next((member for member in reversed(self.members) if member.key == token), None)


def yaml_layout(text: str) -> list[Part]:
    """One part for each document of a YAML text. Raises PyYAML's errors for a text that is no YAML."""
    import yaml

    loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(text)
    try:
        return _Events(text, loader, yaml).documents()
    finally:
        loader.dispose()


class _Events:
    """Builds parts from events; a stack instead of recursion."""

    def __init__(self, text: str, loader: Any, yaml: Any) -> None:
        self.text = text
        self.loader = loader
        self.yaml = yaml
        self.roots: list[Part] = []
        self.stack: list[Part] = []
        self.keys: list[tuple[str | None, int, int] | None] = []
        """For each open collection the key that waits for its value."""

    def documents(self) -> list[Part]:
        yaml = self.yaml
        while self.loader.check_event():
            event = self.loader.get_event()
            if isinstance(event, yaml.ScalarEvent):
                self.scalar(event)
            elif isinstance(event, yaml.AliasEvent):
                self.place(Part(ALIAS, event.start_mark.index, event.end_mark.index, anchor=event.anchor), None)
            elif isinstance(event, yaml.CollectionStartEvent):
                kind = MAP if isinstance(event, yaml.MappingStartEvent) else LIST
                part = Part(kind, event.start_mark.index, flow=bool(event.flow_style), anchor=event.anchor or "")
                self.stack.append(part)
                self.keys.append(None)
            elif isinstance(event, yaml.CollectionEndEvent):
                part = self.stack.pop()
                self.keys.pop()
                part.end = event.end_mark.index if part.flow or not part.members else member_end(part.members[-1])
                self.place(part, None)
        return self.roots

    def scalar(self, event: Any) -> None:
        start, end, style = event.start_mark.index, event.end_mark.index, event.style or ""
        if style in ("|", ">"):
            written = self.text[start:end]
            header = written.split("\n", 1)[0].split("#", 1)[0]
            if "+" not in header:
                end = start + len(written.rstrip())
        part = Part(SCALAR, start, end, style=style, anchor=event.anchor or "")
        self.place(part, event.value if event.tag is None else None)

    def place(self, part: Part, key: str | None) -> None:
        if not self.stack:
            self.roots.append(part)
            return
        holder = self.stack[-1]
        if holder.kind == LIST:
            start, colon = (part.start, part.start) if holder.flow else self.dash(holder)
            holder.members.append(Member(None, start, start, colon, part))
            return
        waiting = self.keys[-1]
        if waiting is None:
            merge = key == "<<" and not part.style
            self.keys[-1] = (None if merge else key, part.start, part.end)
            return
        word, start, end = waiting
        self.keys[-1] = None
        at = _skip(self.text, end)
        colon = at + 1 if self.text[at : at + 1] == ":" else -1
        if part.is_empty and colon > 0:
            part.start = part.end = colon
        holder.members.append(Member(word, start, end, colon, part))

    def dash(self, holder: Part) -> tuple[int, int]:
        """The dash of the next item and the offset behind it."""
        at = member_end(holder.members[-1]) if holder.members else holder.start
        at = _skip(self.text, at)
        while self.text[at : at + 1] in ("&", "!"):
            at = _skip(self.text, at + len(re.split(r"\s", self.text[at:], maxsplit=1)[0]))
        return (at, at + 1) if self.text[at : at + 1] == "-" else (at, -1)


def member_end(member: Member) -> int:
    """Offset behind the member: its value, or where that is empty its colon or dash."""
    return max(member.value.end, member.colon, member.key_end)


def _skip(text: str, at: int) -> int:
    """Past blanks, line ends and comments."""
    match = _BLANK.match(text, at)
    return match.end() if match else at


def json_layout(text: str) -> list[Part]:
    """The one document of a JSON text that is known to be well-formed."""
    at = _after(text, 0)
    return [json_part(text, at)] if at < len(text) else []


def _after(text: str, at: int) -> int:
    match = _JSON_BLANK.match(text, at)
    return match.end() if match else at


def json_part(text: str, at: int) -> Part:
    """The value that begins at `at` of a JSON text that is known to be well-formed."""
    sign = text[at]
    if sign == '"':
        return Part(SCALAR, at, _string_end(text, at), flow=True, style='"')
    if sign not in "{[":
        match = _JSON_WORD.match(text, at)
        return Part(SCALAR, at, match.end() if match else at + 1, flow=True)
    part = Part(MAP if sign == "{" else LIST, at, flow=True)
    at = _after(text, at + 1)
    while text[at] not in "}]":
        start = key_end = colon = at
        key: str | None = None
        if part.kind == MAP:
            key_end = _string_end(text, at)
            key = decoder.scanstring(text, start + 1, True)[0]  # type: ignore[attr-defined]
            colon = _after(text, key_end) + 1
            at = _after(text, colon)
        value = json_part(text, at)
        part.members.append(Member(key, start, key_end, colon, value))
        at = _after(text, value.end)
        if text[at] == ",":
            at = _after(text, at + 1)
    part.end = at + 1
    return part


def _string_end(text: str, at: int) -> int:
    return int(decoder.scanstring(text, at + 1, True)[1])  # type: ignore[attr-defined]
