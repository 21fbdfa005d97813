"""The one gate for text: a known secret becomes `(sensitive)`, in any spelling in which somebody may repeat it.

What people read (terminal, reports, errors, events) goes through one `Redactor` a run, which learns every value that
the run resolves. Found are: the value as it is, escaped for JSON, Python, URLs and HTML, in base64 at any alignment,
with blanks folded, with characters that no screen shows left out or written out, and cut short. Texts of fewer than 8
characters would be found in innocent words; they are hidden at their own place alone.

Records are gone through before they are laid out (`record`), so that no wrapping, colour or cut of ours divides a
value; member names, addresses and what was spared stay. Plans, states, journals and manifests never pass here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import cache
from typing import Any, TypeVar, cast

from reconciler.core.credential_detection import url_credentials
from reconciler.core.operator_trust import CACHE_KEY, DIGEST_KEY, PLAN_KEY, PREVIOUS_KEY
from reconciler.core.secrets.secret_search import Needles, SecretSearch
from reconciler.core.secrets.secret_spellings import FOLDED, SCHEME, SHORTEST, Folded, SpelledText
from reconciler.types.address import Address, SecretRef
from reconciler.types.json import SENSITIVE, Mask
from reconciler.types.ports import Secrets

T = TypeVar("T")

_PLAIN = (bool, int, float, Enum, Address)

OPERATORS = (
    DIGEST_KEY, PREVIOUS_KEY, PLAN_KEY, CACHE_KEY,
    "TF_HTTP_PASSWORD", "TF_HTTP_TOKEN", "PGPASSWORD", "PG_CONN_STR", "CI_JOB_TOKEN", "GITHUB_TOKEN",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN",
    "AZURE_CLIENT_SECRET", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_KEY", "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN", "GOOGLE_SERVICE_ACCOUNT_KEY",
)  # fmt: skip
"""Variables that hold keys of plans and of stores without being named in a project file."""
PLACES = frozenset({"path", "pointer", "code", "verb", "workspace", "mode", "kind", "project", "digest"})
"""Fields of records that hold no text of others: places, words of ours, names that are never hidden."""


class Redactor:
    """The values that one run knows. Safe to use from several threads: what is learnt is only ever added."""

    def __init__(self) -> None:
        self._values: list[SpelledText] = []
        self._known: set[str] = set()
        self._spared: tuple[str, ...] = ()
        self._search = SecretSearch()
        self._joined = Needles()
        """What is looked for, without blanks: a text without any of it, blanks left out, holds no wrapped value."""

    def learn(self, *values: str | None) -> None:
        """From here on these texts are hidden, those of 8 or more characters."""
        for value in values:
            for text in _texts(value or ""):
                if text not in self._known:
                    self._add(SpelledText(text))

    def spare(self, *names: str) -> None:
        """Names that stay readable, even where a value happens to be the same text."""
        self._spared = tuple(dict.fromkeys((*self._spared, *(name for name in names if len(name) >= SHORTEST))))

    def hide(self, text: str) -> str:
        """`text` with `(sensitive)` in the place of every known value, and of every credential inside a URL."""
        if len(text) < SHORTEST:
            return text
        spans = [*url_credentials(text), *self._found(text)]
        if self._values and self._may_be_wrapped(text):
            folded = Folded(text)
            spans += map(folded.span, self._found(folded.text))
        return _without(text, spans) if spans else text

    def _found(self, text: str) -> Iterator[tuple[int, int]]:
        if self._search.may_find(text):
            yield from self._search.find(text, self._spared)

    def _add(self, value: SpelledText) -> None:
        self._known.add(value.text)
        self._values.append(value)
        self._search.add(value)
        self._joined.add("".join(needle.split()) for needle in (value.literal, value.tail, *value.cores))

    def _may_be_wrapped(self, text: str) -> bool:
        """Whether folding `text` may bring a value to light. To fold is dear, and nearly no text holds anything to be
        folded but blanks: those are told without it."""
        joined = "".join(text.split())
        only_blanks = joined.isascii() and joined.isprintable() and "\\" not in joined and "%2" not in joined
        if only_blanks and not self._joined.any_in(joined):
            return False
        return FOLDED.search(text) is not None

    def record(self, value: T) -> T:
        """A record, or JSON, with every text in it hidden; the same object where there was nothing to hide."""
        return cast(T, self._record(value, set()))

    def error(self, error: BaseException) -> None:
        """Hide in an error what it says, and what the errors that it came from say."""
        link: BaseException | None = error
        seen: set[int] = set()
        while link is not None and id(link) not in seen:
            seen.add(id(link))
            link.args = self.record(link.args)
            for name in ("message", "hint", "diagnostics", "holder"):
                if (held := getattr(link, name, None)) is not None:
                    setattr(link, name, self.record(held))
            link = link.__cause__ or link.__context__

    def _record(self, value: object, clean: set[str | int]) -> object:
        """`clean`: texts in which nothing was found, and the `id` of such mappings; a record of thousands of objects
        says most texts many times, and has most objects on both sides of a change."""
        if isinstance(value, str):
            if value in clean or isinstance(value, Mask | Enum):
                return value
            hidden = self.hide(value)
            if hidden == value:
                clean.add(value)
                return value
            return SENSITIVE if hidden == SENSITIVE else hidden
        if value is None or isinstance(value, _PLAIN):
            return value
        changed: dict[Any, object] = {}
        kind: Any = type(value)
        names = _names(kind)
        if not names and isinstance(value, Mapping):
            if id(value) in clean:
                return value
            for key, old in value.items():
                if (new := self._record(old, clean)) is not old:
                    changed[key] = new
            if changed:
                return {**value, **changed}
            clean.add(id(value))
            return value
        if isinstance(value, list | tuple):
            for index, old in enumerate(value):
                if (new := self._record(old, clean)) is not old:
                    changed[index] = new
            items = [changed.get(index, old) for index, old in enumerate(value)] if changed else value
            return tuple(items) if changed and isinstance(value, tuple) else items
        for name in names:
            old = getattr(value, name)
            if (new := self._record(old, clean)) is not old:
                changed[name] = new
        return replace(cast(Any, value), **changed) if changed else value


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
    for redactor in redactors:
        for value in redactor._values:
            result._add(value)
        result.spare(*redactor._spared)
    return result


@cache
def _names(kind: type) -> tuple[str, ...]:
    """The fields of a record that hold text of others; none for what is no record."""
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
