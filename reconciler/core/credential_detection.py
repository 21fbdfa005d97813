"""What is a credential: told by the name of a header, parameter or member, by the look of a text, and inside URLs.

The one place that decides it, for the loader, comparison, export, reports, history and messages alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, unquote_plus

_WORDS = frozenset(
    {"auth", "authorization", "authentication", "key", "apikey", "token", "secret", "password", "passwd", "cookie"}
    | {"credential", "credentials", "signature", "sig", "bearer", "session", "jwt", "pat", "passphrase", "pwd"}
)
_ENDINGS = ("apikey", "token", "secret", "password", "accesskey", "authkey", "secretkey", "credential", "accesskeyid")
_PREFIXES = re.compile(
    r"(?i:bearer|basic|token|digest)\s+\S"
    r"|sk[-_]\w|[pr]k[-_](?:live|test)|gh[pousr]_|github_pat_|glpat-|hf_|xox[abprs]-|AKIA[0-9A-Z]|AIza|ya29\."
    r"|eyJ[\w-]{8,}|eyJ[\w-]+\.|-----BEGIN "
)
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|[0-9]+")
_PLAIN_ENDINGS = frozenset(
    {"id", "ids", "version", "region", "organization", "organisation", "org", "project", "tenant", "trace", "model"}
    | {"deployment", "type", "name", "agent", "date", "workspace", "environment", "beta", "source"}
)
"""Last words of names whose values may be long and random and are no credentials for that."""
RANDOM_LENGTH = 24
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]{0,30}://[^\s<>\"'`]+")
_USER = re.compile(r"://(?:[^/?#@:]*:)?([^/?#]+)@")
_PARAMETER = re.compile(r"[?&#;](?:amp;)?([^=?&#;\s]{1,200})=([^&#;\s]+)")


def is_credential_name(name: str) -> bool:
    """Whether a header, a query parameter or a member of this name carries a credential."""
    words = {word.lower() for word in _PARTS.findall(name)}
    flat = re.sub(r"[^a-z0-9]", "", name.lower())
    return bool(words & _WORDS) or flat.endswith(_ENDINGS)


def looks_like_credential(value: str) -> bool:
    """Whether a text is one by its look: a scheme with its token, a known prefix, a URL that holds one."""
    return _PREFIXES.match(value.strip()) is not None or has_url_credentials(value)


def is_credential(name: str, value: str) -> bool:
    """Whether a header or query parameter carries a credential, by its name or by its value."""
    if not value:
        return False
    words = _PARTS.findall(name)
    plain = bool(words) and words[-1].lower() in _PLAIN_ENDINGS
    return is_credential_name(name) or looks_like_credential(value) or (not plain and _is_random(value))


def is_setting(name: str, value: str) -> bool:
    """Whether a header or query parameter is known to be none: by a name of settings, and a value of no such look."""
    words = _PARTS.findall(name)
    return bool(words) and words[-1].lower() in _PLAIN_ENDINGS and not is_credential(name, value)


def _is_random(value: str) -> bool:
    """Long, without spaces, of many different characters, mixing letters and digits: no word, no id in words."""
    if len(value) < RANDOM_LENGTH or not re.fullmatch(r"[A-Za-z0-9+/=_-]+", value):
        return False
    return (
        any(character.isdigit() for character in value)
        and any(character.isalpha() for character in value)
        and len(set(value)) >= 12
        and re.search(r"[A-Za-z0-9]{16,}", value) is not None
    )


def url_credentials(text: str) -> Iterator[tuple[int, int]]:
    """Where credentials stand in the URLs of `text`: start and end of a password (or of a name without one) before
    the host, and of parameters whose name says so (`token=`, `sig=`, `X-Amz-Signature=`)."""
    if "://" not in text:
        return
    for url in _URL.finditer(text):
        user = _USER.search(url.group())
        if user is not None:
            yield url.start() + user.start(1), url.start() + user.end(1)
        for part in _PARAMETER.finditer(url.group()):
            if is_credential_name(unquote_plus(part.group(1))) or _PREFIXES.match(unquote(part.group(2))):
                yield url.start() + part.start(2), url.start() + part.end(2)


def has_url_credentials(text: str) -> bool:
    """Whether all of `text` is a URL that holds a credential."""
    return _URL.fullmatch(text.strip()) is not None and next(url_credentials(text), None) is not None
