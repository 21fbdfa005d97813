"""One object of a rollback: what of it cannot be written back, and what it refers to that is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.core.canonical.keyed_lists import lists_to_objects
from reconciler.core.history.restored import Restored, vanished_items, without
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import ResourceRef
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Resource
from reconciler.types.state import Entry
from tests.support.making import at, listing, live

TOKEN = "/delivery/api/auth/token"
BEARER: Json = {"api": {"url": "https://a", "auth": {"type": "bearer"}}}
OTHER_TYPE: Json = {"api": {"url": "https://a", "auth": {"type": "api_key"}}}


def resource(address: str, spec: Object, leaves: Mapping[str, Json], **more: Any) -> Resource:
    return Resource(at(address), kind(at(address).kind), spec, dict(leaves), "x", **more)


def tool(*paths: str) -> Resource:
    return resource("tool.t", {"name": "t", "delivery": BEARER}, dict.fromkeys(paths, BEARER))


@pytest.mark.parametrize(
    ("paths", "overwritten", "now", "spoilt"),
    [
        (["/delivery"], False, BEARER, False),
        (["/delivery"], True, BEARER, True),
        (["/delivery"], False, OTHER_TYPE, True),
        (["/delivery"], False, None, True),
        (["/delivery"], False, {"api": {"auth": None}}, True),
        (["/name"], True, OTHER_TYPE, False),
        ([], True, None, False),
    ],
)
def test_a_whole_object_cannot_be_written_without_a_secret_that_the_api_does_not_keep(
    paths: list[str], overwritten: bool, now: Json, spoilt: bool
) -> None:
    restored = Restored(tool(*paths), unknown={TOKEN: overwritten})
    assert restored.spoilt({"name": "t", "delivery": now}) == ({"/delivery": TOKEN} if spoilt else {})


def test_a_secret_that_stands_for_itself_spoils_nothing() -> None:
    one = resource("persona.a", {}, {"/layers/llm/model": "m", "/layers/llm/api_key": None})
    assert Restored(one, unknown={"/layers/llm/api_key": True}).spoilt({}) == {}


def test_what_is_left_out_stays_as_state_has_it() -> None:
    one = resource("persona.a", {}, {"/layers/llm/model": "m", "/greeting": "hi"}, kept=("/context",))
    held = Entry("p1", sent={"/layers/llm/model": "d", "/layers/llm/base_url": "d", "/context": "d", "/tts": "d"})
    left = Restored(one, held=held).without(["/layers/llm", "/context"])
    assert left.leaves == {"/greeting": "hi"}
    assert sorted(left.kept) == ["/context", "/layers/llm/base_url", "/layers/llm/model"]
    assert Restored(one).without(["/layers/llm"]).kept == ("/context",)
    assert Restored(one, held=held).without([]) == one


def test_a_part_makes_no_item_that_somebody_took_away() -> None:
    spec = kind("objectives")
    steps: Json = [{"objective_name": "greet", "objective_prompt": "Say hi"}]
    now = lists_to_objects(spec, {"data": steps})
    part = resource("objectives.o", {}, {"/data/greet/objective_prompt": "Say hello"})
    assert vanished_items(part, now) == set()
    gone = resource("objectives.o", {}, {"/data/leave/objective_prompt": "Say goodbye"})
    assert vanished_items(gone, now) == {"/data/leave"}
    leaves: dict[str, Json] = {"/data/leave/objective_prompt": "Say goodbye", "/data/leave/objective_name": "leave"}
    assert vanished_items(resource("objectives.o", {}, leaves), now) == set(), "all of it is there to make it again"
    assert vanished_items(resource("objectives.o", {}, {"/name": "o"}), now) == set()


T, U = ResourceRef("tool.t"), ResourceRef("tool.u")


def persona() -> Resource:
    leaves: dict[str, Json] = {
        "/tools": [T, U, "t9"],
        "/default_face_id": ResourceRef("replica.r"),
        "/greeting": "hi",
    }
    spec: Object = {"tools": [T, U, "t9"], "default_face_id": ResourceRef("replica.r"), "greeting": "hi"}
    return resource("persona.a", spec, leaves, refs=(at("tool.t"), at("tool.u")), kept=("/context",))


def test_nothing_refers_to_what_is_not_made_again() -> None:
    left = without(persona(), [at("tool.t")], None)
    assert left.leaves == {**persona().leaves, "/tools": [U, "t9"]}
    assert left.spec["tools"] == [U, "t9"]
    assert left.refs == (at("tool.u"),)
    assert left.kept == ("/context",)
    assert without(persona(), [], None) == persona()


def test_a_single_reference_is_left_as_it_is_where_its_object_is_gone() -> None:
    left = without(persona(), [at("replica.r")], None)
    assert "/default_face_id" not in left.leaves
    assert "default_face_id" not in left.spec
    assert left.kept == ("/context", "/default_face_id")


def test_tools_that_the_account_has_no_more_are_not_attached() -> None:
    assert without(persona(), [], listing("tool", live("tool", "t1", {"name": "x"}))).leaves["/tools"] == [T, U]
    assert without(persona(), [], listing("tool", live("tool", "t9", {"name": "x"}))) == persona()
    languages = resource("persona.a", {"languages": ["en"]}, {"/languages": ["en"]})
    assert without(languages, [], listing("tool")) == languages, "no other list holds ids of tools"
