"""Leaves that differ, by a naive reading of the three-way rules; attachments that take the place of inline tools."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.api.offline import load_catalogue
from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.diff.json_patch import apply_patch
from reconciler.core.diff.three_way import desired_digest
from reconciler.core.resource_diff import plan_existing
from reconciler.core.resource_diff.leaf_diff import attached_by_hand, to_enable
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import ResourceRef
from reconciler.types.change import Direction, Reason
from reconciler.types.manifest import Manage
from tests.support.making import book, entry, live, resource

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


SECRETS = book()
LEAVES = ("system_prompt", "greeting", "pal_description")


def known_as(sent, of="persona"):
    """An entry that holds these top-level members as sent and seen."""
    found = {f"/{name}": value for name, value in sent.items() if value is not None}
    row = {path: desired_digest(field_at(kind(of), path), value, SECRETS) for path, value in found.items()}
    return entry("x1", sent=row)


def plan(desired, shown, known, of="persona", **more):
    return plan_existing(
        resource(f"{of}.a", desired, **more),
        live(of, "x1", shown, detailed=True),
        Binding("x1", Reason.CHANGED if known else Reason.ADOPTED_BY_NAME, known),
        DiffContext(SECRETS, KINDS, "pal", catalogue=load_catalogue),
    )


def direction_of(desired, shown, sent):
    """Whose doing a difference is; None where there is none."""
    if desired == shown or (desired is None and sent is None):
        return None
    if sent is None or shown == sent:
        return Direction.GIT
    return Direction.LIVE if desired == sent else Direction.BOTH


texts = st.fixed_dictionaries(dict.fromkeys(LEAVES, st.sampled_from([None, "a", "b", "c"])))


@settings(max_examples=60)
@given(texts, texts, texts)
def test_every_leaf_is_written_as_wanted_and_called_by_who_moved_it(desired, shown, sent):
    wanted = {name: value for name, value in desired.items() if value is not None}
    held = {name: value for name, value in shown.items() if value is not None}
    planned = plan({"pal_name": "A", **wanted}, {"pal_name": "A", **held}, known_as({"pal_name": "A", **sent}))
    expected = {f"/{name}": direction_of(desired[name], shown[name], sent[name]) for name in LEAVES}
    expected = {path: one for path, one in expected.items() if one is not None}
    assert {field.path: field.direction for field in planned.change.fields} == expected
    ours = {name: value for name, value in held.items() if name not in wanted and sent[name] is None}
    assert apply_patch(planned.change.patch, {"pal_name": "A", **held}) == {"pal_name": "A", **ours, **wanted}
    moved = {path: one for path, one in expected.items() if one is not Direction.GIT and path[1:] in wanted}
    assert {one.path: one.direction for one in planned.drift if one.path[1:] in wanted} == moved


@pytest.mark.parametrize(
    ("shown", "sent", "blocked", "absent"),
    [("u", "u", False, False), (None, "u", False, True), ("v", "u", True, False), ("v", None, True, False),
     (None, "v", True, True)],
)  # fmt: skip
def test_what_cannot_be_changed_is_blocked_unless_it_is_only_not_shown(shown, sent, blocked, absent):
    body = {"document_name": "N"}
    known = known_as({**body, "document_url": sent}, "document")
    planned = plan({**body, "document_url": "u"}, {**body, "document_url": shown}, known, "document")
    assert ["immutable" in block.rule for block in planned.change.blocked] == [True] * blocked
    assert planned.absent is absent
    if not blocked:
        assert planned.change.patch == () and planned.drift == ()


def model(name):
    return {"pal_name": "A", "layers": {"llm": {"model": name}}}


@pytest.mark.parametrize("observed", [False, True])
@pytest.mark.parametrize(("sent", "moved"), [("tavus-llama-4", True), ("tavus-gpt-oss", False)])
def test_what_the_vendor_took_away_is_adopted_and_drift_only_where_the_account_moved(sent, moved, observed):
    path = "/layers/llm/model"
    known = entry("x1", sent={path: desired_digest(field_at(PERSONA, path), sent, SECRETS)})
    manage = Manage.OBSERVE if observed else Manage.FULL
    planned = plan(model("tavus-llama-4"), model("tavus-gpt-oss"), known, manage=manage)
    assert planned.change.patch == ()
    assert [one.path for one in planned.change.adopt] == ([] if observed else [path])
    told = Direction.LIVE if observed else Direction.VENDOR
    assert [(one.path, one.direction) for one in planned.drift] == ([(path, told)] if moved or observed else [])


def test_nobody_could_have_exchanged_what_no_table_knows():
    planned = plan(model("ours"), model("theirs"), entry("x1"))
    assert planned.change.adopt == () and [op.value for op in planned.change.patch] == ["ours"]
