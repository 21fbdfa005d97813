"""Inline tools that see, into the registry: raven-1 first, no gap whatever breaks, nothing attached by hand lost."""

from __future__ import annotations

import pytest

from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.simulator.faults import Mood
from tests.properties.test_swap import Killed, Watching
from tests.support.lab import Lab
from tests.support.making import manifest

FUNCTION = {"name": "look_up", "description": "Looks.", "parameters": {"type": "object", "properties": {}}}
INLINE = {"type": "function", "function": FUNCTION}
TOOL = manifest("tool.look_up", {**FUNCTION, "origin": "vision", "delivery": {"app_message": True}})


def persona(perception, **more):
    layers = {"llm": {"model": "tavus-gpt-oss"}, "tts": {"tts_engine": "cartesia"}, "perception": perception}
    return manifest("persona.a", {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597",
                                  "layers": layers, **more})  # fmt: skip


BEFORE = [{"perception_model": "raven-0"}, {}]
NEW = (TOOL, persona({"perception_model": "raven-1"}, tools=["look_up"]))


class Seeing(Watching):
    """A persona either holds the tool inline, or has it attached and sees with raven-1."""

    def look(self, after):
        import httpx

        client = httpx.Client(transport=self.inner, base_url="http://127.0.0.1/v2", headers={"x-api-key": "watch"})
        for pal in client.get("/pals", params={"limit": 100, "pal_type": "user"}).json()["data"]:
            attached = client.get(f"/pals/{pal['pal_id']}/tools").json()["data"]
            perception = pal["layers"].get("perception") or {}
            fires = (perception.get("perception_model") or "raven-1") == "raven-1"
            self.seen += 1
            if not perception.get("visual_tools") and not (attached and fires):
                self.gaps.append((after, "no tool"))
            if attached and not fires:
                self.gaps.append((after, "attached before raven-1"))


def started(before, mood=None):
    lab = Lab(mood or Mood())
    lab.apply(persona({**before, "visual_tools": [INLINE]}))
    return lab


@pytest.mark.parametrize("before", BEFORE)
def test_the_model_is_set_before_the_tool_is_attached_and_the_copy_goes_last(before):
    lab = started(before, Mood(defaults="hide"))
    change = next(one for one in lab.plan(*NEW).differences if str(one.address) == "persona.a")
    assert [one.purpose for one in change.requests] == ["update", "attach", "update"]
    first, _, last = (one.body for one in change.requests)
    assert [op["value"] for op in first] == ["raven-1"] or first[0]["value"] == {"perception_model": "raven-1"}
    assert [(op["op"], op["path"]) for op in last] == [("remove", "/layers/perception/visual_tools")]


@pytest.mark.parametrize("before", BEFORE)
@pytest.mark.parametrize("defaults", ["fill", "hide", "null"])
@pytest.mark.parametrize("kill", [0, *range(1, 14)])
def test_there_is_no_gap_and_a_second_run_finishes(before, defaults, kill):
    lab = started(before, Mood(defaults=defaults))
    calm, watching = lab.transport, Seeing(lab.transport, kill)
    lab.transport = watching
    try:
        lab.apply(*NEW, migrate=True)
    except (Killed, ReconcilerError):
        pass
    lab.transport = calm
    assert watching.gaps == []
    lab.apply(*NEW, migrate=True)
    assert lab.plan(*NEW).differences == ()
    shown = lab.client.get(f"/pals/{lab.id_of('persona.a')}").json()["layers"]["perception"]
    assert not shown.get("visual_tools")


class TestAttachedByHand:
    def lab(self):
        lab = started({"perception_model": "raven-1"})
        body = {**FUNCTION, "name": "by_hand", "origin": "vision", "delivery": {"app_message": True}}
        foreign = lab.client.post("/tools", json=body).json()["tool_id"]
        lab.client.post(f"/pals/{lab.id_of('persona.a')}/tools", json={"tool_ids": [foreign]})
        return lab, foreign

    def attached(self, lab):
        rows = lab.client.get(f"/pals/{lab.id_of('persona.a')}/tools").json()["data"]
        return {row["name"] for row in rows}

    def test_it_stays_through_the_migration_and_ever_after(self):
        lab, foreign = self.lab()
        change = next(one for one in lab.plan(*NEW).differences if str(one.address) == "persona.a")
        assert "detach" not in [one.purpose for one in change.requests]
        assert any(foreign in note and "by hand" in note for note in change.notes)
        lab.apply(*NEW, migrate=True)
        assert self.attached(lab) == {"look_up", "by_hand"}
        settled = lab.plan(*NEW)
        assert settled.differences == () and settled.drift == ()

    def test_listed_in_the_manifest_it_is_the_manifests(self):
        lab, _ = self.lab()
        listed = (TOOL, persona({"perception_model": "raven-1"}, tools=["look_up", "by_hand"]))
        lab.apply(*listed, migrate=True)
        assert self.attached(lab) == {"look_up", "by_hand"} and lab.plan(*listed).differences == ()

    def test_one_attached_after_the_migration_is_drift(self):
        lab = started({"perception_model": "raven-1"})
        lab.apply(*NEW, migrate=True)
        body = {**FUNCTION, "name": "later", "origin": "vision", "delivery": {"app_message": True}}
        foreign = lab.client.post("/tools", json=body).json()["tool_id"]
        lab.client.post(f"/pals/{lab.id_of('persona.a')}/tools", json={"tool_ids": [foreign]})
        assert [one.path for item in lab.plan(*NEW).drift for one in item.changes] == ["/tools"]

    def test_a_manifest_that_names_the_same_tools_attaches_nothing(self):
        lab, _ = self.lab()
        lab.client.post("/tools", json={**FUNCTION, "origin": "vision"})
        named = {row["name"]: row["tool_id"] for row in lab.client.get("/tools?limit=100").json()["data"]}
        lab.client.post(f"/pals/{lab.id_of('persona.a')}/tools", json={"tool_ids": [named["look_up"]]})
        wanted = persona({"perception_model": "raven-1"}, tools=["look_up"])
        lab.apply(wanted, migrate=True)
        assert self.attached(lab) == {"look_up", "by_hand"} and lab.plan(wanted).differences == ()
