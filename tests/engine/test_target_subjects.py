"""Personas for the export targets: from the manifests, or from the account, with their tools."""

from __future__ import annotations

import pytest

from reconciler.engine.target_subjects import choose_subjects, subjects_of_account, subjects_of_manifests
from reconciler.types.reference import ResourceRef, SecretRef
from tests.support.lab import Lab, as_set
from tests.support.making import at, manifest

SCHEMA = {"type": "object", "properties": {"room": {"type": "string"}}, "required": ["room"]}
TOOL = manifest(
    "tool.find_room",
    {"name": "find_room", "description": "Finds a room", "origin": "llm", "parameters": SCHEMA},
)
GUIDE = manifest(
    "persona.guide",
    {
        "pal_name": "The Guide",
        "default_face_id": "rfe12d8b9597",
        "system_prompt": "Help.",
        "tools": [ResourceRef("tool.find_room")],
        "layers": {"llm": {"model": "nw-1", "base_url": "https://llm.example", "api_key": SecretRef("env", "KEY")}},
    },
)
PLAIN = manifest("persona.plain", {"pal_name": "Plain", "default_face_id": "rfe12d8b9597", "system_prompt": "Hm."})
ALL = (TOOL, GUIDE, PLAIN)


def test_personas_of_the_files_come_with_their_tools_and_with_ids_where_state_has_them() -> None:
    lab = Lab()
    before = subjects_of_manifests(as_set(ALL), lab.state)
    assert [(one.address, one.id) for one in before] == [(at("persona.guide"), None), (at("persona.plain"), None)]
    (tool,) = before[0].tools
    assert tool.spec is not None and tool.spec["parameters"] == SCHEMA
    assert before[1].tools == ()
    lab.apply(*ALL)
    after = subjects_of_manifests(as_set(ALL), lab.state)
    assert [one.id for one in after] == [lab.id_of("persona.guide"), lab.id_of("persona.plain")]


def test_the_account_says_the_same_as_the_files_that_made_it() -> None:
    lab = Lab()
    lab.apply(*ALL)
    writes = lab.writes()
    files = {one.id: one for one in subjects_of_manifests(as_set(ALL), lab.state)}
    live = {one.id: one for one in subjects_of_account(lab.state, lab.setting(reading=True), ())}
    assert set(live) == set(files)
    for id, one in live.items():
        assert one.spec["system_prompt"] == files[id].spec["system_prompt"]
        assert [tool.spec and tool.spec["parameters"] for tool in one.tools] == [
            tool.spec and tool.spec["parameters"] for tool in files[id].tools
        ]
    assert lab.writes() == writes, "nothing but looking"


def test_no_key_of_the_account_reaches_a_target() -> None:
    lab = Lab()
    lab.apply(*ALL)
    found = subjects_of_account(lab.state, lab.setting(reading=True), ())
    assert "sk-first-secret-value" not in repr(found)


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        ((), ["guide", "plain"]),
        (("gui*",), ["guide"]),
        (("the *",), ["guide"]),
        (("nobody",), []),
        (("*",), ["guide", "plain"]),
    ],
)
def test_a_persona_is_chosen_by_the_name_of_its_manifest_or_the_one_people_see(names, chosen) -> None:
    subjects = subjects_of_manifests(as_set(ALL), Lab().state)
    assert [one.name for one in choose_subjects(subjects, names)] == chosen
