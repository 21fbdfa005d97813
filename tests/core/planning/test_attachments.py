"""Tools behind attachments, what stays beside them; items that are listed as objects of their own."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.keyed_lists import registry_tool
from reconciler.core.planning.attachments import OFF, AttachedTools, item_ids, leftover_warnings, shadows
from reconciler.core.resource_diff.resource_plan import Binding, Left, Matching, ResourcePlan
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Reason
from tests.support.making import at, listing, live, resource
from tests.support.records import change_of

ITEM = {"guardrail_name": "a", "guardrail_prompt": "A"}


def test_the_items_of_a_legacy_set_are_shown_as_guardrails() -> None:
    assert list(shadows(["guardrail", "persona"], KINDS)) == [("guardrail_set", "/data", "guardrail")]
    assert list(shadows(["persona", "guardrail_set"], KINDS)) == []


def test_their_ids() -> None:
    one = live(
        "guardrail_set", "gs", {"guardrails_id": "gs", "data": [{**ITEM, "uuid": "g1"}, {**ITEM, "uuid": "g2"}]}
    )
    bare = live("guardrail_set", "gt", {"guardrails_id": "gt"})
    odd = live("guardrail_set", "gu", {"guardrails_id": "gu", "data": ["x", {**ITEM, "uuid": "g3"}, None]})
    assert item_ids(listing("guardrail_set", one, bare, odd), "/data", kind("guardrail")) == {"g1", "g2", "g3"}


WANTED, THERE = {"name": "look", "description": "New."}, {"name": "look", "description": "Old."}
RESOURCES = {
    at("tool.look"): resource("tool.look", WANTED),
    at("tool.new"): resource("tool.new", {"name": "new"}),
    at("persona.a"): resource("persona.a", {"pal_name": "A"}),
}
MATCHING = Matching(
    {
        at("tool.look"): Binding("t1", Reason.CHANGED),
        at("tool.new"): Binding(None, Reason.NEW),
        at("persona.a"): Binding("p1", Reason.CHANGED),
    }
)
LISTED = listing("tool", live("tool", "t1", THERE), live("tool", "t2", {"description": "Nameless."}))


def known(listed=LISTED) -> AttachedTools:
    return AttachedTools(RESOURCES, MATCHING, listed, ["tool"])


def test_an_attached_tool_is_what_its_manifest_makes_of_it_else_what_the_account_has() -> None:
    tools = known()
    ours = registry_tool(WANTED, "look")
    assert tools(ResourceRef("tool.look")) == tools("t1") == known(None)("t1") == ours
    assert ours != registry_tool(THERE, "look")
    assert tools(ResourceRef("tool.new")) == registry_tool({"name": "new"}, "new")
    assert tools("t2") == registry_tool({"description": "Nameless."}, "")
    assert tools("t2") is tools("t2")


@pytest.mark.parametrize("item", ["t9", "p1", ResourceRef("tool.other"), "", "None", 1])
def test_what_nobody_knows_is_no_tool(item) -> None:
    assert known()(item) is known(None)(item) is None


@pytest.mark.parametrize("word", ["ask", "off"])
def test_what_stays_says_where_it_is_and_how_it_goes(word: str) -> None:
    left = (Left("/old", "/new", "two of one", "run --migrate"), Left("/a", "/b", "left", "take it out by hand"))
    planned = {at("persona.a"): ResourcePlan(change_of(at("persona.a"), Action.NOOP), left=left)}
    migrates, by_hand = leftover_warnings(planned, RESOURCES, setting_word=word)
    assert (migrates.pointer, migrates.address) == ("/new", at("persona.a"))
    assert migrates.summary == "persona.a (/old in the account): two of one"
    assert migrates.hint == (OFF if word == "off" else "run --migrate")
    assert by_hand.hint == "take it out by hand"
