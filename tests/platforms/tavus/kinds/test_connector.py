"""Connectors: attached by reference, a person's part in OAuth is said, a server that has none is no error."""

from __future__ import annotations

import pytest

from reconciler.platforms.tavus.simulator.faults import Mood
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action
from tests.support.lab import Lab
from tests.support.making import env, manifest

URL = "https://mcp.example.com/mcp"
SIGNED_IN = manifest("connector.a", {"name": "A", "server_url": URL, "auth_config": {"type": "oauth2"}})
WITH_TOKEN = manifest(
    "connector.b", {"name": "B", "server_url": URL, "auth_config": {"type": "bearer", "token": env("KEY")}}
)
PAL = {"pal_name": "P", "system_prompt": "x", "default_face_id": "rfe12d8b9597"}


def user(*addresses: str):
    named = [ResourceRef(one) for one in addresses]
    return manifest("persona.p", {**PAL, "layers": {"mcp": {"connectors": named}}})


def test_a_persona_names_it_and_the_wire_carries_its_id() -> None:
    lab = Lab()
    lab.apply(SIGNED_IN, WITH_TOKEN, user("connector.b", "connector.a"))
    held = lab.client.get(f"/pals/{lab.id_of('persona.p')}").json()["layers"]["mcp"]["connectors"]
    assert sorted(held) == sorted(lab.id_of(f"connector.{one}") for one in "ab")
    assert lab.plan(SIGNED_IN, WITH_TOKEN, user("connector.a", "connector.b")).differences == ()


def test_a_new_token_is_sent_with_its_type_and_shown_to_nobody() -> None:
    lab = Lab()
    lab.apply(WITH_TOKEN)
    rotated = manifest("connector.b", {**WITH_TOKEN.spec, "auth_config": {"type": "bearer", "token": env("OTHER")}})
    (change,) = lab.plan(rotated).differences
    assert [(one.path, one.sensitive) for one in change.fields] == [("/auth_config/token", True)]
    lab.apply(rotated)
    assert lab.plan(rotated).differences == ()
    assert "secret-value" not in repr(lab.state) + repr(change)


def test_what_a_person_has_to_do_is_said_when_it_is_made_and_until_it_is_done() -> None:
    lab = Lab()
    (step,) = lab.apply(SIGNED_IN).steps
    assert any("https://oauth.invalid/" in note for note in step.notes)
    (told,) = lab.plan(SIGNED_IN).diagnostics
    assert (str(told.address), told.code) == ("connector.a", "E-failed")
    assert [step.notes for step in lab.apply(WITH_TOKEN, SIGNED_IN).steps] == [()]
    assert [str(one.address) for one in lab.plan(SIGNED_IN, WITH_TOKEN).diagnostics] == ["connector.a"]


def test_one_that_somebody_else_uses_is_not_deleted() -> None:
    lab = Lab()
    lab.apply(WITH_TOKEN, user())
    layers = {"mcp": {"connectors": [lab.id_of("connector.b")]}}
    lab.client.post("/pals", json={**PAL, "pal_name": "Theirs", "layers": layers})
    (block,) = lab.plan(user(), allow_deletes=True).all_blocks
    assert "Theirs" in repr(block)


def test_a_server_without_connectors_has_none_and_only_a_create_says_so() -> None:
    lab = Lab(Mood(connectors=False))
    assert [one.outcome for one in lab.apply(user()).steps] == ["done"]
    assert lab.plan(user(), unmanaged=True).unmanaged == ()
    (change,) = lab.plan(user(), WITH_TOKEN).differences
    assert change.action is Action.CREATE
    (failed,) = [step for step in lab.apply(user(), WITH_TOKEN).steps if step.outcome != "done"]
    assert str(failed.address) == "connector.b"
    assert "Connector" in str(failed.hint)
    assert lab.plan(user()).differences == ()


@pytest.mark.parametrize("name", ["name", "server_url"])
def test_a_partial_object_leaves_the_rest(name: str) -> None:
    lab = Lab()
    lab.apply(WITH_TOKEN)
    changed = manifest("connector.b", {**WITH_TOKEN.spec, name: "https://other.example.com/mcp"})
    (change,) = lab.plan(changed).differences
    assert [request.body for request in change.requests] == [{name: "https://other.example.com/mcp"}]
    lab.apply(changed)
    assert lab.plan(changed).differences == ()
