"""Laws of every row of every field table: its words, its default, its values, its page of `explain`, its schema."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import manifest_schema
from reconciler.core.canonical.canonical_form import (
    comparable_document,
    effective_value,
    is_at_default,
    json_equal,
    leaf_at,
    leaves,
    normalize,
)
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.vocabulary import to_canonical, to_wire, wire_pointer
from reconciler.core.fields.field_check import WRONG_TYPE, check_fields
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.reporters.explain_field import as_json, explain, render
from reconciler.types.json import Json, Object, join, lookup, split
from reconciler.types.kind import Field, KindSpec, Type
from tests.support.bodies import bodies
from tests.support.every import hold_for_each

SCHEMA = manifest_schema()
VALIDATORS = {
    name: jsonschema.Draft7Validator({"definitions": SCHEMA["definitions"], "$ref": f"#/definitions/{name}_spec"})
    for name in KINDS
}
ROWS = [(spec, row) for spec in KINDS.all().values() for row in spec.fields]
LAWS = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
SAMPLES: dict[Type, Json] = {
    Type.STRING: "a text",
    Type.BOOLEAN: True,
    Type.INTEGER: 3,
    Type.NUMBER: 0.25,
    Type.STRINGS: ["one", "two"],
    Type.LIST: [],
    Type.OBJECT: {},
}


def each_row(law: Callable[[KindSpec, Field], None]) -> Callable[[str], None]:
    """A law for all rows of a kind, one test a kind; what does not hold is raised together, each with its row."""

    @pytest.mark.parametrize("kind", list(KINDS))
    def over_rows(kind: str) -> None:
        hold_for_each(law, [(row.path, (spec, row)) for spec, row in ROWS if spec.name == kind])

    over_rows.__name__, over_rows.__doc__ = law.__name__, law.__doc__
    return over_rows


def sample(row: Field) -> Json:
    """A value of the row's type that is not its default."""
    if row.enum:
        return next((word for word in row.enum if word != row.default), row.enum[0])
    if row.type is Type.BOOLEAN:
        return row.default is not True
    return row.example if row.example is not None else SAMPLES.get(row.type, "anything")


def spelt(spec: KindSpec, row: Field) -> Iterator[str]:
    """The place of a row with each of the words that it has; members of free objects are called `x-any`."""
    *above, last = split(row.path.replace("*", "x-any"))
    for word in (last, *row.wire_names.values(), *row.aliases):
        yield join(*above, word)


def body_with(spec: KindSpec, pointer: str, value: Json) -> Object:
    """The smallest body that holds `value` at `pointer`; lists of named items get one item."""
    tokens = split(pointer)
    for depth in range(len(tokens) - 1, -1, -1):
        value = {tokens[depth]: value}
        row = field_at(spec, join(*tokens[:depth])) if depth else None
        if row is not None and row.item_key is not None:
            inner = value[tokens[depth]]
            value = [{row.item_key: "x", **inner}] if isinstance(inner, dict) else [value]
    assert isinstance(value, dict)
    return value


def in_a_list(spec: KindSpec, row: Field) -> bool:
    """Whether the row is about members of the items of a list: its place has no pointer of its own."""
    tokens = split(row.path)
    parents = (field_at(spec, join(*tokens[:depth])) for depth in range(1, len(tokens)))
    return any(one is not None and (one.item_key is not None or one.type is Type.LIST) for one in parents)


@each_row
def test_every_spelling_of_a_row_is_the_same_field(spec: KindSpec, row: Field) -> None:
    if in_a_list(spec, row):
        return
    canonical = body_with(spec, row.path.replace("*", "x-any"), sample(row))
    for pointer in spelt(spec, row):
        found, clashes = to_canonical(spec, body_with(spec, pointer, sample(row)))
        assert (found, clashes) == (canonical, ())


@each_row
def test_words_of_a_row_go_out_and_come_back(spec: KindSpec, row: Field) -> None:
    if in_a_list(spec, row):
        return
    pointer = row.path.replace("*", "x-any")
    body = body_with(spec, pointer, sample(row))
    for vocabulary in ("pal", "persona"):
        wire = to_wire(spec, body, vocabulary)
        assert json_equal(lookup(wire, wire_pointer(spec, pointer, vocabulary, None)), sample(row))
        assert to_canonical(spec, wire) == (body, ())
        # An object that is spelt in the other vocabulary keeps its spelling.
        for like in ("pal", "persona"):
            assert to_wire(spec, body, vocabulary, to_wire(spec, body, like)) == to_wire(spec, body, like)


