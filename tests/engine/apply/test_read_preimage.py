"""Pre-images are taken from what was read, and what goes is read whole."""

from __future__ import annotations

from reconciler.core.history.history_chain import changes_of
from reconciler.engine.apply.read_preimage import before_change
from reconciler.types.change import Action, Change, Reason
from reconciler.types.state import Entry
from tests.engine.plan.test_plan_rollback import TOOL, migrated, persona
from tests.support.chronicle import Chronicle
from tests.support.making import at


def test_a_deleted_object_is_kept_whole_with_its_tools(tmp_path):
    world = Chronicle(tmp_path / "state")
    world.apply(TOOL, migrated("a"), persona("b"))
    world.apply(TOOL, persona("b"), allow_deletes=True)
    [item] = changes_of(world.state().history.entries[-1])
    assert len(item.body["tools"]) == 1
    assert item.body["system_prompt"] == "x"
    assert item.entry.sent


def test_the_end_of_a_replacement_is_kept_by_its_create():
    change = Change(at("persona.a~p1"), Action.DELETE, Reason.REPLACED, id="p1", gives_way_to=at("persona.a"))
    assert before_change(change, Entry("p1"), None, {}, None) is None


def test_what_is_only_taken_into_state_has_no_body():
    change = Change(at("persona.a"), Action.NOOP, id="p1", importing="p1")
    item = before_change(change, None, None, {}, None)
    assert (item.body, item.imported, item.id) == (None, True, "p1")
