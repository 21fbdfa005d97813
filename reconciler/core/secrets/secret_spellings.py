"""One secret text in every spelling: escaped for JSON, Python, URLs, HTML, in base64, folded, wrapped, cut short."""

from __future__ import annotations

import base64
import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from functools import cache, cached_property
from itertools import accumulate, groupby, takewhile
from typing import NamedTuple

from reconciler.core.text import UNSEEN, WRITTEN_OUT, visible

SHORTEST = 8
"""Characters; shorter texts are not looked for."""
SCHEME = re.compile(r"(?i:bearer|basic|token|digest)\s+|[a-z][a-z0-9+.-]*://|-----BEGIN [A-Z ]+-----\s*")
"""Beginnings that many texts share: they alone tell nothing."""
TRIED_WHOLE = 1000
"""Characters up to which a text is also looked for by one pattern, which is dear to make."""
TOLD = 256
"""Characters of a beginning that tell the value whatever follows: so much in common is no chance. It also bounds what
is spent on each of many beginnings in a text that is nearly the value."""
BASE64_HEAD = 12
"""Characters of base64 that are enough to know eight bytes by."""
CUT = re.compile(
    r"(?:%[0-9a-fA-F]?|\\{1,8}(?:u[0-9a-fA-F]{0,3}|x[0-9a-fA-F]?)?|&[#\w]{0,8})?"
    r"(?:\s?[\[(<]?\s?(?:\.{2,}|\u2026|\\{1,8}u2026|\*{2,}|truncated|snip)|\s?[\"'`)\]>]{0,8}\Z)"
)
"""What stands behind a text that was cut short, perhaps inside an escape: dots, asterisks, a word, or the end."""
CUT_MARK = re.compile(r"(?:\.\.|\u2026|\*\*|\\u2026|[\])>])\s?")
"""Behind what a text may go on that was cut before."""
LONGEST_CUT = 7
"""Characters of such a mark at most."""
CUT_BEFORE = re.compile(CUT_MARK.pattern + r"\Z")
FOLDED = re.compile(
    rf"(?P<gone>(?<![ \t])[ \t]*(?:(?:(?<!\\)\\+[rn]|[\r\n])[ \t\r\n]*)+|{UNSEEN.pattern})"
    r"|(?P<plus>%2[bB])|(?P<slash>%2[fF]|(?<!\\)\\+/)"
)
"""Where a text was wrapped or holds what no screen shows, and how URLs and JSON spell base64."""
UNFOLDED = {"plus": "+", "slash": "/"}
PLAIN = re.compile(r"[A-Za-z0-9]+")
"""What no encoding but base64 touches."""
NAMED = {'"': "quot", "'": "apos", "<": "lt", ">": "gt", "&": "amp"}
PERCENT = "%(?:25){0,4}"
AMPERSAND = r"(?:&|\\u0026)(?:amp;){0,4}"
BACKSLASH = rf"(?:\\|{PERCENT}5[cC]|{AMPERSAND}#92;)"
MANY = "{1,16}"
"""Backslashes before a character that was escaped again and again. Bounded, or a text of nothing else takes ages."""
SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}


class Folded:
    """A text as it was before somebody wrapped it, without what no screen shows."""

    def __init__(self, original: str) -> None:
        parts: list[str] = []
        self._starts: list[int] = []
        self._ends: list[int] = []
        self._ahead: list[int] = [0]
        end = length = 0
        for match in FOLDED.finditer(original):
            instead = UNFOLDED.get(match.lastgroup or "", "")
            parts += (original[end : match.start()], instead)
            length += match.start() - end
            self._ends.append(length)
            length += len(instead)
            self._starts.append(length)
            self._ahead.append(match.end() - length)
            end = match.end()
        self.text = "".join((*parts, original[end:]))

    def span(self, found: tuple[int, int]) -> tuple[int, int]:
        """Where a part of `text` stands in the original."""
        start, stop = found
        return (
            start + self._ahead[bisect_right(self._starts, start)],
            stop + self._ahead[bisect_left(self._ends, stop)],
        )


class Atom(NamedTuple):
    """One character of a secret, or a run of blanks."""

    length: int
    """How many characters it counts for; 0 for a run."""
    pattern: str
    """What it may look like."""
    certain: str
    """The character, where it can take only one thing at a place, so that what follows never fails for what it took;
    else empty."""


