"""Why no secured connection was made, told from the exceptions behind a failure and never from their texts."""

from __future__ import annotations

from collections.abc import Iterator

NOT_TLS = frozenset(
    {"WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNKNOWN_PROTOCOL", "HTTP_REQUEST"}
)
"""OpenSSL's names (`ssl.SSLError.reason`) for an answer whose first bytes are no TLS; its versions differ."""

PLAIN = "what answers there does not speak TLS (is it an http:// address, or another port?)"


def speaks_plainly(error: BaseException) -> bool:
    """Whether what answered does not speak TLS: mostly an http address that was given as https."""
    return any(getattr(one, "reason", None) in NOT_TLS for one in causes(error))


def causes(error: BaseException) -> Iterator[BaseException]:
    """An exception and those behind it, the outermost first."""
    seen: set[int] = set()
    one: BaseException | None = error
    while one is not None and id(one) not in seen:
        seen.add(id(one))
        yield one
        one = one.__cause__ or one.__context__
