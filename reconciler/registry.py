"""A named table of lazily imported plug-ins: one line here is all that a new entry needs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Generic, TypeVar, cast

from reconciler.error_base import UsageError

T = TypeVar("T")


class Registry(Generic[T]):
    """Name -> `"module:attribute"`, imported when asked for.

    The entries are strings, so that importing a table imports none of its plug-ins: a missing optional library
    hurts only the one who asks for the plug-in that needs it. What an entry must look like is checked by the
    contract test of its table (`tests/contracts/`).
    """

    def __init__(self, what: str, package: str, entries: Mapping[str, str]) -> None:
        """`what` names the table in error messages ("state backend"); `package` is where the modules live, empty
        where the entries name the whole path."""
        self.what = what
        self._package = package
        self._entries = dict(entries)
        self._loaded: dict[str, T] = {}

    def __iter__(self) -> Iterator[str]:
        return iter(self._entries)

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, name: str) -> T:
        """Return the plug-in called `name`, importing its module the first time.

        Raises `UsageError` for an unknown name (the message lists the known ones).
        """
        if name not in self._loaded:
            if name not in self._entries:
                close = get_close_matches(name, self._entries, n=1)
                hint = f"did you mean {close[0]!r}?" if close else None
                known = ", ".join(sorted(self._entries))
                raise UsageError(f"unknown {self.what} {name!r}; known: {known}", hint=hint)
            module, _, attribute = self._entries[name].partition(":")
            self._loaded[name] = cast(T, getattr(import_module(f"{self._package}.{module}".lstrip(".")), attribute))
        return self._loaded[name]

    @classmethod
    def joined(cls, what: str, tables: Iterable[Registry[T]]) -> Registry[T]:
        """All entries of several tables in one. Raises `UsageError` for a name that stands in two of them."""
        result: Registry[T] = Registry(what, "", {})
        for table in tables:
            for name, entry in table._entries.items():
                result.add(name, f"{table._package}.{entry}".lstrip("."))
        return result

    def add(self, name: str, entry: str) -> None:
        """One more entry, `"module:attribute"`. Raises `UsageError` for a name that is taken by another."""
        if self._entries.setdefault(name, entry) != entry:
            raise UsageError(f"there is a {self.what} {name!r} already: {self._entries[name]}")

    def all(self) -> dict[str, T]:
        """Import every entry, in table order."""
        return {name: self.get(name) for name in self._entries}
