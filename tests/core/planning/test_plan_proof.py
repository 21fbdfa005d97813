"""A saved plan is held against itself, the state and the account: what was made here passes, nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from reconciler.core.planning.plan_proof import find_forgeries, state_of_plan
from reconciler.types.address import Address
from reconciler.types.change import Change, Reason, Request
from reconciler.types.json import Json
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Lifecycle, Manage
from reconciler.types.plan import Incomplete, Obstacle
from reconciler.types.state import Entry, Intent
from tests.support.honest_plans import STORIES, Made
from tests.support.making import at, listing, state

DESK, PAGE = "persona.desk", "document.page"


@cache
def told(story: str) -> Made:
    return STORIES[story].told()


def forged(made: Made, address: str, **members: object) -> tuple[str, ...]:
    """What is said of the plan with one change another."""
    return said(made, lambda one: replace(one, **members) if str(one.address) == address else one)  # type: ignore[arg-type]


def said(made: Made, forge: Callable[[Change], Change]) -> tuple[str, ...]:
    return find_forgeries(replace(made.plan, changes=tuple(map(forge, made.plan.changes))), made.ground)


def about(address: str, *texts: str) -> tuple[str, ...]:
    return tuple(f"{address}: {text}" for text in texts)


@pytest.mark.parametrize("story", STORIES)
def test_a_plan_that_was_made_here_passes(story: str) -> None:
    made = told(story)
    assert find_forgeries(made.plan, made.ground) == ()


# --- the plan as a whole ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", ["imported", "added", "changed", "destroyed", "forgotten", "moved", "adopted"])
@pytest.mark.parametrize("story", ["new", "moved", "gone"])
def test_every_count_is_counted_again(story: str, count: str) -> None:
    made = told(story)
    right = getattr(made.plan.summary, count)
    plan = replace(made.plan, summary=replace(made.plan.summary, **{count: right + 1}))
    assert find_forgeries(plan, made.ground) == (
        f"the plan counts {right + 1} {count}, its changes are {right}",
    )  # fmt: skip


def test_what_could_not_be_compared_is_counted_as_it_is_listed() -> None:
    made = told("edited")
    plan = replace(made.plan, incomplete=(Incomplete(Obstacle.UNREADABLE, at(DESK)),))
    assert find_forgeries(plan, made.ground) == ("the plan does not count what could not be compared as it lists it",)


@pytest.mark.parametrize(
    ("story", "mode", "texts"),
    [
        ("edited", "other", ["a mode that is not known: other"]),
        ("edited", "destroy", ["a plan to destroy holds other changes"]),
        ("edited", "refresh-only", ["a refresh holds writes"]),
        ("gone", "refresh-only", ["a refresh holds writes"]),
        ("forgotten", "refresh-only", ["a refresh holds writes"]),
        ("gone", "destroy", []),
        ("forgotten", "destroy", []),
        ("observed", "refresh-only", []),
        ("observed", "destroy", ["a plan to destroy holds other changes"]),
    ],
)
def test_a_plan_does_only_what_its_mode_is_for(story: str, mode: str, texts: list[str]) -> None:
    made = told(story)
    assert [*find_forgeries(replace(made.plan, mode=mode), made.ground)] == texts


def test_an_address_stands_in_a_plan_once_and_in_its_turn() -> None:
    made = told("gone")
    twice = replace(made.plan, changes=(*made.plan.changes, made.plan.changes[-1]))
    assert "an address stands in the plan twice" in find_forgeries(twice, made.ground)
    other = replace(made.plan, changes=made.plan.changes[::-1])
    assert find_forgeries(other, made.ground) == ("the changes are not in the order in which they are carried out",)


# --- what is sent -------------------------------------------------------------------------------------------------

NOT_SENT = "what it would send is not what its changes say"


def request_of(made: Made) -> Request:
    [request] = made.change(DESK).requests
    return request


@pytest.mark.parametrize(
    "members",
    [
        {"method": "DELETE"},
        {"path": "/pals/other"},
        {"address": at("persona.other")},
        {"purpose": "conferencing"},
        {"body": []},
        {"body": None},
    ],
)
def test_requests_are_made_again_from_the_changes(members: dict[str, object]) -> None:
    made = told("edited")
    request = replace(request_of(made), **members)  # type: ignore[arg-type]
    assert forged(made, DESK, requests=(request,)) == about(DESK, NOT_SENT)
    assert forged(made, DESK, requests=()) == about(DESK, NOT_SENT)
    assert forged(made, DESK, requests=(request_of(made),) * 2) == about(DESK, NOT_SENT)


def test_what_writes_nothing_sends_nothing() -> None:
    request = request_of(told("edited"))
    for story in ("observed", "forgotten"):
        made = told(story)
        assert forged(made, DESK, requests=(request,)) == about(DESK, NOT_SENT)


def test_members_of_a_body_have_no_order_and_a_number_is_no_boolean() -> None:
    made = told("new")
    [request] = made.change(DESK).requests
    body = request.body
    assert isinstance(body, dict)
    turned: Json = dict(reversed(body.items()))
    assert forged(made, DESK, requests=(replace(request, body=turned),)) == ()


# --- which object it is about -------------------------------------------------------------------------------------

UNREAD = "the object that it writes is not the one that was looked at"


@pytest.mark.parametrize("story", ["edited", "gone"])
def test_only_an_object_that_was_looked_at_is_written(story: str) -> None:
    made = told(story)
    assert forged(made, DESK, live_digest=None) == about(DESK, UNREAD)
    unseen = Made(made.plan, replace(made.ground, live={}))
    assert about(DESK, UNREAD)[0] in find_forgeries(unseen.plan, unseen.ground)


def test_the_level_of_a_change_is_that_of_its_kind() -> None:
    made = told("edited")
    assert forged(made, DESK, level=0) == about(DESK, "its level is not that of its kind")


def test_a_change_is_about_the_object_that_the_state_holds_there() -> None:
    made = told("edited")
    id = made.change(DESK).id
    assert forged(made, DESK, id=None)[0] == f"{DESK}: it names no object"
    assert forged(made, DESK, id="p0")[0] == f"{DESK}: the state holds {id} there, not p0"
    bare = replace(made.ground, state=replace(made.ground.state, resources={}))
    assert find_forgeries(made.plan, bare)[0] == f"{DESK}: the state does not hold it"


def test_only_an_object_that_nobody_has_is_taken_over() -> None:
    made = told("taken over")
    id = made.change(DESK).id
    assert forged(made, DESK, importing="p0") == about(DESK, "p0 is not an object that could be imported")
    for holder in (DESK, "persona.other"):
        held = replace(made.ground, state=replace(made.ground.state, resources={at(holder): Entry(str(id))}))
        assert find_forgeries(made.plan, held)[0] == f"{DESK}: {id} is not an object that could be imported"


def test_a_new_object_has_no_id_yet() -> None:
    made, text = told("new"), about(DESK, "it makes an object and names one")
    assert forged(made, DESK, id="p0") == text
    assert forged(made, DESK, importing="p0")[-1:] == text


def test_nothing_is_made_where_the_account_has_what_the_state_holds() -> None:
    made = told("new")
    there = LiveObject(made.change(DESK).kind, "p1", "desk", {})
    ground = replace(
        made.ground, state=state(persona__desk=Entry("p1")), listings={"persona": listing("persona", there)}
    )
    assert find_forgeries(made.plan, ground) == about(DESK, "the state holds p1 there already")
    for lost in (
        replace(ground, listings={"persona": listing("persona")}),
        replace(ground, listings={}),
        replace(ground, state=state(persona__desk=Entry("p2"))),
    ):
        assert find_forgeries(made.plan, lost) == ()


def test_what_is_made_anew_takes_the_place_of_what_the_state_holds() -> None:
    made = told("made anew")
    assert forged(made, PAGE, replaces=at("document.page~other"))[0] == (
        f"{PAGE}: the state holds nothing there that could be made anew"
    )
    assert f"{PAGE}: it does not say that it is made anew" in forged(made, PAGE, reason=Reason.NEW)
    fresh = told("new")
    assert forged(fresh, DESK, reason=Reason.REPLACED) == about(DESK, "it does not say that it is made anew")
    assert forged(fresh, DESK, reason=Reason.REPLACED, replaces=at("persona.desk~p1")) == about(
        DESK, "the state holds nothing there that could be made anew"
    )


# --- what the state remembers of it -------------------------------------------------------------------------------

LIFECYCLE = "its lifecycle is not what the state remembers"


def remembering(made: Made, **lifecycle: object) -> Made:
    """The same where the state remembers another lifecycle of the desk."""
    resources = dict(made.ground.state.resources)
    resources[at(DESK)] = replace(resources[at(DESK)], lifecycle=Lifecycle(**lifecycle))  # type: ignore[arg-type]
    return Made(made.plan, replace(made.ground, state=replace(made.ground.state, resources=resources)))


@pytest.mark.parametrize("story", ["gone", "forgotten"])
def test_protection_that_the_state_remembers_is_not_taken_away(story: str) -> None:
    protected = remembering(told(story), protect=True)
    assert forged(protected, DESK) == about(DESK, LIFECYCLE)
    assert forged(protected, DESK, lifecycle=Lifecycle(protect=True)) == ()
    assert forged(told(story), DESK, lifecycle=Lifecycle(protect=True)) == (), "a run may protect more"
    assert forged(told(story), DESK, lifecycle=Lifecycle(manage=Manage.OBSERVE)) == about(DESK, LIFECYCLE)
    assert forged(told(story), DESK, gives_way_to=at("persona.b")) == about(
        DESK, "the state does not say that it gives way to that"
    )


def test_what_was_left_alone_until_now_is_written_only_with_a_note() -> None:
    watched = remembering(told("edited"), manage=Manage.OBSERVE)
    note = "it was only observed until now (lifecycle.manage)"
    assert forged(watched, DESK) == about(DESK, f"it does not say that {note}")
    assert forged(watched, DESK, notes=(note,)) == ()


def test_an_open_create_may_only_be_taken_back() -> None:
    """What a killed run made is deleted by its name; nothing that was there before it is."""
    made = told("gone")
    change = made.change(DESK)
    intent = Intent(at(DESK), "persona", "desk", ("p0",))
    left = {address: held for address, held in made.ground.state.resources.items() if address != at(DESK)}
    open_ = replace(made.ground, state=replace(made.ground.state, resources=left, pending=(intent,)))
    unheld = about(DESK, "the state does not hold it")[0]
    gone = forged(Made(made.plan, open_), DESK)
    assert unheld not in gone
    for other in (
        replace(intent, name="other"),
        replace(intent, before=(str(change.id),)),
        replace(intent, address=at("persona.b")),
    ):
        ground = replace(open_, state=replace(open_.state, pending=(other,)))
        assert unheld in find_forgeries(made.plan, ground)
    assert unheld in find_forgeries(made.plan, replace(open_, live={}))
    edited = told("edited")
    kept = replace(edited.ground, state=replace(edited.ground.state, resources={}, pending=(intent,)))
    assert unheld in find_forgeries(edited.plan, kept)


def test_a_plan_is_judged_by_the_state_with_its_moves() -> None:
    plan = told("moved").plan
    held = state(persona__desk=Entry("p1"), persona__b=Entry("p2"))
    assert state_of_plan(plan, held).resources == {at("persona.other"): Entry("p1"), at("persona.b"): Entry("p2")}
    assert state_of_plan(plan, state(persona__b=Entry("p2"))).resources == {at("persona.b"): Entry("p2")}
    anew = replace(plan, changes=(replace(plan.changes[0], previous=None, replaces=Address("persona", "x")),))
    there = state(persona__other=Entry("p1"), persona__b=Entry("p2"))
    [aside] = set(state_of_plan(anew, there).resources) - {at("persona.b")}
    assert state_of_plan(anew, there).resources[aside].gives_way_to == at("persona.other")
