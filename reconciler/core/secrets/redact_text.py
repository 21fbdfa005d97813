"""The one gate for text: a known secret becomes `(sensitive)`, in any spelling in which somebody may repeat it.

What people read (terminal, reports, errors, events) goes through one `Redactor` a run, which learns every value that
the run resolves. Found are: the value as it is, escaped for JSON, Python, URLs and HTML, in base64 at any alignment,
with blanks folded, with characters that no screen shows left out or written out, and cut short. Texts of fewer than 8
characters would be found in innocent words; they are hidden at their own place alone.

Records are gone through before they are laid out (`record`), so that no wrapping, colour or cut of ours divides a
value; member names, addresses and what was spared stay. Plans, states, journals and manifests never pass here.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache, cached_property
from itertools import groupby
from typing import TypeVar, cast

from reconciler.core.credential_looks import url_credentials
from reconciler.core.settings.operator_trust import DIGEST_KEY, PLAN_KEY, PREVIOUS_KEY
from reconciler.core.text import visible
from reconciler.types.address import Address
from reconciler.types.mask import SENSITIVE, Mask
from reconciler.types.ports import Secrets
from reconciler.types.reference import SecretRef

T = TypeVar("T")

OPERATORS = (
    "TAVUS_API_KEY", DIGEST_KEY, PREVIOUS_KEY, PLAN_KEY,
    "TF_HTTP_PASSWORD", "TF_HTTP_TOKEN", "PGPASSWORD", "PG_CONN_STR", "CI_JOB_TOKEN", "GITHUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_SERVICE_ACCOUNT_KEY",
)  # fmt: skip
"""Variables that hold keys of the account, of plans and of stores without being named in a project file."""
SHORTEST = 8
"""Characters; shorter texts are not looked for."""
BASE64_HEAD = 12
"""Characters of base64 that are enough to know eight bytes by."""
CUT = re.compile(r"\s?(?:\.{2,}|\u2026)|\s?[\"'`)\]>]*\Z")
"""What stands behind a text that was cut short: dots, or the end."""
CUT_BEFORE = re.compile(r"(?:\.{2,}|\u2026)\s?\Z")
SCHEME = re.compile(r"(?i:bearer|basic|token|digest)\s+|[a-z][a-z0-9+.-]*://|-----BEGIN [A-Z ]+-----\s*")
"""Beginnings that many texts share: they alone tell nothing."""
PLACES = frozenset({"path", "pointer", "code", "verb", "workspace", "mode", "kind", "project", "digest"})
"""Fields of records that hold no text of others: places, words of ours, names that are never hidden."""
BASE64_RUN = "A-Za-z0-9+/_-"
BASE64_LIKE = re.compile(f"[{BASE64_RUN}]{{8}}")
PLAIN = re.compile(r"[A-Za-z0-9]+")
"""What no encoding but base64 touches."""
NAMED = {'"': "quot", "'": "apos", "<": "lt", ">": "gt", "&": "amp"}
PERCENT = "%(?:25)*"
AMPERSAND = r"(?:&|\\u0026)(?:amp;)*"
BACKSLASH = rf"(?:\\|{PERCENT}5[cC]|{AMPERSAND}#92;)"
SHORT = {"\n": "n", "\r": "r", "\t": "t", "\b": "b", "\f": "f"}


class Redactor:
    """The values that one run knows. Safe to use from several threads: what is learnt is only ever added."""

    def __init__(self) -> None:
        self._values: list[_Value] = []
        self._known: set[str] = set()
        self._spared: tuple[str, ...] = ()
        self._needles: list[str] = []
        """A text without any of these holds no value, but for one in base64: tested first, and quickly."""
        self._cores: list[str] = []

    def learn(self, *values: str | None) -> None:
        """From here on these texts are hidden, those of 8 or more characters."""
        for value in values:
            for text in _texts(value or ""):
                if text not in self._known:
                    self._add(_Value(text))

    def spare(self, *names: str) -> None:
        """Names that stay readable, even where a value happens to be the same text."""
        self._spared = tuple(dict.fromkeys((*self._spared, *(name for name in names if len(name) >= SHORTEST))))

    def hide(self, text: str) -> str:
        """`text` with `(sensitive)` in the place of every known value, and of every credential inside a URL."""
        if len(text) < SHORTEST:
            return text
        spans = [*url_credentials(text)]
        if self._may_hold(text):
            for value in self._values:
                spans += value.find(text, self._spared)
        return _without(text, spans) if spans else text

    def _add(self, value: _Value) -> None:
        self._known.add(value.text)
        self._values.append(value)
        self._cores += value.cores
        self._needles += (value.literal, value.tail_text)

    def _may_hold(self, text: str) -> bool:
        if any(map(text.__contains__, self._needles)):
            return True
        return BASE64_LIKE.search(text) is not None and any(map(text.__contains__, self._cores))

    def record(self, value: T) -> T:
        """A record, or JSON, with every text in it hidden; the same object where there was nothing to hide."""
        return cast(T, self._record(value))

    def error(self, error: BaseException) -> None:
        """Hide in an error what it says, and what the errors that it came from say."""
        link: BaseException | None = error
        seen: set[int] = set()
        while link is not None and id(link) not in seen:
            seen.add(id(link))
            link.args = tuple(self._record(part) for part in link.args)
            for name in ("message", "hint", "diagnostics", "holder"):
                if (held := getattr(link, name, None)) is not None:
                    setattr(link, name, self._record(held))
            link = link.__cause__ or link.__context__

    def _record(self, value: object) -> object:
        if isinstance(value, str):
            if isinstance(value, Mask | Enum):
                return value
            hidden = self.hide(value)
            return value if hidden == value else SENSITIVE if hidden == SENSITIVE else hidden
        if value is None or isinstance(value, bool | int | float | Enum | Address):
            return value
        if isinstance(value, Mapping):
            members = {key: self._record(member) for key, member in value.items()}
            return members if any(members[key] is not member for key, member in value.items()) else value
        if isinstance(value, list | tuple):
            items = [self._record(item) for item in value]
            if all(new is old for new, old in zip(items, value, strict=True)):
                return value
            return items if isinstance(value, list) else tuple(items)
        if is_dataclass(value) and not isinstance(value, type):
            changed = {}
            for name in _names(type(value)):
                old = getattr(value, name)
                new = self._record(old)
                if new is not old:
                    changed[name] = new
            return replace(value, **changed) if changed else value
        return value


class Shown(str):
    """Text that went through the gate as a record: it is written as it is."""

    __slots__ = ()


class Learning:
    """`Secrets` whose answers a redactor learns."""

    def __init__(self, secrets: Secrets, redactor: Redactor) -> None:
        self._secrets = secrets
        self._redactor = redactor

    def resolve(self, reference: SecretRef) -> str | None:
        found = self._secrets.resolve(reference)
        self._redactor.learn(found)
        return found


def union(redactors: Iterable[Redactor]) -> Redactor:
    """One that knows what all of them know."""
    result = Redactor()
    for one in redactors:
        for value in one._values:
            result._add(value)
        result.spare(*one._spared)
    return result


@cache
def _names(kind: type) -> tuple[str, ...]:
    found = fields(kind) if is_dataclass(kind) else ()
    return tuple(field.name for field in found if field.init and field.name not in PLACES)


def _texts(value: str) -> Iterator[str]:
    """What is looked for because of `value`: itself, the token behind its scheme, each of its lines."""
    whole = value.strip()
    scheme = SCHEME.match(whole)
    lines = whole.splitlines()
    for text in (whole, whole[scheme.end() :] if scheme is not None else "", *(lines if len(lines) > 1 else ())):
        text = text.strip()
        if len(text) >= SHORTEST and not text.startswith("-----") and not SCHEME.fullmatch(text):
            yield text
    if whole.startswith("-----"):
        yield whole


def _without(text: str, spans: Collection[tuple[int, int]]) -> str:
    parts: list[str] = []
    end = 0
    for start, stop in sorted(spans):
        if start >= end:
            parts += (text[end:start], SENSITIVE)
        end = max(end, stop)
    return "".join((*parts, text[end:]))


class _Value:
    """One secret text, ready to be found. Patterns are made when a text may hold it, which is seldom."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.atoms = _atoms(text)
        scheme = SCHEME.match(text)
        self.least = min(len(text), SHORTEST + (scheme.end() if scheme is not None else 0))
        """How many characters of a beginning are enough to know it by."""
        self.head_text = text[: self.least]
        self.literal = max(PLAIN.findall(self.head_text), key=len, default="")
        """Stands in every spelling of the beginning but base64; empty where nothing does."""
        self.tail_text = text[-SHORTEST:]

    @cached_property
    def _count(self) -> int:
        """How many atoms the beginning has."""
        return next(count for count in range(1, len(self.atoms) + 1) if _length(self.atoms[:count]) >= self.least)

    @cached_property
    def _head(self) -> re.Pattern[str]:
        return re.compile("".join(pattern for _, pattern in self.atoms[: self._count]))

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile("".join(pattern for _, pattern in self.atoms))

    @cached_property
    def _rest(self) -> tuple[re.Pattern[str], ...]:
        return tuple(re.compile(pattern) for _, pattern in self.atoms[self._count :])

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

    def find(self, text: str, spared: Collection[str]) -> Iterator[tuple[int, int]]:
        """Where it stands in `text`, less where it is a part of a spared name."""
        if self.literal in text:
            for match in self._head.finditer(text):
                end = self._end(text, match)
                if end is not None and not self._is_spared(text, match.start(), spared):
                    yield self._start(text, match.start()), end
        if self.tail_text in text:
            yield from self._cut_before(text)
        for core in self.cores:
            if core in text:
                yield from _runs(core, text)

    def _end(self, text: str, head: re.Match[str]) -> int | None:
        """Where the value ends that begins at `head`; None where it is another text that begins alike."""
        whole = self._whole.match(text, head.start())
        if whole is not None:
            return whole.end()
        end = head.end()
        for atom in self._rest:
            more = atom.match(text, end)
            if more is None:
                break
            end = more.end()
        return end if CUT.match(text, end) else None

    def _start(self, text: str, start: int) -> int:
        """With a backslash right before, which would be left to escape what comes in its place."""
        while start and text[start - 1] == "\\":
            start -= 1
        return start

    def _cut_before(self, text: str) -> Iterator[tuple[int, int]]:
        place = text.find(self.tail_text)
        while place >= 0:
            start, end = place, place + len(self.tail_text)
            left = len(self.text) - len(self.tail_text)
            while start and left and text[start - 1] == self.text[left - 1]:
                start, left = start - 1, left - 1
            if left and CUT_BEFORE.search(text, 0, start):
                yield start, end
            place = text.find(self.tail_text, end)

    def _is_spared(self, text: str, start: int, spared: Collection[str]) -> bool:
        for name in spared:
            inside = name.find(self.text)
            if inside >= 0 and start >= inside and text.startswith(name, start - inside):
                return True
        return False


