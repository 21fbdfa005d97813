"""One workspace made ready to be held against another: its plan, its wishes, and the names of what was read."""

from __future__ import annotations

from reconciler.engine.plan.workspace_view import view
from reconciler.types.change import Action
from reconciler.types.options import PlanOptions
from reconciler.types.reference import SecretRef
from tests.support.lab import Lab, as_set
from tests.support.making import at, manifest

TOOL = manifest("tool.find_room", {"name": "find_room", "description": "Finds a room", "origin": "llm"})
GUIDE = manifest(
    "persona.guide",
    {"pal_name": "Guide", "default_face_id": "rfe12d8b9597", "system_prompt": "Help.", "tools": ["find_room"]},
)
OTHER = manifest("persona.other", {"pal_name": "Other", "default_face_id": "rfe12d8b9597", "system_prompt": "Hm."})


def look(lab: Lab, *manifests, **options):
    return view(as_set(manifests), lab.state, PlanOptions(**options), lab.setting(reading=True), b"key of this run")


def test_an_empty_account_wants_everything_and_has_no_names() -> None:
    lab = Lab()
    plan, wanted, names = look(lab, TOOL, GUIDE)
    assert {change.address: change.action for change in plan.changes} == dict.fromkeys(wanted, Action.CREATE)
    assert names == {}
    assert lab.writes() == []


def test_names_tell_what_the_ids_of_the_account_stand_for() -> None:
    lab = Lab()
    lab.apply(TOOL, GUIDE)
    writes = lab.writes()
    plan, wanted, names = look(lab, TOOL, GUIDE)
    assert plan.differences == ()
    assert set(wanted) == {at("tool.find_room"), at("persona.guide")}
    assert names["tool", lab.id_of("tool.find_room")] == "tool.find_room"
    assert lab.writes() == writes, "nothing but looking"


def test_only_what_was_chosen_is_held_against_the_other() -> None:
    plan, wanted, _ = look(Lab(), TOOL, GUIDE, OTHER, targets=(at("persona.guide"),))
    assert set(wanted) == {at("persona.guide"), at("tool.find_room")}, "and what it depends on"
    assert {change.address for change in plan.changes} == set(wanted)


def test_literal_secrets_are_told_apart_and_never_shown() -> None:
    def literal(value: str):
        lab = Lab()
        lab.vault.resolve = lambda reference: value if reference.kind == "literal" else None  # type: ignore[method-assign]
        llm = {"model": "nw", "base_url": "https://llm.example", "api_key": SecretRef("literal", "a.yaml#/x")}
        one = manifest("persona.a", {"pal_name": "A", "system_prompt": "x", "layers": {"llm": llm}})
        _, wanted, _ = look(lab, one)
        assert value not in repr(wanted)
        return wanted[at("persona.a")].leaves["/layers/llm/api_key"]

    assert literal("sk-first-of-two") == literal("sk-first-of-two")
    assert literal("sk-first-of-two") != literal("sk-second-of-two")
