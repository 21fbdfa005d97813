"""What a plan has to make anew."""

from __future__ import annotations

import pytest

from reconciler.core.planning.replacement import as_replacement, find_replaced
from reconciler.core.resource_diff.resource_plan import Planned
from reconciler.types.change import Action, Block, Change
from reconciler.types.manifest import Lifecycle, Manage
from tests.support.making import at, entry, resource, state

FIXED = Block("immutable", "cannot", "hint")
DOCUMENT = at("document.a")


def planned(address: str = "document.a", *blocks: Block, manage: Manage = Manage.FULL) -> dict:
    change = Change(at(address), Action.UPDATE, blocked=blocks, lifecycle=Lifecycle(manage=manage))
    return {at(address): Planned(change)}


def found(result, *, id=None, held=None, asked=(), address="document.a"):
    body = {"document_url": "https://x.example"} if address.startswith("document") else {"name": "t"}
    resources = {at(address): resource(address, body, id=id)}
    return find_replaced(result, resources, held or state(document__a=entry("d1"), tool__t=entry("t1")), asked)


def test_a_fixed_field_that_changes_and_what_was_asked_for() -> None:
    assert found(planned("document.a", FIXED)) == (DOCUMENT,)
    assert found(planned(), asked=(DOCUMENT,)) == (DOCUMENT,)
    assert found(planned()) == ()
    assert found(planned("document.a", Block("secret", "x", "y"))) == ()


@pytest.mark.parametrize(
    "why_not",
    [
        {"id": "d1"},
        {"held": state()},
    ],
    ids=["bound to one id", "not ours yet"],
)
def test_what_cannot_be_made_anew(why_not: dict) -> None:
    assert found(planned("document.a", FIXED), **why_not) == ()


def test_what_is_only_observed_stays() -> None:
    assert found(planned("document.a", FIXED, manage=Manage.OBSERVE)) == ()


def test_a_name_that_must_be_unique_cannot_be_borne_twice() -> None:
    assert found(planned("tool.t"), asked=(at("tool.t"),), address="tool.t") == ()


def test_the_create_knows_where_the_old_entry_goes() -> None:
    assert as_replacement(Change(DOCUMENT, Action.CREATE), "d1").replaces == at("document.a~d1")