class SpelledText:
    """One secret text, ready to be found. Patterns are made when a text may hold it, which is seldom."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.atoms = _atoms(text)
        scheme = SCHEME.match(text)
        least = SHORTEST + (scheme.end() if scheme is not None else 0)
        lengths = accumulate(atom.length for atom in self.atoms)
        self._count = next((count for count, length in enumerate(lengths, 1) if length >= least), len(self.atoms))
        """How many atoms of a beginning are enough to know it by."""
        self._head = tuple(atom.pattern for atom in self.atoms[: self._count])
        self.sure = "".join(takewhile(bool, (atom.certain for atom in self.atoms[: self._count])))
        """So much of the beginning is looked for together with other values."""
        self.first = self._head[0]
        self.literal = max(PLAIN.findall("".join(_plainly(one) for one in self._head)), key=len, default="")
        """Stands in every spelling of the beginning but base64; empty where nothing does."""
        self._is_certain = all(atom.certain for atom in self.atoms)
        self.tail = text[-SHORTEST:]

    @cached_property
    def _whole_head(self) -> re.Pattern[str]:
        return re.compile("".join(self._head))

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile("".join(atom.pattern for atom in self.atoms))

    @cached_property
    def _rest(self) -> tuple[str | re.Pattern[str], ...]:
        """What comes after the head: letters and digits, as texts; all else as patterns."""
        found: list[str | re.Pattern[str]] = []
        for is_plain, atoms in groupby(self.atoms[self._count :], lambda atom: len(atom.pattern) == 1):
            patterns = [atom.pattern for atom in atoms]
            found += ["".join(patterns)] if is_plain else map(compiled, patterns)
        return tuple(found)

    @cached_property
    def cores(self) -> tuple[str, ...]:
        """What base64 makes of the value wherever it begins, less what its neighbours have a part in."""
        data = self.text.encode("utf-8", "surrogatepass")
        found: dict[str, None] = {}
        for shift in range(3):
            encoded = base64.b64encode(b"\0" * shift + data)
            first = -(-shift * 4 // 3)
            core = encoded[first : (shift + len(data)) * 8 // 6].decode()[:BASE64_HEAD]
            found |= {core: None, core.translate(str.maketrans("+/", "-_")): None}
        return tuple(found)

    def find(
        self, text: str, places: Iterable[tuple[int, int]], spared: Collection[str]
    ) -> Iterator[tuple[int, int]]:
        """Where it stands, less where it is a part of a spared name.

        `places`: where what is sure of its beginning (else its first character) stands and ends, in order."""
        more = [compiled(pattern) for pattern in self._head[max(1, len(self.sure)) :]]
        done = 0
        for start, place in places:
            if start < done:
                continue
            head_end: int | None = place
            for piece in more:
                head_end = None if head_end is None else _after(piece, text, head_end)
            if head_end is None:  # a character may have taken what belongs to the next one
                match = self._whole_head.match(text, start)
                head_end = None if match is None else match.end()
            end = None if head_end is None else self._end(text, start, head_end)
            if end is not None and not self._is_spared(text, start, spared):
                yield self._start(text, start), end
            done = max(start + 1, end or 0)

    def _end(self, text: str, start: int, end: int) -> int | None:
        """Where the value that begins at `start` ends, or what is there of it; None where another text begins so.

        `end`: where its beginning ends."""
        before: list[tuple[int, str]] = []
        for piece in self._rest:
            more = _after(piece, text, end)
            if more is None and not self._is_certain:
                given_back = _give_back(before, piece, text)
                end = end if given_back is None else given_back
                more = None if given_back is None else _after(piece, text, given_back)
            if more is None:
                end += 0 if isinstance(piece, re.Pattern) else _shared(piece, text, end)
                break
            before = [*before[-2:], (end, piece.pattern)] if isinstance(piece, re.Pattern) else []
            end = more
        else:
            return end
        if len(self.atoms) <= TRIED_WHOLE and not self._is_certain:  # as above
            whole = self._whole.match(text, start)
            if whole is not None:
                return whole.end()
        return end if end - start >= TOLD or CUT.match(text, end) else None

    def _start(self, text: str, start: int) -> int:
        """With a backslash right before, which would be left to escape what comes in its place."""
        while start and text[start - 1] == "\\":
            start -= 1
        return start

    def find_cut(self, text: str, mark: int) -> Iterator[tuple[int, int]]:
        """Where its end stands behind a sign that something was cut off; the first sign ends at `mark`."""
        place = text.find(self.tail, mark)
        while place >= 0:
            end = place + len(self.tail)
            length = _shared_end(self.text, text, end)
            start, left = end - length, len(self.text) - length
            # The last characters of the mark may also be those before in the value.
            behind = range(start, min(start + LONGEST_CUT, place) + 1)
            if left and any(CUT_BEFORE.search(text[max(0, one - LONGEST_CUT) : one]) for one in behind):
                yield start, end
            place = text.find(self.tail, end)

    def _is_spared(self, text: str, start: int, spared: Collection[str]) -> bool:
        for name in spared:
            inside = name.find(self.text)
            if inside >= 0 and start >= inside and text.startswith(name, start - inside):
                return True
        return False


def _after(piece: str | re.Pattern[str], text: str, place: int) -> int | None:
    """Where `piece` ends that stands at `place`; None where something else does."""
    if isinstance(piece, str):
        return place + len(piece) if text.startswith(piece, place) else None
    match = piece.match(text, place)
    return None if match is None else match.end()


def _give_back(before: list[tuple[int, str]], piece: str | re.Pattern[str], text: str) -> int | None:
    """Where `piece` stands once the patterns right before it took less; None where it does not. `before`: where each
    of them stood."""
    following = piece.pattern if isinstance(piece, re.Pattern) else piece[0]
    for count in range(1, len(before) + 1):
        patterns = "".join(pattern for _, pattern in before[-count:])
        less = re.compile(f"{patterns}(?={following})").match(text, before[-count][0])
        if less is not None:
            return less.end()
    return None


def _shared(value: str, text: str, place: int) -> int:
    """How many characters of the beginning of `value` stand at `place`."""
    known, most = 0, min(len(value), len(text) - place)
    while known < most:
        middle = (known + most + 1) // 2
        if text.startswith(value[known:middle], place + known):
            known = middle
        else:
            most = middle - 1
    return known


def _shared_end(value: str, text: str, place: int) -> int:
    """How many characters of the end of `value` stand right before `place`."""
    known, most = 0, min(len(value), place)
    while known < most:
        middle = (known + most + 1) // 2
        if text.endswith(value[len(value) - middle : len(value) - known], 0, place - known):
            known = middle
        else:
            most = middle - 1
    return known


def _atoms(text: str) -> tuple[Atom, ...]:
    """What the text consists of, character by character; each run of blanks and of backslashes as one."""
    plain = sum(1 for character in text if _sort(character) != "blank")
    loose = plain >= SHORTEST
    found: list[Atom] = []
    for sort, run in groupby(text, _sort):
        part = "".join(run)
        if sort == "plain" or not loose:
            found += map(spelled, part)
            continue
        if sort == "slash":
            found.append(Atom(len(part), f"(?:{_spelling(part[0])})+", certain=""))
            continue
        ways = "|".join(dict.fromkeys(_spelling(one) for one in (*dict.fromkeys(part), " ")))
        # Blanks are folded into one, or go where a text is wrapped; what no screen shows is left out, made a blank
        # or written out by one of ours.
        # A run is one pattern: several that may each match the same characters would be tried in every combination.
        # It counts for nothing: a beginning of such characters would be found everywhere.
        written = f"|{WRITTEN_OUT}" if any(_is_unseen(one) for one in part) else ""
        found.append(Atom(0, f"(?:\\s{written}|{ways})*", certain=""))
    while loose and not found[0].length:
        del found[0]  # a pattern that begins with what may be nothing would be tried at every place
    return tuple(found)


@cache
def spelled(character: str) -> Atom:
    """One character that stands alone. Those that begin no escape have no spelling that begins another of theirs."""
    if PLAIN.fullmatch(character):
        return Atom(1, character, certain=character)
    is_certain = character.isascii() and character.isprintable() and character not in " \\%&"
    return Atom(1, f"(?:{_spelling(character)})", certain=character if is_certain else "")


def _plainly(pattern: str) -> str:
    return pattern if len(pattern) == 1 else "\0"


compiled = cache(re.compile)
"""Patterns of single characters, of which there are few."""


def _sort(character: str) -> str:
    if character == "\\":
        return "slash"
    return "blank" if character.isspace() or _is_unseen(character) else "plain"


@cache
def _is_unseen(character: str) -> bool:
    return UNSEEN.match(character) is not None or not (character.isprintable() or character.isspace())


@cache
def _spelling(character: str) -> str:
    """Alternatives: as it is; as JSON, Python and JavaScript, URLs and HTML escape it, also one upon the other; as
    `visible` writes it out."""
    code = ord(character)
    shown = visible(character)
    ways = [re.escape(character), re.escape(shown)]
    if character in SHORT:
        ways.append(f"{BACKSLASH}{MANY}{SHORT[character]}")
    units = character.encode("utf-16-be", "surrogatepass")
    ways.append("".join(f"{BACKSLASH}{MANY}u(?i:{units[i : i + 2].hex()})" for i in range(0, len(units), 2)))
    ways.append(f"«?{BACKSLASH}{MANY}U(?i:{code:08x})»?")
    if code <= 0xFFFF:
        ways.append(f"«{BACKSLASH}{MANY}u(?i:{code:04x})»")
    if code <= 0xFF:
        ways.append(f"{BACKSLASH}{MANY}x(?i:{code:02x})")
    ways.append("".join(f"{PERCENT}(?i:{byte:02x})" for byte in character.encode("utf-8", "surrogatepass")))
    ways += [f"{AMPERSAND}#0*{code};", f"{AMPERSAND}#[xX]0*(?i:{code:x});"]
    if character in NAMED:
        ways.append(f"{AMPERSAND}(?i:{NAMED[character]});")
    if character == " ":
        ways += [r"\+", f"{AMPERSAND}nbsp;"]
    if character == "&":
        ways.append(r"\\{1,16}u0026")
    if character.isascii() and character.isprintable() and character not in " \\":
        return f"{BACKSLASH}{{0,16}}(?:{_longest_first(ways)})"
    return _longest_first(ways)


def _longest_first(ways: Iterable[str]) -> str:
    return "|".join(sorted(dict.fromkeys(ways), key=len, reverse=True))
