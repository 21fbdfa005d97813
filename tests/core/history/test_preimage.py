"""Pre-images: what is kept of an object before a change, never a secret of it, and its way into state and back."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.history.preimage import (
    pack,
    pack_list,
    preimage,
    read_item,
    read_items,
    redacted_body,
    unpack,
    write_item,
)
from reconciler.core.serialization.checked_json import Malformed
from reconciler.core.serialization.record_codec import write_marks
from reconciler.core.state.entry_format import entry_to_json
from reconciler.types.address import SecretRef
from reconciler.types.change import Action, Direction, FieldChange, Reason
from reconciler.types.json import SENSITIVE, Json, Object, lift_masks, masks
from reconciler.types.state import Entry, Preimage
from tests.support.making import at, env, live
from tests.support.records import change_of

A, OLD = at("persona.a"), at("persona.old")
KEY, URL, GREETING = "/layers/llm/api_key", "/layers/llm/base_url", "/greeting"
SECRET = "sk-planted-0123456789"

texts = st.sampled_from(["", "a", "a/b~c", str(SENSITIVE), "\ud800", "ü"])
values = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.just(SENSITIVE) | st.just(SecretRef("env", "X")),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
entries = st.builds(
    Entry, st.just("p1"), sent=st.dictionaries(st.just(GREETING), st.just("d")), name=st.sampled_from([None, "A"])
)
items = st.builds(
    Preimage,
    address=st.just(A),
    action=st.sampled_from(["create", "update", "delete", "forget", "noop"]),
    id=st.none() | st.just("p1"),
    body=st.none() | st.dictionaries(texts, values, max_size=4),
    entry=st.none() | entries,
    fields=st.lists(st.sampled_from([KEY, GREETING]), unique=True).map(tuple),
    previous=st.none() | st.just(OLD),
    replaced=st.booleans(),
    imported=st.booleans(),
    whole=st.booleans(),
    became=st.none() | st.just("p2"),
    outcome=st.sampled_from(["done", "failed", "unknown"]),
)


@given(st.lists(items, max_size=3))
def test_what_is_written_is_read_back(found: list[Preimage]) -> None:
    packed = pack_list(write_item(item) for item in found)
    assert read_items(packed) == tuple(found)
    assert unpack(packed) == unpack(pack([write_item(item) for item in found]))


def test_what_is_at_its_default_is_left_out() -> None:
    assert write_item(Preimage(A, "create")) == {"address": "persona.a", "action": "create", "outcome": "unknown"}
    assert write_item(Preimage(A, "update", body={}))["body"] == {}


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": None},
        {"address": "nowhere"},
        {"address": None},
        {"previous": 1},
        {"body": []},
        {"body": write_marks(env("X")), "marked": True},
        {"entry": []},
        {"fields": "x"},
        {"whole": 1},
        {"surprise": True},
        {"body": {}, "hidden": 1},
    ],
)
def test_what_is_no_preimage_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Malformed):
        read_item({"address": "persona.a", "action": "update", **wrong}, "/x")


def test_a_body_from_before_masks_had_places_has_them_where_their_text_stands() -> None:
    body: Object = {"a": {"b/c": str(SENSITIVE)}, "list": ["x", str(SENSITIVE)], "plain": "text"}
    told = read_item({"address": "persona.a", "action": "update", "body": body, "marked": True}, "/x")
    assert sorted(masks(told.body)) == ["/a/b~1c", "/list/1"]
    said = read_item({"address": "persona.a", "action": "update", "body": body, "marked": True, "hidden": []}, "/x")
    assert [*masks(said.body)] == [], "this one says that it hid nothing: the text is a text"


def test_a_reference_in_an_old_body_is_one_only_where_state_knew_it() -> None:
    """Versions before `marked` wrote a reference like an object of the user's that happens to look alike."""
    mark = write_marks(env("LLM_KEY"))
    body: Json = {"layers": {"llm": {"api_key": mark, "base_url": mark}}}
    item: Object = {"address": "persona.a", "action": "update", "body": body, "hidden": []}
    entry = entry_to_json(A, Entry("p1", secrets={KEY: {"env": "LLM_KEY"}}))
    known = read_item({**item, "entry": entry}, "/x").body
    assert known == {"layers": {"llm": {"api_key": env("LLM_KEY"), "base_url": SENSITIVE}}}
    assert read_item(item, "/x").body == {"layers": {"llm": {"api_key": SENSITIVE, "base_url": SENSITIVE}}}


@given(values)
def test_packing(value: Json) -> None:
    assert unpack(pack(written := write_marks(lift_masks(value)))) == written


def test_a_mask_is_never_packed() -> None:
    for encode in (lambda: pack({"a": SENSITIVE}), lambda: pack_list([{"a": SENSITIVE}])):
        with pytest.raises(TypeError):
            encode()


@pytest.mark.parametrize(
    "text",
    ["not base64!", "AAAA", base64.b64encode(b"{}").decode(), base64.b64encode(zlib.compress(b"{")).decode()],
)
def test_damaged_text_is_told(text: str) -> None:
    with pytest.raises(Malformed):
        unpack(text)


def field(path: str) -> FieldChange:
    return FieldChange(path, Direction.GIT)


def update(*paths: str, **more: Any) -> Any:
    return change_of(A, Action.UPDATE, id="p1", fields=tuple(field(path) for path in paths), **more)


