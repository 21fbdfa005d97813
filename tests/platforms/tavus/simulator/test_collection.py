"""What the collections have in common: finding, showing, pages and sorting, and JSON Patch over a whole object."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.collection import (
    Context,
    Route,
    check_patch,
    cut,
    dated,
    find,
    matches,
    merge,
    newest_first,
    page_bounds,
    page_of,
    patched,
    read_number,
    scrub,
    select,
    show,
    timestamp,
    unknown_references,
    with_defaults,
)
from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.platforms.tavus.simulator.http_types import Call, Refusal
from reconciler.platforms.tavus.simulator.stock import new_world
from reconciler.platforms.tavus.simulator.world import TYPE, World


@given(st.integers(0, 60), st.integers(1, 20), st.sampled_from([0, 1]), st.sampled_from(["asc", "desc"]))
def test_pages_show_everything_once(count: int, limit: int, base: int, sort: str) -> None:
    items: list[tuple[str, Any]] = [(f"p{number}", {}) for number in range(count)]
    collected: list[tuple[str, Any]] = []
    for page in range(base, base + count // limit + 2):
        collected += cut(items, {"limit": str(limit), "page": str(page), "sort": sort}, base=base)
    assert collected == (items if sort == "asc" else items[::-1])


@pytest.mark.parametrize(
    ("query", "base", "bounds"),
    [
        ({}, 1, (0, 10)),
        ({}, 0, (0, 10)),
        ({"page": "0"}, 1, (0, 10)),
        ({"page": "1"}, 1, (0, 10)),
        ({"page": "1"}, 0, (10, 10)),
        ({"page": "3", "limit": "7"}, 1, (14, 7)),
        ({"limit": "100000"}, 1, (0, 100)),
        ({"limit": "", "page": ""}, 1, (0, 10)),
    ],
)
def test_bounds(query: Any, base: int, bounds: Any) -> None:
    assert page_bounds(query, base=base) == bounds


@pytest.mark.parametrize("text", ["x", "1.5", "--1", "-", "\u00b2", "0x1"])
def test_what_is_no_number(text: str) -> None:
    with pytest.raises(Refusal, match="Not a valid integer"):
        read_number({"limit": text}, "limit", 10)


def test_what_is_too_small() -> None:
    with pytest.raises(Refusal, match="greater than or equal to 1"):
        read_number({"limit": "0"}, "limit", 10, least=1)


def test_types() -> None:
    world = new_world("s")
    world.put("pals", "p1", {})
    assert [id for id, _ in select(world, "pals", "user")] == ["p1"]
    assert len(select(world, "pals", "system")) == 2
    assert len(select(world, "pals", "all")) == len(select(world, "pals", "")) == 4


def test_words_for_the_order() -> None:
    assert [newest_first({"sort": word}) for word in ("asc", "ascending", "desc", "descending", "")] == [
        False,
        False,
        True,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("needle", "fits"), [("", True), ("t1", True), ("t", False), ("LOOK", True), ("policy", True), ("x", False)]
)
def test_name_or_uuid(needle: str, fits: bool) -> None:
    assert matches(needle, "t1", "look_policy") is fits
    assert not matches("look", "t1", None)


def context(body: Any = None, id: str = "g1", **query: str) -> Context:
    world = World("s", "u")
    world.put("guardrails", "g1", {"a": 1, "$set": "x"})
    world.put("guardrails", "g2", {TYPE: "system"})
    return Context(world, Mood(), Call("GET", "/", query), "now", (id,), body=body)


def test_find() -> None:
    assert find(context(), "guardrails", "Guardrail") == {"a": 1, "$set": "x"}
    with pytest.raises(Refusal, match=r"404 .*Guardrail not found"):
        find(context(id="g0"), "guardrails", "Guardrail")
    assert find(context(id="g2"), "guardrails", "Guardrail")
    with pytest.raises(Refusal, match=r"400 .*cannot be modified"):
        find(context(id="g2"), "guardrails", "Guardrail", write=True)


def test_show_puts_the_id_in_front_and_keeps_secrets_of_the_simulator() -> None:
    assert list(show("uuid", "g1", {"a": 1, "$set": "x"}).items()) == [("uuid", "g1"), ("a", 1)]


def test_dates_and_defaults() -> None:
    assert dated(context(), {"a": 1}) == {"a": 1, "created_at": "now", "updated_at": "now"}
    assert with_defaults({"a": None, "b": 0}, {"a": 1, "b": 2, "c": 3}) == {"a": 1, "b": 0, "c": 3}


def test_read_only_members_stay() -> None:
    operations = [{"op": "replace", "path": "/uuid", "value": "g9"}, {"op": "add", "path": "/a", "value": 2}]
    assert patched(context(operations), {"uuid": "g1", "a": 1}, ("uuid",)) == {"uuid": "g1", "a": 2}
    gone = [{"op": "remove", "path": "/uuid"}]
    assert patched(context(gone), {"uuid": "g1"}, ("uuid",)) == {"uuid": "g1"}


def test_a_patch_that_leaves_no_object() -> None:
    with pytest.raises(Refusal, match="not an object"):
        patched(context([{"op": "replace", "path": "", "value": []}]), {}, ())
    with pytest.raises(Refusal, match=r"422 .*Invalid JSON patch format"):
        check_patch(context({}))


@pytest.mark.parametrize(
    ("query", "keywords", "ids", "extras"),
    [
        ({}, {"base": 1}, ["a", "b", "c"], {}),
        ({"limit": "2", "page": "1"}, {"base": 0, "echo": True}, ["c"], {"page": 1, "limit": 2}),
        ({}, {"base": 0, "newest_first": True}, ["c", "b", "a"], {}),
        ({"sort": "asc"}, {"base": 0, "newest_first": True}, ["a", "b", "c"], {}),
        ({"sort": "descending"}, {"base": 1}, ["c", "b", "a"], {}),
    ],
)
def test_pages(query: Any, keywords: Any, ids: list[str], extras: dict[str, int]) -> None:
    chosen: list[tuple[str, Any]] = [(id, {}) for id in "abc"]
    page = page_of(context(**query), "things", chosen, lambda _, id, __: {"id": id}, **keywords)
    body = json.loads(page.reply().body)  # type: ignore[arg-type]
    assert body == {"data": [{"id": id} for id in ids], "total_count": 3, **extras}


TTS = ("layers", "tts", "pronunciation_dictionary_id")


@pytest.mark.parametrize(
    ("path", "before", "after"),
    [
        (("tool_ids",), {"tool_ids": ["a", "x", "b"]}, {"tool_ids": ["a", "b"]}),
        (("guardrails_id",), {"guardrails_id": "x"}, {"guardrails_id": None}),
        (
            TTS,
            {"layers": {"tts": {"pronunciation_dictionary_id": "x", "voice_id": "v"}, "stt": {}}},
            {"layers": {"tts": {"pronunciation_dictionary_id": None, "voice_id": "v"}, "stt": {}}},
        ),
    ],
)
def test_an_id_is_taken_out_of_every_persona(path: Any, before: Any, after: Any) -> None:
    world = World("s", "u")
    for name in ("p1", "p2"):
        world.put("pals", name, before)
    world.settle()
    scrub(world, path, "x")
    assert world.objects["pals"] == {"p1": after, "p2": after}
    assert world.settle() == {("pals", "p1"), ("pals", "p2")}


@pytest.mark.parametrize("body", [{}, {"layers": None}, {"layers": {"tts": None}}, {"layers": {"tts": "odd"}}])
def test_personas_without_the_id_are_not_touched(body: Any) -> None:
    world = World("s", "u")
    world.put("pals", "p1", body)
    world.settle()
    scrub(world, TTS, "x")
    scrub(world, ("tool_ids",), "x")
    assert world.settle() == set()


def test_unknown_references() -> None:
    world = World("s", "u")
    world.put("guardrails", "g1", {})
    assert unknown_references(world, "guardrails", ["g1", "g2"]) == ["g2"]
    assert unknown_references(world, "guardrails", "g3") == ["g3"]
    assert [unknown_references(world, "guardrails", value) for value in (None, "", [], "g1")] == [[]] * 4


def test_times_with_and_without_zone() -> None:
    assert timestamp("2026-11-21T05:13:47Z") == "2026-11-21T05:13:47Z"
    assert timestamp("2026-11-21T05:13:47Z", zone=False) == "2026-11-21T05:13:47"


@pytest.mark.parametrize("body", [None, [], "x", 3])
def test_a_body_that_is_no_object(body: Any) -> None:
    with pytest.raises(Refusal, match="Invalid input type"):
        Context(World("s", "u"), Mood(), Call("POST", "/v2/pals"), "now", body=body).object()


def test_routes_keep_their_order() -> None:
    def run(_: Context) -> Any:
        raise AssertionError

    first, second = Route("GET", "/a", run), Route("GET", "/b", run)
    assert merge((first,), (second,)) == (first, second)
