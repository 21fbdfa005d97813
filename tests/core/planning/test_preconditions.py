"""An object is as it was read, as our own change would have left it, or it moved; and the gate before every write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.planning.preconditions import (
    is_done,
    matches_own_write,
    moved_since,
    newly_managed,
    refusal_reason,
)
from reconciler.types.change import Action, Direction, FieldChange, PatchOp, Request
from reconciler.types.json import SENSITIVE
from reconciler.types.manifest import Lifecycle, Manage
from tests.support.making import at, book, env, live
from tests.support.records import change_of

BEFORE = {
    "pal_name": "A",
    "system_prompt": "old",
    "layers": {"llm": {"model": "m", "api_key": SENSITIVE}, "tts": {"tts_engine": "cartesia"}},
}
PATCH = Request("PATCH", "/pals/p1", at("persona.a"), [])
ALONE = Request("PATCH", "/pals/p1", at("persona.a"), [], "conferencing")


def field(path, before, after, **more):
    return FieldChange(path, Direction.GIT, before, after, **more)


PROMPT = field("/system_prompt", "old", "new")
HIDDEN = field("/layers/tts/api_key", None, env("KEY"), sensitive=True)
USERNAME = field("/layers/conferencing/username", None, "ada")


def change(*fields, before=None, action=Action.UPDATE):
    managed = {one.path: one.after for one in fields if one.after is not None}
    return change_of(at("persona.a"), action, id="p1", before=before, fields=fields, managed=managed)


def shown(body, **more):
    return live("persona", "p1", body, **more)


def moved(one, now, was=None):
    return moved_since(one, now, was, book(KEY="sk-1"), {at("tool.x"): "t1"})


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (BEFORE, ()),
        ({**BEFORE, "owner_id": 7, "updated_at": "later"}, ()),
        ({**BEFORE, "greeting": "more than the list showed"}, ()),
        ({**BEFORE, "system_prompt": "theirs"}, ("/system_prompt",)),
        ({**BEFORE, "system_prompt": "new"}, ()),
        ({**BEFORE, "layers": {"llm": {"model": "m", "api_key": "********"}}}, ("/layers/tts/tts_engine",)),
    ],
)
def test_neither_as_it_was_read_nor_as_we_would_have_left_it(body, paths):
    assert moved(change(PROMPT, before=BEFORE), shown(body)) == paths


def test_a_member_that_appeared_where_the_plan_adds_one():
    one = change(field("/greeting", None, "hi"), before={"pal_name": "A"})
    assert moved(one, shown({"pal_name": "A", "greeting": "theirs"})) == ("/greeting",)
    assert moved(one, shown({"pal_name": "A", "greeting": "hi"})) == ()
    assert moved(one, shown({"pal_name": "A"})) == ()


def test_what_was_masked_may_be_shown_and_may_not_be_gone():
    """Some accounts mask in a list and not in a GET."""
    one = change(PROMPT, before={"pal_name": "A", "system_prompt": "old", "greeting": SENSITIVE})
    for greeting in ("Hello.", "********"):
        assert moved(one, shown({"pal_name": "A", "system_prompt": "old", "greeting": greeting})) == ()
    was = shown({"pal_name": "A", "system_prompt": "old", "greeting": "********"})
    assert moved(change(PROMPT), shown({"pal_name": "A", "system_prompt": "old"}), was) == ("/greeting",)


def test_a_secret_in_the_clear_is_held_against_the_reading_itself():
    one = change(PROMPT, before={"pal_name": "A", "system_prompt": "old", "greeting": SENSITIVE})
    was = shown({"pal_name": "A", "system_prompt": "old", "greeting": "sk-theirs"})
    assert moved(one, shown({"pal_name": "A", "system_prompt": "old", "greeting": "sk-new"}), was) == ("/greeting",)


def test_a_secret_that_somebody_set_meanwhile():
    was = shown({"pal_name": "A", "layers": {"tts": {"api_key": None}}})
    now = shown({"pal_name": "A", "layers": {"tts": {"api_key": "********"}}})
    assert moved(change(field("/greeting", None, "hi")), now, was) == ("/layers/tts/api_key",)


def test_two_readings_in_detail_are_compared_whole():
    was = shown({"pal_name": "A", "system_prompt": "old"}, detailed=True)
    now = shown({"pal_name": "A", "system_prompt": "old", "greeting": "theirs"}, detailed=True)
    assert moved(change(PROMPT), now, was) == ("/greeting",)
    assert moved(change(action=Action.DELETE), now, was) == ("/greeting",)


@pytest.mark.parametrize(
    ("now", "paths"),
    [(("a",), ()), (("b",), ()), (("a", "b"), ()), ((), ()), (("a", "z"), ("/tools",)), (("z",), ("/tools",))],
)
def test_attached_tools_count_one_by_one(now, paths):
    one = change(field("/tools", ["a"], ["b"]))
    assert moved(one, shown({"pal_name": "A"}, tools=now), shown({"pal_name": "A"}, tools=("a",))) == paths


@pytest.mark.parametrize(
    ("now", "paths"),
    [(["s1"], ()), (["s2"], ()), (["s9"], ("/skills",)), (None, ())],
)
def test_what_the_api_keeps_apart_is_as_it_was_or_as_we_leave_it(now, paths):
    one = change(field("/skills", ["s1"], ["s2"]))
    parts = {} if now is None else {"/skills": now}
    assert moved(one, replace(shown({"pal_name": "A"}), parts=parts), shown({"pal_name": "A"})) == paths
    put, patch = Request("PUT", "/pals/p1/skills", at("persona.a"), [], "skills"), PATCH
    after = replace(shown({"pal_name": "A"}), parts=parts)
    assert is_done(one, put, after, book(), {}) is (now == ["s2"])
    assert not is_done(one, patch, after, book(), {})


@pytest.mark.parametrize(("before", "now"), [(None, ("z",)), (("z",), None), (None, None)])
def test_attached_tools_that_were_not_read_tell_nothing(before, now):
    was = shown({"pal_name": "A"}, tools=before)
    for one in (change(field("/tools", ["a"], ["b"])), change(action=Action.DELETE)):
        assert moved(one, shown({"pal_name": "A"}, tools=now), was) == ()
        assert moved(replace(one, before={"pal_name": "A"}), shown({"pal_name": "A"}, tools=now)) == ()


def test_of_two_readings_of_which_one_is_short_only_what_both_show_counts():
    short, long = shown({"pal_name": "A"}), shown({"pal_name": "A", "greeting": "theirs"}, detailed=True)
    assert moved(change(action=Action.DELETE), long, short) == ()
    assert moved(change(action=Action.DELETE), replace(short, detailed=True), replace(long, detailed=False)) == (
        "/greeting",
    )
    assert moved(change(action=Action.DELETE), replace(long, detailed=False), replace(short, detailed=True)) == ()


def test_a_tool_attached_by_hand_stops_a_delete():
    one = change(action=Action.DELETE)
    was, now = (shown({"pal_name": "A"}, tools=tools) for tools in (("a",), ("a", "z")))
    assert moved(one, was, was) == ()
    assert moved(one, now, was) == ("/tools",)


@pytest.mark.parametrize(
    ("one", "body", "request_", "done"),
    [
        (PROMPT, {"system_prompt": "new"}, PATCH, True),
        (PROMPT, {"system_prompt": "old"}, PATCH, False),
        (PROMPT, {"system_prompt": "new"}, ALONE, False),
        (field("/greeting", "hi", None), {}, PATCH, True),
        (field("/greeting", None, "********"), {}, PATCH, False),
        (HIDDEN, {"layers": {"tts": {"api_key": "********"}}}, PATCH, False),
        (HIDDEN, {"layers": {"tts": {"api_key": "sk-1"}}}, PATCH, False),
        (PROMPT, {"system_prompt": "new"}, replace(PATCH, method="PUT"), False),
        (USERNAME, {"layers": {"conferencing": {"username": "ada"}}}, ALONE, True),
    ],
)  # fmt: skip
def test_a_request_is_done_when_all_that_it_writes_shows(one, body, request_, done):
    found = is_done(change(one), request_, shown({"pal_name": "A", **body}), book(KEY="sk-1"), {})
    assert found is done


def test_a_delete_takes_no_member_along_that_somebody_added_where_the_list_showed_none():
    gone = change(action=Action.DELETE)
    was = shown({**BEFORE, "updated_at": "2026-01-01"})
    edited = shown({**BEFORE, "greeting": "theirs", "updated_at": "2026-01-02"}, detailed=True)
    more = shown({**BEFORE, "greeting": "more than the list showed", "updated_at": "2026-01-01"}, detailed=True)
    assert moved(gone, edited, was) == ("/updated_at",)
    assert moved(gone, more, was) == ()
    assert moved(gone, more, shown(BEFORE)) == ()


# --- what a write would take along --------------------------------------------------------------------------------

TTS = field("/layers/tts/tts_engine", "cartesia", None)


def taking(body, *fields, wire="/layers/tts"):
    """Paths that count as moved where the patch takes a layer away whole, and the account has `body` there by now."""
    one = replace(change(*(fields or (TTS,)), before=BEFORE), patch=(PatchOp("remove", wire),))
    return moved(one, shown({**BEFORE, "layers": {**BEFORE["layers"], "tts": body}}))


ENGINE = {"tts_engine": "cartesia"}


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (ENGINE, ()),
        ({**ENGINE, "external_voice_id": "v1"}, ("/layers/tts/external_voice_id",)),
        ({**ENGINE, "voice_settings": {"speed": 2}}, ("/layers/tts/voice_settings/speed",)),
        ({**ENGINE, "api_key": "********"}, ("/layers/tts/api_key",)),
        ({**ENGINE, "tts_emotion_control": None}, ()),
        ({"external_voice_id": "v1", "tts_engine": None}, ()),
    ],
)
def test_what_came_since_into_what_is_taken_away_whole_stops_the_write(body, paths):
    assert taking(body) == paths


def test_only_what_the_patch_takes_away_takes_something_along():
    voice = {**ENGINE, "external_voice_id": "v1"}
    assert taking(voice, wire="/layers/tts/tts_engine") == ()
    assert taking(voice, TTS, field("/layers/tts/external_voice_id", "v1", None)) == ()
    assert taking(voice, wire="/layers") == ("/layers/tts/external_voice_id",)


# --- whether our own request did it -------------------------------------------------------------------------------

AFTER = {**BEFORE, "system_prompt": "new"}


def ours(body, *, one=PROMPT, after=AFTER):
    return matches_own_write(replace(change(one, before=BEFORE), after=after), shown(body), book(KEY="sk-1"), {})


def test_an_object_that_is_what_our_write_makes_of_it_is_our_own():
    assert ours(AFTER)
    assert ours({**AFTER, "updated_at": "later"})
    assert not ours(BEFORE)
    assert not ours({**AFTER, "system_prompt": "NEW"}), "what the server made of it may be somebody's edit"
    assert not ours({**AFTER, "pal_name": "B"})
    assert not ours({**AFTER, "layers": {"llm": {"model": "m", "api_key": "********"}}})


def test_what_is_attached_may_be_written_once_more():
    both = replace(change(PROMPT, field("/tools", ["a"], ["b"]), before=BEFORE), after=AFTER)
    assert matches_own_write(both, shown(AFTER, tools=("a",)), book(KEY="sk-1"), {})


# --- the gate -----------------------------------------------------------------------------------------------------

FULL, WATCHED, PROTECTED = Lifecycle(), Lifecycle(manage=Manage.OBSERVE), Lifecycle(protect=True)
IGNORING = Lifecycle(ignore=("/system_prompt",))
WRITES = (Action.CREATE, Action.UPDATE, Action.DELETE)


def refused(action, lifecycle=FULL, **how):
    return [
        block.rule for block in refusal_reason(replace(change(PROMPT, action=action), lifecycle=lifecycle), **how)
    ]


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize(
    ("lifecycle", "rule", "actions"),
    [
        (FULL, None, ()),
        (WATCHED, "observe", WRITES),
        (PROTECTED, "protect", (Action.DELETE,)),
        (IGNORING, "ignore", (Action.UPDATE,)),
        (Lifecycle(ignore=("/greeting", "/system")), None, ()),
    ],
)
def test_no_way_leads_around_what_a_lifecycle_forbids(action, lifecycle, rule, actions):
    """Neither the change's own nor the one that counts today: a rollback is made of something older."""
    rules = [rule] if action in actions else []
    assert refused(action, lifecycle) == rules
    assert refused(action, today=lifecycle) == rules
    assert refused(action, lifecycle, today=lifecycle) == rules
    assert refused(action, lifecycle, today=FULL) == rules


