"""Names that people take for one and that computers do not: they differ by case, blanks or the Unicode form alone."""

from __future__ import annotations

import unicodedata

_FORMAT = "Cf"
"""Category of characters that nobody sees, such as a zero width space."""


def folded(name: str) -> str:
    """The same for all names that look alike."""
    if name.isascii():
        return " ".join(name.lower().split())
    name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(_visible(name).casefold().split())


def difference(one: str, other: str) -> str:
    """What tells two names that look alike apart, in words."""
    if one.casefold() == other.casefold():
        return "by case"
    if "".join(one.split()) == "".join(other.split()):
        return "by blanks"
    if unicodedata.normalize("NFKC", one) == unicodedata.normalize("NFKC", other):
        return "by their Unicode form"
    if _visible(one) == _visible(other):
        return "by a character that nobody sees"
    return "by case, blanks or Unicode form"


def _visible(name: str) -> str:
    return "".join(character for character in name if unicodedata.category(character) != _FORMAT)