def _runs(core: str, text: str) -> Iterator[tuple[int, int]]:
    """The whole run of base64 around each place of `core`: its neighbours hold bits of the value, too."""
    for match in re.finditer(f"[{BASE64_RUN}]*{re.escape(core)}[{BASE64_RUN}]*=*", text):
        yield match.span()


def _length(atoms: Collection[tuple[int, str]]) -> int:
    return sum(length for length, _ in atoms)


def _atoms(text: str) -> tuple[tuple[int, str], ...]:
    """For each character (or run of blanks): how many characters it stands for, and what it may look like."""
    plain = sum(1 for character in text if character.isprintable() and not character.isspace())
    loose = plain >= SHORTEST
    found: list[tuple[int, str]] = []
    for sort, run in groupby(text, _sort):
        part = "".join(run)
        if sort == "plain" or not loose:
            found += [(1, one if PLAIN.fullmatch(one) else f"(?:{_spelling(one)})") for one in part]
            continue
        ways = "|".join(dict.fromkeys(_spelling(one) for one in (*dict.fromkeys(part), *([" "] * (sort == "blank")))))
        # Blanks are folded into one; what no screen shows is left out, made a blank, or written out by one of ours.
        # A run is one pattern: several that may each match the same characters would be tried in every combination.
        found.append(
            (len(part), f"(?:{ways})+" if sort == "slash" else f"(?:\\s|{ways}){'*' if part.strip() else '+'}")
        )
    return tuple(found)


