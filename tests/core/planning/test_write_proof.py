"""What one change shows is held against the object that it is about, and against what it would send."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
from hypothesis import given

from reconciler.core.planning.write_proof import agree, wrong_create, wrong_delete, wrong_update
from reconciler.types.address import ResourceRef
from reconciler.types.change import Action, Change, Direction, FieldChange, PatchOp, Reason
from reconciler.types.json import SENSITIVE, Json, Object, is_mask
from tests.support.honest_plans import PAGE, STORIES, Made, Story
from tests.support.making import at, env, live, manifest
from tests.support.strategies import DATA

NEW, DESK, CALLER = "new", "persona.desk", "persona.caller"


@cache
def told(story: str) -> Made:
    return STORIES[story].told()


def wrong(made: Made, change: Change) -> list[str]:
    """What is said against `change` where that of its address stands in the plan."""
    live, entry = made.live(str(change.address)), made.entry(str(change.address))
    if change.action is Action.CREATE:
        return [*wrong_create(change)]
    if change.action in (Action.DELETE, Action.FORGET):
        return [*wrong_delete(change, live, entry.secret_paths if entry else ())]
    return [*wrong_update(change, entry, live, made.ground.book)]


def shown(document: Object | None, **members: Json) -> Object:
    return {**(document or {}), **members}


def with_field(change: Change, path: str, **members: object) -> Change:
    fields = [replace(one, **members) if one.path == path else one for one in change.fields]  # type: ignore[arg-type]
    return replace(change, fields=tuple(fields))


def also(change: Change, path: str, before: Json, after: Json, **members: Json) -> Change:
    """With one more field shown."""
    more = FieldChange(path, Direction.GIT, before, after, **members)  # type: ignore[arg-type]
    return replace(change, fields=(*change.fields, more))


def patched(change: Change, *operations: PatchOp) -> Change:
    return replace(change, patch=(*change.patch, *operations))


@pytest.mark.parametrize("story", STORIES)
def test_nothing_is_said_against_what_was_made_here(story: str) -> None:
    made = told(story)
    assert [wrong(made, change) for change in made.plan.changes] == [[] for _ in made.plan.changes]


# --- an object that is made ---------------------------------------------------------------------------------------

NOT_THE_FIELDS = "the fields that it shows are not those of the new object"
NAMED = "its name is not the one that would be sent"
NOT_MADE_OF = "a new object has a patch, or nothing to be made of"
UNREADY = "it refers to what it does not depend on"
CREATES = {
    "a patch": (lambda one: patched(one, PatchOp("add", "/greeting", "x")), NOT_MADE_OF),
    "something before": (lambda one: replace(one, before={}), NOT_MADE_OF),
    "nothing after": (lambda one: replace(one, after=None), NOT_MADE_OF),
    "a field untold": (lambda one: replace(one, fields=one.fields[1:]), NOT_THE_FIELDS),
    "a field too much": (lambda one: also(one, "/greeting", None, "x"), NOT_THE_FIELDS),
    "another value": (
        lambda one: with_field(one, "/system_prompt", after="Be nice."),
        "/system_prompt is shown as another value than would be sent",
    ),
    "a value that was never there": (
        lambda one: with_field(one, "/system_prompt", before="Old."),
        "/system_prompt is shown as another value than would be sent",
    ),
    "another value for the state": (
        lambda one: replace(one, managed=shown(one.managed, **{"/system_prompt": "Be nice."})),
        "/system_prompt would be recorded as another value than is sent",
    ),
    "another name": (lambda one: replace(one, name="desks"), NAMED),
}


@pytest.mark.parametrize("forgery", CREATES)
def test_what_a_new_object_shows_is_what_is_sent(forgery: str) -> None:
    forge, said = CREATES[forgery]
    made = told(NEW)
    assert wrong(made, forge(made.change(DESK))) == [said]


def test_a_value_of_a_new_object_is_hidden_only_where_a_secret_is_sent() -> None:
    change = told(NEW).change(DESK)
    hidden = replace(change, after=shown(change.after, system_prompt=SENSITIVE))
    assert "/system_prompt would be recorded as another value than is sent" in [*wrong_create(hidden)]
    managed = shown(change.managed, **{"/system_prompt": env("KEY")})
    assert "/system_prompt would be recorded as another value than is sent" not in [
        *wrong_create(replace(hidden, managed=managed))
    ]


def test_a_new_object_waits_for_all_that_it_refers_to() -> None:
    change = told(NEW).change(CALLER)
    assert len(change.depends_on) == 2
    for address in change.depends_on:
        assert [*wrong_create(replace(change, depends_on=(address,)))] == [UNREADY]
    more = (*change.depends_on, at("tool.other"))
    assert [*wrong_create(replace(change, depends_on=more))] == []


# --- an object that goes ------------------------------------------------------------------------------------------

NOT_AS_IT_IS = "it does not show the object that goes as it is"


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"patch": (PatchOp("add", "/greeting", "x"),)}, "an object that goes has changes of its own"),
        ({"fields": (FieldChange("/greeting", Direction.GIT),)}, "an object that goes has changes of its own"),
        ({"after": {}}, "an object that goes has changes of its own"),
        ({"before": None}, "it does not show the object that goes"),
        ({"before": {"pal_name": "desk"}}, NOT_AS_IT_IS),
    ],
)
def test_an_object_that_goes_is_shown_and_nothing_else(members: dict[str, object], said: str) -> None:
    made = told("gone")
    assert wrong(made, replace(made.change(DESK), **members)) == [said]  # type: ignore[arg-type]


def test_its_secrets_are_hidden_and_nothing_else_of_it_is() -> None:
    """The account of a stranger may show a key in the clear: what the state knows as a secret stays hidden."""
    change = told("gone").change(DESK)
    assert change.before is not None
    layers = change.before["layers"]
    assert isinstance(layers, dict) and isinstance(layers["llm"], dict) and is_mask(layers["llm"]["api_key"])
    clear = live(
        "persona", change.id or "", {**change.before, "layers": {"llm": {**layers["llm"], "api_key": "sk-1"}}}
    )
    assert [*wrong_delete(change, clear, ["/layers/llm/api_key"])] == []
    open_ = replace(change, before={**change.before, "layers": {"llm": {**layers["llm"], "api_key": "sk-1"}}})
    assert [*wrong_delete(open_, clear, ["/layers/llm/api_key"])] == [NOT_AS_IT_IS]
    masked = replace(change, before={**change.before, "system_prompt": SENSITIVE})
    assert [*wrong_delete(masked, clear, ["/layers/llm/api_key"])] == [NOT_AS_IT_IS]


def test_what_is_attached_to_it_may_have_been_read_or_not() -> None:
    made = told("gone")
    change = made.change(CALLER)
    without = {key: value for key, value in (change.before or {}).items() if key != "tools"}
    assert wrong(made, replace(change, before=without)) == []


def test_only_what_is_forgotten_need_not_be_shown() -> None:
    made = told("forgotten")
    change = replace(made.change(DESK), before=None)
    assert [*wrong_delete(change, None, ())] == wrong(made, change) == []
    assert [*wrong_delete(replace(change, action=Action.DELETE), None, ())] == [
        "it does not show the object that goes"
    ]


# --- an object that changes ---------------------------------------------------------------------------------------


PROMPT = PatchOp("replace", "/system_prompt", "x")
NOT_BEFORE, NOT_AFTER = "{} is not shown as it stood before", "{} is not shown as it would stand after"
UNSAID, OTHER = "{} would be written and is not shown", "{} is shown as another value than would be sent"
UPDATES = {
    "no before": (lambda one: replace(one, before=None), ["it does not show what it changes"]),
    "another before": (
        lambda one: replace(one, before=shown(one.before, system_prompt="It was so.")),
        [NOT_BEFORE.format("/system_prompt")],
    ),
    "a member that is not there": (
        lambda one: replace(one, before=shown(one.before, pal_description="x")),
        [NOT_BEFORE.format("/pal_description")],
    ),
    "another after": (
        lambda one: replace(one, after=shown(one.after, system_prompt="Be nice.")),
        [NOT_AFTER.format("/system_prompt")],
    ),
    "a hidden after": (
        lambda one: replace(one, after=shown(one.after, system_prompt=SENSITIVE)),
        [NOT_AFTER.format("/system_prompt")],
    ),
    "a patch that does more": (
        lambda one: replace(
            patched(one, PatchOp("add", "/pal_description", "x")), after=shown(one.after, pal_description="x")
        ),
        [UNSAID.format("/pal_description")],
    ),
    "a patch that takes more away": (
        lambda one: replace(
            patched(one, PatchOp("remove", "/default_face_id")),
            after={key: value for key, value in (one.after or {}).items() if key != "default_face_id"},
        ),
        [UNSAID.format("/default_face_id")],
    ),
    "a field untold": (
        lambda one: replace(one, fields=tuple(field for field in one.fields if field.path != "/system_prompt")),
        ["/system_prompt would be recorded as another value than the account has", UNSAID.format("/system_prompt")],
    ),
    "a field that was otherwise": (
        lambda one: with_field(one, "/system_prompt", before="It was so."),
        ["/system_prompt is not shown as it stands now"],
    ),
    "a field that becomes something else": (
        lambda one: with_field(one, "/system_prompt", after="Be nice."),
        [OTHER.format("/system_prompt")],
    ),
    "a field that only seems to be written": (
        lambda one: replace(
            also(one, "/pal_description", None, "x"), managed=shown(one.managed, **{"/pal_description": "x"})
        ),
        ["/pal_description is shown, and would not be written"],
    ),
    "a field that nobody can write": (
        lambda one: also(one, "/created_at", None, "x"),
        ["/created_at cannot be written"],
    ),
    "somebody else's edit": (
        lambda one: with_field(one, "/system_prompt", direction=Direction.LIVE),
        ["/system_prompt was changed by the manifest, not in the account"],
    ),
    "somebody else's choice": (
        lambda one: with_field(one, "/layers/llm/model", direction=Direction.LIVE),
        ["/layers/llm/model was changed by the manifest, not in the account"],
    ),
    "another value for the state": (
        lambda one: replace(one, managed=shown(one.managed, **{"/default_face_id": "r0"})),
        ["/default_face_id would be recorded as another value than the account has"],
    ),
    "called a change of references": (
        lambda one: replace(one, reason=Reason.REPOINTED),
        ["more than references changes"],
    ),
    "something made that is there": (
        lambda one: replace(one, parents=("/layers/llm",)),
        ["it says to make what is there already"],
    ),
}


@pytest.mark.parametrize("forgery", UPDATES)
def test_what_a_change_shows_is_what_it_does(forgery: str) -> None:
    forge, said = UPDATES[forgery]
    made = told("edited")
    assert wrong(made, forge(made.change(DESK))) == said


def test_what_writes_nothing_has_no_patch() -> None:
    made = told("observed")
    change = made.change(DESK)
    assert change.action is Action.NOOP and change.fields
    assert "it has a patch and writes nothing" in wrong(made, patched(change, PROMPT))


def test_what_is_observed_is_shown_as_it_is_and_nothing_is_said_of_what_it_will_be() -> None:
    made = told("observed")
    change = made.change(DESK)
    said = wrong(made, replace(change, before=shown(change.before, system_prompt="It was so.")))
    assert said == [NOT_BEFORE.format("/system_prompt")]
    assert wrong(made, replace(change, after=shown(change.after, system_prompt="Whatever."))) == []


def test_without_the_object_nothing_can_be_compared() -> None:
    made = told("edited")
    change = replace(made.change(DESK), fields=(), before=None, patch=())
    assert [*wrong_update(change, made.entry(DESK), None, made.ground.book)] == ["it does not show what it changes"]
    idle = replace(change, action=Action.NOOP)
    assert [*wrong_update(idle, made.entry(DESK), None, made.ground.book)] == []


def test_a_key_goes_to_no_address_that_is_not_shown() -> None:
    """The key may travel with a change of its layer unseen, its value may not be another one."""
    made = told("edited")
    change = made.change(DESK)
    key = next(operation for operation in change.patch if operation.path.endswith("api_key"))
    rest = tuple(operation for operation in change.patch if operation is not key)
    assert wrong(made, change) == []
    other = replace(change, patch=(*rest, replace(key, value=env("OTHER"))))
    assert UNSAID.format("/layers/llm/api_key") in wrong(made, other)
    clear = replace(change, patch=(*rest, replace(key, value="sk-of-a-forger")))
    assert UNSAID.format("/layers/llm/api_key") in wrong(made, clear)


def test_no_value_is_written_that_nobody_could_see() -> None:
    """Called a secret, a text of the forger's could hide behind the mask."""
    made = told("edited")
    change = made.change(DESK)
    patch = tuple(replace(one, value="Obey.") if one.path == "/system_prompt" else one for one in change.patch)
    managed = shown(change.managed, **{"/system_prompt": env("KEY")})
    hidden = replace(change, patch=patch, managed=managed, after=shown(change.after, system_prompt=SENSITIVE))
    assert "/system_prompt would get a value that is not shown" in wrong(made, hidden)


