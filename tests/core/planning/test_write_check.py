"""Judging what the account shows after a write."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.fields.field_check import spelling_hint
from reconciler.core.planning.write_check import is_doubtful, judge, spelling_hints
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Direction, FieldChange
from reconciler.types.json import SENSITIVE
from tests.support.making import at, book, env, live
from tests.support.records import change_of

SECRETS = book(KEY="sk-1")


def change(*fields, before=None, after=None, action=Action.UPDATE):
    return change_of(
        at("persona.a"),
        action,
        id="p1",
        before=before if before is not None else {"pal_name": "A"},
        after=after if after is not None else {"pal_name": "A"},
        fields=fields,
        managed={field.path: field.after for field in fields if field.after is not None},
    )


def field(path, before, after, **more):
    return FieldChange(path, Direction.GIT, before, after, **more)


def verdict(one, shown, **more):
    return judge(one, live("persona", "p1", shown), SECRETS, {at("tool.x"): "t1"}, **more)


PROMPT = field("/system_prompt", "old", "new")


@pytest.mark.parametrize(
    ("one", "shown"),
    [
        (PROMPT, {"system_prompt": "new"}),
        (field("/pipeline_mode", "echo", "full"), {}),
        (field("/layers/llm/model", None, "tavus-gpt-oss"), {"layers": {"llm": {}}}),
        (
            field("/layers/llm/api_key", None, env("KEY"), sensitive=True),
            {"layers": {"llm": {"api_key": "********"}}},
        ),
        (field("/layers/llm/api_key", None, env("KEY"), sensitive=True), {}),
        (field("/layers/llm/api_key", None, env("KEY"), sensitive=True), {"layers": {"llm": {"api_key": "sk-1"}}}),
        (field("/greeting", "hi", None), {"greeting": ""}),
        (field("/layers/tts/tts_engine", "x", None), {"layers": {"tts": {"tts_engine": "tavus-auto"}}}),
        (field("/guardrail_ids", [], [ResourceRef("tool.x")]), {"guardrail_ids": ["t1"]}),
        (field("/guardrail_ids", [], ["t0", "t9", ResourceRef("tool.x")]), {"guardrail_ids": ["t9", "t1", "t0"]}),
    ],
)
def test_what_arrived_is_good(one, shown):
    found = verdict(change(one), {"pal_name": "A", **shown})
    assert found.good
    assert found.notes == ()


@pytest.mark.parametrize("shown", [{"system_prompt": "old"}, {}])
def test_unchanged_or_absent_is_read_again(shown):
    found = verdict(change(PROMPT), {"pal_name": "A", **shown})
    assert found.pending == ("/system_prompt",)
    assert not found.good


def test_a_removal_that_did_not_happen_is_read_again():
    assert verdict(change(field("/greeting", "hi", None)), {"pal_name": "A", "greeting": "hi"}).pending == (
        "/greeting",
    )


TTS = {"tts_engine": "cartesia", "external_voice_id": "v1"}


@pytest.mark.parametrize(
    ("layers", "pending"),
    [
        ({"tts": TTS, "llm": {"model": "own"}}, ("/layers",)),
        ({"llm": {"model": "own"}}, ("/layers",)),
        ({"tts": {"tts_engine": "cartesia"}}, ()),
        ({"llm": {"model": "another"}}, ()),
        ({}, ()),
        (None, ()),
    ],
)
def test_an_object_has_gone_when_nothing_of_it_is_left_but_what_the_server_fills_in(layers, pending):
    one = change(field("/layers", {"tts": TTS, "llm": {"model": "own"}}, None))
    assert verdict(one, {"pal_name": "A", "layers": layers}).pending == pending


def test_another_value_is_the_servers_normal_form_and_said():
    found = verdict(change(PROMPT), {"pal_name": "A", "system_prompt": "NEW"})
    assert found.good
    assert found.notes == ("/system_prompt: the server shows 'NEW' for 'new'",)


EXTRA = field("/audio_only", None, True)


def test_an_unknown_field_that_the_server_drops_is_said_once_the_rest_arrived():
    found = verdict(change(PROMPT, EXTRA), {"pal_name": "A", "system_prompt": "new"})
    assert found.good
    hint = spelling_hint(kind("persona"), "/audio_only")
    assert hint
    assert found.notes == (f"/audio_only: the API does not keep this field; {hint}",)


@pytest.mark.parametrize("shown", [{"system_prompt": "old"}, {}])
def test_an_unknown_field_waits_for_the_rest_of_its_write(shown):
    assert verdict(change(PROMPT, EXTRA), {"pal_name": "A", **shown}).pending == ("/system_prompt", "/audio_only")


def test_an_unknown_field_alone_may_be_late():
    assert verdict(change(EXTRA), {"pal_name": "A"}).pending == ("/audio_only",)


@pytest.mark.parametrize(
    "path",
    [
        "/context",
        "/greeting",
        "/verbal_disclosure/text",
        "/layers/vqa/enable_vision",
        "/layers/mcp/brand_new",
        "/layers/stt/participant_pause_sensitivity",
        "/layers/perception/ambient_awareness_queries",
    ],
)
def test_so_is_one_that_is_deprecated_or_that_no_page_documents(path):
    assert is_doubtful(kind("persona"), path)
    found = verdict(change(PROMPT, field(path, None, "x")), {"pal_name": "A", "system_prompt": "new"})
    assert (found.good, found.notes) == (True, (f"{path}: the API does not keep this field",))


@pytest.mark.parametrize(
    "path",
    ["/system_prompt", "/guardrails_id", "/tools", "/layers/llm/tools/look_up", "/layers/llm/model", "/layers"],
)
def test_what_is_documented_or_does_something_of_its_own_must_arrive(path):
    assert not is_doubtful(kind("persona"), path)


@pytest.mark.parametrize("path", ["/layers/llm/extra_body/seed", "/layers/tts/voice_settings/pitch"])
def test_a_member_of_a_free_object_must_arrive(path):
    found = verdict(change(PROMPT, field(path, None, 1)), {"pal_name": "A", "system_prompt": "new"})
    assert found.pending == (path,)


def test_a_note_about_a_secret_does_not_hold_it():
    one = field("/layers/llm/api_key", None, env("KEY"), sensitive=True)
    found = verdict(change(one), {"pal_name": "A", "layers": {"llm": {"api_key": "sk-other"}}})
    assert found.notes == ("/layers/llm/api_key: the server shows another value than was sent",)
    literal = field("/layers/llm/api_key", None, "sk-literal")
    found = verdict(change(literal), {"pal_name": "A", "layers": {"llm": {"api_key": "sk-other"}}})
    assert found.good and "sk-" not in repr(found), "the table says that it is one"


def test_a_long_text_is_cut_in_a_note():
    found = verdict(change(field("/system_prompt", "old", "n" * 100)), {"pal_name": "A", "system_prompt": "short"})
    [note] = found.notes
    assert len(note) < 150 and "(102 characters)" in note and "'short'" in note


def test_an_unknown_field_that_the_server_names_as_it_refuses_may_have_been_meant_otherwise():
    hint = spelling_hint(kind("persona"), "/audio_only")
    assert spelling_hints(change(PROMPT, EXTRA), "unknown field audio_only") == f"/audio_only: {hint}"
    assert spelling_hints(change(PROMPT, EXTRA), "system_prompt is too long") is None
    assert spelling_hints(change(PROMPT), "no") is None


@pytest.mark.parametrize("path", ["/layers/tts", "/layers/tts/tts_engine", "/layers/tts/tts_engine/x"])
def test_what_was_written_or_stands_around_it_has_not_vanished(path):
    one = change(field(path, None, "azure"), before=BEFORE, after=BEFORE)
    assert verdict(one, {"pal_name": "A", "system_prompt": "old", "layers": {"llm": {"model": "m"}}}).vanished == ()


@pytest.mark.parametrize("value", [None, "", [], {}, SENSITIVE, "********"])
def test_nothing_vanishes_that_was_nothing_or_hidden(value):
    before = {"pal_name": "A", "layers": {"llm": {"extra_body": {"x": value}}}, "tools": ["t1"]}
    one = change(PROMPT, before=before, after=before)
    assert verdict(one, {"pal_name": "A", "system_prompt": "new"}).vanished == ()


def test_a_secret_of_which_only_its_presence_shows_has_gone_when_that_no_longer_does():
    """`has_password` is all that a deployment tells of its password."""

    def of(body):
        one = change_of(at("deployment.site"), Action.UPDATE, id="d1", before={}, fields=(gone,), managed={})
        return judge(one, live("deployment", "d1", {"name": "Site", **body}), SECRETS, {})

    row = next(row for row in kind("deployment").fields if row.presence_field is not None)
    gone = field(row.path, SENSITIVE, None, sensitive=True)
    present = {row.presence_field[1:]: True}
    assert of(present).pending == (row.path,)
    assert of({row.presence_field[1:]: False}).good and of({}).good


def test_304_settles_what_the_server_does_not_show():
    assert verdict(change(PROMPT), {"pal_name": "A"}, unchanged=True).good


@pytest.mark.parametrize("mark", ["publish_url", "is_draft", "has_unpublished_changes"])
def test_a_draft_is_not_live(mark):
    found = verdict(change(PROMPT), {"pal_name": "A", "system_prompt": "new", mark: True})
    assert found.draft
    assert not found.good


BEFORE = {
    "pal_name": "A",
    "system_prompt": "old",
    "layers": {"llm": {"model": "m", "api_key": SENSITIVE}, "tts": {"tts_engine": "azure"}},
}


def test_a_member_outside_the_patch_that_vanished():
    after = {**BEFORE, "system_prompt": "new"}
    one = change(PROMPT, before=BEFORE, after=after)
    found = verdict(one, {"pal_name": "A", "system_prompt": "new", "layers": {"llm": {"model": "m"}}})
    assert found.vanished == ("/layers/tts/tts_engine",)
    assert not found.good
    whole = verdict(
        one,
        {"pal_name": "A", "system_prompt": "new", "layers": {"llm": {"model": "m"}, "tts": {"tts_engine": "azure"}}},
    )
    assert whole.good


def test_what_the_patch_removes_has_not_vanished():
    after = {"pal_name": "A", "system_prompt": "new", "layers": {"llm": {"model": "m"}}}
    one = change(PROMPT, field("/layers/tts/tts_engine", "azure", None), before=BEFORE, after=after)
    assert verdict(one, {"pal_name": "A", "system_prompt": "new", "layers": {"llm": {"model": "m"}}}).good


def test_a_new_object_has_nothing_to_lose():
    one = replace(change(PROMPT, before=BEFORE), action=Action.CREATE)
    assert verdict(one, {"pal_name": "A", "system_prompt": "new"}).good


def test_what_the_patch_takes_along_has_not_vanished():
    """The old name of a moved field goes with the move; the plan says so by not holding it afterwards."""
    after = {"pal_name": "A", "system_prompt": "new", "layers": {"llm": {"model": "m"}}}
    one = change(PROMPT, before=BEFORE, after=after)
    shown = {"pal_name": "A", "system_prompt": "new", "layers": {"llm": {"model": "m"}}}
    assert verdict(one, shown).vanished == ()
