"""Answers to the questions of migrations, as they come from a project file or from the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import cache

from reconciler.core.migrating.migration import ANY, KEEP, YES, Answers, Migration
from reconciler.errors import UsageError
from reconciler.registry import Registry


@cache
def known_names(migrations: Registry[Migration]) -> dict[str, str]:
    """What a migration of the table may be called: its name or its id, each with the name."""
    found = migrations.all()
    return {one.name: one.name for one in found.values()} | {id: one.name for id, one in found.items()}


def as_answer(value: str | float | bool) -> str:
    """A scalar of a project file as an answer: false keeps things as they are."""
    if isinstance(value, bool):
        return YES if value else KEEP
    return str(value)


def parse_answers(pairs: Iterable[tuple[str, str]], migrations: Registry[Migration]) -> Answers:
    """`NAME=VALUE` or `NAME.KEY=VALUE`. Raises `UsageError` for a migration that does not exist."""
    result: dict[str, dict[str, str]] = {}
    for left, value in pairs:
        word, _, key = left.partition(".")
        result.setdefault(_name(word, migrations), {})[key or ANY] = value
    return result


def merge_answers(*layers: Answers) -> Answers:
    """Answers by migration and key; later layers win, and a later `*` wins over every earlier key."""
    result: dict[str, dict[str, str]] = {}
    for layer in layers:
        for name, given in layer.items():
            if ANY in given:
                result.pop(name, None)
            result.setdefault(name, {}).update(given)
    return result


def choose_migrations(
    migrations: Registry[Migration], only: Sequence[str] = (), skip: Sequence[str] = ()
) -> tuple[Migration, ...]:
    """The migrations to run, in table order; names or ids. Raises `UsageError` for one that does not exist."""
    wanted = {_name(word, migrations) for word in only} or set(known_names(migrations).values())
    left_out = {_name(word, migrations) for word in skip}
    return tuple(one for one in migrations.all().values() if one.name in wanted and one.name not in left_out)


def requested_names(migrations: Registry[Migration], only: Sequence[str]) -> frozenset[str]:
    """The names of the migrations that were asked for one by one."""
    return frozenset(_name(word, migrations) for word in only)


def _name(word: str, migrations: Registry[Migration]) -> str:
    names: Mapping[str, str] = known_names(migrations)
    found = names.get(word) or names.get(word.upper()) or names.get(word.lower())
    if found is None:
        close = get_close_matches(word, names, n=1)
        hint = f"did you mean {close[0]!r}?" if close else "`reconciler migrate --list` shows them"
        raise UsageError(f"unknown migration {word!r}", hint=hint)
    return found
