"""The leaves of a change or of drift, without secrets and with names for ids, ready to be written in any format."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from reconciler.core.secrets.redact_document import SENSITIVE
from reconciler.platforms.tavus.kinds import kind
from reconciler.reporters import REPORTERS
from reconciler.reporters.shown_leaves import (
    Leaf,
    change_leaves,
    drift_leaves,
    hidden_paths,
    inner_differences,
    is_prose,
    safe_body,
    safe_drift,
    safe_field,
    safe_operation,
    with_names,
)
from reconciler.reporters.values import ValueDifference
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Change, Direction, FieldChange
from reconciler.types.json import Json
from reconciler.types.plan import DriftField
from reconciler.types.report import Report, Style
from tests.support import reports
from tests.support.making import at
from tests.support.records import change_of, drift_of

GREETING = FieldChange("/greeting", Direction.GIT, "a", "b")
MODEL = FieldChange("/layers/llm/model", Direction.LIVE, "a", "b")


def paths(change: Change) -> list[str]:
    return [leaf.path for leaf in change_leaves(change, mixed=True)]


@pytest.mark.parametrize(
    ("leaf", "sign"),
    [
        (Leaf("/x", None, 1), "+"),
        (Leaf("/x", 1, None), "-"),
        (Leaf("/x", 1, 2), "~"),
        (Leaf("/x", 1, None, unknown=True), "~"),
        (Leaf("/x", None, None, unknown=True), "+"),
        (Leaf("/x", None, 1, forgotten=True), "~"),
        (Leaf("/x", None, None, forgotten=True), "-"),
        (Leaf("/x", "", None), "-"),
        (Leaf("/x", False, True), "~"),
    ],
)
def test_the_sign(leaf: Leaf, sign: str) -> None:
    assert leaf.sign == sign


@pytest.mark.parametrize(
    ("before", "after", "prose"),
    [
        ("a", "b", False),
        ("a\nb", "b", True),
        ("a\n", "b\n", False),
        ("x" * 161, "b", True),
        (None, "a\nb", True),
        ("a\nb", None, True),
        (None, None, False),
        (["a\nb"], "a\nb", False),
        (1, "a\nb", False),
    ],
)
def test_what_reads_better_as_lines(before: Json, after: Json, prose: bool) -> None:
    assert is_prose(before, after) is prose


@pytest.mark.parametrize(
    ("leaf", "found"),
    [
        (Leaf("/x", "a", "b"), None),
        (Leaf("/x", 1, None), None),
        (Leaf("/x", [], []), []),
        (Leaf("/x", None, ["a"]), [ValueDifference("+", "", None, "a")]),
        (Leaf("/x", ["a"], None), [ValueDifference("-", "", "a", None)]),
        (Leaf("/x", ["a", "b"], ["b", "c"]), [ValueDifference("-", "", "a"), ValueDifference("+", "", None, "c")]),
        (Leaf("/x", {"a": 1}, {"a": 2}), [ValueDifference("~", "a", 1, 2)]),
        (Leaf("/x", {"a": SENSITIVE}, {"a": SENSITIVE}), []),
        (Leaf("/x", None, {"a": 1}), None),
        (Leaf("/x", ["a"], None, unknown=True), None),
        (Leaf("/x", None, ["a"], forgotten=True), None),
        (Leaf("/x", {"a": 1}, ["a"]), None),
    ],
)
def test_looking_inside(leaf: Leaf, found: list[ValueDifference] | None) -> None:
    assert inner_differences(leaf) == found


def test_a_long_new_object_is_shown_leaf_by_leaf() -> None:
    value: Json = {"api": {"url": "https://tools.example.com/" + "x" * 80, "method": "POST"}, "app_message": False}
    found = inner_differences(Leaf("/delivery", None, value))
    assert found is not None
    assert [(item.sign, item.where) for item in found] == [
        ("+", "api.url"),
        ("+", "api.method"),
        ("+", "app_message"),
    ]
    gone = inner_differences(Leaf("/delivery", value, None))
    assert gone is not None
    assert {item.sign for item in gone} == {"-"}


def test_directions_are_named_where_they_say_something() -> None:
    change = reports.update(reports.CLAIMS, GREETING, MODEL)
    assert [leaf.direction for leaf in change_leaves(change, mixed=True)] == [Direction.GIT, Direction.LIVE]
    assert [leaf.direction for leaf in change_leaves(change, mixed=False)] == [None, Direction.LIVE]


def test_a_create_has_no_directions() -> None:
    change = change_of(reports.CLAIMS, Action.CREATE, fields=(GREETING,))
    assert [leaf.direction for leaf in change_leaves(change, mixed=True)] == [None]


def test_a_create_without_fields_shows_its_document() -> None:
    change = change_of(reports.CLAIMS, Action.CREATE, after={"pal_name": "x", "layers": {"llm": {"model": "m"}}})
    assert paths(change) == ["/pal_name", "/layers/llm/model"]


def test_a_delete_shows_what_is_lost_and_not_what_is_empty() -> None:
    change = change_of(
        reports.CLAIMS, Action.DELETE, before={"pal_name": "x", "document_ids": [], "greeting": "", "context": None}
    )
    assert paths(change) == ["/pal_name"]


def test_an_unknown_kind_shows_its_members() -> None:
    change = change_of(Address("gadget", "x"), Action.CREATE, after={"a/b": 1, "c": {"d": 2}, "e": None})
    assert paths(change) == ["/a~1b", "/c/d"]


def test_imports_moves_and_forgets_without_fields_have_no_leaves() -> None:
    for action in (Action.NOOP, Action.FORGET, Action.UPDATE):
        assert paths(change_of(reports.CLAIMS, action, before={"pal_name": "x"}, after={"pal_name": "x"})) == []


def test_attachments_are_names() -> None:
    change = reports.update(reports.CLAIMS, FieldChange("/tools", Direction.GIT, ["a"], ["b"]), GREETING)
    assert [leaf.names for leaf in change_leaves(change, mixed=True)] == [True, False]


def test_an_unknown_id_is_named_from_what_is_managed_or_planned() -> None:
    unknown = FieldChange("/objectives_id", Direction.GIT, None, None, after_unknown=True)
    reference: Json = ResourceRef("objectives.o")
    (managed,) = change_leaves(
        reports.update(reports.CLAIMS, unknown, managed={"/objectives_id": reference}), mixed=True
    )
    (planned,) = change_leaves(
        reports.update(reports.CLAIMS, unknown, after={"objectives_id": reference}), mixed=True
    )
    (silent,) = change_leaves(reports.update(reports.CLAIMS, unknown, after={"objectives_id": None}), mixed=True)
    assert (managed.after, managed.unknown) == (reference, False)
    assert (planned.after, planned.unknown) == (reference, False)
    assert (silent.after, silent.unknown) == (None, True)


def test_drift_leaves() -> None:
    item = drift_of(
        reports.CLAIMS,
        "p1",
        (
            DriftField("/greeting", Direction.LIVE, None, "b", before_unknown=True),
            DriftField("/layers/llm/api_key", Direction.BOTH, "x", "y"),
            DriftField("/tools", Direction.LIVE, ["a"], []),
        ),
    )
    first, second, third = drift_leaves(item)
    assert (first.forgotten, first.direction) == (True, Direction.LIVE)
    assert (second.before, second.after) == (SENSITIVE, SENSITIVE)
    assert third.names


def test_an_object_that_is_gone_has_no_leaves() -> None:
    gone = drift_of(reports.CLAIMS, "p1", (DriftField("", Direction.LIVE, {"pal_name": "x"}, None),))
    assert drift_leaves(gone) == []


NAMES = {"tool/t0b1c2": "tool.hang_up", "guardrail/g0b1c2": "Calm <b>down</b>"}
CHANGE = change_of(
    at("persona.claims"),
    Action.UPDATE,
    id="p1",
    fields=(
        FieldChange("/tools", Direction.GIT, ["t0b1c2"], ["t777"]),
        FieldChange("/guardrail_ids", Direction.GIT, ["g0b1c2"], []),
    ),
    before={"tools": ["t0b1c2"]},
)
GONE = change_of(at("persona.old"), Action.DELETE, id="p2", before={"pal_name": "Old", "tools": ["t0b1c2"]})
DRIFT = drift_of(at("persona.c"), "p3", (DriftField("/tools", Direction.LIVE, [], ["t0b1c2"]),))
PLAN = replace(reports.make_plan(CHANGE, GONE), drift=(DRIFT,), names=NAMES)
REPORT = Report("plan", "sandbox", PLAN)


@pytest.mark.parametrize("name", ["text", "markdown", "html"])
@pytest.mark.parametrize("verb", ["plan", "drift"])
def test_people_read_names(name: str, verb: str) -> None:
    shown = REPORTERS.get(name)(replace(REPORT, verb=verb), Style())
    assert "tool.hang_up" in shown.replace("\\", "")
    assert "t0b1c2" not in shown
    assert "<b>down" not in shown or name == "text"
    if verb == "plan":
        assert "g0b1c2" in shown, "a name of the account alone may mean several objects"
        assert "t777" in shown


def test_machines_get_ids() -> None:
    document = json.loads(REPORTERS.get("json")(REPORT, Style()))
    (change, gone) = document["resource_changes"]
    assert change["change"]["before"]["tools"] == ["t0b1c2"]
    assert gone["change"]["before"]["tools"] == ["t0b1c2"]
    assert "hang_up" not in json.dumps(document)


def test_a_report_without_names_stays_as_it_is() -> None:
    bare = Report("plan", "sandbox", replace(PLAN, names={}))
    assert with_names(bare) is bare
    assert with_names(Report("apply")) == Report("apply")


def test_twice_is_once() -> None:
    once = with_names(REPORT)
    assert with_names(once) == once


PERSONA = kind("persona")
TOOL = kind("tool")
MARKER: Json = SecretRef("env", "X")


def sides(path: str, before: Json, after: Json, **more: bool) -> tuple[Json, Json]:
    return safe_field(PERSONA, FieldChange(path, Direction.GIT, before, after, **more))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("old", "new", (SENSITIVE, SENSITIVE)),
        (None, "new", (None, SENSITIVE)),
        ("old", None, (SENSITIVE, None)),
        ("********", MARKER, (SENSITIVE, SENSITIVE)),
    ],
)
def test_a_secret_path(before: Json, after: Json, shown: tuple[Json, Json]) -> None:
    assert sides("/layers/llm/api_key", before, after) == shown


def test_what_is_no_secret_passes() -> None:
    assert sides("/greeting", "old", "new") == ("old", "new")


def test_a_marker_on_either_side_hides_both() -> None:
    assert sides("/greeting", "old", MARKER) == (SENSITIVE, SENSITIVE)
    assert sides("/greeting", MARKER, "new") == (SENSITIVE, SENSITIVE)


def test_a_hidden_side_hides_the_other() -> None:
    assert sides("/greeting", SENSITIVE, "still here") == (SENSITIVE, SENSITIVE)


def test_a_flag_hides_both() -> None:
    assert sides("/greeting", "old", "new", sensitive=True) == (SENSITIVE, SENSITIVE)


def test_a_marker_inside_hides_its_place_on_the_other_side_only() -> None:
    before: Json = {"url": "https://secret", "method": "POST"}
    after: Json = {"url": MARKER, "method": "GET"}
    assert sides("/layers/mcp", before, after) == (
        {"url": SENSITIVE, "method": "POST"},
        {"url": SENSITIVE, "method": "GET"},
    )


def test_a_place_below_a_hidden_one_is_hidden() -> None:
    change = FieldChange("/greeting/inner", Direction.GIT, "old", "new")
    assert safe_field(PERSONA, change, {"/greeting"}) == (SENSITIVE, SENSITIVE)


def test_a_place_beside_a_hidden_one_is_not() -> None:
    change = FieldChange("/greeting_more", Direction.GIT, "old", "new")
    assert safe_field(PERSONA, change, {"/greeting"}) == ("old", "new")


def test_hidden_paths_come_from_fields_documents_and_what_is_managed() -> None:
    change = change_of(
        reports.CLAIMS,
        Action.UPDATE,
        before={"context": MARKER},
        after={"greeting": MARKER},
        fields=(FieldChange("/memories", Direction.GIT, sensitive=True),),
        managed={"/pal_name": MARKER, "/layers/mcp": {"url": MARKER}, "/pal_description": "open"},
    )
    assert hidden_paths(change) == {"/context", "/greeting", "/memories", "/pal_name", "/layers/mcp/url"}


def test_drift_is_hidden_the_same_way() -> None:
    assert safe_drift(PERSONA, DriftField("/layers/tts/api_key", Direction.LIVE, "a", "b")) == (SENSITIVE, SENSITIVE)
    assert safe_drift(PERSONA, DriftField("/greeting", Direction.LIVE, MARKER, "b")) == (SENSITIVE, SENSITIVE)
    assert safe_drift(PERSONA, DriftField("/greeting", Direction.LIVE, "a", "b", sensitive=True)) == (
        SENSITIVE,
        SENSITIVE,
    )
    assert safe_drift(PERSONA, DriftField("/greeting", Direction.LIVE, "a", "b")) == ("a", "b")


@pytest.mark.parametrize("word", ["pal_name", "persona_name"])
def test_a_body_in_either_vocabulary(word: str) -> None:
    body: Json = {
        word: "x",
        "layers": {"llm": {"api_key": "clear", "headers": {"A-Token": "clear"}}, "tts": {"api_key": MARKER}},
    }
    shown = safe_body(PERSONA, body)
    assert "clear" not in repr(shown)
    assert isinstance(shown, dict)
    assert shown[word] == "x"
    assert shown["layers"] == {
        "llm": {"api_key": SENSITIVE, "headers": {"A-Token": SENSITIVE}},
        "tts": {"api_key": MARKER},
    }


def test_a_body_of_operations() -> None:
    body: Json = [
        {"op": "add", "path": "/layers", "value": {"llm": {"api_key": "clear"}}},
        {"op": "replace", "path": "/layers/llm/headers/X-Key", "value": "clear"},
        {"op": "remove", "path": "/layers/llm/api_key"},
        {"op": "move", "from": "/a", "path": "/b"},
        {"op": "replace", "path": "/greeting", "value": "hello"},
    ]
    shown = safe_body(PERSONA, body)
    assert "clear" not in repr(shown)
    assert isinstance(shown, list)
    assert shown[2:] == body[2:]  # type: ignore[index]


def test_an_empty_body() -> None:
    assert safe_body(PERSONA, None) is None


def test_an_operation_on_a_tool() -> None:
    operation: Json = {
        "op": "replace",
        "path": "/delivery",
        "value": {"api": {"auth": {"token": "clear", "type": "bearer"}}},
    }
    assert isinstance(operation, dict)
    assert safe_operation(TOOL, operation)["value"] == {"api": {"auth": {"token": SENSITIVE, "type": "bearer"}}}


def test_a_merge_patch_of_a_tool() -> None:
    body: Json = {"delivery": {"api": {"headers": {"X-Key": "clear", "Y": MARKER}}}}
    assert safe_body(TOOL, body) == {"delivery": {"api": {"headers": {"X-Key": SENSITIVE, "Y": MARKER}}}}
