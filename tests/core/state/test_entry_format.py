"""Older formats: what each step up makes of a document. The files themselves are in `tests/core/states`."""

from __future__ import annotations

import pytest

from reconciler.core.state.entry_format import FORMAT, upgrade

BASE = {"lineage": "l", "serial": 1, "workspace": "w", "salt": "", "digest_key": None, "account": {}}


def two(resources, pending=(), applied=()):
    return {**BASE, "format": 2, "applied_plans": list(applied), "resources": resources, "pending": list(pending)}


def entry(id, name="Desk", source="desk.yaml", kind="persona"):
    return {"id": id, "kind": kind, "name": name, "source": source}


def test_what_gave_way_by_its_address_says_so_in_a_field():
    up = upgrade(two({"persona.desk": entry("p2"), "persona.desk.replaced": entry("p1")}))
    assert up["resources"] == {
        "persona.desk": entry("p2"), "persona.desk~p1": {**entry("p1"), "gives_way_to": "persona.desk"},
    }  # fmt: skip


def test_what_gives_way_while_the_create_is_open_says_so_too():
    intent = {"address": "persona.desk", "kind": "persona", "name": "Desk", "before": ["p1"], "at": ""}
    up = upgrade(two({"persona.desk.replaced": entry("p1")}, [intent]))
    assert list(up["resources"]) == ["persona.desk~p1"]


@pytest.mark.parametrize(
    "resources",
    [
        {"persona.desk.replaced": entry("p1")},
        {"persona.desk": entry("p2"), "persona.desk.replaced": entry("p1", name="Desk, replaced")},
        {"persona.desk": entry("p2"), "persona.desk.replaced": entry("p1", source="replaced.yaml")},
        {"tool.desk": entry("p2", kind="tool"), "persona.desk.replaced": entry("p1")},
        {"persona.replaced": entry("p1"), "persona.x": entry("p3")},
    ],
)
def test_a_manifest_that_somebody_called_so_keeps_its_name(resources):
    assert upgrade(two(resources))["resources"] == resources


def test_plans_that_were_begun_count_as_applied():
    up = upgrade(two({}, applied=["a", "b"]))
    assert [(plan["digest"], plan["finished"]) for plan in up["plans"]] == [("a", True), ("b", True)]
    assert "applied_plans" not in up
    assert (up["format"], up["project"]) == (FORMAT, None)
