"""L36: what the API keeps unique is unique in `validate`, as in a plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.platforms.tavus.rules.name_taken import RULE
from reconciler.types.manifest import Lifecycle, Manage, Manifest
from tests.support.rulecase import context, manifest


def found(*manifests: Manifest) -> list[str]:
    known = replace(context(), manifests={one.address: one for one in manifests})
    return [str(item.address) for one in manifests for item in RULE.check(one, known)]


def test_two_tools_of_one_name() -> None:
    first, second = manifest("name: look\n", "tool", "a"), manifest("name: look\n", "tool", "b")
    assert found(first, second) == ["tool.b"]
    assert found(second, first) == ["tool.a"]
    assert found(first, manifest("name: Look\n", "tool", "b")) == []


def test_a_tool_without_a_name_is_called_like_its_manifest() -> None:
    assert found(manifest("description: d\n", "tool", "look"), manifest("name: look\n", "tool", "b")) == ["tool.b"]
    assert found(manifest("description: d\n", "tool", "end_call")) == ["tool.end_call"]


@pytest.mark.parametrize("life", [Lifecycle(manage=Manage.OBSERVE), Lifecycle(ignore=("/name",))])
def test_who_writes_no_name_gives_none(life: Lifecycle) -> None:
    first, second = manifest("name: look\n", "tool", "a"), manifest("name: look\n", "tool", "b")
    assert found(first, replace(second, lifecycle=life)) == []


def test_a_name_that_is_not_known_yet_is_not_judged() -> None:
    secret = manifest("name: {env: NAME}\n", "tool", "a")
    assert found(secret, manifest("name: {env: NAME}\n", "tool", "b")) == []
