"""Many secret texts in one text: what it costs grows with the text and with the values, not with their product."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from reconciler.core.secrets.secret_spellings import CUT_MARK, SpelledText, compiled, spelled

BASE64_RUN = re.compile(r"[A-Za-z0-9+/_-]{8,}")
BASE64_END = re.compile(r"(?:=|%3[dD])*")
ESCAPES = "\\%&\u00ab"
"""With these every spelling of a character begins but the character itself."""
MANY = 200
"""Texts from which on one look at each place is quicker than a search for each of them."""


class Needles:
    """Texts that are looked for as they are. Some may be added while another thread looks."""

    def __init__(self) -> None:
        self._all: dict[str, None] = {}
        self._by_length: dict[int, set[str]] = {}

    def add(self, texts: Iterable[str]) -> None:
        for text in texts:
            self._all[text] = None
            self._by_length.setdefault(len(text), set()).add(text)

    def found(self, text: str) -> Iterator[str]:
        """Those that stand in `text`, some of them perhaps again and again."""
        if len(self._all) < MANY:
            return filter(text.__contains__, tuple(self._all))
        return (
            text[place : place + length]
            for length, needles in tuple(self._by_length.items())
            for place in range(len(text) - length + 1)
            if text[place : place + length] in needles
        )

    def any_in(self, text: str) -> bool:
        return next(iter(self.found(text)), None) is not None


class _Node:
    """The values that begin with the characters on the way here, and the characters that go on."""

    __slots__ = ("more", "values")

    def __init__(self) -> None:
        self.more: dict[str, _Node] = {}
        self.values: list[SpelledText] = []


class SecretSearch:
    """The values that are looked for together."""

    def __init__(self) -> None:
        self._root = _Node()
        """A tree of the beginnings of values, as far as each character of them can be told for itself."""
        self._escaped: dict[str, None] = {}
        """The characters of that tree which are escaped anywhere."""
        self._others: dict[str, list[SpelledText]] = {}
        """Values of which not even the first character can, by its spellings."""
        self._literals = Needles()
        """Of each beginning what stands in all its spellings."""
        self._parts = Needles()
        """These, and the ends of values: a text with none of them holds no value, but for one in base64."""
        self._tails = Needles()
        self._by_tail: dict[str, list[SpelledText]] = {}
        self._cores = Needles()

    def add(self, value: SpelledText) -> None:
        node = self._root
        for character in value.sure:
            node = node.more.setdefault(character, _Node())
            if not character.isalnum():
                self._escaped[character] = None
        self._literals.add((value.literal,))
        self._tails.add((value.tail,))
        self._parts.add((value.literal, value.tail))
        self._by_tail.setdefault(value.tail, []).append(value)
        self._cores.add(value.cores)
        (node.values if value.sure else self._others.setdefault(value.first, [])).append(value)

    def may_find(self, text: str) -> bool:
        """A quick look: false where no value stands in `text`."""
        return self._parts.any_in(text) or self._holds_base64(text)

    def _holds_base64(self, text: str) -> bool:
        return BASE64_RUN.search(text) is not None and self._cores.any_in(text)

    def find(self, text: str, spared: Collection[str]) -> Iterator[tuple[int, int]]:
        """Where values stand: whole, cut short at either end, or in base64; in no order."""
        if self._literals.any_in(text):
            for value, places in self._beginnings(text).items():
                yield from value.find(text, places, spared)
        mark = CUT_MARK.search(text)
        if mark is not None:
            for tail in set(self._tails.found(text)):
                for value in self._by_tail[tail]:
                    yield from value.find_cut(text, mark.end())
        runs = BASE64_RUN.finditer(text) if self._holds_base64(text) else ()
        for run in runs:  # the whole of each: neighbours of a value hold bits of it, too
            if self._cores.any_in(run.group()):
                after = BASE64_END.match(text, run.end())
                yield run.start(), run.end() if after is None else after.end()

    def _beginnings(self, text: str) -> dict[SpelledText, list[tuple[int, int]]]:
        """Where what is sure of the beginnings of values stands and ends, in the order of the text."""
        found: dict[SpelledText, list[tuple[int, int]]] = defaultdict(list)
        told: dict[int, tuple[str, int]] = {}
        first = re.compile(f"[{re.escape(''.join(self._root.more) + ESCAPES)}]")
        for match in first.finditer(text):
            start = place = match.start()
            node: _Node | None = self._root
            while node is not None and place < len(text):
                character = text[place]
                if character not in ESCAPES:
                    place += 1
                else:
                    if place not in told:
                        told[place] = self._told(text, place)
                    character, place = told[place]
                node = node.more.get(character)
                for value in node.values if node is not None else ():
                    found[value].append((start, place))
        for pattern, values in tuple(self._others.items()):
            matches = re.finditer(f"(?=({pattern}))", text)
            places = [(match.start(), match.end(1)) for match in matches]
            found.update((value, places) for value in values if places)
        return found

    def _told(self, text: str, place: int) -> tuple[str, int]:
        """The character whose spelling begins at `place`, and where that ends; an empty one if none of ours does."""
        for character in tuple(self._escaped):
            match = compiled(spelled(character).pattern).match(text, place)
            if match is not None:
                return character, match.end()
        return "", place