@each_row
def test_the_default_of_a_row_is_what_its_absence_means(spec: KindSpec, row: Field) -> None:
    assert is_at_default(row, None)
    assert json_equal(effective_value(row, None), normalize(row, row.default))
    if row.default is not None:
        assert is_at_default(row, row.default)
        assert not is_at_default(row, sample(row)) or json_equal(
            normalize(row, sample(row)), normalize(row, row.default)
        )
    if row.default_needs_parent:
        assert effective_value(row, None, parent_present=False) is None


@each_row
def test_the_normal_form_is_final(spec: KindSpec, row: Field) -> None:
    """Normalising twice changes nothing, and a value is at its default exactly where its normal form is."""
    for value in (sample(row), row.default, "1", "TRUE", "0.50", "nan", ["b", "a", "b"], {"a": None}):
        once = normalize(row, value)
        assert json_equal(normalize(row, once), once), value
        assert is_at_default(row, once) == is_at_default(row, value), value


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-Infinity", "1e999", "1_0", "\u0663", "", "-", "."])
def test_a_text_that_spells_no_number_stays_a_text(text: str) -> None:
    for _, row in ROWS:
        if row.type in {Type.NUMBER, Type.INTEGER}:
            assert normalize(row, text) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_as_text_is_the_number(number: float) -> None:
    for _, row in ROWS:
        if row.type is Type.NUMBER:
            assert json_equal(normalize(row, str(number)), number)


@given(order=st.permutations(["a", "b", "c", "b"]))
def test_sets_have_no_order(order: list[Json]) -> None:
    for _, row in ROWS:
        assert (normalize(row, order) == ["a", "b", "c"]) == row.set_like, row.path


@each_row
def test_schema_and_loader_take_the_same_values(spec: KindSpec, row: Field) -> None:
    """A value of the right type passes both; a value that the loader refuses, an editor marks too."""
    if in_a_list(spec, row) or row.server_owned:
        return
    pointer = row.path.replace("*", "x-any")
    for value in (sample(row), True, 7, 0.5, "some text", [], ["a"], [3], {}, {"some": "member"}):
        body = body_with(spec, pointer, value)
        refused = [one for one in check_fields(spec, body) if one.code == WRONG_TYPE and one.is_error]
        valid = VALIDATORS[spec.name].is_valid(body)
        if value is sample(row):
            assert not refused
        assert not (refused and valid), (pointer, value, [one.summary for one in refused])


@each_row
def test_explain_finds_a_row_under_each_of_its_words(spec: KindSpec, row: Field) -> None:
    page = explain(f"{spec.name}{row.path.replace('/', '.')}", KINDS)
    assert page.doc == row.doc
    assert (page.secret, page.server, page.ref, page.deprecated) == (
        row.secret,
        row.server_owned,
        row.ref,
        row.deprecated,
    )
    for vocabulary in ("pal", "persona"):
        *above, last = split(row.path)
        assert (
            explain(join(spec.name, *above, row.wire_names.get(vocabulary, last)).replace("/", ".")[1:], KINDS)
            == page
        )
    assert row.doc.split()[0] in render(page)
    assert as_json(page)["doc"] == row.doc


@pytest.mark.parametrize("kind", list(KINDS))
@given(data=st.data())
@LAWS
def test_each_leaf_is_found_at_its_pointer(kind: str, data: st.DataObject) -> None:
    spec = KINDS.get(kind)
    body, _ = to_canonical(spec, data.draw(bodies(kind)))
    for pointer, value in leaves(spec, body).items():
        assert json_equal(normalize(field_at(spec, pointer), leaf_at(spec, body, pointer)), value), pointer


@pytest.mark.parametrize("kind", list(KINDS))
@given(data=st.data())
@LAWS
def test_canonical_forms_are_final(kind: str, data: st.DataObject) -> None:
    """Once in canonical words a body stays as it is; the comparable form too, and it has the same leaves."""
    spec = KINDS.get(kind)
    body, _ = to_canonical(spec, data.draw(bodies(kind)))
    assert to_canonical(spec, body) == (body, ())
    kept = comparable_document(spec, body)
    assert comparable_document(spec, kept) == kept
    assert leaves(spec, kept) == leaves(spec, body)