@pytest.mark.parametrize("action", Action)
def test_what_a_run_was_not_asked_about_is_not_written(action):
    assert refused(action, in_scope=False) == (["scope"] if action in WRITES else [])
    if action is Action.DELETE:
        assert refused(action, PROTECTED, in_scope=False, today=WATCHED) == ["scope", "observe", "protect"]


def test_each_field_that_is_left_alone_is_named_wherever_it_lies_below():
    lifecycle = Lifecycle(ignore=("/layers",))
    one = replace(change(PROMPT, HIDDEN, USERNAME), lifecycle=lifecycle)
    assert [block.pointer for block in refusal_reason(one)] == [HIDDEN.path, USERNAME.path]


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        (WATCHED, FULL, ["it was only observed until now (lifecycle.manage)"]),
        (WATCHED, WATCHED, []),
        (FULL, WATCHED, []),
        (FULL, FULL, []),
        (IGNORING, FULL, ["/system_prompt was left alone until now (lifecycle.ignore)"]),
        (IGNORING, IGNORING, []),
        (Lifecycle(ignore=("/greeting",)), FULL, []),
        (Lifecycle(ignore=("/layers",)), FULL, ["/layers was left alone until now (lifecycle.ignore)"]),
        (
            Lifecycle(ignore=("/layers/tts/api_key/x",)),
            FULL,
            ["/layers/tts/api_key/x was left alone until now (lifecycle.ignore)"],
        ),
    ],
)
def test_nothing_that_was_left_alone_is_written_unsaid(was, now, found):
    assert [*newly_managed(was, replace(change(PROMPT, HIDDEN), lifecycle=now))] == found
