"""JSON that is not trusted: what others send, counted while it is decoded; members of our own files, checked."""

from __future__ import annotations

import json
import math
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from sys import intern
from typing import NoReturn

from reconciler.types.address import Address
from reconciler.types.json import Json, Object


class Malformed(ValueError):
    """A document is not what it should be; the text says where and what. Never leaves `core`."""


def mapping(value: Json, where: str) -> Object:
    if not isinstance(value, dict):
        raise Malformed(f"{where}: an object was expected, not {_kind(value)}")
    return value


def items(value: Json, where: str) -> list[Json]:
    if not isinstance(value, list):
        raise Malformed(f"{where}: a list was expected, not {_kind(value)}")
    return value


def text(value: Json, where: str) -> str:
    if not isinstance(value, str):
        raise Malformed(f"{where}: a text was expected, not {_kind(value)}")
    return value


def optional_text(value: Json, where: str) -> str | None:
    return None if value is None else text(value, where)


def texts(value: Json, where: str) -> tuple[str, ...]:
    """A list of texts; absent (None) is empty."""
    if value is None:
        return ()
    return tuple([text(item, where) for item in items(value, where)])


def whole(value: Json, where: str) -> int:
    """A number from 0 on."""
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise Malformed(f"{where}: a whole number was expected, not {_kind(value)}")
    return value


def flag(value: Json, where: str) -> bool:
    """A boolean; absent (None) is false."""
    if value is None:
        return False
    if not isinstance(value, bool):
        raise Malformed(f"{where}: true or false was expected, not {_kind(value)}")
    return value


def text_map(value: Json, where: str) -> dict[str, str]:
    """An object of texts, equal ones and equal names kept once; absent (None) is empty."""
    if value is None:
        return {}
    members = mapping(value, where)
    # 200,000 digests pass through here at every start: one pass in C, the slow look only for the error.
    if set(map(type, members.values())) - {str}:
        key = next(key for key, item in members.items() if not isinstance(item, str))
        raise Malformed(f"{where}/{key}: a text was expected, not {_kind(members[key])}")
    return {intern(name): intern(str(item)) for name, item in members.items()}


def address_from(value: Json, where: str) -> Address:
    """An address from its text. Raises `Malformed`."""
    try:
        return Address.parse(text(value, where))
    except Malformed:
        raise
    except ValueError as error:
        raise Malformed(f"{where}: {error}") from None


def refuse_unknown(members: Iterable[str], known: frozenset[str], where: str) -> None:
    """A member that this version does not know would be lost when the document is written again."""
    if unknown := sorted(set(members) - known):
        raise Malformed(f"{where}: unknown member {unknown[0]!r}")


