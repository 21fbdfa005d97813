"""The editor's schema and the loader's checks agree: what has no wrong type is valid, and spellings do not matter."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import manifest_schema
from reconciler.core.canonical.vocabulary import to_wire
from reconciler.core.fields.field_check import WRONG_TYPE, bound_violations, check_fields
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import ResourceRef, SecretRef
from reconciler.types.json import Json, Object, lookup, split
from tests.support.bodies import bodies

VALIDATOR = jsonschema.Draft7Validator(manifest_schema())
LAWS = settings(
    max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]
)


def as_written(value: Json) -> Json:
    """References in the form that people write."""
    if isinstance(value, SecretRef):
        return {**value.written()}
    if isinstance(value, ResourceRef):
        return {"ref": value.address}
    if isinstance(value, dict):
        return {key: as_written(member) for key, member in value.items()}
    return [as_written(item) for item in value] if isinstance(value, list) else value


def without_wrong_types(kind: str, body: Object) -> Object:
    """`body` less what the loader calls a wrong type or out of bounds, and less references: those have a test
    of their own."""
    body = {
        key: member
        for key, member in body.items()
        if "ResourceRef(" not in repr(member) and "SecretRef(" not in repr(member)
    }
    while wrong := [*_wrong(kind, body)]:
        body = _dropped(body, split(wrong[0]))
    return body


def _wrong(kind: str, body: Object) -> Iterator[str]:
    """Pointers of values of a wrong type, out of the bounds of their field (L39) or of its closed list (L17)."""
    spec = KINDS.get(kind)
    yield from (one.pointer or "" for one in check_fields(spec, body) if one.code == WRONG_TYPE)
    for row in spec.fields:
        value = lookup(body, row.path)
        beyond = row.bounds is not None and any(bound_violations(row.bounds, value, row.path))
        if beyond or (row.closed and isinstance(value, str) and value not in {*row.enum, *row.observed_values}):
            yield row.path


def _dropped(body: Object, tokens: tuple[str, ...]) -> Object:
    """`body` without the member there; a list that it stands in goes whole."""
    first, *rest = tokens
    member = body[first]
    if not rest or not isinstance(member, dict):
        return {key: value for key, value in body.items() if key != first}
    return {**body, first: _dropped(member, tuple(rest))}


def document(kind: str, body: Json) -> Object:
    return {
        "apiVersion": "personas/v1",
        "kind": KINDS.get(kind).manifest_kinds[0],
        "metadata": {"name": "x"},
        "spec": body,
    }


@LAWS
@given(data=st.data(), kind=st.sampled_from(["persona", "tool"]))
def test_a_body_without_wrong_types_is_valid(data: st.DataObject, kind: str) -> None:
    body = without_wrong_types(kind, data.draw(bodies(kind)))
    errors = [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document(kind, body))]
    assert errors == []


@LAWS
@given(data=st.data(), vocabulary=st.sampled_from(["persona", "pal"]))
def test_both_vocabularies_are_judged_alike(data: st.DataObject, vocabulary: str) -> None:
    body = data.draw(bodies("persona"))
    wire = to_wire(KINDS.get("persona"), body, vocabulary)
    assert VALIDATOR.is_valid(document("persona", wire)) == VALIDATOR.is_valid(document("persona", body))


def test_references_stand_where_they_may() -> None:
    body: Object = {
        "system_prompt": SecretRef("env", "P"),
        "tools": [ResourceRef("tool.a"), "b"],
        "guardrails_id": ResourceRef("guardrail_set.a"),
        "layers": {"llm": {"api_key": SecretRef("file", "key.txt"), "headers": {"X": SecretRef("env", "H")}}},
    }
    assert VALIDATOR.is_valid(document("persona", as_written(body)))
