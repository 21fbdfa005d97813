"""Ignored values stay as they are, and all that goes stands in the plan with the reason."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import is_at_default, leaves
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.vocabulary import to_canonical
from reconciler.core.diff.three_way import desired_digest
from reconciler.core.resource_diff import plan_existing
from reconciler.core.resource_diff.build_change import note_removed
from reconciler.core.resource_diff.findings import Findings, subject_of
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Direction, FieldChange, Reason
from reconciler.types.json import lookup, within
from reconciler.types.manifest import Lifecycle, Manage
from tests.support.lab import Lab
from tests.support.making import book, entry, env, live, manifest, resource

API = {"url": "https://ours.example/v1", "method": "POST", "timeout": 10}
TOOL = {"name": "look", "description": "Looks.", "delivery": {"api": API}}
PERSONA = {"pal_name": "A", "system_prompt": "x", "default_face_id": "rfe12d8b9597"}


def tool(ignore=(), **api):
    return manifest("tool.look", {**TOOL, "delivery": {"api": {**API, **api}}}, ignore=ignore)


def live_tool(lab):
    return lab.client.get(f"/tools/{lab.id_of('tool.look')}").json()


def test_an_ignored_value_inside_what_is_written_whole_stays_as_somebody_left_it():
    lab = Lab()
    ignore = ("/delivery/api/url",)
    lab.apply(tool(ignore))
    theirs = {"delivery": {"api": {**API, "url": "https://theirs.example/v1"}}}
    assert lab.client.patch(f"/tools/{lab.id_of('tool.look')}", json=theirs).status_code == 200
    assert not lab.plan(tool(ignore)).differences
    assert [step.outcome for step in lab.apply(tool(ignore, timeout=20)).steps] == ["done"]
    api = live_tool(lab)["delivery"]["api"]
    assert (api["url"], api["timeout"]) == ("https://theirs.example/v1", 20)
    assert not lab.plan(tool(ignore, timeout=20)).differences


def test_an_ignored_value_inside_an_inline_tool_stays_as_somebody_left_it():
    def ours(**parameters):
        function = {"name": "look", "description": "Ours.", "parameters": {"type": "object", **parameters}}
        layers = {"llm": {"model": "tavus-gpt-oss", "tools": [{"type": "function", "function": function}]}}
        ignore = ("/layers/llm/tools/look/function/description",)
        return manifest("persona.a", {**PERSONA, "layers": layers}, ignore=ignore)

    lab = Lab()
    lab.apply(ours())
    lab.edit("persona.a", {"op": "replace", "path": "/layers/llm/tools/0/function/description", "value": "Theirs."})
    assert not lab.plan(ours()).differences
    assert [one.outcome for one in lab.apply(ours(properties={"a": {"type": "string"}})).steps] == ["done"]
    [tool] = lab.client.get(f"/pals/{lab.id_of('persona.a')}").json()["layers"]["llm"]["tools"]
    assert tool["function"]["description"] == "Theirs." and "properties" in tool["function"]["parameters"]


def test_an_item_with_something_ignored_inside_is_not_taken_away_silently():
    lab = Lab()
    steps = [{"objective_name": "a", "objective_prompt": "A.", "next_required_objective": "b"}]
    second = {"objective_name": "b", "objective_prompt": "B.", "callback_url": "https://ours.example"}
    ignore = ("/data/b/callback_url",)
    lab.apply(manifest("objectives.o", {"name": "o", "data": [*steps, second]}, ignore=ignore))
    alone = [{"objective_name": "a", "objective_prompt": "A."}]
    [change] = lab.plan(manifest("objectives.o", {"name": "o", "data": alone}, ignore=ignore)).differences
    assert "ignore" in {block.rule for block in change.blocked}


def test_what_left_the_manifest_says_which_file_no_longer_has_it():
    lab = Lab()
    lab.apply(manifest("persona.a", {**PERSONA, "greeting": "Hello"}, path="a.yaml"))
    [change] = lab.plan(manifest("persona.a", PERSONA, path="a.yaml")).differences
    [field] = change.fields
    assert field.path == "/greeting" and field.remark == "a.yaml no longer says it"


def test_what_the_manifest_wants_gone_says_so():
    lab = Lab()
    lab.apply(manifest("persona.a", {**PERSONA, "greeting": "Hello"}))
    [change] = lab.plan(manifest("persona.a", {**PERSONA, "greeting": None}, path="a.yaml")).differences
    [field] = change.fields
    assert field.why == "a.yaml wants it" and field.wanted


LEAVES = {
    "greeting": "Hello",
    "document_tags": ["one", "two"],
    "layers/llm/model": "tavus-gpt-oss",
    "layers/llm/extra_body": {"temperature": 0.5, "top_p": 0.5},
    "layers/tts/tts_engine": "cartesia",
    "layers/tts/external_voice_id": "v1",
    "layers/conversational_flow/turn_taking_patience": "high",
    "layers/perception/visual_awareness_queries": ["Is it dark?"],
}
chosen = st.sets(st.sampled_from(sorted(LEAVES)))


def body(names):
    found = dict(PERSONA)
    for name in sorted(names):
        place, (*above, last) = found, name.split("/")
        for word in above:
            place = place.setdefault(word, {})
        place[last] = LEAVES[name]
    return found


@settings(max_examples=25, deadline=None)
@given(chosen, chosen, chosen, st.lists(st.sampled_from(sorted(LEAVES)), max_size=2, unique=True))
def test_all_that_is_live_before_and_not_after_stands_in_the_plan_and_what_is_ignored_stays(
    first, by_hand, second, ignoring
):
    lab = Lab()
    ignore = tuple(f"/{name}" for name in ignoring)
    lab.apply(manifest("persona.a", body(first), ignore=ignore))
    id = lab.id_of("persona.a")
    shown = lab.client.get(f"/pals/{id}").json()
    for name in sorted(by_hand):
        if "/" not in name and not shown.get(name):
            lab.edit("persona.a", {"op": "add", "path": f"/{name}", "value": LEAVES[name]})
    before = lab.client.get(f"/pals/{id}").json()
    plan = lab.plan(manifest("persona.a", body(second), ignore=ignore))
    fields = [field.path for change in plan.changes for field in change.fields]
    if not plan.applyable:
        return
    lab.apply(manifest("persona.a", body(second), ignore=ignore))
    after = lab.client.get(f"/pals/{id}").json()
    spec = kind("persona")
    held, left = (leaves(spec, to_canonical(spec, one)[0]) for one in (before, after))
    for path, value in held.items():
        if path not in left and not is_at_default(field_at(spec, path), value):
            assert any(within(path, one) or within(one, path) for one in fields), path
    for pointer in ignore:
        # What was not there the server may fill in.
        assert lookup(before, pointer) in (None, lookup(after, pointer))
    for change in plan.changes:
        for field in change.fields:
            if change.action is Action.UPDATE and field.after is None and not field.after_unknown:
                assert field.why


@pytest.mark.parametrize(
    ("action", "lifecycle"),
    [
        (Action.UPDATE, Lifecycle(manage=Manage.OBSERVE)),
        (Action.UPDATE, Lifecycle(ignore=("/greeting",))),
        (Action.DELETE, Lifecycle(protect=True)),
    ],
)
def test_no_request_leaves_for_what_may_not_be_written_whatever_the_plan_says(action, lifecycle):
    lab = Lab()
    lab.apply(manifest("persona.a", PERSONA))
    if action is Action.UPDATE:
        plan = lab.plan(manifest("persona.a", {**PERSONA, "greeting": "Hi"}))
    else:
        plan = lab.plan(destroy=True)
    forged = replace(plan, changes=tuple(replace(one, lifecycle=lifecycle) for one in plan.changes))
    written = len(lab.writes())
    result = lab.carry_out(forged)
    assert [(step.outcome, step.exit_code) for step in result.steps] == [("failed", 3)]
    assert len(lab.writes()) == written


def digests(**values):
    found = {f"/{name.replace('__', '/')}": value for name, value in values.items()}
    return {path: desired_digest(field_at(kind("persona"), path), found[path], SECRETS) for path in found}


def planned(wanted, shown, known):
    binding = Binding("p1", Reason.CHANGED, known)
    return plan_existing(
        resource("persona.a", wanted), live("persona", "p1", shown, detailed=True), binding,
        DiffContext(SECRETS, KINDS, "pal"),
    ).change  # fmt: skip


SECRETS = book(K="value-of-ours")
GREETED = {"pal_name": "A", "greeting": "shown-in-the-clear", "system_prompt": "old"}


@pytest.mark.parametrize(
    ("greeting", "sent"),
    [("plain", {"greeting": env("K")}), (env("K"), {}), (env("K"), {"greeting": env("K")})],
    ids=["it was a secret", "it is one from now on", "it is and was"],
)
def test_what_is_or_was_a_secret_is_shown_on_neither_side(greeting, sent):
    wanted = {"pal_name": "A", "greeting": greeting, "system_prompt": "new"}
    change = planned(wanted, GREETED, entry("p1", sent=digests(**sent)))
    assert (change.before["system_prompt"], change.after["system_prompt"]) == ("old", "new")
    for shown in (change.before, change.after, change.fields):
        assert "shown-in-the-clear" not in repr(shown) and "value-of-ours" not in repr(shown)
    assert ("/greeting", greeting) in {(op.path, op.value) for op in change.patch}


def test_what_says_nothing_goes_with_its_object_without_a_word():
    shown = {"pal_name": "A", "layers": {"stt": {"hotwords": "h", "stt_engine": "tavus-auto", "odd": None}}}
    known = entry("p1", sent=digests(pal_name="A", layers__stt__hotwords="h"), parents=("/layers/stt",))
    change = planned({"pal_name": "A"}, shown, known)
    assert [(field.path, field.why) for field in change.fields] == [
        ("/layers/stt/hotwords", "persona.a.yaml no longer says it")
    ]
    assert [op.op for op in change.patch] == ["remove"]


@pytest.mark.parametrize(
    ("shown", "carried"), [("********", None), ("", None), ("sk-shown", "sk-shown")], ids=["mask", "none", "clear"]
)
def test_a_key_travels_along_only_where_it_is_known(shown, carried):
    llm = {"model": "one", "base_url": "https://u.example", **({"api_key": shown} if shown else {})}
    wanted = {"pal_name": "A", "layers": {"llm": {"model": "two", "base_url": "https://u.example"}}}
    change = planned(wanted, {"pal_name": "A", "layers": {"llm": llm}}, entry("p1"))
    sent = {op.path: op.value for op in change.patch}
    assert sent.get("/layers/llm/api_key") == carried
    assert [block.rule for block in change.blocked] == ([] if carried else ["secret"])


@pytest.mark.parametrize(
    ("before", "after", "away"),
    [
        ("a", None, True), (None, None, False), ("a", "b", False), (None, "a", False),
        (["a", "b"], ["b"], True), (["a"], ["a", "b"], False), (["a", "b"], ["b", "a"], False), (["a"], None, True),
    ],
)  # fmt: skip
def test_a_value_or_an_item_that_is_not_there_any_more_was_taken_away(before, after, away):
    """Who wants it gone is said of what goes alone."""
    found = Findings(fields=(FieldChange("/document_tags", Direction.GIT, before, after),))
    about = subject_of(
        resource("persona.a", {"pal_name": "A", "document_tags": ["b"]}), live("persona", "p1", {"pal_name": "A"}),
        Binding("p1", Reason.CHANGED, entry("p1")), DiffContext(SECRETS, KINDS, "pal"),
    )  # fmt: skip
    (field,) = note_removed(about, found, None)
    assert field.why == ("persona.a.yaml wants it" if away else None)


def test_a_key_does_not_travel_with_the_removal_of_what_it_belongs_to():
    llm = {"model": "one", "base_url": "https://u.example", "api_key": "sk-shown"}
    known = entry("p1", sent=digests(pal_name="A", layers__llm__model="one", layers__llm__base_url=llm["base_url"]))
    known = replace(known, sent={**known.sent, **digests(layers__llm__api_key="sk-shown")}, parents=("/layers/llm",))
    change = planned({"pal_name": "A"}, {"pal_name": "A", "layers": {"llm": llm}}, known)
    assert [(op.op, op.path) for op in change.patch] in ([("remove", "/layers/llm")], [("remove", "/layers")])
    assert change.blocked == ()


@pytest.mark.parametrize("manage", ["full", "observe"])
def test_what_is_only_observed_is_told_and_not_written(manage):
    about = resource("persona.a", {"pal_name": "A", "greeting": "b"}, manage=manage)
    shown = live("persona", "p1", {"pal_name": "A", "greeting": "a"}, detailed=True)
    change = plan_existing(
        about, shown, Binding("p1", Reason.CHANGED, entry("p1")), DiffContext(SECRETS, KINDS, "pal")
    ).change
    assert [field.path for field in change.fields] == ["/greeting"]
    observed = manage == "observe"
    assert (change.action, change.reason) == (
        (Action.NOOP, Reason.OBSERVE) if observed else (Action.UPDATE, Reason.CHANGED)
    )
    assert bool(change.patch) is not observed


@pytest.mark.parametrize("attached", [False, True])
def test_what_only_points_to_an_object_that_is_made_anew_says_so(attached):
    """Attachments alone are a change as well, though no patch holds them."""
    place, value = ("tools", [ResourceRef("tool.new")]) if attached else ("greeting", "b")
    change = planned(
        {"pal_name": "A", place: value}, {"pal_name": "A", place: ["t1"] if attached else "a"}, entry("p1")
    )
    assert change.action is Action.UPDATE and bool(change.patch) is not attached
    assert change.reason is (Reason.REPOINTED if attached else Reason.CHANGED)