def _kind(value: Json) -> str:
    if value is None:
        return "null"
    names = {bool: "a boolean", int: "a number", float: "a number", str: "a text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


MB = 1024 * 1024
ENCODINGS = "gzip, deflate"
"""What a request may ask for: a decoder that can be stopped. Anything else, and more than one, is refused."""
DEEPEST = 100
"""Levels of lists and objects in one document: what walks it later goes down one call or two a level."""
DEEPEST_OWN = DEEPEST + 50
"""The same for documents of our own (state, plan, journal), which hold bodies of the API."""
LIGHT = 4 * MB
"""Bytes of a document whose values are too few to need much memory, whatever they are."""
MOST_ANSWER = 64 * MB
"""Bytes of one decoded answer, where nothing else is set."""
HEAVIEST = 6
"""Bytes of memory a document may take for each byte of the largest answer (of its own, where it is larger)."""
PIECE = 4 * MB
TIMES = 50
"""How many times its size a compressed body may stand for once it is past the size of an ordinary answer."""
_LONE = re.compile("[\ud800-\udfff]")
_ESCAPED = re.compile(rb"\\u[dD][89a-fA-F]")
_WIDE = re.compile(rb"[\xf0-\xff]")
_CONTAINERS = (dict, list)


class Unfit(ValueError):
    """What came is too large, or no document; the text says which. `hopeless`: asking again will not help."""

    def __init__(self, text: str, *, hopeless: bool = False) -> None:
        super().__init__(text)
        self.hopeless = hopeless


def receive(chunks: Iterable[bytes], encoding: str, most: int) -> bytes:
    """The body in `chunks`, its `Content-Encoding` taken off, of at most `most` bytes. Raises `Unfit`.

    Nothing is decoded beyond that: a small body may stand for a thousand times its size.
    """
    body = bytearray()
    came = 0

    def counted() -> Iterator[bytes]:
        nonlocal came
        for chunk in chunks:
            came += len(chunk)
            yield chunk

    for piece in _decoded(counted(), encoding.strip().lower()):
        body += piece
        if len(body) > max(MOST_ANSWER, TIMES * came):
            raise Unfit(f"the answer is {came} bytes that stand for more than {TIMES} times as many", hopeless=True)
        if len(body) > most:
            raise Unfit(f"the answer is larger than {most / MB:g} MB", hopeless=True)
    return bytes(body)


def _decoded(chunks: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    if encoding in ("", "identity"):
        yield from chunks
        return
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise Unfit(f"the answer is encoded as {encoding[:40]!a}, which was not asked for", hopeless=True)
    decoder, head = None, b""
    try:
        for chunk in chunks:
            data = head + chunk
            if decoder is None:
                if len(data) < len(_ZLIB):
                    head = data
                    continue
                decoder, head = zlib.decompressobj(_window(encoding, data)), b""
            while data and not decoder.eof:
                yield decoder.decompress(data, PIECE)
                data = decoder.unconsumed_tail
    except zlib.error as error:
        raise Unfit("the answer cannot be decompressed") from error
    if head or (decoder is not None and not decoder.eof):
        raise Unfit("the answer broke off while it was decompressed")


_ZLIB = b"\x78\x9c"
"""As long as the head that tells a zlib stream from a bare one."""


def _window(encoding: str, data: bytes) -> int:
    """What zlib is told of a stream that begins with `data`: some servers leave the head of a `deflate` away."""
    if encoding != "deflate":
        return zlib.MAX_WBITS | 16
    return zlib.MAX_WBITS if data[0] & 15 == 8 and int.from_bytes(data[:2], "big") % 31 == 0 else -zlib.MAX_WBITS


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is too large")
    return number


def _members(pairs: list[tuple[str, Json]]) -> Object:
    """Readers differ on which of two members counts, so that what one shows another would not carry out."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("it holds a key twice")
    return found


_DECODER = json.JSONDecoder(parse_float=_finite, parse_constant=_constant)
_OWN = json.JSONDecoder(object_pairs_hook=_members)


def parse_json(data: bytes, most: int = MOST_ANSWER, *, own: bool = False) -> Json:
    """The document in `data`; `most` is the size of the largest answer in bytes. Raises `Unfit`.

    At most 100 levels of lists and objects; numbers are finite; half a surrogate pair, which no encoding can hold,
    reads as U+FFFD. `own`: a document that this program wrote comes back exactly as it was, may be 150 deep and
    holds no key twice.
    """
    if len(data) > LIGHT and weight(data) > HEAVIEST * max(most, len(data)):
        raise Unfit("the document holds so many values that it would not fit into memory", hopeless=True)
    deepest = DEEPEST_OWN if own else DEEPEST
    try:
        document: Json = (_OWN if own else _DECODER).decode(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Unfit("it is not UTF-8") from error
    except ValueError as error:
        raise Unfit(str(error)) from error
    except RecursionError as error:
        raise Unfit(f"it is nested more than {deepest} levels deep", hopeless=True) from error
    _check_depth(document, deepest)
    return _whole_texts(document) if not own and _ESCAPED.search(data) else document


def weight(data: bytes) -> int:
    """Bytes of memory that reading `data` as JSON takes at most, in about: the text and what is made of it."""
    width = 1 if data.isascii() else 4 if _WIDE.search(data) else 2
    told = max(width, 4 if _ESCAPED.search(data) else 2 if b"\\u" in data else 1)
    return (
        (width + told) * len(data)
        + 72 * data.count(b"[")
        + 216 * data.count(b"{")
        + 64 * data.count(b",")
        + 96 * data.count(b":")
    )


def _check_depth(document: Json, deepest: int) -> None:
    level: list[Json] = [document] if isinstance(document, _CONTAINERS) else []
    for _ in range(deepest):
        if not level:
            return
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer if isinstance(outer, list) else ())
            if type(inner) is dict or type(inner) is list
        ]
    if level:
        raise Unfit(f"it is nested more than {deepest} levels deep", hopeless=True)


def _whole_texts(value: Json) -> Json:
    if isinstance(value, str):
        return _LONE.sub("\ufffd", value)
    if isinstance(value, list):
        return [_whole_texts(item) for item in value]
    if isinstance(value, Mapping):
        return {_LONE.sub("\ufffd", word): _whole_texts(member) for word, member in value.items()}
    return value
