"""What an answer that is no success means: one clear sentence, and the error that belongs to it.

Error bodies of this API come in many shapes (its pages, its client and observations): `{"error": text}`,
`{"message": text}`, maps and lists instead of text, a Python dictionary printed into a text, HTML from a proxy, or
nothing. Whatever comes, the text is made printable, shortened, and freed of secrets before anybody sees it.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from html import unescape
from http import HTTPStatus
from typing import TypeAlias

from reconciler.core.credential_detection import is_credential_name
from reconciler.core.serialization.checked_json import Unfit, parse_json
from reconciler.errors import AuthRefused, MakerConflict, NotFound, ProviderError, Rejected, Unavailable
from reconciler.types.json import SENSITIVE, Json

Hide: TypeAlias = Callable[[str], str]

LONGEST = 600
LONGEST_READ = 8_000
"""Bytes (or characters) of an error's text that are looked at: finding the heading of a page may take the square of
its length."""
BASE = "check base_url, it ends in /v2 and has nothing behind it"
TEXT_WORDS = (
    "error",
    "message",
    "detail",
    "details",
    "errors",
    "error_message",
    "title",
    "description",
    "msg",
    "reason",
)
DRAFT_CONFLICT = "maker_changes"
SYNONYMS = {"pal": ("persona", "pal"), "persona": ("persona", "pal")}
NOT_FOUND = re.compile(r"^\W*(?:bad request\W+)?(?:resource )?(?:was )?not found\W*$", re.IGNORECASE)
NOT_ATTACHED = re.compile(r"\bnot attached\b", re.IGNORECASE)


def error_for(
    where: str, status: int, content: bytes, *, hide: Hide = str, retry_after: float | None = None
) -> ProviderError:
    """The error for an answer. `where` is method and path; the address is added by the caller.

    `hide` takes known secrets out of a text; what stands in members with a credential's name is hidden, too.
    """
    document = read_document(content)
    text = error_text(content, status, hide)
    where = hide(where)
    message = f"{where} answered {status}: {text}"
    if status in (401, 403):
        return AuthRefused(message, status=status, hint=_auth_hint(status))
    if status == 409 and is_draft_conflict(document, text):
        who = _others(document, hide)
        return MakerConflict(
            f"{message}{who}",
            status=status,
            hint="somebody is editing this object in the vendor's editor; let them publish or discard, "
            "or use --force-maker, which discards their edits",
        )
    path = where.partition(" ")[2]
    if status in (404, 410) and not _things(path):
        return Rejected(message, status=status, hint=f"the API has no such place: {BASE}")
    if status in (404, 410) and document is None and content.strip():
        return Unavailable(
            f"{message}; that is no answer of the API, so it says nothing about the object",
            status=status,
            hint="something in between answered (a proxy, a gateway): try again, and check base_url",
        )
    if status in (404, 410) or (status == 400 and says_unknown(text, path)):
        return NotFound(message, status=status, hint="the object is gone, or the key belongs to another account")
    if status == 429:
        return Unavailable(
            message,
            status=status,
            retry_after=retry_after,
            hint="the limit of this account is used up; try again later",
        )
    if status >= 500:
        return Unavailable(
            message, status=status, retry_after=retry_after, hint="the service has a problem; try later"
        )
    if status == 400 and where.startswith("GET ") and not _things(path):
        # `/v2/pals` below a base URL that ends in a collection is taken for an id there.
        return Rejected(message, status=status, hint=f"the API takes {path} for something else: {BASE}")
    return Rejected(message, status=status, hint=_rejection_hint(status))


def says_unknown(text: str, path: str) -> bool:
    """Whether a 400 means "no such object here" (an unknown and a foreign id are answered alike).

    Only the objects that `path` names count: a persona that refers to an unknown document is not itself unknown.
    """
    things = _things(path)
    if not things:
        return False
    return bool(NOT_ATTACHED.search(text) or NOT_FOUND.match(text) or _unknown_pattern(things).search(text))


def _things(path: str) -> tuple[str, ...]:
    """What an error calls the objects that stand in `/pals/{id}` or `/pals/{id}/tools/{id}`; none in a collection."""
    segments = path.strip("/").split("/")
    if len(segments) < 2:
        return ()
    names = [_singular(segment) for segment in segments[::2]]
    # The service still says persona where the path says pal, and the other way round.
    return tuple(dict.fromkeys(word for name in names for word in SYNONYMS.get(name, (name,))))


def _singular(collection: str) -> str:
    word = collection.replace("-", "_")
    return f"{word[:-3]}y" if word.endswith("ies") else word.removesuffix("s")


@cache
def _unknown_pattern(things: tuple[str, ...]) -> re.Pattern[str]:
    thing = "(?:" + "|".join(f"{re.escape(word).replace('_', '[_ -]')}s?" for word in things) + ")"
    return re.compile(
        rf"\b(?:invalid|unknown|no such)\W{{1,3}}(?:{thing}(?:[_ ](?:uu)?id)?|(?:uu)?id)\b"
        rf"|\b{thing}(?:[_ ](?:uu)?id)?\b.{{0,80}}\b(?:not found|(?:does|do) not exist|doesn't exist|unknown)\b"
        rf"|\b(?:could not|couldn't|cannot|can't) find\b.{{0,20}}\b{thing}\b"
        rf"|\bnot found\W{{1,3}}{thing}\b",
        re.IGNORECASE | re.DOTALL,
    )


def is_draft_conflict(document: Json, text: str) -> bool:
    """Whether a 409 is about a person's unpublished edits."""
    return DRAFT_CONFLICT in text or any(value == DRAFT_CONFLICT for _, value in _texts(document))


