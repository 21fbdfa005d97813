"""Reading the account: how many requests, and what is believed about ids that a list does not show."""

from __future__ import annotations

import threading

import pytest

from reconciler.engine.account_reader import MANY_MISSING, kinds_to_read, run_parallel
from reconciler.errors import PlanError, Rejected
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.simulator.faults import Fault, Faults, Mood
from tests.support.lab import Lab
from tests.support.making import at, manifest


def persona(name, **more):
    return manifest(
        f"persona.{name}", {"pal_name": name, "system_prompt": "x", "default_face_id": "rfe12d8b9597", **more}
    )


def reads(lab, start):
    return [(method, path.removeprefix("/v2")) for method, path, _ in lab.requests()[start:]]


@pytest.mark.parametrize(("count", "pages"), [(1, 1), (100, 1), (101, 2), (250, 3)])
def test_a_plan_without_changes_costs_a_list(count, pages):
    lab = Lab()
    lab.parallelism = 4
    many = [persona(f"p{number}") for number in range(count)]
    lab.apply(*many)
    start = len(lab.requests())
    assert lab.plan(*many).differences == ()
    assert reads(lab, start) == [("GET", "/pals")] * pages


def test_a_persona_with_tools_costs_one_more_only_where_the_list_hides_them():
    for mood, more in ((Mood(), 0), (Mood(tool_ids=False), 2)):
        lab = Lab(mood)
        tool = manifest("tool.look", {"name": "look", "description": "d", "origin": "llm"})
        project = [tool, persona("a", tools=["look"]), persona("b", tools=["look"]), persona("c")]
        lab.apply(*project)
        start = len(lab.requests())
        assert lab.plan(*project).differences == ()
        assert len(reads(lab, start)) == 2 + more


def test_lists_without_layers_cost_one_get_for_each_object_that_has_some():
    lab = Lab(Mood(items="summary"))
    project = [persona("a"), persona("b")]
    lab.apply(*project)
    start = len(lab.requests())
    assert lab.plan(*project).differences == ()
    assert sorted(reads(lab, start)) == sorted(
        [("GET", "/pals"), *(("GET", f"/pals/{lab.id_of(f'persona.{name}')}") for name in "ab")]
    )


def gone(lab, names):
    for name in names:
        assert lab.client.delete(f"/pals/{lab.id_of(f'persona.{name}')}").status_code == 204


def test_a_missing_object_is_gone_only_after_it_was_asked_for():
    lab = Lab()
    project = [persona("a"), persona("b")]
    lab.apply(*project)
    id = lab.id_of("persona.a")
    gone(lab, "a")
    start = len(lab.requests())
    plan = lab.plan(*project)
    assert ("GET", f"/pals/{id}") in reads(lab, start)
    assert [change.reason.value for change in plan.differences] == ["deleted_outside"]
    assert [(str(item.address), item.reason, item.changes[0].path) for item in plan.drift] == [
        ("persona.a", "deleted_outside", "")
    ]
    lab.apply(*project)
    assert sorted(lab.names()) == ["a", "b"]
    assert lab.id_of("persona.a") != id


def test_many_missing_objects_are_settled_by_some_of_them_and_one_more_list():
    lab = Lab()
    names = [f"p{number}" for number in range(MANY_MISSING + 2)]
    project = [persona(name) for name in names]
    lab.apply(*project)
    gone(lab, names)
    start = len(lab.requests())
    plan = lab.plan(*project, allow_mass_change=True)
    face = ("GET", "/faces/rfe12d8b9597")  # they will be created anew, so their one face is looked up once
    seen = reads(lab, start)
    assert seen[0] == ("GET", "/pals") and seen[-2:] == [("GET", "/pals"), face]
    assert len(seen) == 3 + MANY_MISSING
    assert len(plan.differences) == len(names)


