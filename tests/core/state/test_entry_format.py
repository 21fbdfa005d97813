"""One entry of the state document, there and back; and what each step up makes of a document of an older format.

The older files themselves are in `tests/core/states`.
"""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.serialization.checked_json import Malformed
from reconciler.core.state.entry_format import (
    FORMAT,
    entry_digest,
    entry_from_json,
    entry_to_json,
    intent_from_json,
    intent_to_json,
    upgrade,
)
from reconciler.types.manifest import Adopt, Lifecycle, Manage
from reconciler.types.state import Entry, Intent
from tests.support.making import at
from tests.support.strategies import ADDRESSES, DIGESTS, ENTRIES, INTENTS, MAYBE

WHERE = "/resources/x"
SUCCESSORS = st.none() | ADDRESSES
LIFECYCLES = st.builds(Lifecycle, st.booleans(), st.just(("/a",)), st.sampled_from(Manage), st.sampled_from(Adopt))
WHOLE = st.builds(
    lambda entry, lifecycle, successor, secrets: Entry(
        **{name: getattr(entry, name) for name in Entry.__slots__}
        | {"lifecycle": lifecycle, "gives_way_to": successor, "secrets": secrets}
    ),
    ENTRIES, LIFECYCLES, SUCCESSORS, st.dictionaries(st.just("/key"), st.just({"env": "KEY"})),
)  # fmt: skip
OPEN = st.builds(
    lambda intent, digest: Intent(intent.address, intent.kind, intent.name, intent.before, intent.at, digest),
    INTENTS, MAYBE,
)  # fmt: skip


@given(ADDRESSES, ENTRIES | WHOLE)
def test_an_entry_reads_back_as_itself(address, entry):
    document = json.loads(json.dumps(entry_to_json(address, entry)))
    assert entry_from_json(address, document, WHERE) == entry


@given(OPEN)
def test_an_open_create_reads_back_as_itself(intent):
    assert intent_from_json(json.loads(json.dumps(intent_to_json(intent))), WHERE) == intent


@given(ADDRESSES, ENTRIES | WHOLE, ENTRIES | WHOLE)
def test_two_entries_have_one_digest_only_if_they_say_the_same(address, one, other):
    assert (entry_digest(address, one) == entry_digest(address, other)) is (one == other)


@given(ADDRESSES, DIGESTS)
def test_an_entry_says_nothing_of_what_is_at_its_default(address, sent):
    said = {"sent": sent} if sent else {}
    assert entry_to_json(address, Entry("p1", sent)) == {"id": "p1", "kind": address.kind, **said}
    assert "digest" not in intent_to_json(Intent(address, address.kind, "Desk"))


@pytest.mark.parametrize(
    "members",
    [
        {"kind": "tool"},
        {"kind": None},
        {"manage": "half"},
        {"adopt": "some"},
        {"protect": "yes"},
        {"ignore": "/a"},
        {"unheard": 1},
        {"id": None},
        {"sent": {"/a": 1}},
        {"seen": []},
        {"secrets": {"/a": "KEY"}},
        {"secrets": ["/a"]},
        {"gives_way_to": "nothing"},
        {"gives_way_to": 1},
    ],
)
def test_an_entry_that_says_anything_else_is_refused_and_its_place_named(members):
    fine = {"id": "p1", "kind": "persona", "sent": {}}
    assert entry_from_json(at("persona.a"), fine, WHERE) == Entry("p1")
    with pytest.raises(Malformed, match=f"^{WHERE}"):
        entry_from_json(at("persona.a"), {**fine, **members}, WHERE)


@pytest.mark.parametrize("members", [{"unheard": 1}, {"address": "x"}, {"name": None}, {"digest": 1}, {"at": 1}])
def test_an_open_create_that_says_anything_else_is_refused(members):
    fine = intent_to_json(Intent(at("persona.a"), "persona", "Desk", ("p1",), "now"))
    with pytest.raises(Malformed, match=f"^{WHERE}"):
        intent_from_json({**fine, **members}, WHERE)


def test_a_format_that_never_was_is_refused():
    with pytest.raises(Malformed, match="no way from format 0"):
        upgrade({**BASE, "format": 0})


def test_a_document_of_today_stays_as_it_is_and_the_first_format_has_only_another_number():
    today = {**BASE, "format": FORMAT}
    assert upgrade(today) is today
    assert upgrade({**two({}), "format": 1}) == upgrade(two({}))
    assert {plan["serial"] for plan in upgrade(two({}, applied=["a"]))["plans"]} == {0}


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
