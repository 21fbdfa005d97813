"""A saved plan is read back whole, or not at all."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_plan
from reconciler.core.planning.plan_file import TYPE, dump_plan, is_signed, kinds_in, looks_like_plan, plan_digest
from reconciler.core.serialization.digest import digest_bytes
from reconciler.core.serialization.record_codec import to_json
from reconciler.errors import PlanError, PlanUnreadable
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Change, PatchOp, Reason, Request
from reconciler.types.json import SENSITIVE, Json, masks
from reconciler.types.live import Account
from reconciler.types.plan import Plan
from tests.support.records import change_of
from tests.support.strategies import PLANS

CLAIMS = Address("persona", "claims-desk")
SECRET: Json = SecretRef("env", "NORTHWIND_LLM_KEY")


def plan_of(*changes: Change) -> Plan:
    """A plan with these changes."""
    return Plan("production", Account("https://api.test/v2", "pal", "o1"), "lineage-1", 7, changes)


def create_with(body: Json) -> Change:
    """A create that sends `body`."""
    return change_of(CLAIMS, Action.CREATE, Reason.NEW, requests=(Request("POST", "pals", CLAIMS, body, "create"),))


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(PLANS)
def test_round_trip(plan: Plan) -> None:
    data = dump_plan(plan)
    again = load_plan(data)
    assert again == plan
    assert dump_plan(again) == data
    assert [d.fix for d in again.diagnostics] == [d.fix for d in plan.diagnostics]
    assert plan_digest(plan) == plan_digest(data)


def test_types_of_values_survive() -> None:
    body: Json = {
        "a": 1,
        "b": 1.0,
        "c": True,
        "d": None,
        "e": [],
        "f": {},
        "g": "1",
        "h": SECRET,
        "i": ResourceRef("tool.x"),
    }
    found = load_plan(dump_plan(plan_of(create_with(body)))).changes[0].requests[0].body
    assert repr(found) == repr(body)


def test_false_and_zero_are_not_mixed_up_with_defaults() -> None:
    operation = PatchOp("replace", "/x", False)
    change = change_of(CLAIMS, Action.UPDATE, patch=(operation, PatchOp("replace", "/y", 0)))
    found = load_plan(dump_plan(plan_of(change))).changes[0]
    assert found.patch[0].value is False
    assert found.patch[1].value == 0
    assert found.patch[1].value is not False


def test_lone_surrogates_and_line_ends_survive() -> None:
    plan = plan_of(create_with({"system_prompt": "a\r\nb\u2028c\ud800 é 🙂"}))
    assert load_plan(dump_plan(plan)) == plan


def test_a_secret_reference_is_kept_as_a_reference() -> None:
    data = dump_plan(plan_of(create_with({"layers": {"llm": {"api_key": SECRET}}})))
    assert b"NORTHWIND_LLM_KEY" in data


@pytest.mark.parametrize(
    "body",
    [
        {"layers": {"llm": {"api_key": SecretRef("literal", "persona.claims-desk/layers/llm/api_key")}}},
        [
            {
                "op": "add",
                "path": "/layers/llm/api_key",
                "value": SecretRef("literal", "persona.claims-desk/layers/llm/api_key"),
            }
        ],
    ],
)
def test_a_literal_secret_that_would_be_sent_cannot_be_saved(body: Json) -> None:
    with pytest.raises(PlanError) as caught:
        dump_plan(plan_of(create_with(body)))
    assert [(d.address, d.pointer) for d in caught.value.diagnostics] == [(CLAIMS, "/layers/llm/api_key")]
    assert "env" in str(caught.value.hint)


def test_a_literal_secret_that_is_not_sent_is_no_obstacle() -> None:
    managed: Json = {"/layers/llm/api_key": SecretRef("literal", "persona.claims-desk/layers/llm/api_key")}
    assert isinstance(managed, dict)
    change = change_of(CLAIMS, Action.NOOP, managed=managed)
    assert load_plan(dump_plan(plan_of(change))).changes == (change,)


def test_a_number_that_no_json_reader_takes_cannot_be_saved() -> None:
    with pytest.raises(PlanError, match="cannot be saved"):
        dump_plan(plan_of(create_with({"temperature": 16**6000})))


def test_every_edit_is_found() -> None:
    data = dump_plan(plan_of(create_with({"persona_name": "Claims"})))
    with pytest.raises(PlanUnreadable, match="edited"):
        load_plan(data.replace(b'"Claims"', b'"Clams"'))
    with pytest.raises(PlanUnreadable, match="edited"):
        load_plan(data.replace(b'"serial": 7', b'"serial": 8'))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_no_damage_changes_what_is_applied(data: st.DataObject) -> None:
    plan = plan_of(create_with({"persona_name": "Claims", "layers": {"llm": {"model": "m"}}}))
    whole = dump_plan(plan)
    at = data.draw(st.integers(0, len(whole) - 1))
    byte = data.draw(st.integers(0, 255))
    for damaged in (whole[:at], whole[:at] + bytes([byte]) + whole[at + 1 :]):
        try:
            assert load_plan(damaged) == plan
        except PlanUnreadable as error:
            assert error.hint


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"type": "other"}', b"kind: Persona\n"])
def test_other_files_are_told(data: bytes) -> None:
    assert not looks_like_plan(data)
    with pytest.raises(PlanUnreadable, match="no saved plan") as caught:
        load_plan(data)
    assert caught.value.exit_code == 5
    assert "plan --out" in str(caught.value.hint)


def test_a_newer_format_names_the_way_out() -> None:
    data = dump_plan(plan_of()).replace(b'"format": 3', b'"format": 4')
    assert looks_like_plan(data)
    with pytest.raises(PlanUnreadable, match="format 4") as caught:
        load_plan(data)
    assert "version that made it" in str(caught.value.hint)


@pytest.mark.parametrize("version", [b"0", b'"1"', b"true", b"null", b"1.5"])
def test_a_strange_format_is_refused(version: bytes) -> None:
    with pytest.raises(PlanUnreadable, match=r"^the plan file has format .*, this version reads 3"):
        load_plan(dump_plan(plan_of()).replace(b'"format": 3', b'"format": ' + version))


def test_what_stands_for_a_secret_is_told_from_data_that_looks_like_it() -> None:
    shown: Json = {
        "a": SENSITIVE,
        "b": "(sensitive)",
        "c": [SENSITIVE, {"$mask": True}],
        "d": {"$$mask": {"$mask": 1}},
    }
    change = change_of(CLAIMS, Action.UPDATE, before={"x": shown}, after={"y": shown})
    found = load_plan(dump_plan(plan_of(change))).changes[0]
    assert found == change
    assert [*masks(found.before)] == ["/x/a", "/x/c/0"]
    assert [*masks(found.after)] == ["/y/a", "/y/c/0"]


def of_format(version: int, plan: Plan) -> bytes:
    """A plan file as older versions wrote it."""
    content = {"type": TYPE, "format": version, "plan": to_json(plan)}
    digest = digest_bytes(json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii"))
    return json.dumps({**content, "digest": digest}).encode()


def test_a_plan_of_the_first_format_has_texts_where_secrets_stood() -> None:
    plan = plan_of(change_of(CLAIMS, Action.UPDATE, before={"a": "(sensitive)"}))
    assert [*masks(load_plan(of_format(1, plan)).changes[0].before)] == ["/a"]


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("mark", [{"$secret": {"env": "AWS_SECRET_ACCESS_KEY"}}, {"$ref": "tool.x"}])
def test_a_plan_that_tells_no_reference_from_data_is_refused(version: int, mark: Json) -> None:
    schema: Json = {"a": {"$ref": "#/definitions/a"}, "b": {"$secret": 1}}
    assert load_plan(of_format(version, plan_of(create_with(schema)))).changes[0].requests[0].body == schema
    with pytest.raises(PlanUnreadable, match=f"format {version}"):
        load_plan(of_format(version, plan_of(create_with({"a": [mark]}))))


def test_data_that_looks_like_a_reference_stays_data() -> None:
    body: Json = {"a": [{"$secret": {"env": "X"}}, SecretRef("env", "X")], "b": {"$ref": "tool.x"}}
    change = create_with(body)
    assert load_plan(dump_plan(plan_of(change))).changes[0] == change


def test_two_plans_have_two_digests() -> None:
    plan = plan_of(create_with({"persona_name": "Claims"}))
    assert plan_digest(plan) != plan_digest(replace(plan, serial=8))
    assert plan_digest(plan) == plan_digest(replace(plan))


def test_a_plan_file_is_told_by_its_content() -> None:
    assert looks_like_plan(dump_plan(plan_of()))
    assert not looks_like_plan(b'{"persona_name": "x"}')
    assert not looks_like_plan(f'["{TYPE}"]'.encode())
    assert not looks_like_plan(b'{"note": "' + b"x" * 200 + TYPE.encode() + b'"}')


def test_a_plan_file_tells_its_kinds_and_whether_it_is_signed() -> None:
    plan = plan_of(create_with({}), change_of(Address("tool", "look"), Action.NOOP))
    assert kinds_in(dump_plan(plan)) == {"persona", "tool"}
    assert kinds_in(dump_plan(plan_of())) == frozenset()
    assert is_signed(dump_plan(plan, b"key")) and not is_signed(dump_plan(plan))
    assert not is_signed(b"[]")


def resealed(content: dict[str, Json]) -> bytes:
    """A file whose digest fits, whatever stands in it."""
    encoded = json.dumps(content, sort_keys=True, separators=(",", ":")).encode("ascii")
    return json.dumps({**content, "digest": digest_bytes(encoded)}).encode()


def test_a_file_of_which_not_everything_is_a_plan_is_refused() -> None:
    content = {name: one for name, one in json.loads(dump_plan(plan_of())).items() if name != "digest"}
    assert load_plan(resealed(content)) == plan_of()
    with pytest.raises(PlanUnreadable, match="digest does not fit"):
        load_plan(resealed({**content, "more": 1}))
    for plan in ({**content["plan"], "serial": "many"}, [], {**content["plan"], "more": 1}):
        with pytest.raises(PlanUnreadable, match="cannot be read: /plan"):
            load_plan(resealed({**content, "plan": plan}))
    assert kinds_in(resealed({**content, "plan": []})) == kinds_in(resealed({**content, "plan": {}})) == frozenset()
    odd: Json = {"changes": ["x", {"address": 1}, {"address": "tool.a"}]}
    assert kinds_in(resealed({**content, "plan": odd})) == {"tool"}


@pytest.mark.parametrize(
    ("value", "pointer"),
    [({"a": [SecretRef("literal", "x")]}, "/greeting/a/0"), (SecretRef("literal", "tool.x/deep"), "/deep")],
)
def test_a_literal_secret_in_a_patch_cannot_be_saved_and_its_place_is_named(value: Json, pointer: str) -> None:
    change = change_of(CLAIMS, Action.UPDATE, patch=(PatchOp("add", "/greeting", value),))
    with pytest.raises(PlanError) as caught:
        dump_plan(plan_of(change))
    assert [one.pointer for one in caught.value.diagnostics] == [pointer]


def test_with_a_key_only_what_was_signed_with_it_is_a_plan() -> None:
    plan = plan_of(create_with({"persona_name": "Claims"}))
    signed = dump_plan(plan, b"key")
    assert load_plan(signed, b"key") == plan
    assert load_plan(signed) == plan, "without a key the signature says nothing"
    assert plan_digest(signed) == plan_digest(dump_plan(plan))
    for data in (dump_plan(plan), dump_plan(plan, b"other")):
        with pytest.raises(PlanUnreadable, match="signed") as caught:
            load_plan(data, b"key")
        assert caught.value.exit_code == 5
    for value in (None, "", 1, "ä", [signed.decode()]):
        forged = {**json.loads(signed), "signature": value}
        with pytest.raises(PlanUnreadable):
            load_plan(json.dumps(forged).encode(), b"key")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_plan_with_a_key_twice_is_refused(data: st.DataObject) -> None:
    """Readers that take the first of two would show another plan than the one that is signed."""
    signed = dump_plan(
        plan_of(create_with({"pal_name": "Claims", "layers": {"llm": {"model": "m"}}})), b"key"
    ).decode()
    ends = [found.start() for found in re.finditer(r'"[a-z_]+": ', signed)]
    at = data.draw(st.sampled_from(ends))
    word = signed[at : signed.index(":", at)]
    forged = f"{signed[:at]}{word}: {data.draw(st.sampled_from(['null', '{}', '[]', '1']))}, {signed[at:]}"
    for key in (b"key", None):
        with pytest.raises(PlanUnreadable):
            load_plan(forged.encode(), key)


def test_a_plan_that_was_edited_after_it_was_signed_is_refused() -> None:
    document = json.loads(dump_plan(plan_of(create_with({"persona_name": "Claims"})), b"key"))
    document["plan"]["serial"] = 8
    content = {name: document[name] for name in ("type", "format", "plan")}
    encoded = json.dumps(content, sort_keys=True, separators=(",", ":")).encode()
    with pytest.raises(PlanUnreadable, match="not signed with this"):
        load_plan(json.dumps({**document, "digest": digest_bytes(encoded)}).encode(), b"key")
