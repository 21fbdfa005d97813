"""From compared resources to a plan: what leaves, in which order, and how it is counted."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.planning.assemble_changes import (
    bind,
    drift_item,
    gone_item,
    in_order,
    order_deletes,
    plan_leaving,
    plan_resource,
    summarise,
)
from reconciler.core.planning.desired import build_desired
from reconciler.core.planning.records import Account, Bound, PlanRequest
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext, ResourcePlan, Seen
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import Address, ResourceRef
from reconciler.types.change import Action, Adoption, Direction, Reason
from reconciler.types.live import Listing
from reconciler.types.manifest import Lifecycle, Manage, Manifest, ManifestSet
from reconciler.types.options import PlanOptions
from reconciler.types.plan import DriftField
from reconciler.types.state import State
from tests.support.making import at, book, entry, listing, live, manifest, resource, state
from tests.support.records import change_of

HELD = entry("p1", name="A", source="a.yaml")
WATCHED = entry("p1", lifecycle=Lifecycle(manage=Manage.OBSERVE))
LIVE = live("persona", "p1", {"pal_name": "A", "layers": {"llm": {"api_key": "sk-visible-secret"}}})
LEVELS = {"tool": 1, "persona": 2}


def leaving(held=HELD, found=LIVE, **more):
    flags = {"destroy": False, "removed": False, "protect": False, **more}
    return plan_leaving(at("persona.a"), kind("persona"), held, found, **flags)


@pytest.mark.parametrize(
    ("held", "found", "flags", "action", "reason"),
    [
        (HELD, LIVE, {}, Action.DELETE, Reason.NOT_IN_MANIFESTS),
        (HELD, LIVE, {"destroy": True}, Action.DELETE, Reason.DESTROY),
        (HELD, LIVE, {"removed": True}, Action.FORGET, Reason.REMOVED),
        (HELD, None, {}, Action.FORGET, Reason.DELETED_OUTSIDE),
        (HELD, None, {"destroy": True}, Action.FORGET, Reason.DELETED_OUTSIDE),
        (HELD, None, {"removed": True}, Action.FORGET, Reason.REMOVED),
        (WATCHED, LIVE, {}, Action.FORGET, Reason.OBSERVE),
        (WATCHED, LIVE, {"destroy": True}, Action.FORGET, Reason.OBSERVE),
        (HELD, LIVE, {"destroy": True, "observe": True}, Action.FORGET, Reason.OBSERVE),
    ],
)  # fmt: skip
def test_how_an_entry_leaves(held, found, flags, action, reason):
    change = leaving(held, found, **flags)
    assert (change.action, change.reason, change.id) == (action, reason, "p1")


def test_what_leaves_shows_no_secret():
    change = leaving()
    assert "sk-visible" not in repr(change)
    assert change.before is not None
    assert change.live_digest is not None


def test_what_leaves_says_whether_it_was_read_whole():
    assert [leaving(found=found).detailed for found in (LIVE, replace(LIVE, detailed=True), None)] == [
        False,
        True,
        False,
    ]


def test_a_resource_is_made_unless_it_has_an_object():
    ours, context = resource("persona.a", {"pal_name": "A"}), DiffContext(book(), KINDS, "pal")
    new = plan_resource(ours, Binding(None, Reason.NEW), None, context).change
    assert (new.action, new.after, new.id) == (Action.CREATE, {"pal_name": "A"}, None)
    there = plan_resource(ours, Binding("p1", Reason.ADOPTED_BY_NAME), LIVE, context).change
    assert (there.action, there.importing) == (Action.NOOP, "p1")


def test_what_is_gone_is_called_by_the_name_that_state_remembers():
    change = leaving(found=None)
    assert (change.name, change.source, change.before, change.live_digest) == ("A", "a.yaml", None, None)


def test_what_is_there_is_called_by_its_name_in_the_account_unless_that_was_a_secret():
    assert leaving(entry("p1", name="Old")).name == "A"
    secret = entry("p1", name="Old", sent={"/pal_name": book().digest("A", secret=True)})
    assert leaving(secret).name == "Old"


def test_what_gives_way_to_a_successor_is_replaced_unless_all_goes():
    held = entry("p1", gives_way_to=at("persona.b"))
    assert [leaving(held, destroy=destroy).reason for destroy in (False, True)] == [Reason.REPLACED, Reason.DESTROY]


@pytest.mark.parametrize(("remembered", "declared"), [(True, False), (False, True), (True, True)])
def test_protection_counts_wherever_it_is_said(remembered, declared):
    held = entry("p1", lifecycle=Lifecycle(protect=remembered))
    assert leaving(held, protect=declared).lifecycle.protect
    assert not leaving().lifecycle.protect


def test_a_delete_waits_for_its_users():
    known = state(tool__t=entry("t1"), persona__a=entry("p1", refs=("tool.t",)), persona__b=entry("p2"))
    changes = [
        change_of(at("tool.t"), Action.DELETE, id="t1"),
        change_of(at("persona.a"), Action.UPDATE, id="p1"),
        change_of(at("persona.b"), Action.UPDATE, id="p2"),
    ]
    ordered = order_deletes(changes, known)
    assert ordered[0].depends_on == (at("persona.a"),)
    assert ordered[1:] == changes[1:]


def test_a_user_that_is_not_in_the_plan_is_not_waited_for():
    known = state(tool__t=entry("t1"), persona__a=entry("p1", refs=("tool.t",)))
    (change,) = order_deletes([change_of(at("tool.t"), Action.DELETE, id="t1")], known)
    assert change.depends_on == ()


def test_what_is_replaced_goes_after_its_users_point_to_the_new_object():
    known = state(tool__t=entry("t1"), persona__a=entry("p1", refs=("tool.t",)))
    gone = change_of(at("tool.old"), Action.DELETE, id="t1", gives_way_to=at("tool.t"))
    new = change_of(at("tool.t"), Action.CREATE, replaces=at("tool.old"))
    user = change_of(at("persona.a"), Action.UPDATE, id="p1")
    assert order_deletes([gone, new, user], known)[0].depends_on == (at("persona.a"), at("tool.t"))


def test_writes_go_up_and_deletes_go_down():
    changes = [
        change_of(at("persona.z"), Action.CREATE, level=2),
        change_of(at("tool.gone"), Action.DELETE, level=1),
        change_of(at("persona.gone"), Action.DELETE, level=2),
        change_of(at("persona.left"), Action.FORGET, level=2),
        change_of(at("tool.t"), Action.UPDATE, level=1),
        change_of(at("persona.a"), Action.NOOP, level=2),
    ]
    ordered = in_order(changes)
    assert [str(change.address) for change in ordered] == [
        "tool.t", "persona.a", "persona.z", "persona.gone", "tool.gone", "persona.left",
    ]  # fmt: skip
    assert in_order(reversed(changes)) == ordered


def test_what_is_gone_is_drift_of_the_whole_object():
    item = gone_item(at("persona.a"), kind("persona"), HELD)
    (field,) = item.changes
    assert (item.id, item.reason, field.path, field.direction) == ("p1", "deleted_outside", "", Direction.LIVE)
    assert field.before_unknown


def drifted(*directions, manage=Manage.FULL):
    drift = tuple(DriftField("/greeting", direction) for direction in directions)
    change = change_of(at("persona.a"), Action.NOOP, lifecycle=Lifecycle(manage=manage))
    return drift_item(at("persona.a"), HELD, ResourcePlan(change, drift))


def test_drift_says_whether_it_is_only_watched_or_all_the_vendor_s():
    assert drifted() is None
    item = drifted(Direction.LIVE)
    assert (item.address, item.id, item.changes) == (
        at("persona.a"),
        "p1",
        (DriftField("/greeting", Direction.LIVE),),
    )
    assert item.reason is None and drifted(Direction.VENDOR, Direction.LIVE).reason is None
    assert drifted(Direction.LIVE, manage=Manage.OBSERVE).reason == "observe"
    assert drifted(Direction.VENDOR, Direction.VENDOR).reason == "vendor"


def test_a_change_counts_under_each_of_its_heads():
    found = summarise(
        [
            change_of(at("persona.a"), Action.CREATE),
            change_of(at("persona.b"), Action.UPDATE, importing="p2"),
            change_of(at("persona.c"), Action.NOOP, importing="p3"),
            change_of(at("persona.d"), Action.UPDATE, previous=at("persona.old")),
            change_of(at("persona.e"), Action.DELETE),
            change_of(at("persona.f"), Action.FORGET),
            change_of(at("persona.g"), Action.NOOP, adopt=(Adoption("/greeting", "a", None, "gone", ""),)),
        ],
        not_looked_at=4,
        unmanaged=5,
        unchanged=6,
    )
    assert (found.added, found.imported, found.changed, found.moved, found.destroyed, found.forgotten) == (
        1, 2, 2, 1, 1, 1,
    )  # fmt: skip
    assert found.adopted == 1
    assert (found.not_looked_at, found.unmanaged, found.unchanged) == (4, 5, 6)
    assert not found.is_empty


def change(address, action):
    return change_of(at(address), action, level=LEVELS[at(address).kind])


CHANGES = [
    change("tool.z", Action.DELETE),
    change("persona.b", Action.DELETE),
    change("persona.f", Action.FORGET),
    change("persona.a", Action.UPDATE),
    change("tool.b", Action.CREATE),
    change("tool.a", Action.NOOP),
    change("persona.c", Action.CREATE),
]


def test_the_order_of_a_plan():
    assert [f"{one.action.value}{one.address}" for one in in_order(CHANGES)] == [
        " tool.a", "+tool.b", "~persona.a", "+persona.c", "-persona.b", "-tool.z", ".persona.f",
    ]  # fmt: skip


def test_the_order_does_not_depend_on_the_input():
    assert in_order(CHANGES) == in_order(reversed(CHANGES))


TOOL = manifest("tool.look", {"name": "look", "description": "d", "origin": "llm"})
USER = manifest("persona.a", {"pal_name": "A", "tools": ["look"]})
LISTS = {
    "persona": listing("persona", live("persona", "p1", {"pal_name": "A"})),
    "tool": listing("tool", live("tool", "t1", {"name": "look"})),
}


def bound(
    *manifests: Manifest,
    held: State | None = None,
    lists: dict[str, Listing] = LISTS,
    replaced: tuple[Address, ...] = (),
    gone: frozenset[str] = frozenset(),
    **options: object,
) -> Bound:
    chosen = PlanOptions(**options)  # type: ignore[arg-type]
    request = PlanRequest(ManifestSet(manifests), held or State("lineage"), chosen, replaced=replaced)
    return bind(request, build_desired(request), Account(Seen(lists, gone)), DiffContext(book(), KINDS, "pal"))


def test_references_become_the_ids_of_what_is_there() -> None:
    found = bound(TOOL, USER)
    assert found.resources[at("persona.a")].leaves["/tools"] == ["t1"]
    assert found.matching.bindings[at("tool.look")].reason is Reason.ADOPTED_BY_NAME


def test_references_to_what_is_yet_to_be_made_stay_references() -> None:
    found = bound(TOOL, USER, lists={"persona": LISTS["persona"], "tool": listing("tool")})
    assert found.resources[at("persona.a")].leaves["/tools"] != ["t1"]
    assert found.matching.bindings[at("tool.look")].id is None


def test_what_the_state_holds_without_a_manifest_may_be_referred_to_until_it_is_gone() -> None:
    ours = ResourceRef("tool.look")
    user = manifest("persona.a", {"pal_name": "A", "tools": [ours]})
    held, renamed = state(tool__look=entry("t1")), listing("tool", live("tool", "t1", {"name": "other"}))

    def tools(*manifests: Manifest, **more: object) -> object:
        found = bound(user, *manifests, held=held, **more)  # type: ignore[arg-type]
        return found.resources[at("persona.a")].leaves["/tools"]

    assert tools(lists={**LISTS, "tool": renamed}) == ["t1"]
    away = {"lists": {**LISTS, "tool": listing("tool")}, "gone": frozenset({"t1"})}
    assert tools(**away) == [ours]
    assert tools(TOOL, **away) == [ours], "it is made anew"


def test_what_is_replaced_has_no_object_yet() -> None:
    found = bound(USER, TOOL, held=state(persona__a=entry("p1")), replaced=(at("persona.a"),))
    binding = found.matching.bindings[at("persona.a")]
    assert (binding.id, binding.reason) == (None, Reason.REPLACED)


def test_tools_behind_attachments_are_known_with_their_bodies() -> None:
    context = bound(TOOL, USER).context
    body = context.tool("t1")
    assert body is not None
    assert body.name == "look"
    assert context.tool("t-unknown") is None


def test_only_a_run_that_writes_migrates() -> None:
    held = state(persona__a=entry("p1"))
    assert bound(USER, TOOL, held=held, migrate=True).context.migrate
    assert not bound(USER, TOOL, held=held, migrate=True, drift_only=True).context.migrate


def test_an_account_met_without_a_state_is_said_once() -> None:
    assert [one.code for one in bound(TOOL, USER).problems] == ["E-no-state"]


def test_a_reference_that_leads_nowhere_is_a_problem() -> None:
    lone = manifest("persona.a", {"pal_name": "A", "tools": ["nowhere"]})
    assert [one.code for one in bound(lone, held=state(persona__a=entry("p1"))).problems] == ["E-ref"]
