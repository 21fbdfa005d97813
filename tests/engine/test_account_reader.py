"""Reading the account: how many requests, and what is believed about ids that a list does not show."""

from __future__ import annotations

import threading

import pytest

from reconciler.engine.account_reader import MANY_MISSING, kinds_to_read, run_parallel
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.simulator.faults import Mood
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


def test_many_missing_objects_are_settled_by_one_more_list():
    lab = Lab()
    names = [f"p{number}" for number in range(MANY_MISSING + 2)]
    project = [persona(name) for name in names]
    lab.apply(*project)
    gone(lab, names)
    start = len(lab.requests())
    plan = lab.plan(*project, allow_mass_change=True)
    face = ("GET", "/faces/rfe12d8b9597")  # they will be created anew, so their one face is looked up once
    assert reads(lab, start) == [("GET", "/pals")] * 2 + [face]
    assert len(plan.differences) == len(names)


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