def seen_with(world, lab, *rules):
    """The same account and state, read through these faults."""
    other = Lab(lab.transport.service.mood, faults=Faults(tuple(rules)), world=world)
    other.state = lab.state
    return other


@pytest.mark.parametrize("count", [2, MANY_MISSING + 2])
@pytest.mark.parametrize("late", [1, 2])
def test_a_list_that_lags_behind_changes_nothing(tmp_path, count, late):
    lab = Lab(world=tmp_path / "world.json")
    project = [persona(f"p{number}") for number in range(count)]
    lab.apply(*project)
    later = seen_with(tmp_path / "world.json", lab, Fault(("GET",), "/v2/pals", omit=count, times=late))
    assert later.plan(*project).differences == ()
    assert later.requests().count(("GET", "/v2/pals", 200)) == late + 1


@pytest.mark.parametrize("count", [2, MANY_MISSING + 2])
@pytest.mark.parametrize("dropped", [False, True])
def test_what_list_and_account_deny_for_a_moment_is_neither_made_again_nor_forgotten(tmp_path, count, dropped):
    """Seen by itself: two servers behind one address, of which one has not heard of the objects yet."""
    lab = Lab(world=tmp_path / "world.json")
    project = [persona(f"p{number}") for number in range(count)]
    lab.apply(*project)
    late = (
        Fault(("GET",), "/v2/pals", omit=count, times=1),
        Fault(("GET",), "/v2/pals/*", status=404, times=min(count, MANY_MISSING)),
    )
    later = seen_with(tmp_path / "world.json", lab, *late)
    flags = {"allow_deletes": True, "allow_mass_change": True, "allow_empty": True}
    later.apply(*([] if dropped else project), **flags)
    assert sorted(later.names()) == ([] if dropped else sorted(f"p{number}" for number in range(count)))
    assert len(later.state.resources) == len(later.names())


@pytest.mark.parametrize("count", [2, MANY_MISSING + 2])
@pytest.mark.parametrize("way", ["kept", "edited", "dropped", "destroyed"])
def test_objects_that_no_list_shows_and_that_answer_are_named_and_not_judged(tmp_path, count, way):
    """Neither made again, nor deleted, nor forgotten: a list that lags says nothing about what the account shows."""
    lab = Lab(world=tmp_path / "world.json")
    project = [persona(f"p{number}") for number in range(count)]
    lab.apply(*project)
    later = seen_with(tmp_path / "world.json", lab, Fault(("GET",), "/v2/pals", omit=count))
    wanted = [persona(f"p{number}", greeting="new") for number in range(count)] if way == "edited" else project
    flags = {"allow_mass_change": True, "allow_deletes": True, "allow_empty": True, "destroy": way == "destroyed"}
    plan = later.plan(*([] if way == "dropped" else wanted), **flags)
    assert plan.differences == ()
    assert sorted(str(one.address) for one in plan.incomplete) == sorted(str(one.address) for one in project)
    assert all("no list of its own objects has it" in one.detail for one in plan.incomplete)


@pytest.mark.parametrize("late", [1, 2])
def test_a_listed_object_that_is_denied_for_a_moment_is_as_it_was(tmp_path, late):
    lab = Lab(Mood(items="summary"), world=tmp_path / "world.json")
    lab.apply(persona("a"), persona("b"))
    later = seen_with(
        tmp_path / "world.json", lab, Fault(("GET",), f"/v2/pals/{lab.id_of('persona.a')}", status=404, times=late)
    )
    plan = later.plan(persona("a"), persona("b"))
    assert (plan.differences, plan.incomplete) == ((), ())


def test_a_listed_object_that_stays_denied_is_named_and_not_judged(tmp_path):
    lab = Lab(Mood(items="summary"), world=tmp_path / "world.json")
    lab.apply(persona("a"), persona("b"))
    id = lab.id_of("persona.a")
    later = seen_with(tmp_path / "world.json", lab, Fault(("GET",), f"/v2/pals/{id}", status=404))
    changed = [persona(name, system_prompt="new") for name in "ab"]
    plan = later.plan(*changed)
    assert [str(change.address) for change in plan.differences] == ["persona.b"]
    assert [(str(one.address), id in one.detail) for one in plan.incomplete] == [("persona.a", True)]
    assert later.plan(persona("b"), allow_deletes=True).differences == ()