def read_document(content: bytes) -> Json:
    """The JSON in `content`, None for anything else."""
    try:
        return parse_json(content)
    except Unfit:
        return None


def error_text(content: bytes, status: int, hide: Hide = str) -> str:
    """What the body says in one printable line of at most 600 characters; where it says nothing, the status.

    Secrets are hidden before anything is dropped or cut, and once more after: what was dropped may have divided one.
    """
    document = read_document(content)
    if isinstance(document, dict):
        text = _from_members(document)
    elif document is not None and not isinstance(document, int | float):
        text = _flatten(document)
    else:
        text = hide(content.decode("utf-8", "replace"))[:LONGEST_READ]
        if "<" in text and re.search(r"<\s*(?:!doctype|html|head|body|title|h1|p)\b", text, re.IGNORECASE):
            text = _from_html(text)
    text = _shorten(hide(_printable(hide(_unwrap_repr(hide(text)[:LONGEST_READ])))))
    return text or _status_words(status)


def _from_members(document: dict[str, Json]) -> str:
    """The members that are known to hold the text, else all of them."""
    found = [_flatten(document[word]) for word in TEXT_WORDS if document.get(word) not in (None, "", [], {})]
    texts = [text for position, text in enumerate(found) if text and text not in found[:position]]
    return " - ".join(texts) if texts else _flatten(document)


def _flatten(value: Json, depth: int = 0) -> str:
    """A map as `field: text; ...`, a list as `text; ...`."""
    if depth > 8:
        return "..."
    if isinstance(value, dict):
        inner = next((value[word] for word in TEXT_WORDS if isinstance(value.get(word), str) and value[word]), None)
        if isinstance(inner, str) and len(value) <= 3:
            place = value.get("field") or value.get("path") or value.get("param")
            return f"{place}: {inner}" if isinstance(place, str) else inner
        parts = ((key, _member(key, member, depth)) for key, member in value.items() if member is not None)
        return "; ".join(f"{key}: {text}" for key, text in parts if text)
    if isinstance(value, list):
        return "; ".join(text for text in (_flatten(item, depth + 1) for item in value[:20]) if text)
    if isinstance(value, str):
        return value
    return "" if value is None else json.dumps(value)


def _member(key: str, member: Json, depth: int) -> str:
    text = _flatten(member, depth + 1)
    return str(SENSITIVE) if text and is_credential_name(key) and key not in TEXT_WORDS else text


def _unwrap_repr(text: str) -> str:
    """`Bad Request. {'field': ['text']}` as `Bad Request. field: text`: some answers print a Python dictionary."""
    start, end = text.find("{"), text.rfind("}")
    if start < 0 or end <= start or end - start > 20_000:
        return text
    inner = text[start : end + 1]
    try:
        value: Json = ast.literal_eval(inner)
    except (ValueError, SyntaxError, RecursionError, MemoryError, TypeError):
        value = read_document(inner.encode("utf-8", "replace"))
    if not isinstance(value, dict) or not value:
        return text
    return f"{text[:start]}{_flatten(value)}{text[end + 1 :]}"


def _from_html(text: str) -> str:
    text = re.sub(r"<(script|style)\b.*?</\1\s*>", " ", text, flags=re.IGNORECASE | re.DOTALL)
    title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", text, re.IGNORECASE | re.DOTALL)
    parts = [re.sub(r"<[^>]*>", " ", match.group(1)) for match in (title, heading) if match]
    words = dict.fromkeys(" ".join(unescape(part).split()) for part in parts)
    words.pop("", None)
    return "a web page: " + " - ".join(words) if words else "a web page"


def _printable(text: str) -> str:
    """One line, without control and format characters: an answer must not be able to write on the terminal."""
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())


def _shorten(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 4]} ..."


def _status_words(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase} (no explanation given)"
    except ValueError:
        return "no explanation given"


def _texts(document: Json, depth: int = 0) -> Iterator[tuple[str, str]]:
    """Every text in the upper levels of an error document, with the member that holds it."""
    if isinstance(document, dict) and depth < 4:
        for key, value in document.items():
            if isinstance(value, str):
                yield key, value
            else:
                yield from _texts(value, depth + 1)


def _others(document: Json, hide: Hide) -> str:
    """What a conflict says besides its text: mostly who is editing, and since when."""
    told = [f"{key}: {value}" for key, value in _texts(document) if key not in (*TEXT_WORDS, "conflict") and value]
    return f" ({_shorten(hide(_printable(hide('; '.join(told)))))})" if told else ""


def _auth_hint(status: int) -> str:
    if status == 401:
        return "check the API key of this workspace (TAVUS_API_KEY, or api_key in the project file)"
    return "the API key lacks this right, or may not be used from this network address"


def _rejection_hint(status: int) -> str | None:
    if status == 402:
        return "the plan of this account does not cover it"
    if status == 409:
        return "something else in the account is in the way; read it anew with `reconciler plan`"
    return None
