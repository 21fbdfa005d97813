"""The state through the API: the same words, the same refusals as `reconciler state`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler import Plan, PlanBlocked, PlanStale, StateMoved, StateUnreadable, UsageError, open_project
from reconciler.api.apply import apply_options
from reconciler.api.connect import open_backend
from reconciler.api.state import ProjectState, plan_rollback_now, rollback_now, with_backend
from reconciler.errors import NothingFound, StateError, StateLocked
from reconciler.types.address import Address, SecretRef
from reconciler.types.options import PlanOptions
from tests.cli.conftest import Ended

Call = Callable[..., Ended]
OLD, NEW = "persona.desk", "persona.front-desk"


@pytest.fixture
def state(project: Path) -> ProjectState:
    opened = open_project()
    opened.apply()
    return opened.state


def test_what_is_managed(state: ProjectState, call: Call) -> None:
    assert [str(one.address) for one in state.list()] == [OLD]
    with pytest.raises(NothingFound):
        state.list("tool.")
    assert state.show(OLD)["id"] == state.list()[0].id
    assert state.read().serial >= 1
    assert call("state", "list").out == f"{OLD}\n"
    with pytest.raises(NothingFound, match="not in the state"):
        state.show("persona.dsk")


def test_a_new_name_and_oblivion(state: ProjectState) -> None:
    assert state.move(OLD, NEW).address == Address("persona", "front-desk")
    with pytest.raises(UsageError, match="keeps its kind"):
        state.move(NEW, "tool.front-desk")
    assert [str(one.address) for one in state.forget(NEW)] == [NEW]
    assert state.list() == ()


def test_a_document_goes_out_and_in(state: ProjectState) -> None:
    kept = state.pull()
    state.forget(OLD)
    with pytest.raises(StateMoved):
        state.push(kept)
    assert [str(one) for one in state.push(kept, force=True).resources] == [OLD]
    with pytest.raises(StateUnreadable):
        state.push(b"{}")


def test_another_backend(state: ProjectState, project: Path) -> None:
    stored = state.migrate("local", {"path": "elsewhere/state.json"})
    assert stored.resources.keys() == state.read().resources.keys()
    moved = with_backend(state.session, "local", {"path": "elsewhere/state.json"})
    assert ProjectState(moved).list() == state.list()
    with pytest.raises(UsageError, match="already"):
        state.migrate("local", {})


def test_a_setting_by_reference_stays_one(state: ProjectState) -> None:
    other = with_backend(state.session, "http", {"address": "http://127.0.0.1:9/x", "token": {"env": "TOKEN"}})
    assert other.workspace.state.settings["token"] == SecretRef("env", "TOKEN")
    assert state.session.workspace.state.type == "local"


def test_another_workspace(state: ProjectState) -> None:
    assert state.session.in_workspace("tavus").workspace.provider.type == "tavus"
    with pytest.raises(UsageError, match="unknown workspace"):
        state.session.in_workspace("tvus")


def test_locks(state: ProjectState) -> None:
    from reconciler.engine.state.state_session import open_session

    run = state.session
    assert state.lock_holder() is None
    with open_session(open_backend(run), workspace="sandbox", operation="test", clock=run.clock, emit=run.emit):
        holder = state.lock_holder()
        assert holder is not None
        assert holder.operation == "test"
        with pytest.raises(StateLocked):
            state.unlock()
        with pytest.raises(StateError):
            state.force_unlock("another")
    state.unlock()
    assert state.lock_holder() is None


def edited(project: Path, greeting: str) -> None:
    file = project / "manifests" / "desk.yaml"
    file.write_text(re.sub(r"greeting: .*", f"greeting: {greeting}", file.read_text()))
    open_project().apply()


def test_the_history_is_what_the_command_line_tells(state: ProjectState, project: Path, call: Call) -> None:
    edited(project, "Hello there")
    entries = state.history()
    assert [(one.header.operation, one.result, dict(one.counts)) for one in entries] == [
        ("apply", "done", {"added": 1}), ("apply", "done", {"changed": 1}),
    ]  # fmt: skip
    told = json.loads(call("state", "show", str(entries[1].serial), "--format", "json").out)
    assert state.entry(entries[1].serial).items() <= told.items()
    assert told["changes"][0]["fields"] == ["/greeting"]
    with pytest.raises(UsageError, match="no apply is recorded"):
        state.entry(77)


def test_back_to_an_earlier_apply(state: ProjectState, project: Path) -> None:
    first = state.history()[0].serial
    edited(project, "Hello there")
    plan = state.plan_rollback(first)
    assert [(change.address, [field.path for field in change.fields]) for change in plan.differences] == [
        (Address.parse(OLD), ["/greeting"])
    ]
    assert plan.rollback == first
    asked: list[Plan] = []

    def refuse(made: Plan) -> bool:
        asked.append(made)
        return False

    assert state.rollback(first, confirm=refuse) is None
    assert [made.differences for made in asked] == [plan.differences]
    assert state.rollback(first, excludes=[OLD]) is not None
    assert state.plan_rollback(first).differences == plan.differences
    done = state.rollback(first)
    assert done is not None
    assert done.summary.changed == 1
    assert state.plan_rollback(first).differences == ()
    assert state.history()[-1].header.target == first
    with pytest.raises(UsageError):
        state.rollback(77)


def test_a_plan_back_is_a_plan_that_the_project_applies_once(state: ProjectState, project: Path) -> None:
    first = state.history()[0].serial
    edited(project, "Hello there")
    plan = state.plan_rollback(first)
    assert open_project().apply(plan).summary.changed == 1
    assert state.plan_rollback(first).differences == ()
    with pytest.raises(PlanStale):
        open_project().apply(plan)


def test_personas_made_since_are_deletes_that_must_be_allowed(state: ProjectState) -> None:
    with pytest.raises(PlanBlocked):
        state.rollback(0)
    done = state.rollback(0, allow_deletes=True)
    assert done is not None
    assert (done.summary.destroyed, state.list()) == (1, ())


def test_a_plan_and_a_run_back(project: Path) -> None:
    opened = open_project()
    opened.apply()
    file = project / "manifests" / "desk.yaml"
    before = file.read_text()
    file.write_text(re.sub(r"greeting: .*", "greeting: Hello there", before))
    opened = open_project()
    opened.apply()
    run, options = opened.state.session, PlanOptions(record=True)
    made = plan_rollback_now(run, 1, options).plan
    assert [change.path for change in made.changes[0].fields] == ["/greeting"]

    asked: list[int | None] = []

    def refuse(plan) -> bool:
        asked.append(plan.rollback)
        return False

    assert rollback_now(run, 1, options, apply_options(run), refuse).result is None
    assert asked == [1]
    done = rollback_now(run, 1, options, apply_options(run), lambda plan: True)
    assert done.result is not None
    assert done.result.summary.changed == 1
    file.write_text(before)
    assert not open_project().plan().differences
