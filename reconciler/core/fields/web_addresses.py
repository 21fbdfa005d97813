"""The web addresses inside a body: where they stand, and the host that each leads to."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import ip_address

from reconciler.core.canonical.field_tree import field_at
from reconciler.types.address import is_reference
from reconciler.types.json import Json, escape, split
from reconciler.types.kind import KindSpec

_NAMED = re.compile(r"(?:.*_)?(?:url|uri|endpoint|webhook)s?", re.IGNORECASE)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://\S+")
# Clients do not agree on what these mean (a backslash is a slash to browsers), so such an address has no known host.
_DOUBTFUL = re.compile(r"[\x00-\x20\x7f-\xa0\\%<>^`|\"]")

# Checked after the host was made ASCII: that turns some letters into slashes and blanks.
_PLAIN = re.compile(r"[a-z0-9._:-]+")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where an address leads. `host`: ASCII, lower case, no brackets; `scheme` is empty where there is none."""

    scheme: str
    host: str
    port: str = ""

    @property
    def is_encrypted(self) -> bool:
        return self.scheme in ("https", "wss")

    @property
    def is_loopback(self) -> bool:
        """This machine, as the one who opens the address sees it."""
        if self.host == "localhost" or self.host.endswith(".localhost"):
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False


def parse_endpoint(address: str) -> Endpoint | None:
    """Scheme, host and port of `address`; None where clients might read it in different ways."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        scheme, rest = "", address.removeprefix("//")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if _DOUBTFUL.search(scheme + authority) or authority.count("@") > 1 or "\\" in address:
        return None
    place = authority.rpartition("@")[2]
    if place.startswith("["):
        host, bracket, port = place[1:].partition("]")
        if not bracket or (port and not port.startswith(":")):
            return None
        port = port[1:]
    else:
        host, _, port = place.partition(":")
    if not host.isascii():
        try:
            host = host.encode("idna").decode("ascii")
        except UnicodeError:
            return None
    host = host.lower().rstrip(".")
    if not _PLAIN.fullmatch(host) or (port and not (port.isascii() and port.isdigit())):
        return None
    return Endpoint(scheme.lower(), host, port)


def find_addresses(kind: KindSpec, pointer: str, value: Json) -> Iterator[tuple[str, Json]]:
    """Pointer and value of every web address in the leaf at `pointer`: texts and secret references in members that
    are called so (`base_url`, `webhook`), and any text of one word that has a scheme. Schemas are left alone."""
    row = field_at(kind, pointer)
    if row is not None and row.verbatim:
        return
    if is_reference(value):
        if _is_named(pointer):
            yield pointer, value
    elif isinstance(value, str):
        text = value.strip()
        if text and (_is_named(pointer) or _SCHEME.fullmatch(text)):
            yield pointer, text
    elif isinstance(value, dict):
        for key, member in value.items():
            yield from find_addresses(kind, f"{pointer}/{escape(key)}", member)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from find_addresses(kind, f"{pointer}/{index}", item)


def _is_named(pointer: str) -> bool:
    names = [token for token in split(pointer) if not token.isdigit()]
    return bool(names) and _NAMED.fullmatch(names[-1]) is not None
