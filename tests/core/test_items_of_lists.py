"""What validation, the schema and explain know of the items of a list."""

from __future__ import annotations

from reconciler.api.offline import manifest_schema
from reconciler.core.canonical.references import differs_in_ids
from reconciler.core.fields.field_check import check_fields
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.reporters.explain_field import explain
from reconciler.types.address import ResourceRef
from reconciler.types.json import Json, lookup


def test_items_are_checked_member_by_member() -> None:
    data: Json = [{"objective_name": 7, "objectiv_prompt": "x"}, "no mapping", {"objective_name": "ok"}]
    found = {one.pointer: one for one in check_fields(kind("objectives"), {"data": data})}
    assert set(found) == {"/data/0/objective_name", "/data/0/objectiv_prompt", "/data/1"}
    assert "objective_prompt" in (found["/data/0/objectiv_prompt"].hint or "")
    assert found["/data/1"].is_error


def test_the_schema_describes_the_items() -> None:
    schema = manifest_schema()
    items = lookup(schema, "/definitions/objectives_spec/properties/data/items/properties")
    assert isinstance(items, dict)
    assert {"objective_name", "next_required_objective"} <= set(items)
    definitions = schema["definitions"]
    assert isinstance(definitions, dict)
    assert {f"{name}_spec" for name in KINDS} <= set(definitions)


def test_items_need_not_be_spelled_out() -> None:
    for path in (
        "objectives.data.objective_name",
        "objectives.data[0].objective_name",
        "objectives.data.*.objective_name",
    ):
        assert explain(path, KINDS).pointer == "/data/*/objective_name"
    assert explain("deployment.limits", KINDS).kind == "deployment"


def test_a_value_that_differs_only_where_it_refers() -> None:
    ref: Json = ResourceRef("document.a")
    assert differs_in_ids({"p": {"ids": ["d1"], "n": 1}}, {"p": {"ids": [ref], "n": 1}})
    assert differs_in_ids(None, ref)
    assert not differs_in_ids({"p": {"ids": ["d1"], "n": 1}}, {"p": {"ids": [ref], "n": 2}})
    assert not differs_in_ids(["d1"], [ref, ref])
    assert not differs_in_ids({"a": 1}, {"b": 1})
    assert not differs_in_ids({"a": 1}, ref)
