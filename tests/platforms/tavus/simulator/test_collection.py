"""What the smaller collections share."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.platforms.tavus.simulator.behaviour import Mood
from reconciler.platforms.tavus.simulator.call_context import Context
from reconciler.platforms.tavus.simulator.collection import (
    check_patch,
    dated,
    find,
    page_of,
    patched,
    show,
    with_defaults,
)
from reconciler.platforms.tavus.simulator.http_types import Call, Refusal
from reconciler.platforms.tavus.simulator.world import TYPE, World


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
