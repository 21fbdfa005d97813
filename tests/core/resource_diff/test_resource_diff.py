"""One resource against its live object: edits, fields, drift, ownership, lifecycle."""

from __future__ import annotations

import pytest

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.diff.three_way import desired_digest
from reconciler.core.resource_diff import plan_existing
from reconciler.core.resource_diff.resource_plan import Binding, DiffContext, field_change
from reconciler.core.state.entry_records import record
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Direction, Reason
from tests.support.making import at, book, entry, env, live, resource

PERSONA = kind("persona")
SECRETS = book(KEY="sk-1", NEW="sk-2")


def sent(**leaves):
    """Digests as state would hold them: `system_prompt="x"`, two underscores for a slash."""
    return {
        path: desired_digest(field_at(PERSONA, path), value, SECRETS)
        for path, value in (("/" + name.replace("__", "/"), value) for name, value in leaves.items())
    }


def plan(wanted, found, known=None, *, tools=None, resend=False, vocabulary="pal", reason=Reason.CHANGED):
    return plan_existing(
        wanted if not isinstance(wanted, dict) else resource("persona.a", wanted),
        live("persona", "p1", found, tools=tools),
        Binding("p1", reason, known),
        DiffContext(SECRETS, KINDS, vocabulary, resend),
    )


def ops(planned):
    return [(op.op, op.path, op.value) for op in planned.change.patch]


def test_in_sync_is_no_change():
    planned = plan(
        {"pal_name": "A", "system_prompt": "x"},
        {"pal_name": "A", "system_prompt": "x", "greeting": "hi"},
        entry("p1"),
    )
    assert planned.change.action is Action.NOOP
    assert not planned.change.is_difference
    assert planned.drift == ()


def test_what_only_the_account_has_is_not_ours():
    planned = plan({"pal_name": "A"}, {"pal_name": "A", "layers": {"llm": {"model": "theirs"}}}, entry("p1"))
    assert planned.change.fields == ()


def test_each_difference_has_its_direction():
    known = entry("p1", sent=sent(pal_name="A", system_prompt="old", greeting="hi"))
    planned = plan(
        {"pal_name": "B", "system_prompt": "mine", "greeting": "hi"},
        {"pal_name": "A", "system_prompt": "theirs", "greeting": "hey"},
        known,
    )
    assert {field.path: field.direction for field in planned.change.fields} == {
        "/pal_name": Direction.GIT,
        "/system_prompt": Direction.BOTH,
        "/greeting": Direction.LIVE,
    }
    drift = {field.path: field for field in planned.drift}
    assert drift.keys() == {"/system_prompt", "/greeting"}
    assert (drift["/greeting"].before, drift["/greeting"].after, drift["/greeting"].before_unknown) == (
        "hi",
        "hey",
        False,
    )
    assert (drift["/system_prompt"].before, drift["/system_prompt"].before_unknown) == (None, True)


def test_a_path_that_left_the_manifest_is_removed():
    known = entry("p1", sent=sent(pal_name="A", greeting="hi"))
    planned = plan({"pal_name": "A"}, {"pal_name": "A", "greeting": "hi"}, known)
    assert ops(planned) == [("remove", "/greeting", None)]


def test_a_path_that_left_is_not_removed_while_it_says_nothing():
    known = entry("p1", sent=sent(pal_name="A", greeting="hi"))
    planned = plan({"pal_name": "A"}, {"pal_name": "A", "greeting": ""}, known)
    assert planned.change.action is Action.NOOP
    assert planned.dropped == ("/greeting",)


def test_a_path_we_never_applied_is_never_removed():
    planned = plan({"pal_name": "A"}, {"pal_name": "A", "greeting": "theirs"}, entry("p1", sent=sent(pal_name="A")))
    assert planned.change.fields == ()