def body_of(change: Any, shown: Object | None, entry: Entry | None = None) -> Object:
    return redacted_body(change, live("persona", "p1", shown) if shown is not None else None, entry)


SHOWN: Object = {"pal_name": "A", "layers": {"llm": {"api_key": SECRET, "base_url": SECRET, "model": "m"}}}


def test_a_secret_becomes_its_reference_where_it_is_known_and_else_a_mask() -> None:
    managed = {KEY: env("NEW"), URL: env("URL")}
    assert body_of(update(managed=managed), SHOWN)["layers"]["llm"] == {
        "api_key": env("NEW"),
        "base_url": env("URL"),
        "model": "m",
    }
    rotated = body_of(update(KEY, URL, managed=managed), SHOWN)["layers"]["llm"]
    assert rotated == {"api_key": SENSITIVE, "base_url": SENSITIVE, "model": "m"}, "not the reference to come"
    literal = body_of(update(managed={KEY: SecretRef("literal", "x")}), SHOWN)["layers"]["llm"]
    assert literal["api_key"] == SENSITIVE
    old = Entry("p1", secrets={KEY: {"env": "OLD"}})
    assert body_of(update(KEY, managed=managed), SHOWN, old)["layers"]["llm"]["api_key"] == env("OLD")


def test_what_was_sent_as_a_secret_is_hidden_though_the_manifest_has_it_plain_today() -> None:
    entry = Entry("p1", sent={GREETING: "hmac.k:x", "/context": "plain"})
    shown = {"pal_name": "A", "greeting": SECRET, "context": "c"}
    body = body_of(update(managed={GREETING: "hi", "/context": "c"}), shown, entry)
    assert (body["greeting"], body["context"]) == (SENSITIVE, "c")


def test_a_reference_inside_a_value_hides_all_of_it() -> None:
    body = body_of(update(managed={"/languages": ["en", env("L")]}), {"pal_name": "A", "languages": ["en", SECRET]})
    assert body["languages"] == SENSITIVE


def test_a_reference_is_put_in_where_the_account_shows_nothing_but_never_without_its_object() -> None:
    managed = {KEY: env("K")}
    shown = body_of(update(managed=managed), {"pal_name": "A", "layers": {"llm": {"model": "m"}}})
    assert shown["layers"] == {"llm": {"model": "m", "api_key": env("K")}}
    assert "layers" not in body_of(update(managed=managed), {"pal_name": "A"})
    assert body_of(update(managed=managed), None) == {}


def test_without_a_look_an_update_keeps_what_the_plan_saw_and_nothing_else_had_an_object() -> None:
    before: Object = {"pal_name": "A", "greeting": "1"}
    kept = preimage(update(GREETING, before=before), None, None)
    assert (kept.id, kept.body, kept.fields, kept.whole) == ("p1", before, (GREETING,), False)
    for action in (Action.CREATE, Action.DELETE, Action.FORGET):
        change = change_of(A, action, id="p1", before=before, fields=(field(GREETING),))
        assert (preimage(change, None, None).body, preimage(change, None, None).fields) == (None, ())
    assert preimage(update(GREETING), None, None).body is None


def test_which_object_it_was() -> None:
    entry, there = Entry("p2"), live("persona", "p3", {"pal_name": "A"})
    assert preimage(update(), None, None).id == "p1"
    assert preimage(update(), None, entry).id == "p2"
    assert preimage(update(), there, entry).id == "p3"
    for reason, id in ((Reason.DELETED_OUTSIDE, None), (None, "p2")):
        assert preimage(change_of(A, Action.FORGET, reason), None, entry).id == id
    assert preimage(change_of(A, Action.CREATE, Reason.DELETED_OUTSIDE), None, entry).id == "p2"


def test_what_was_replaced_or_imported() -> None:
    assert preimage(change_of(A, Action.CREATE, replaces=OLD), None, None).replaced
    assert not preimage(update(), None, None).replaced
    assert preimage(update(importing="p1"), None, None).imported
    assert not preimage(update(), None, None).imported
    own = change_of(A, Action.UPDATE, Reason.PENDING, importing="p1")
    assert not preimage(own, None, None).imported, "a create of ours that a run was cut short in"


def test_what_shows_all_of_an_object() -> None:
    def whole(shown: Object, entry: Entry | None = None, *, detailed: bool = False, kind: str = "persona") -> bool:
        there = live(kind, "x1", shown, detailed=detailed)
        return preimage(change_of(at(f"{kind}.a"), Action.UPDATE), there, entry).whole

    assert whole({"pal_name": "A"}, detailed=True)
    ours = Entry("x1", sent={GREETING: "digest of something"})
    assert whole({"pal_name": "A"}, ours, detailed=True)
    assert not whole({"pal_name": "A"}, ours), "a list item that lacks what we wrote"
    for member, kind in (("data", "objectives"), ("rules", "pronunciation_dictionary")):
        assert whole({"name": "x", member: []}, kind=kind)
        assert not whole({"name": "x"}, kind=kind), "lists may leave that out"


def test_the_packed_text_is_a_compressed_one() -> None:
    assert len(pack(["x" * 10_000])) < 200
    assert json.loads(zlib.decompress(base64.b64decode(pack([1])))) == [1]