def test_an_object_whose_name_is_denied_is_not_made_a_second_time(tmp_path):
    guard = manifest(
        "guardrail_set.rules",
        {"guardrails_name": "rules", "data": [{"guardrail_name": "a", "guardrail_prompt": "b"}]},
    )
    lab = Lab(world=tmp_path / "world.json")
    lab.apply(guard)
    id = lab.id_of("guardrail_set.rules")
    later = seen_with(tmp_path / "world.json", lab, Fault(("GET",), f"/v2/guardrails/{id}", status=404))
    later.state = Lab().state
    with pytest.raises(PlanError) as refused:
        later.plan(guard)
    assert id in refused.value.diagnostics[0].summary
    later = seen_with(tmp_path / "world.json", lab, Fault(("GET",), f"/v2/guardrails/{id}", status=404, times=2))
    later.state = Lab().state
    assert [change.reason.value for change in later.plan(guard).changes] == ["adopted_by_name"]


def test_a_collection_that_the_server_lacks_is_named_only_where_it_is_needed(tmp_path):
    lab = Lab(faults=Faults((Fault(("GET",), "/v2/documents", status=404),)))
    assert [change.reason.value for change in lab.plan(persona("a")).differences] == ["new"]
    with pytest.raises(Rejected) as refused:
        lab.plan(manifest("document.d", {"document_name": "d", "document_url": "https://x.example/a.pdf"}))
    assert "serves no Document objects" in refused.value.message
    assert "document.*" in (refused.value.hint or "")


def test_a_user_of_a_tool_that_does_not_say_what_it_uses_is_named(tmp_path):
    lab = Lab(Mood(tool_ids=False), world=tmp_path / "world.json")
    tool = manifest("tool.look", {"name": "look", "description": "d", "origin": "llm"})
    lab.apply(tool, persona("a"))
    id = lab.client.post(
        "/pals", json={"pal_name": "other", "system_prompt": "x", "default_face_id": "rfe12d8b9597"}
    ).json()["pal_id"]
    for times, found in ((1, []), (0, [True])):
        rule = Fault(("GET",), f"/v2/pals/{id}/tools", status=404, times=times)
        plan = seen_with(tmp_path / "world.json", lab, rule).plan(persona("a"), allow_deletes=True)
        assert [id in one.detail for one in plan.incomplete] == found


def test_kinds_that_nobody_asks_for_are_not_read():
    assert kinds_to_read([at("persona.a")], KINDS, attachments=False) == ["persona"]
    assert kinds_to_read([at("persona.a")], KINDS, attachments=True) == ["persona", "tool"]
    assert kinds_to_read([at("tool.a")], KINDS, attachments=False) == ["tool"]


@pytest.mark.parametrize("width", [1, 3, 50])
def test_results_keep_the_order_of_the_items(width):
    assert run_parallel(lambda item: item * 2, range(20), width) == [item * 2 for item in range(20)]


def test_no_more_than_the_width_run_at_once():
    running, most, mutex = 0, 0, threading.Lock()
    barrier = threading.Barrier(2, timeout=10)

    def work(_):
        nonlocal running, most
        with mutex:
            running += 1
            most = max(most, running)
        barrier.wait()
        with mutex:
            running -= 1

    run_parallel(work, range(6), 2)
    assert most == 2


def test_an_error_is_raised():
    def work(item):
        if item == 3:
            raise ValueError(item)
        return item

    with pytest.raises(ValueError, match="3"):
        run_parallel(work, range(5), 2)


def test_nothing_to_do():
    assert run_parallel(str, [], 5) == []
