"""The world as text."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.stock import new_world
from reconciler.platforms.tavus.simulator.world import KINDS, World
from reconciler.platforms.tavus.simulator.world_file import (
    WorldUnreadable,
    read_world,
    seed_world,
    write_object,
    write_world,
)

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def write(world: World) -> bytes:
    texts = {kind: {id: write_object(id, body) for id, body in world.objects[kind].items()} for kind in KINDS}
    return b"".join(write_world(world, texts))


def seeded(data: Any) -> World:
    return seed_world(json.dumps(data).encode(), "seed.json", "salt")


def own(world: World, kind: str = "pals") -> dict[str, Any]:
    return dict(world.own(kind))


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.text(max_size=6), VALUES, max_size=4))
def test_write_and_read(body: dict[str, Any]) -> None:
    world = new_world("salt")
    world.put("guardrails", "g1", body)
    world.sequence = 7
    again = read_world(write(world), "world.json")
    assert again.objects == world.objects
    assert (again.salt, again.owner_id, again.sequence) == ("salt", world.owner_id, 7)


def test_order_and_unknown_members_survive() -> None:
    world = new_world("salt")
    world.extra = {"note": "mine"}
    for name in ("pz", "pa", "pm"):
        world.put("pals", name, {})
    again = read_world(write(world), "world.json")
    assert list(own(again)) == ["pz", "pa", "pm"]
    assert again.extra == {"note": "mine"}
    assert write(again) == write(world)


def test_the_file_is_meant_for_people() -> None:
    world = new_world("salt")
    world.put("pals", "pé", {"pal_name": "Zoë", "layers": {"llm": {"model": "m"}}})
    lines = write(world).decode().splitlines()
    assert '      "pé": {' in lines
    assert '        "pal_name": "Zoë",' in lines
    assert '            "model": "m"' in lines


def test_secrets_written_by_hand_are_sealed_when_read() -> None:
    world = new_world("salt")
    world.put("pals", "p1", {"layers": {"llm": {"api_key": "sk-clear", "headers": {"A": "h-clear"}}}})
    world.put("tools", "t1", {"delivery": {"api": {"auth": {"type": "bearer", "token": "t-clear"}}}})
    world.put("deployments", "d1", {"password": "p-clear"})
    assert b"-clear" not in write(read_world(write(world), "world.json"))


def test_a_hand_written_persona_may_use_either_vocabulary() -> None:
    world = new_world("salt")
    world.put("pals", "p1", {"persona_name": "A", "default_replica_id": "r1"})
    assert own(read_world(write(world), "w"))["p1"] == {"pal_name": "A", "default_face_id": "r1"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"", "not valid JSON"),
        (b'{"format": 1, "obj', "not valid JSON"),
        (b"[]", "no simulator world"),
        (b'{"format": 1}', "no simulator world"),
        (b'{"format": 2, "objects": {}}', "format 2; this version reads format 1"),
        (b'{"format": 1, "objects": {"cats": {}}}', "unknown kind 'cats'"),
        (b'{"format": 1, "objects": {"pals": []}}', "objects/pals must map ids"),
        (b'{"format": 1, "objects": {"pals": {"p1": 3}}}', "objects/pals/p1 is not an object"),
    ],
)
def test_damage_is_named(text: bytes, words: str) -> None:
    with pytest.raises(WorldUnreadable, match=words) as caught:
        read_world(text, "world.json")
    assert "world.json" in caught.value.message


# --- seeds --------------------------------------------------------------------------------------------------------


def test_a_list_is_a_list_of_personas() -> None:
    world = seeded([{"persona_id": "p1", "persona_name": "A"}, {"pal_name": "B"}])
    bodies = own(world)
    assert bodies.pop("p1") == {"pal_name": "A"}
    ((minted, other),) = bodies.items()
    assert minted.startswith("p")
    assert other == {"pal_name": "B"}


def test_the_answer_of_a_list_call_is_a_seed() -> None:
    assert list(own(seeded({"data": [{"pal_id": "p1", "pal_name": "A"}], "total_count": 1}))) == ["p1"]


def test_lists_by_kind() -> None:
    world = seeded({"personas": [{"persona_id": "p1"}], "tools": [{"tool_id": "t1", "name": "x"}]})
    assert list(own(world)) == ["p1"]
    assert own(world, "tools") == {"t1": {"name": "x"}}
    assert "end_call" in world.objects["tools"], "stock is there too"


def test_a_world_file_is_a_seed() -> None:
    world = new_world("its own")
    world.put("pals", "p1", {"pal_name": "A"})
    again = seed_world(write(world), "seed.json", "salt")
    assert (own(again), again.salt) == ({"p1": {"pal_name": "A"}}, "its own")


@pytest.mark.parametrize("data", [3, "x", {"cats": []}, {"pals": {}}, [3], {"pals": ["p1"]}])
def test_wrong_seeds(data: Any) -> None:
    with pytest.raises(WorldUnreadable, match=r"seed\.json"):
        seeded(data)