def _sort(character: str) -> str:
    if character == "\\":
        return "slash"
    return "blank" if character.isspace() or not character.isprintable() else "plain"


@cache
def _spelling(character: str) -> str:
    """Alternatives: as it is; as JSON, Python and JavaScript, URLs and HTML escape it, also one upon the other; as
    `visible` writes it out."""
    code = ord(character)
    shown = visible(character)
    ways = [re.escape(character), re.escape(shown)]
    if character in SHORT:
        ways.append(f"{BACKSLASH}+{SHORT[character]}")
    units = character.encode("utf-16-be", "surrogatepass")
    ways.append("".join(f"{BACKSLASH}+u(?i:{units[i : i + 2].hex()})" for i in range(0, len(units), 2)))
    ways.append(f"«?{BACKSLASH}+U(?i:{code:08x})»?")
    if code <= 0xFFFF:
        ways.append(f"«{BACKSLASH}+u(?i:{code:04x})»")
    if code <= 0xFF:
        ways.append(f"{BACKSLASH}+x(?i:{code:02x})")
    ways.append("".join(f"{PERCENT}(?i:{byte:02x})" for byte in character.encode("utf-8", "surrogatepass")))
    ways += [f"{AMPERSAND}#0*{code};", f"{AMPERSAND}#[xX]0*(?i:{code:x});"]
    if character in NAMED:
        ways.append(f"{AMPERSAND}(?i:{NAMED[character]});")
    if character == " ":
        ways += [r"\+", f"{AMPERSAND}nbsp;"]
    if character == "&":
        ways.append(r"\\+u0026")
    if character.isascii() and character.isprintable() and character not in " \\":
        return f"{BACKSLASH}*(?:{_longest_first(ways)})"
    return _longest_first(ways)


def _longest_first(ways: Iterable[str]) -> str:
    return "|".join(sorted(dict.fromkeys(ways), key=len, reverse=True))
