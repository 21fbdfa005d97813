"""Attachments that take the place of inline tools."""

from __future__ import annotations

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.resource_diff.leaf_diff import attached_by_hand, to_enable
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import ResourceRef
from tests.support.making import entry

PERSONA = kind("persona")
MODEL, TOOLS = "/layers/perception/perception_model", "/layers/perception/visual_tools/look"
GONE = {TOOLS: Edit(TOOLS, remove=True)}


def enable(document, *, leaves=None, edits=GONE, moved=("/tools",)):
    return to_enable(PERSONA, leaves or {MODEL: "raven-1"}, document, edits, moved)


def test_a_model_that_is_not_shown_is_written_when_inline_tools_give_way():
    assert enable({"layers": {"perception": {}}}) == (MODEL,)


def test_nothing_more_is_written_otherwise():
    assert enable({"layers": {"perception": {"perception_model": "raven-1"}}}) == (), "it is there"
    assert enable({}, leaves={"/pal_name": "A"}) == (), "the manifest does not name it"
    assert enable({}, moved=()) == (), "nothing is attached"
    other = "/layers/llm/tools/look"
    assert enable({}, edits={other: Edit(other, remove=True)}) == (), "the tools of the LLM need no eyes"
    assert enable({}, edits={**GONE, MODEL: Edit(MODEL, "raven-1")}) == (), "it is written already"


def by_hand(known, desired, live, leaves=()):
    return attached_by_hand(PERSONA, known, dict.fromkeys(leaves), desired, live)


def test_what_was_attached_by_hand_is_kept_when_tools_leave_the_object():
    known = entry("p1", sent={TOOLS: "x"})
    assert by_hand(known, [ResourceRef("tool.look")], ["t1"]) == ("t1",)
    assert by_hand(known, ["t1", "t2"], ["t1"]) == ()
    assert by_hand(known, ["t1"], None) == ()


def test_the_set_of_a_manifest_is_whole_in_every_other_case():
    assert by_hand(None, [], ["t1"]) == (), "an import"
    assert by_hand(entry("p1", sent={TOOLS: "x", "/tools": "y"}), [], ["t1"]) == (), "it was the manifest's before"
    assert by_hand(entry("p1", sent={"/pal_name": "x"}), [], ["t1"]) == (), "nothing leaves the object"
    assert by_hand(entry("p1", sent={TOOLS: "x"}), [], ["t1"], leaves=[TOOLS]) == (), "the inline tools stay"