def test_a_parent_that_we_made_goes_with_its_last_leaf():
    known = entry("p1", sent=sent(pal_name="A", layers__stt__hotwords="w"), parents=("/layers/stt",))
    found = {"pal_name": "A", "layers": {"stt": {"hotwords": "w", "stt_engine": "tavus-auto"}, "llm": {"model": "m"}}}
    assert ops(plan({"pal_name": "A"}, found, known)) == [("remove", "/layers/stt", None)]


def test_a_parent_that_holds_somebody_elses_value_stays():
    known = entry("p1", sent=sent(pal_name="A", layers__stt__hotwords="w"), parents=("/layers/stt",))
    found = {"pal_name": "A", "layers": {"stt": {"hotwords": "w", "stt_engine": "tavus-whisper"}}}
    assert ops(plan({"pal_name": "A"}, found, known)) == [("remove", "/layers/stt/hotwords", None)]


def test_null_removes_what_is_there():
    assert ops(plan({"pal_name": "A", "greeting": None}, {"pal_name": "A", "greeting": "hi"}, entry("p1"))) == [
        ("remove", "/greeting", None)
    ]


def test_the_name_is_never_removed():
    known = entry("p1", sent=sent(pal_name="A"))
    assert plan({"system_prompt": "x"}, {"pal_name": "A", "system_prompt": "x"}, known).change.fields == ()


CUSTOM = {"pal_name": "A", "layers": {"llm": {"model": "m", "base_url": "https://u", "api_key": env("KEY")}}}


def test_the_key_of_a_custom_llm_travels_with_any_write_near_it():
    known = entry(
        "p1",
        sent=sent(
            pal_name="A", layers__llm__model="m", layers__llm__base_url="https://u", layers__llm__api_key=env("KEY")
        ),
    )
    found = {"pal_name": "A", "layers": {"llm": {"model": "moved", "base_url": "https://u", "api_key": "********"}}}
    assert ops(plan(CUSTOM, found, known)) == [
        ("replace", "/layers/llm/api_key", env("KEY")),
        ("replace", "/layers/llm/base_url", "https://u"),
        ("replace", "/layers/llm/model", "m"),
    ]


def test_a_write_near_a_custom_llm_without_its_key_is_blocked():
    found = {"pal_name": "A", "layers": {"llm": {"model": "m", "base_url": "https://u", "api_key": "********"}}}
    planned = plan({"pal_name": "A", "layers": {"llm": {"model": "new"}}}, found, entry("p1"))
    assert [block.rule for block in planned.change.blocked] == ["secret"]


def test_a_hosted_llm_has_no_such_company():
    found = {"pal_name": "A", "layers": {"llm": {"model": "m"}}}
    assert ops(plan({"pal_name": "A", "layers": {"llm": {"model": "new"}}}, found, entry("p1"))) == [
        ("replace", "/layers/llm/model", "new")
    ]


def test_a_hidden_secret_is_assumed_at_import_and_said():
    found = {"pal_name": "A", "layers": {"llm": {"model": "m", "base_url": "https://u", "api_key": "********"}}}
    planned = plan(CUSTOM, found)
    assert planned.change.importing == "p1"
    assert planned.change.action is Action.NOOP
    assert planned.assumed == ("/layers/llm/api_key",)
    assert "--resend-secrets" in planned.change.notes[0]


def test_secrets_are_written_again_on_request():
    found = {"pal_name": "A", "layers": {"llm": {"model": "m", "base_url": "https://u", "api_key": "********"}}}
    planned = plan(CUSTOM, found, resend=True)
    assert ("replace", "/layers/llm/api_key", env("KEY")) in ops(planned)


def test_no_side_of_a_change_shows_a_secret():
    found = {"pal_name": "A", "layers": {"llm": {"model": "m", "base_url": "https://u", "api_key": "sk-live"}}}
    planned = plan(CUSTOM, found, entry("p1"))
    (field,) = planned.change.fields
    assert (field.path, field.before, field.after, field.sensitive) == (
        "/layers/llm/api_key",
        "(sensitive)",
        env("KEY"),
        True,
    )
    assert "sk-" not in repr(planned)