def test_a_patch_that_does_not_fit_the_object_is_told() -> None:
    made = told("edited")
    [said] = wrong(made, patched(made.change(DESK), PatchOp("remove", "/nowhere")))
    assert said.startswith("its patch cannot be applied (")


def test_a_secret_of_the_state_is_hidden_in_what_is_shown() -> None:
    made = told("layers gone")
    change = made.change(DESK)
    assert is_mask(next(one.before for one in change.fields if one.path == "/layers/llm/api_key"))
    assert wrong(made, with_field(change, "/layers/llm/api_key", before="sk-1")) == [
        "/layers/llm/api_key is not shown as it stands now"
    ]


@pytest.mark.parametrize("path", ["/tools", "/guardrail_ids"])
def test_what_is_attached_is_shown_as_it_will_be(path: str) -> None:
    made = told("parts come")
    change = made.change(DESK)
    assert wrong(made, with_field(change, path, after=["t0"])) == [OTHER.format(path)]


def test_a_change_waits_for_all_that_it_refers_to() -> None:
    made = told("parts come")
    change = made.change(DESK)
    for address in change.depends_on:
        assert wrong(made, replace(change, depends_on=(address,))) == [UNREADY]


def test_a_change_of_references_is_one_of_references_that_are_not_there_yet() -> None:
    made = told("made anew")
    change = made.change(DESK)
    assert change.reason is Reason.REPOINTED
    known = with_field(change, "/document_ids", after_unknown=False)
    assert "more than references changes" in wrong(made, known)
    more = replace(
        also(patched(change, PROMPT), "/system_prompt", "Be brief.", "x", after_unknown=True),
        managed=shown(change.managed, **{"/system_prompt": "x"}),
    )
    assert "more than references changes" in wrong(made, more)


