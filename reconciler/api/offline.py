"""What needs no project: saved plans, the schema of manifests, the catalogue that ships; of any platform."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from reconciler.platforms import PLATFORMS

if TYPE_CHECKING:
    from reconciler.types.catalogue import Catalogue
    from reconciler.types.json import Object
    from reconciler.types.kind import Kinds
    from reconciler.types.plan import Plan


def load_plan(data: bytes, key: bytes | None = None, kinds: Kinds | None = None) -> Plan:
    """The plan in a file. Raises `PlanUnreadable` when it was edited, is damaged, or has an unknown format; with a
    `key` also when it is not signed with that key.

    `kinds` are those of the account that it is for; without them, those of the first platform that has all that the
    plan is about.
    """
    from reconciler.core.planning.plan_file import kinds_in, read_plan

    return read_plan(data, kinds or PLATFORMS.having(kinds_in(data)).kinds, key)


def manifest_schema(kinds: Iterable[str] | None = None) -> Object:
    """The JSON Schema of one manifest document: an envelope of any of `kinds` (None: of all that the first platform
    has), a bare body, Moved or Removed. Raises `UsageError` for an unknown kind.

    Specs take every vocabulary, `{env}`, `{file}`, `{ref}` and `{literal}` where the loader takes them, and further
    fields.
    """
    from reconciler.core.fields.json_schema import schema_of

    names = None if kinds is None else tuple(kinds)
    return schema_of(PLATFORMS.having(names or ()).kinds, names)


def load_catalogue(overrides: Object | None = None) -> Catalogue:
    """The model catalogue of the first platform with `overrides` merged over it.

    Mappings are merged member by member (so `{tables: {llm: {my-model: {...}}}}` adds one model and
    `{generation: "2026-02"}` moves every question to that generation), null removes a member, anything else
    replaces, and so does a status of `all` generations. Raises `ManifestError` with one diagnostic per value that
    does not fit.
    """
    from reconciler.manifests.project.read_catalogue import load_catalogue as load

    return load(PLATFORMS.default, overrides)