@pytest.mark.parametrize("adopted", [True, False])
def test_a_secret_shown_in_the_clear_is_not_carried_along(adopted):
    """Keys the patch leaves alone, managed here or not, stay out of both sides; ours is known by its reference."""
    wanted = {
        "pal_name": "A",
        "greeting": "new",
        "layers": {"tts": {"tts_engine": "cartesia", "api_key": env("KEY")}},
    }
    tts = {"tts_engine": "cartesia", "api_key": "sk-1"}
    found = {"pal_name": "A", "greeting": "old", "layers": {"tts": tts, "llm": {"api_key": "sk-theirs"}}}
    digests = sent(pal_name="A", greeting="old", layers__tts__api_key=env("KEY"))
    planned = plan(wanted, found, None if adopted else entry("p1", sent=digests))
    assert ops(planned) == [("replace", "/greeting", "new")]
    assert "sk-" not in repr((planned.change.before, planned.change.after))
    assert planned.change.after["greeting"] == "new"
    assert planned.change.after["layers"]["llm"]["api_key"] == "(sensitive)"


def test_ignored_paths_are_neither_compared_nor_removed():
    wanted = resource(
        "persona.a", {"pal_name": "A", "layers": {"tts": {"voice_settings": {"speed": 1}}}}, ignore=("/layers/tts",)
    )
    known = entry("p1", sent=sent(pal_name="A", layers__tts__tts_engine="x"))
    planned = plan(
        wanted, {"pal_name": "A", "layers": {"tts": {"voice_settings": {"speed": 2}, "tts_engine": "y"}}}, known
    )
    assert planned.change.fields == ()
    assert "/layers/tts/voice_settings/speed" not in planned.change.managed


def test_what_is_only_observed_is_reported_and_never_written():
    wanted = resource("persona.a", {"pal_name": "A", "greeting": "hi"}, manage="observe")
    planned = plan(wanted, {"pal_name": "A", "greeting": "hey"}, entry("p1", sent=sent(greeting="hi")))
    assert (planned.change.action, planned.change.reason, planned.change.patch) == (Action.NOOP, Reason.OBSERVE, ())
    assert [field.path for field in planned.drift] == ["/greeting"]


@pytest.mark.parametrize(
    ("tools", "expected"),
    [(("t1", "t2"), None), (("t1",), ["t1"]), ((), []), (("t1", "t2", "t3"), ["t1", "t2", "t3"])],
)
def test_attachments_are_a_set_of_ids_and_no_part_of_the_patch(tools, expected):
    planned = plan({"pal_name": "A", "tools": ["t2", "t1"]}, {"pal_name": "A"}, entry("p1"), tools=tools)
    assert planned.change.patch == ()
    assert [(field.path, field.before) for field in planned.change.fields] == (
        [] if expected is None else [("/tools", expected)]
    )
    assert planned.change.action is (Action.NOOP if expected is None else Action.UPDATE)


def test_attachments_without_the_key_are_not_ours():
    assert plan({"pal_name": "A"}, {"pal_name": "A"}, entry("p1"), tools=("t9",)).change.fields == ()


def test_a_reference_that_gets_a_new_id_is_a_repointing():
    wanted = resource("persona.a", {"pal_name": "A", "guardrail_ids": [ResourceRef("tool.x")]})
    known = entry("p1", sent=sent(pal_name="A", guardrail_ids=["g1"]))
    planned = plan(wanted, {"pal_name": "A", "guardrail_ids": ["g1"]}, known)
    assert planned.change.reason is Reason.REPOINTED
    assert planned.change.fields[0].after_unknown


def test_a_difference_on_something_the_item_lacks_asks_for_the_object():
    assert plan({"pal_name": "A", "system_prompt": "x"}, {"pal_name": "A"}, entry("p1")).absent
    assert not plan(
        {"pal_name": "A", "system_prompt": "x"}, {"pal_name": "A", "system_prompt": "y"}, entry("p1")
    ).absent