def test_what_was_fixed_when_it_was_made_is_not_changed() -> None:
    other = manifest("document.page", {**PAGE, "document_name": "other"})
    made = Story([other], [manifest("document.page", PAGE)]).told()
    change = made.change("document.page")
    assert wrong(made, change) == []
    forged = also(change, "/document_url", "https://docs.example/a", "https://docs.example/b")
    assert wrong(made, forged) == ["/document_url cannot be written"]


def test_what_is_left_alone_may_hold_a_reference_that_stands_nowhere() -> None:
    made = told("ignored")
    change = made.change(DESK)
    hidden = replace(change, after=shown(change.after, pal_description=SENSITIVE))
    assert wrong(made, hidden) == [NOT_AFTER.format("/pal_description")]
    ignoring = replace(change.lifecycle, ignore=("/pal_description",))
    assert wrong(made, replace(hidden, lifecycle=ignoring)) == []


# --- whether people were shown what is meant ----------------------------------------------------------------------


@given(DATA)
def test_all_data_is_shown_as_itself(value: Json) -> None:
    assert agree(value, value)
    assert agree(value, SENSITIVE) == is_mask(value) == agree(SENSITIVE, value)


@pytest.mark.parametrize(
    ("shown", "wanted", "agreed"),
    [
        (None, {}, True),
        ([], None, True),
        (None, False, False),
        (False, None, False),
        (None, 0, False),
        (None, "", False),
        ("", None, False),
        (1, True, False),
        (1, 1.0, True),
        ("1", 1, False),
        (None, ResourceRef("tool.x"), True),
        (None, [ResourceRef("tool.x")], True),
        (None, ["t1"], False),
        ("t0", ResourceRef("tool.x"), False),
        ([1, 2], [2, 1], False),
        ([1], [1, 2], False),
        ({"a": 1}, {"a": 1, "b": None}, True),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": SENSITIVE}, {"a": SENSITIVE}, True),
        ({"a": SENSITIVE}, {}, False),
    ],
)  # fmt: skip
def test_what_counts_as_shown(shown: Json, wanted: Json, agreed: bool) -> None:
    assert agree(shown, wanted) is agreed
