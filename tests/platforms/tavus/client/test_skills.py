"""Skills: how they are read whatever shape they come in, and written whole."""

from __future__ import annotations

import pytest

from reconciler.errors import NotFound
from reconciler.platforms.tavus.client.endpoints import ENDPOINTS, read_skills, write_skills
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.platforms.tavus.simulator.simulator_transport import SimulatorTransport
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Direction, FieldChange
from reconciler.types.json import Json
from tests.support.lab import JumpingClock

DESK = Address("persona", "desk")
ENTRY: Json = {"skill_id": "memory", "config": {"a": 1}, "attached_at": "x"}


@pytest.mark.parametrize(
    ("answer", "skills"),
    [
        ({"data": {"memory": ENTRY}}, {"memory": {"a": 1}}),
        ({"data": [ENTRY]}, {"memory": {"a": 1}}),
        ({"data": [{"id": "memory"}]}, {"memory": {}}),
        ({"skills": {"memory": {"config": None}}}, {"memory": {}}),
        ({"memory": None}, {"memory": {}}),
        ([ENTRY], {"memory": {"a": 1}}),
        ({"data": {}}, {}),
        ({"data": None}, {}),
    ],
)
def test_every_shape_is_read(answer: Json, skills: Json) -> None:
    assert read_skills(answer) == skills


@pytest.mark.parametrize(
    "answer", ["x", 7, {"data": ["memory"]}, {"data": [{}]}, {"data": {"memory": 7}}, {"data": 1}]
)
def test_what_is_something_else_is_not_taken_for_none(answer: Json) -> None:
    assert read_skills(answer) is None


@pytest.mark.parametrize("skills", [None, {}, []])
def test_taking_all_away_is_an_empty_set(skills: Json) -> None:
    assert write_skills(skills) == {"skills": {}}


def test_skills_stand_in_a_sub_resource() -> None:
    part = ENDPOINTS["persona"].parts["/skills"]
    assert part.name == "skills"
    assert part.read({"data": {"memory": ENTRY}}) == {"memory": {"a": 1}}


@pytest.fixture(params=["pal", "persona"])
def provider(request: pytest.FixtureRequest) -> TavusProvider:
    return TavusProvider(
        api_key="key",
        base_url="http://127.0.0.1/v2",
        vocabulary=request.param,
        transport=SimulatorTransport(None),
        clock=JumpingClock(),
        random=lambda: 0.5,
    )


def carry_out(provider: TavusProvider, change: Change) -> str:
    id = change.id or ""
    for request in provider.requests(change, None):
        from dataclasses import replace

        answer = provider.send(replace(request, path=request.path.replace("{persona.desk}", id)))
        id = id or provider.created_id("persona", answer) or ""
    return id


def test_the_life_of_a_skill(provider: TavusProvider) -> None:
    body = {"pal_name": "Desk", "system_prompt": "x", "default_face_id": "r1", "skills": {"memory": {}}}
    id = carry_out(provider, Change(DESK, Action.CREATE, after=body, managed={"/skills": {"memory": {}}}))
    assert provider.part("persona", id, "/skills") == {"memory": {}}
    live = provider.get("persona", id)
    assert live is not None
    assert "skills" not in live.body, "they are no part of the body"

    field = FieldChange("/skills", Direction.GIT, {"memory": {}}, {"internet_search": {}})
    change = Change(DESK, Action.UPDATE, id=id, fields=(field,), managed={"/skills": {"internet_search": {}}})
    (request,) = provider.requests(change, live.body)
    assert (request.method, request.body) == ("PUT", {"skills": {"internet_search": {}}})
    carry_out(provider, change)
    assert provider.part("persona", id, "/skills") == {"internet_search": {}}

    gone = Change(DESK, Action.UPDATE, id=id, fields=(FieldChange("/skills", Direction.GIT, {}, None),), managed={})
    carry_out(provider, gone)
    assert provider.part("persona", id, "/skills") == {}


def test_of_an_unknown_persona(provider: TavusProvider) -> None:
    with pytest.raises(NotFound):
        provider.part("persona", "p404", "/skills")
