"""One secret text in every spelling: escaped for JSON, Python, URLs, HTML, in base64, folded, wrapped, cut short."""

from __future__ import annotations

import base64
import re
import string
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from functools import cache, cached_property
from itertools import accumulate, groupby

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
CUT_BEFORE = re.compile(CUT_MARK.pattern + r"\Z")
BASE64_RUN = "A-Za-z0-9+/_-"
BASE64_LETTERS = frozenset(string.ascii_letters + string.digits + "+/_-")
BASE64_END = re.compile(f"[{BASE64_RUN}]*(?:=|%3[dD])*")
BASE64_LIKE = re.compile(f"[{BASE64_RUN}]{{8}}")
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
LONGEST_ATOM = 1_000
"""Characters of the longest spelling of one character: 16 backslashes, each written out, before each of two units."""
RARE = 4
"""Letters and digits in a row that few texts hold by chance."""
SHARED = 3
"""Atoms by which a beginning is sought that has none of these; many values share them, so the text is asked once."""
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


class SearchedText:
    """A text in which many values are looked for: what several of them ask of it is found out once."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts: dict[tuple[str, ...], list[int]] = {}

    @cached_property
    def mark(self) -> int | None:
        """Where the first sign ends behind which a cut text may go on; None where there is none."""
        mark = CUT_MARK.search(self.text)
        return None if mark is None else mark.end()

    def starts(self, patterns: tuple[str, ...]) -> list[int]:
        """Every place where these patterns stand one behind the other."""
        if patterns not in self._starts:
            if len(patterns) == 1:
                found = [match.start() for match in re.finditer(f"(?={patterns[0]})", self.text)]
            else:
                match_at = re.compile("".join(patterns)).match
                found = [place for place in self.starts(patterns[:-1]) if match_at(self.text, place)]
            self._starts[patterns] = found
        return self._starts[patterns]


class SpelledText:
    """One secret text, ready to be found. Patterns are made when a text may hold it, which is seldom."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.atoms = _atoms(text)
        scheme = SCHEME.match(text)
        least = SHORTEST + (scheme.end() if scheme is not None else 0)
        lengths = accumulate(length for length, _ in self.atoms)
        self._count = next((count for count, length in enumerate(lengths, 1) if length >= least), len(self.atoms))
        """How many atoms of a beginning are enough to know it by."""
        head = "".join(pattern if len(pattern) == 1 else "\0" for _, pattern in self.atoms[: self._count])
        self.literal = max(PLAIN.findall(head), key=len, default="")
        """Stands in every spelling of the beginning but base64; empty where nothing does."""
        first = head.find(self.literal)
        around = first, self._count - first - len(self.literal)
        rare = len(self.literal) >= RARE and all(length for length, _ in self.atoms[: self._count])
        self._reach = [LONGEST_ATOM * count for count in around] if rare else None
        """How many characters of a beginning may stand before and after its literal; None where that tells little."""
        self.tail_text = text[-SHORTEST:]

    @cached_property
    def _head(self) -> re.Pattern[str]:
        return re.compile("".join(pattern for _, pattern in self.atoms[: self._count]))

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile("".join(pattern for _, pattern in self.atoms))

    @cached_property
    def _rest(self) -> tuple[str | re.Pattern[str], ...]:
        """What comes after the head: letters and digits, as texts; all else as patterns."""
        found: list[str | re.Pattern[str]] = []
        for is_plain, atoms in groupby(self.atoms[self._count :], lambda atom: len(atom[1]) == 1):
            patterns = [pattern for _, pattern in atoms]
            found += ["".join(patterns)] if is_plain else map(re.compile, patterns)
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

    def find(self, searched: SearchedText, spared: Collection[str]) -> Iterator[tuple[int, int]]:
        """Where it stands in that text, less where it is a part of a spared name."""
        text = searched.text
        match = self._next_head(searched, 0)
        while match is not None:
            end = self._end(text, match)
            if end is not None and not self._is_spared(text, match.start(), spared):
                yield self._start(text, match.start()), end
            match = self._next_head(searched, max(match.start() + 1, end or 0))
        if searched.mark is not None:
            yield from self._cut_before(text, searched.mark)
        for core in self.cores:
            if core in text:
                yield from _runs(core, text)

    def _next_head(self, searched: SearchedText, start: int) -> re.Match[str] | None:
        """The next beginning from `start` on; the pattern is tried near its literal only, where that tells enough."""
        text = searched.text
        place = text.find(self.literal, start)
        if place >= 0 and self._reach is None:
            starts = searched.starts(tuple(pattern for _, pattern in self.atoms[: min(SHARED, self._count)]))
            tries = (self._head.match(text, at) for at in starts[bisect_left(starts, start) :])
            return next(filter(None, tries), None)
        while place >= 0 and self._reach is not None:
            before, after = self._reach
            try_at = self._head.search if before else self._head.match
            match = try_at(text, max(start, place - before), place + len(self.literal) + after)
            if match is not None:
                return match
            place = text.find(self.literal, place + 1)
        return None

    def _end(self, text: str, head: re.Match[str]) -> int | None:
        """Where the value that begins at `head` ends, or what is there of it; None where another text begins so."""
        end = head.end()
        before: list[tuple[int, str]] = []
        for piece in self._rest:
            more = _after(piece, text, end)
            if more is None:
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
        if len(self.atoms) <= TRIED_WHOLE:  # an atom may have taken what belongs to the next one
            whole = self._whole.match(text, head.start())
            if whole is not None:
                return whole.end()
        return end if end - head.start() >= TOLD or CUT.match(text, end) else None

    def _start(self, text: str, start: int) -> int:
        """With a backslash right before, which would be left to escape what comes in its place."""
        while start and text[start - 1] == "\\":
            start -= 1
        return start

    def _cut_before(self, text: str, mark: int) -> Iterator[tuple[int, int]]:
        place = text.find(self.tail_text, mark)
        while place >= 0:
            end = place + len(self.tail_text)
            length = _shared_end(self.text, text, end)
            start, left = end - length, len(self.text) - length
            if left and CUT_BEFORE.search(text[max(0, start - 8) : start]):
                yield start, end
            place = text.find(self.tail_text, end)

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