@pytest.mark.parametrize("vocabulary", ["pal", "persona"])
def test_the_patch_speaks_the_words_of_the_object(vocabulary):
    found = {"persona_name": "A", "default_replica_id": "r1"}
    assert ops(plan({"pal_name": "B", "default_face_id": "r2"}, found, entry("p1"), vocabulary=vocabulary)) == [
        ("replace", "/default_replica_id", "r2"),
        ("replace", "/persona_name", "B"),
    ]


def test_what_was_recorded_is_in_sync_the_next_time():
    wanted = {"pal_name": "A", "layers": {"tts": {"tts_engine": "Cartesia"}}}
    shown = live("persona", "p1", {"pal_name": "A", "layers": {"tts": {"tts_engine": "cartesia"}}})
    first = plan(wanted, shown.body, entry("p1"))
    assert first.change.action is Action.UPDATE
    kept = record(first.change, shown, None, SECRETS, {})
    assert kept.seen.keys() == {"/layers/tts/tts_engine"}
    assert plan(wanted, shown.body, kept).change.fields == ()
    moved = plan(wanted, {"pal_name": "A", "layers": {"tts": {"tts_engine": "azure"}}}, kept)
    assert [field.direction for field in moved.change.fields] == [Direction.LIVE]
    assert at("persona.a") == moved.change.address


def test_a_path_that_left_and_that_somebody_changed_is_both():
    known = entry("p1", sent=sent(pal_name="A", greeting="hi"))
    planned = plan({"pal_name": "A"}, {"pal_name": "A", "greeting": "theirs"}, known)
    (change,) = planned.change.fields
    assert (change.path, change.direction, change.before, change.after) == (
        "/greeting",
        Direction.BOTH,
        "theirs",
        None,
    )
    (drifted,) = planned.drift
    assert (drifted.path, drifted.direction, drifted.after, drifted.before_unknown) == (
        "/greeting", Direction.BOTH, "theirs", True,
    )  # fmt: skip
    assert ops(planned) == [("remove", "/greeting", None)]


def test_a_path_that_left_and_that_nobody_changed_is_git_and_no_drift():
    known = entry("p1", sent=sent(pal_name="A", greeting="hi"))
    planned = plan({"pal_name": "A"}, {"pal_name": "A", "greeting": "hi"}, known)
    assert [field.direction for field in planned.change.fields] == [Direction.GIT]
    assert planned.drift == ()


@pytest.mark.parametrize("seen", ["hidden", None])
def test_a_secret_that_left_is_removed_without_being_called_drift(seen):
    """What the account hides can be compared with nothing, so nobody is said to have moved it."""
    digests = sent(pal_name="A", layers__llm__model="own", layers__llm__api_key=env("KEY"))
    known = entry("p1", sent=digests, seen={"/layers/llm/api_key": seen} if seen else {})
    found = {"pal_name": "A", "layers": {"llm": {"model": "own", "api_key": "********"}}}
    planned = plan({"pal_name": "A", "layers": {"llm": {"model": "own"}}}, found, known)
    assert [(field.path, field.direction, field.before) for field in planned.change.fields] == [
        ("/layers/llm/api_key", Direction.GIT, "(sensitive)")
    ]
    assert planned.drift == ()


def test_a_secret_that_left_and_was_hidden_is_not_compared_when_it_shows():
    digests = sent(pal_name="A", layers__llm__model="own", layers__llm__api_key=env("KEY"))
    known = entry("p1", sent=digests, seen={"/layers/llm/api_key": "hidden"})
    found = {"pal_name": "A", "layers": {"llm": {"model": "own", "api_key": "sk-shown-all-of-a-sudden"}}}
    planned = plan({"pal_name": "A", "layers": {"llm": {"model": "own"}}}, found, known)
    assert [field.direction for field in planned.change.fields] == [Direction.GIT]
    assert "sk-shown" not in repr(planned)


