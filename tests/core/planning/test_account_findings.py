"""What a plan says beside its changes: what nothing claims, namesakes, references, what could not be compared."""

from __future__ import annotations

from dataclasses import replace

from reconciler.core.planning.account_findings import (
    drift_items,
    find_incomplete,
    find_namesakes,
    find_references,
    find_unmanaged,
    unlisted_text,
)
from reconciler.core.planning.bind_resources import bind
from reconciler.core.planning.desired import desire
from reconciler.core.planning.records import Account, Compared, PlanRequest
from reconciler.core.resource_diff.records import Context, Seen
from reconciler.errors import ProviderError
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.change import Action, Request
from reconciler.types.manifest import ManifestSet
from reconciler.types.options import PlanOptions
from tests.support.making import at, book, entry, listing, live, manifest, state
from tests.support.records import change_of

LISTS = {
    "persona": listing("persona", live("persona", "p1", {"pal_name": "A"}), live("persona", "p9", {"pal_name": "Z"})),
    "tool": listing("tool", live("tool", "t1", {"name": "look"})),
}
REQUEST = PlanRequest(
    ManifestSet((manifest("persona.a", {"pal_name": "A"}), manifest("tool.look", {"name": "look"}))),
    state(persona__a=entry("p1"), persona__gone=entry("p5"), tool__look=entry("t1")),
    PlanOptions(),
)


def compared(seen: Seen = Seen(LISTS)) -> Compared:  # noqa: B008 - frozen
    desired = desire(REQUEST)
    account = Account(seen)
    return Compared(desired, account, bind(REQUEST, desired, account, Context(book(), KINDS, "pal")), {}, {})


def test_what_neither_a_manifest_nor_the_state_claims() -> None:
    assert [(one.kind, one.id) for one in find_unmanaged(compared())] == [("persona", "p9")]


def test_a_create_knows_the_objects_that_bear_its_name_already() -> None:
    create = change_of(at("persona.z"), Action.CREATE, name="Z")
    assert find_namesakes(compared(), [create, change_of(at("persona.a"), Action.UPDATE)]) == {"persona.z": ("p9",)}


def test_lists_count_as_they_were_read_before_a_part_was_left_out() -> None:
    found = compared()
    found = replace(found, account=replace(found.account, whole=LISTS, seen=Seen({"persona": listing("persona")})))
    assert find_namesakes(found, [change_of(at("persona.z"), Action.CREATE, name="Z")]) == {"persona.z": ("p9",)}


def test_what_a_write_refers_to_and_the_plan_leaves_alone_is_remembered() -> None:
    request = Request("PATCH", "/pals/p1", at("persona.a"))
    user = change_of(at("persona.a"), Action.UPDATE, id="p1", depends_on=(at("tool.look"),), requests=(request,))
    assert list(find_references(compared(), [user])) == ["tool/t1"]
    tool = change_of(at("tool.look"), Action.UPDATE, id="t1", requests=(request,))
    assert find_references(compared(), [user, tool]) == {}


def test_what_is_gone_has_drifted() -> None:
    (item,) = drift_items(compared(Seen(LISTS, gone=frozenset({"p5"}))), REQUEST, None)
    assert (item.address, item.reason) == (at("persona.gone"), "deleted_outside")


def test_kinds_and_objects_that_were_not_shown_are_incomplete() -> None:
    found = replace(compared(), unread={at("persona.a"): "no"}, unlisted={"guardrail": ProviderError("not today")})
    kinds, one = find_incomplete(found)
    assert kinds.detail == unlisted_text("guardrail", "not today")
    assert (one.address, one.detail) == (at("persona.a"), "no")
