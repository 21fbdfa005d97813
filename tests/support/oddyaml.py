"""YAML and JSON texts in every odd but legal formatting, with the data they stand for, and edits that fit them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

from hypothesis import strategies as st

from reconciler.core.canonical.raw_edit import edit_document
from reconciler.types.json import Json, Object, join, lookup
from reconciler.types.manifest import Edit, MoveValue, RemoveValue, RenameKey, SetValue

KEYS = ("alpha", "beta", "gamma", "delta", "epsilon", "zeta")
WORDS = (
    "plain",
    "two words",
    "on",
    "off",
    "007",
    "a: b",
    "it's",
    'say "hi"',
    "",
    "  lead",
    "émoji 🎉",
    "# no",
    "x" * 130,
)
PROMPTS = ("line one\nline two", "para\n\npara two\n", "\nstarts blank", "  indented\nback\n\n", "tab\tin\nline ")

scalars: st.SearchStrategy[Json] = st.one_of(
    st.sampled_from(WORDS), st.sampled_from(PROMPTS), st.integers(-5, 10**6), st.booleans(), st.none(), st.just(0.5)
)
values: st.SearchStrategy[Json] = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=3)),
    max_leaves=8,
)
documents: st.SearchStrategy[Object] = st.dictionaries(st.sampled_from(KEYS), values, min_size=1, max_size=5)


@dataclass(frozen=True)
class Odd:
    """A text and what it means."""

    text: str
    data: Object
    comments: tuple[str, ...] = ()


class _Writer:
    """Writes a document in a formatting that is drawn anew at every turn."""

    def __init__(self, draw: st.DrawFn, newline: str) -> None:
        self.draw = draw
        self.newline = newline
        self.comments: list[str] = []

    def pick(self, *choices: str) -> str:
        return self.draw(st.sampled_from(choices))

    def maybe(self) -> bool:
        return self.draw(st.booleans())

    def comment(self) -> str:
        self.comments.append(f"# c{len(self.comments)}c")
        return self.comments[-1]

    def trail(self) -> str:
        return self.pick("", "", "  ", "   " + self.comment()) if self.maybe() else ""

    def scalar(self, value: Json, flow: bool) -> str:
        if isinstance(value, str):
            plain = value.isalpha() and value not in ("on", "off")
            return self.pick(
                *([value] if plain else []), json.dumps(value, ensure_ascii=self.maybe() and value.isascii())
            )
        if value is None:
            return "null" if flow else self.pick("null", "~", "")
        return json.dumps(value)

    def flow(self, value: Json) -> str:
        pad = self.pick("", " ")
        if isinstance(value, dict):
            return (
                "{"
                + pad
                + f",{self.pick(' ', '  ')}".join(f"{k}: {self.flow(v)}" for k, v in value.items())
                + pad
                + "}"
            )
        if isinstance(value, list):
            return "[" + pad + f",{self.pick(' ', '')}".join(self.flow(item) for item in value) + pad + "]"
        return self.scalar(value, True)

    def above(self, indent: str) -> list[str]:
        if not self.maybe():
            return []
        return [self.pick("", indent + self.comment(), self.comment())]

    def member(self, lead: str, value: Json, indent: str) -> list[str]:
        """`lead` is what stands before the value: a key with its colon, or a dash."""
        inner = indent + self.pick("  ", "   ", "    ")
        if isinstance(value, str) and "\n" in value and value[0] not in " \n" and self.maybe():
            body = value.rstrip("\n")
            chomp = {0: "-", 1: ""}.get(len(value) - len(body), "+")
            lines = [inner + line if line else "" for line in body.split("\n")]
            return [f"{lead} |{chomp}{self.trail()}", *lines, *[""] * (len(value) - len(body) - 1)]
        if isinstance(value, dict) and value and self.maybe():
            return [f"{lead}{self.trail()}", *self.mapping(value, inner)]
        if isinstance(value, list) and value and self.maybe():
            at = indent if lead.endswith(":") and self.maybe() else inner
            lines = [line for item in value for line in [*self.above(at), *self.member(f"{at}-", item, at)]]
            return [f"{lead}{self.trail()}", *lines]
        shown = self.flow(value) if isinstance(value, dict | list) else self.scalar(value, False)
        return [f"{lead} {shown}{self.trail()}"]

    def mapping(self, value: Object, indent: str) -> list[str]:
        lines: list[str] = []
        for key, member in value.items():
            shown = self.pick(key, key, f'"{key}"', f"'{key}'")
            lines += [*self.above(indent), *self.member(f"{indent}{shown}:", member, indent)]
        return lines


@st.composite
def odd_yaml(draw: st.DrawFn) -> Odd:
    """A YAML text of one document."""
    newline = draw(st.sampled_from(["\n", "\n", "\r\n"]))
    writer = _Writer(draw, newline)
    data = draw(documents)
    lines = writer.mapping(data, "")
    text = newline.join(lines) + newline
    keeps = any(re.search(r"\|\+?( |$)", line) for line in lines)
    text = text if keeps else text.removesuffix(newline) + draw(st.sampled_from(["", newline, newline * 2]))
    return Odd(text, data, tuple(one for one in writer.comments if one in text))


@st.composite
def odd_json(draw: st.DrawFn) -> Odd:
    """A JSON text."""
    data = draw(documents)
    indent = draw(st.sampled_from([None, 1, 2, 4]))
    text = json.dumps(data, indent=indent, ensure_ascii=draw(st.booleans()))
    return Odd(text + draw(st.sampled_from(["", "\n"])), data)


def pointers(value: Json, at: str = "") -> list[str]:
    """Every place in a document."""
    found: list[str] = []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in items:
        here = at + join(str(key))
        found += [here, *pointers(member, here)]
    return found


@st.composite
def edits_for(draw: st.DrawFn, data: Object) -> Edit:
    """An edit that fits the document."""
    places = pointers(data)
    members = [one for one in places if isinstance(lookup(data, one.rpartition("/")[0]), dict)]
    mappings = ["", *(one for one in places if isinstance(lookup(data, one), dict))]
    lists = [one for one in places if isinstance(lookup(data, one), list)]
    choice = draw(st.sampled_from(["set", "add", "deep", "append", "remove", "prune", "rename", "move"]))
    new = draw(values)
    if choice == "set":
        return SetValue(draw(st.sampled_from(places)), new)
    if choice == "deep":
        return SetValue(draw(st.sampled_from(mappings)) + "/new/deep", new)
    if choice == "append" and lists:
        return SetValue(draw(st.sampled_from(lists)) + "/-", new)
    if choice in ("remove", "prune"):
        return RemoveValue(draw(st.sampled_from(places)), prune=choice == "prune")
    if choice == "rename":
        return RenameKey(draw(st.sampled_from(members)), "renamed")
    if choice == "move":
        return MoveValue(draw(st.sampled_from(members)), "/moved/here")
    return SetValue(draw(st.sampled_from(mappings)) + "/added", new)


def after(data: Object, edit: Edit) -> Json:
    """What the edited text has to mean."""
    return edit_document(data, edit)
