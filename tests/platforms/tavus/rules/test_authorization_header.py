"""L33."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, said


@pytest.mark.parametrize("name", ["Authorization", "authorization", "AUTHORIZATION"])
@pytest.mark.parametrize("value", ["Bearer x", {"env": "KEY"}])
def test_the_key_has_a_field_of_its_own(name: str, value: Json) -> None:
    assert said("L33", body(llm={**CUSTOM, "headers": {name: value}})) == [(f"/layers/llm/headers/{name}", "warning")]


@pytest.mark.parametrize(
    "headers", [{"X-Org": "nw"}, {"Authorization": None}, {"Authorization": ""}, {}, None, "Authorization", []]
)
def test_quiet(headers: Json) -> None:
    assert said("L33", body(llm={**CUSTOM, "headers": headers})) == []
