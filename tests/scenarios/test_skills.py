"""Skills: a part of a persona that is written through a sub resource."""

from __future__ import annotations

import pytest

from tests.support.account import (
    FULL,
    MOODS,
    done,
    project,
    settled,
    skills,
)
from tests.support.lab import Lab


@pytest.fixture(params=MOODS, ids=str)
def lab(request: pytest.FixtureRequest) -> Lab:
    return Lab(MOODS[request.param])


def test_skills_are_the_whole_set(lab: Lab) -> None:
    done(lab, *FULL)
    assert skills(lab)["presentation"] == {
        "document_ids": [lab.id_of("document.returns")],
        "slides_trigger": "on_demand",
    }
    done(lab, *project(persona__desk={"skills": {"memory": {}}}))
    assert skills(lab) == {"memory": {}}
    done(lab, *project())
    assert skills(lab) == {}


def test_a_skill_attached_by_hand_is_drift_only_where_skills_are_ours() -> None:
    lab = Lab()
    lab.apply(*project())
    path = f"/pals/{lab.id_of('persona.desk')}/skills/magic_canvas"
    lab.client.put(path, json={"config": {}})
    settled(lab, *project())
    lab.apply(*FULL)
    lab.client.put(path, json={"config": {"a": 1}})
    (item,) = lab.plan(*FULL).drift
    assert [one.path for one in item.changes] == ["/skills"]
    done(lab, *FULL)
