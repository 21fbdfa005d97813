"""What every kind in the table must keep to: its rows are well formed and agree with each other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from reconciler.core.canonical.field_tree import node_at
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.json import Json, split
from reconciler.types.kind import Field, KindSpec, Type
from tests.support.every import hold_for_each
from tests.support.platforms import EVERY

KINDS_OF = [one.kinds for one in EVERY.values()]
EVERY_KIND = [spec for one in EVERY.values() for spec in one.kinds.all().values()]
ROWS = [(spec, row) for spec in EVERY_KIND for row in spec.fields]
PYTHON: dict[Type, tuple[type, ...]] = {
    Type.STRING: (str,),
    Type.BOOLEAN: (bool,),
    Type.INTEGER: (int,),
    Type.NUMBER: (int, float),
    Type.STRINGS: (list,),
    Type.LIST: (list,),
    Type.OBJECT: (dict,),
    Type.ANY: (str, bool, int, float, list, dict),
}


def label(value: object) -> str:
    return value.path if isinstance(value, Field) else value.name if isinstance(value, KindSpec) else str(value)


def values(row: Field) -> Iterator[Json]:
    """Every example value that a row names."""
    yield from (value for value in (row.default, row.example, *row.omitted_values) if value is not None)


def paths(spec: KindSpec) -> set[str]:
    return {row.path for row in spec.fields}


@pytest.mark.parametrize("spec", EVERY_KIND, ids=label)
def test_a_kind_is_called_as_in_its_addresses(spec: KindSpec) -> None:
    assert any(spec.name in kinds and kinds.get(spec.name) is spec for kinds in KINDS_OF)
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", spec.name)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+", word) for word in spec.manifest_kinds)
    assert spec.doc.endswith(".")


@pytest.mark.parametrize("spec", EVERY_KIND, ids=label)
def test_each_place_has_one_row(spec: KindSpec) -> None:
    assert len(paths(spec)) == len(spec.fields)


@pytest.mark.parametrize("spec", EVERY_KIND, ids=label)
def test_what_a_kind_points_to_is_declared(spec: KindSpec) -> None:
    known = paths(spec)
    assert spec.name_field in known
    assert set(spec.renamed_fields) <= known
    assert set(spec.renamed_fields.values()) <= known
    assert set(spec.patched_alone) <= known
    for companion in spec.companions:
        assert {companion.under, companion.when, *companion.pointers} <= known
        assert companion.why
    if spec.attachments is not None:
        row = next(row for row in spec.fields if row.path == spec.attachments)
        assert any(row.ref in kinds for kinds in KINDS_OF if spec.name in kinds)


@pytest.mark.parametrize("spec", EVERY_KIND, ids=label)
def test_the_id_is_the_servers(spec: KindSpec) -> None:
    server = {split(row.path)[0] for row in spec.fields if row.server_owned}
    words = {word for row in spec.fields if row.server_owned for word in (*row.wire_names.values(), *row.aliases)}
    assert spec.id_members[0] in server | words


@pytest.mark.parametrize("spec", EVERY_KIND, ids=label)
def test_words_and_spellings_are_unambiguous(spec: KindSpec) -> None:
    """Within one object no word means two fields."""
    seen: dict[tuple[str, str], str] = {}
    for row in spec.fields:
        parent = row.path.rpartition("/")[0]
        for word in {split(row.path)[-1], *row.wire_names.values(), *row.aliases} - {"*"}:
            assert seen.setdefault((parent, word), row.path) == row.path, word


@pytest.mark.parametrize("spec", EVERY_KIND, ids=label)
def test_bare_keys_are_words_of_the_kind(spec: KindSpec) -> None:
    top = {row.path[1:] for row in spec.fields if row.path.count("/") == 1}
    top |= {word for row in spec.fields for word in row.wire_names.values()}
    assert spec.bare_keys <= top


def well_formed(spec: KindSpec, row: Field) -> None:
    assert row.path.startswith("/")
    assert not row.path.endswith("/")
    assert row.doc.endswith("."), "a sentence"
    assert row.source, "where the fact comes from"
    assert set(row.wire_names) <= set(spec.vocabularies)
    assert node_at(spec, row.path).row is row or "*" in row.path


def values_have_the_type(spec: KindSpec, row: Field) -> None:
    for value in values(row):
        assert isinstance(value, PYTHON[row.type]), value
        assert row.type is Type.BOOLEAN or row.type is Type.ANY or not isinstance(value, bool)
    if row.enum:
        assert row.type is Type.STRING
        assert len(set(row.enum)) == len(row.enum)
        assert row.default in {None, *row.enum}


def properties_fit_together(spec: KindSpec, row: Field) -> None:
    if row.set_like:
        assert row.type in {Type.STRINGS, Type.LIST}
    if row.keyed:
        assert row.type is Type.LIST
    if row.atomic:
        assert row.type is Type.OBJECT
    if row.server_defaults:
        assert row.atomic or row.type is Type.LIST
    if row.secret:
        assert row.type is Type.STRING
        assert row.default is None
        assert row.example is None
        assert not row.server_owned
    if row.server_owned:
        assert not row.required
    if row.deprecated is not None:
        assert len(row.deprecated) > 10, "why, and what to use instead"


@pytest.mark.parametrize("law", [well_formed, values_have_the_type, properties_fit_together])
@pytest.mark.parametrize("spec", EVERY_KIND, ids=label)
def test_the_rows_of_a_kind(spec: KindSpec, law: Callable[[KindSpec, Field], None]) -> None:
    hold_for_each(law, [(row.path, (spec, row)) for row in spec.fields])
    assert spec.fields


@pytest.mark.parametrize("spec", EVERY_KIND, ids=label)
def test_a_field_lies_in_an_object(spec: KindSpec) -> None:
    """A parent that is declared is an object; parents that are not declared only group."""
    types = {row.path: row.type for row in spec.fields}
    for path in types:
        parent = path.rpartition("/")[0]
        assert types.get(parent, Type.OBJECT) in {Type.OBJECT, Type.ANY}, path


def test_the_words_of_manifests_are_unique() -> None:
    for kinds in KINDS_OF:
        words = [word for spec in kinds.all().values() for word in spec.manifest_kinds]
        assert len(words) == len(set(words)) == len(kinds.by_manifest_kind)
    assert KINDS.by_manifest_kind["PAL"] is KINDS.by_manifest_kind["Persona"]


def test_users_come_after_what_they_refer_to() -> None:
    for kinds in KINDS_OF:
        for spec in kinds.all().values():
            for row in spec.fields:
                if row.ref in kinds:
                    assert kinds.get(row.ref).level < spec.level, row.path


def test_no_two_kinds_claim_a_bare_body() -> None:
    for kinds in KINDS_OF:
        claims = [key for spec in kinds.all().values() for key in spec.bare_keys]
        assert len(claims) == len(set(claims))
