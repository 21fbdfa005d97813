"""The account as data."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.stock import new_world
from reconciler.platforms.tavus.simulator.world import (
    GONE,
    PERSONA_SECRETS,
    SEALED,
    TOOL_SECRETS,
    Page,
    Vault,
    World,
    echoes_mask,
    reveal,
    seal,
    strings_of,
)


def snapshot(world: World) -> str:
    return json.dumps(world.objects, sort_keys=True)


def test_ids_follow_from_the_salt_and_never_repeat() -> None:
    first, second = World("s", "u"), World("s", "u")
    ids = [first.mint("p") for _ in range(50)]
    assert ids == [second.mint("p") for _ in range(50)]
    assert len(set(ids)) == 50
    assert {len(id) for id in ids} == {13}
    assert World("other", "u").mint("p") != ids[0]


def test_ids_that_a_person_gave_away_are_skipped() -> None:
    first, second = World("s", "u"), World("s", "u")
    taken = first.mint("p")
    second.put("pals", taken, {})
    assert second.mint("p") != taken


STEPS = st.lists(st.tuples(st.sampled_from("pd"), st.integers(0, 3), st.integers(0, 9)), max_size=12)


def play(world: World, steps: list[tuple[str, int, int]]) -> None:
    for what, key, value in steps:
        if what == "p":
            world.put("pals", f"p{key}", {"value": value})
        elif world.find("pals", f"p{key}") is not None:
            world.drop("pals", f"p{key}")


@given(STEPS, STEPS)
def test_rollback_takes_everything_back(
    before: list[tuple[str, int, int]], after: list[tuple[str, int, int]]
) -> None:
    world = World("s", "u")
    play(world, before)
    world.settle()
    kept, mark = snapshot(world), world.mark()
    play(world, after)
    world.rollback(mark)
    assert snapshot(world) == kept


@given(STEPS)
def test_what_changed_is_known(steps: list[tuple[str, int, int]]) -> None:
    world = new_world("s")
    world.settle()
    kept = {id: dict(body) for id, body in world.objects["pals"].items()}
    play(world, steps)
    changed = {id for _, id in world.settle()}
    now = world.objects["pals"]
    assert {id for id in kept.keys() | now.keys() if kept.get(id) != now.get(id)} <= changed
    assert world.settle() == set()


def test_written_answers_are_forgotten_with_the_object() -> None:
    world = World("s", "u")
    world.put("pals", "p1", {})
    world.cached("pals", "p1")["pal"] = b"old"
    world.put("pals", "p1", {"a": 1})
    assert world.cached("pals", "p1") == {}


def test_a_new_account_has_stock_and_nothing_of_its_own() -> None:
    world = new_world("s")
    assert len(world.objects["pals"]) == 3
    assert [list(world.own(kind)) for kind in world.objects] == [[]] * len(world.objects)
    assert new_world("s").owner_id == world.owner_id != new_world("t").owner_id


def test_worlds_share_no_objects() -> None:
    first, second = new_world("s"), new_world("s")
    first.objects["pals"]["p5317866"]["layers"]["llm"]["model"] = "x"  # type: ignore[call-overload,index]
    assert snapshot(first) != snapshot(second)


def test_pages_as_text() -> None:
    page = Page("pals", (b'{"a":1}', b'{"b":2}'), 9, (("page", 0),))
    assert json.loads(page.reply().body) == {"data": [{"a": 1}, {"b": 2}], "total_count": 9, "page": 0}  # type: ignore[arg-type]
    assert json.loads(page.reply("bare").body) == [{"a": 1}, {"b": 2}]  # type: ignore[arg-type]
    assert json.loads(Page("pals", (), 0).reply("resource").body) == {"pals": [], "total_count": 0}  # type: ignore[arg-type]


def test_strings_of_anything() -> None:
    assert strings_of(["a", 1, None, "b"]) == ["a", "b"]
    assert [strings_of(value) for value in (None, "a", {}, 3)] == [[]] * 4


@given(STEPS, STEPS)
def test_ids_by_type_follow_every_change(
    before: list[tuple[str, int, int]], after: list[tuple[str, int, int]]
) -> None:
    world = new_world("s")

    def agree() -> None:
        own = [id for id, _ in world.own("pals")]
        assert world.ids("pals", "user") == own
        assert world.ids("pals", "all") == list(world.objects["pals"])
        assert world.ids("pals", "system") == ["p5317866", "pd43ffef"]

    play(world, before)
    agree()
    world.settle()
    play(world, after)
    agree()
    world.put("pals", "p0", {"$type": "orphan"})
    agree()
    world.rollback()
    agree()


BODY: dict[str, Any] = {
    "system_prompt": "hi",
    "layers": {
        "llm": {"api_key": "k1", "headers": {"A": "h1", "B": None}, "default_query": {"q": "q1"}, "model": "m"},
        "tts": {"api_key": "k2"},
        "stt": None,
    },
}


def test_no_secret_is_left_and_nothing_else_changes() -> None:
    kept = repr(BODY)
    sealed = seal(BODY, PERSONA_SECRETS, Vault("salt"))
    text = repr(sealed)
    assert not [secret for secret in ("'k1'", "'k2'", "'h1'", "'q1'") if secret in text]
    assert sealed["layers"]["llm"]["model"] == "m"
    assert sealed["layers"]["llm"]["headers"]["B"] is None
    assert repr(BODY) == kept


def test_sealing_twice_changes_nothing() -> None:
    vault = Vault("salt")
    sealed = seal(BODY, PERSONA_SECRETS, vault)
    assert seal(sealed, PERSONA_SECRETS, vault) == sealed


def test_digests_tell_equal_from_different_and_depend_on_the_salt() -> None:
    vault = Vault("salt")
    assert vault.seal("a") == Vault("salt").seal("a")
    assert vault.seal("a") != vault.seal("b")
    assert vault.seal("a") != Vault("other").seal("a")


def test_a_digest_does_not_tell_the_length() -> None:
    vault = Vault("salt")
    assert len({len(str(vault.seal("x" * size))) for size in (1, 8, 300)}) == 1


@pytest.mark.parametrize(("how", "shown"), [("mask", "********"), ("echo", "k1")])
def test_reveal(how: Any, shown: str) -> None:
    vault = Vault("salt")
    body = reveal(seal(BODY, PERSONA_SECRETS, vault), PERSONA_SECRETS, vault, how, "omit")
    assert body["layers"]["llm"]["api_key"] == shown
    assert body["layers"]["llm"]["headers"] == {"B": None}


def test_omit_takes_the_member_out() -> None:
    vault = Vault("salt")
    body = reveal(seal(BODY, PERSONA_SECRETS, vault), PERSONA_SECRETS, vault, "omit", "echo")
    assert "api_key" not in body["layers"]["tts"]
    assert body["layers"]["llm"]["headers"]["A"] == "h1"
    assert vault.show("clear", "omit") == "clear"
    assert vault.show(vault.seal("x"), "omit") is GONE


def test_another_process_can_only_show_the_mask() -> None:
    sealed = Vault("salt").seal("k1")
    other = Vault("salt")
    assert other.show(sealed, "echo") == "********"
    first = Vault("salt")
    first.seal("k1")
    other.learn(first)
    assert other.show(sealed, "echo") == "k1"


def test_vaults_of_another_salt_are_not_believed() -> None:
    first, other = Vault("one"), Vault("two")
    sealed = first.seal("k1")
    other.learn(first)
    assert other.show(sealed, "echo") == "********"


def test_scalars_of_any_type_are_sealed() -> None:
    body = {"layers": {"llm": {"headers": {"n": 3, "b": True, "l": [1], "o": {"x": 1}}}}}
    headers = seal(body, PERSONA_SECRETS, Vault("salt"))["layers"]["llm"]["headers"]  # type: ignore[call-overload,index]
    assert SEALED in headers["n"]
    assert SEALED in headers["b"]
    assert headers["l"] == [1]
    assert headers["o"] == {"x": 1}


@pytest.mark.parametrize(
    ("body", "patterns", "where"),
    [
        ({"layers": {"llm": {"api_key": "********"}}}, PERSONA_SECRETS, "layers.api_key"),
        ({"layers": {"llm": {"headers": {"X": "********"}}}}, PERSONA_SECRETS, "layers.headers"),
        ({"delivery": {"api": {"auth": {"token": "********"}}}}, TOOL_SECRETS, "delivery.api.auth.token"),
        ({"system_prompt": "********", "layers": {"llm": {"model": "********"}}}, PERSONA_SECRETS, None),
        ({"layers": "odd"}, PERSONA_SECRETS, None),
    ],
)
def test_masks_are_found(body: Any, patterns: Any, where: str | None) -> None:
    assert echoes_mask(body, patterns) == where