def test_a_parent_stays_while_the_manifest_has_something_in_it():
    digests = sent(pal_name="A", layers__stt__hotwords="w", layers__stt__stt_engine="tavus-auto")
    known = entry("p1", sent=digests, parents=("/layers/stt",))
    found = {"pal_name": "A", "layers": {"stt": {"hotwords": "w", "stt_engine": "tavus-auto"}}}
    planned = plan({"pal_name": "A", "layers": {"stt": {"stt_engine": "tavus-auto"}}}, found, known)
    assert ops(planned) == [("remove", "/layers/stt/hotwords", None)]


def test_what_would_be_left_empty_goes_whole_whoever_made_it():
    known = entry("p1", sent=sent(pal_name="A", layers__stt__hotwords="w"))
    layers = {"stt": {"hotwords": "w"}, "llm": {"model": "m"}}
    planned = plan({"pal_name": "A"}, {"pal_name": "A", "layers": layers}, known)
    assert ops(planned) == [("remove", "/layers/stt", None)]
    planned = plan({"pal_name": "A"}, {"pal_name": "A", "layers": {"stt": {"hotwords": "w"}}}, known)
    assert ops(planned) == [("remove", "/layers", None)]


def test_nothing_travels_with_the_removal_of_the_whole_layer():
    digests = sent(pal_name="A", layers__llm__model="own", layers__llm__base_url="https://u.example")
    known = entry("p1", sent=digests, parents=("/layers/llm",))
    found = {"pal_name": "A", "layers": {"llm": {"model": "own", "base_url": "https://u.example"}}}
    planned = plan({"pal_name": "A"}, found, known)
    assert ops(planned) == [("remove", "/layers", None)]
    assert planned.change.blocked == ()


def test_a_key_that_must_travel_and_that_nobody_has_blocks_the_write():
    """The API takes no write under a custom LLM without its key; a masked one cannot be sent back."""
    digests = sent(pal_name="A", layers__llm__model="one", layers__llm__base_url="https://u.example")
    found = {
        "pal_name": "A",
        "layers": {"llm": {"model": "one", "base_url": "https://u.example", "api_key": "********"}},
    }
    wanted = {"pal_name": "A", "layers": {"llm": {"model": "two", "base_url": "https://u.example"}}}
    planned = plan(wanted, found, entry("p1", sent=digests))
    (block,) = planned.change.blocked
    assert block.rule == "secret"
    assert "/layers/llm/api_key must travel with this write" in block.message
    assert "add /layers/llm/api_key to the manifest" in block.hint


@pytest.mark.parametrize(
    ("greeting", "reason"), [("hi", Reason.REPOINTED), ("another", Reason.CHANGED)], ids=["only the id", "and a text"]
)
def test_only_a_change_of_nothing_but_new_ids_is_a_repointing(greeting, reason):
    known = entry("p1", sent={**sent(pal_name="A", greeting="hi"), "/guardrail_ids": "digest of the old id"})
    wanted = {"pal_name": "A", "greeting": greeting, "guardrail_ids": [ResourceRef("guardrail.new")]}
    planned = plan(wanted, {"pal_name": "A", "greeting": "hi", "guardrail_ids": ["g1"]}, known)
    assert planned.change.action is Action.UPDATE
    assert planned.change.reason is reason


@pytest.mark.parametrize(
    ("place", "value", "sensitive"),
    [
        ("default_query/api-version", "2024-02-15-preview", False),
        ("headers/X-Organization-ID", "your-org-id", False),
        ("headers/X-Request-Source", "tavus-cvi", False),
        ("headers/Authorization", "Bearer abc", True),
        ("default_query/api-key", "abc", True),
        ("headers/X-Any", "sk-abcdef", True),
    ],
)
@pytest.mark.parametrize("before", [None, "another", "********"])
def test_a_header_or_parameter_is_shown_unless_it_is_a_credential(
    place: str, value: str, sensitive: bool, before: str | None
) -> None:
    found = field_change(PERSONA, f"/layers/llm/{place}", Direction.GIT, before, value)
    assert (found.sensitive, found.after == value) == (sensitive, not sensitive)
    assert found.before in (None, before, "(sensitive)")
    assert found.before != "********"
