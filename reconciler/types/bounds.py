"""How large a value may be and how it may look: the limits of a field that the vendor refuses to exceed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bounds:
    """Limits of one field; each that is not given does not count. A value of another type has no bounds."""

    least: float | None = None
    """The smallest number."""
    most: float | None = None
    """The largest number."""
    above: float | None = None
    """A number has to be larger than this."""
    shortest: int = 0
    """Characters of a text."""
    longest: int | None = None
    pattern: str = ""
    """What the whole text has to match; an empty one is the affair of `shortest`."""
    looks: str = ""
    """`pattern` in words: "letters, digits or underscores"."""
    fewest: int = 0
    """Items of a list."""
    many: int | None = None
    item: Bounds | None = None
    """Of each text of a list of texts."""
    unique: str = ""
    """The member that no two items of a list have in common."""

    def words(self) -> str:
        """The limits for people, empty where there are none."""
        parts: list[str] = []
        if self.above is not None:
            parts.append(f"above {self.above:,g}")
        if self.least is not None and self.most is not None:
            parts.append(f"{self.least:,g} to {self.most:,g}")
        elif self.least is not None:
            parts.append(f"at least {self.least:,g}")
        elif self.most is not None:
            parts.append(f"at most {self.most:,g}")
        if self.looks:
            parts.append(self.looks)
        parts += _range(self.shortest, self.longest, "character")
        parts += _range(self.fewest, self.many, "item")
        if self.item is not None:
            parts.append(f"each {self.item.words()}")
        if self.unique:
            parts.append(f"each {self.unique} once")
        return ", ".join(parts)


def _range(low: int, high: int | None, what: str) -> list[str]:
    if high is None:
        return [f"at least {low:,} {what}{'' if low == 1 else 's'}"] if low else []
    return [f"{low:,} to {high:,} {what}s" if low else f"at most {high:,} {what}s"]