def _runs(core: str, text: str) -> Iterator[tuple[int, int]]:
    """The whole run of base64 around each place of `core`: its neighbours hold bits of the value, too."""
    start = text.find(core)
    while start >= 0:
        after = BASE64_END.match(text, start)
        end = after.end() if after is not None else start + len(core)
        while start and text[start - 1] in BASE64_LETTERS:
            start -= 1
        yield start, end
        start = text.find(core, end)


def _atoms(text: str) -> tuple[tuple[int, str], ...]:
    """For each character (or run of blanks): how many characters it stands for, and what it may look like."""
    plain = sum(1 for character in text if _sort(character) != "blank")
    loose = plain >= SHORTEST
    found: list[tuple[int, str]] = []
    for sort, run in groupby(text, _sort):
        part = "".join(run)
        if sort == "plain" or not loose:
            found += [(1, one if PLAIN.fullmatch(one) else f"(?:{_spelling(one)})") for one in part]
            continue
        if sort == "slash":
            found.append((len(part), f"(?:{_spelling(part[0])})+"))
            continue
        ways = "|".join(dict.fromkeys(_spelling(one) for one in (*dict.fromkeys(part), " ")))
        # Blanks are folded into one, or go where a text is wrapped; what no screen shows is left out, made a blank
        # or written out by one of ours.
        # A run is one pattern: several that may each match the same characters would be tried in every combination.
        # It counts for nothing: a beginning of such characters would be found everywhere.
        written = f"|{WRITTEN_OUT}" if any(_is_unseen(one) for one in part) else ""
        found.append((0, f"(?:\\s{written}|{ways})*"))
    while loose and not found[0][0]:
        del found[0]  # a pattern that begins with what may be nothing would be tried at every place
    return tuple(found)


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
