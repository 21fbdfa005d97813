"""The account as data."""

from __future__ import annotations

import json

from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.stock import new_world
from reconciler.platforms.tavus.simulator.world import Page, World, strings_of


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
