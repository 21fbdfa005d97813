"""Bodies of writes: nothing that the server owns or hides leaves, and a merging PATCH holds what it touches alone."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.diff.request_body import create_body, has_reference, merge_patch_body, with_markers
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Change, PatchOp
from reconciler.types.json import SENSITIVE, Json, Object
from tests.support.greetings.kinds import KINDS

BOT, PHRASE = KINDS.get("bot"), KINDS.get("phrase")


def test_a_create_sends_what_is_ours_alone() -> None:
    body = {"id": "b1", "label": "Door", "key": SENSITIVE, "volume": None, "rooms": []}
    assert create_body(BOT, body) == {"label": "Door", "rooms": []}


def test_what_is_not_known_yet_is_sent_as_a_reference() -> None:
    reference = ResourceRef("phrase.hello")
    made = with_markers(BOT, {"label": "Door", "phrase": None}, {"/label": "Door", "/phrase": reference})
    assert made == {"label": "Door", "phrase": reference}
    assert has_reference([reference])
    assert not has_reference(SecretRef("env", "KEY"))


def test_a_merging_patch_holds_what_it_touches() -> None:
    before = {"id": "p1", "title": "Hello", "text": "Hello.", "language": "de"}
    patch = (PatchOp("replace", "/text", "Hi."), PatchOp("remove", "/language"))
    change = Change(Address("phrase", "hello"), PHRASE, Action.UPDATE, id="p1", patch=patch)
    assert merge_patch_body(PHRASE, "", change, before) == {"text": "Hi.", "language": None}


def test_a_merging_patch_over_an_object_that_was_not_read_holds_what_it_sets() -> None:
    patch = (PatchOp("add", "/text", "Hi."),)
    change = Change(Address("phrase", "hello"), PHRASE, Action.UPDATE, id="p1", patch=patch)
    assert merge_patch_body(PHRASE, "", change, None) == {"text": "Hi."}


def test_a_place_that_no_table_knows_takes_no_secret_back() -> None:
    document = {"label": "Door", "of_a_later_version": MASK}
    assert with_markers(BOT, document, {"/of_a_later_version": KEY}) == document


@pytest.mark.parametrize("shown", ["********", SENSITIVE])
def test_a_hidden_header_is_sent_again_and_a_declared_secret_is_not(shown: str) -> None:
    api = {"url": "https://x.example.com", "headers": {"X-Key": shown, "X-Open": "clear"}, "auth": {"token": shown}}
    key = SecretRef("env", "KEY")
    managed = {f"/delivery/api/{place}": key for place in ("headers/X-Key", "headers/X-Open", "auth/token")}
    made = with_markers(kind("tool"), {"delivery": {"api": api}}, managed)
    assert made == {"delivery": {"api": api | {"headers": {"X-Key": key, "X-Open": "clear"}}}}


MASK, KEY = "********", SecretRef("env", "KEY")
LOOKS_SECRET = "sk-proj-abcdefghijklmnopqrstuvwxyz0123456789ABCDEF"
SHOWN = {"Authorization": MASK, "X-Open": "clear", "X-Look": LOOKS_SECRET}
ELSEWHERE = PatchOp("replace", "/delivery/api/url", "https://y.example.com")


@pytest.mark.parametrize(
    ("patch", "managed", "headers"),
    [
        ((), {}, {"X-Open": "clear"}),
        ((), {"headers/Authorization": KEY, "auth/token": KEY}, {"Authorization": KEY, "X-Open": "clear"}),
        ((), {"headers/X-Open": KEY}, {"X-Open": KEY}),
        ((("Authorization", "Bearer mine"),), {}, {"Authorization": "Bearer mine", "X-Open": "clear"}),
        ((("X-Look", LOOKS_SECRET[::-1]),), {}, {"X-Look": LOOKS_SECRET[::-1], "X-Open": "clear"}),
    ],
    ids=["foreign ones stay away", "ours go again", "ours that are shown, too", "a new one", "a new one by its look"],
)
def test_what_is_written_whole_takes_no_foreign_secret_along(patch, managed, headers) -> None:
    api = {"url": "https://x.example.com", "headers": SHOWN, "auth": {"type": "bearer", "token": MASK}}
    before = {"tool_id": "t1", "name": "look", "delivery": {"api": api}}
    sets = (PatchOp("replace", f"/delivery/api/headers/{name}", value) for name, value in patch)
    change = Change(
        Address("tool", "look"), kind("tool"), Action.UPDATE, id="t1", patch=(ELSEWHERE, *sets),
        managed={f"/delivery/api/{place}": value for place, value in managed.items()},
    )  # fmt: skip
    sent = api | {"url": ELSEWHERE.value, "headers": headers, "auth": {"type": "bearer"}}
    assert merge_patch_body(kind("tool"), "pal", change, before) == {"delivery": {"api": sent}}


def test_a_create_takes_no_mask_along_and_keeps_what_was_empty() -> None:
    schema = {"properties": {"who": {"default": None}}}
    api = {
        "url": "u",
        "headers": {"Authorization": MASK, "X-Open": "a"},
        "auth": {"type": "bearer", "token": SENSITIVE},
    }
    body = {"tool_id": "t1", "name": "look", "tags": None, "parameters": schema, "delivery": {"api": api}}
    sent = {"url": "u", "headers": {"X-Open": "a"}, "auth": {"type": "bearer"}}
    assert create_body(kind("tool"), body | {"odd": {"a": None}, "empty": {}}) == {
        "name": "look", "parameters": schema, "delivery": {"api": sent}, "empty": {},
    }  # fmt: skip
    items = [{"guardrail_name": "g", "guardrail_prompt": None, "uuid": "1"}]
    assert create_body(kind("guardrail_set"), {"data": items}) == {"data": [{"guardrail_name": "g"}]}


MEMBERS = st.recursive(
    st.sampled_from(["clear", 1, MASK]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("ab"), inner, max_size=2),
    max_leaves=4,
)


@given(st.dictionaries(st.sampled_from(["odd", "X-Key"]), MEMBERS, max_size=2), st.sampled_from(["api", "headers"]))
def test_no_mask_that_was_read_is_sent_back(more: dict[str, Json], where: str) -> None:
    """Wherever it stands in what is written whole, known to a table or not."""
    api: Object = {"url": "https://x.example.com", "headers": {}}
    api = {**api, **more} if where == "api" else {**api, "headers": more}
    before = {"tool_id": "t1", "name": "look", "delivery": {"api": api}}
    change = Change(Address("tool", "look"), kind("tool"), Action.UPDATE, id="t1", patch=(ELSEWHERE,))
    assert MASK not in json.dumps(merge_patch_body(kind("tool"), "pal", change, before))
