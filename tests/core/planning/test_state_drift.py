"""Drift without a manifest: by what state remembers."""

from __future__ import annotations

from reconciler.core.planning.state_drift import drift_from_state
from reconciler.core.state.applied_record import record
from reconciler.types.change import Action
from reconciler.types.manifest import Lifecycle
from tests.support.making import at, book, env, live
from tests.support.records import change_of

SECRETS = book(KEY="sk-1")
MANAGED = {"/greeting": "hi", "/pipeline_mode": "full", "/layers/llm/api_key": env("KEY"), "/tools": ["t1"]}
SHOWN = {"pal_name": "A", "greeting": "hi", "layers": {"llm": {"api_key": "********"}}}


def known(**more):
    change = change_of(at("persona.a"), Action.UPDATE, id="p1", managed=MANAGED, **more)
    return record(change, live("persona", "p1", SHOWN, tools=("t1",)), None, SECRETS, {})


def drift(shown, *, tools=("t1",), **more):
    item = drift_from_state(at("persona.a"), known(**more), live("persona", "p1", shown, tools=tools), SECRETS)
    return {field.path: (field.before_unknown, field.after) for field in item.changes} if item else {}


def test_nothing_moved():
    assert drift(SHOWN) == {}
    assert drift({**SHOWN, "pipeline_mode": "full", "description": "not ours"}) == {}


def test_what_moved_is_named_and_the_value_before_unknown():
    assert drift({**SHOWN, "greeting": "hey", "pipeline_mode": "echo"}) == {
        "/greeting": (True, "hey"),
        "/pipeline_mode": (True, "echo"),
    }


def test_a_member_that_went_away():
    assert drift({"pal_name": "A"}) == {"/greeting": (True, None), "/layers/llm/api_key": (True, None)}


def test_a_secret_that_the_server_now_shows():
    assert drift({**SHOWN, "layers": {"llm": {"api_key": "sk-1"}}}) == {}
    assert drift({**SHOWN, "layers": {"llm": {"api_key": "sk-2"}}}) == {"/layers/llm/api_key": (True, "(sensitive)")}


def test_attachments():
    assert drift(SHOWN, tools=("t1", "t2")) == {"/tools": (True, ["t1", "t2"])}
    assert drift(SHOWN, tools=None) == {}


def test_ignored_paths_do_not_drift():
    assert drift({**SHOWN, "greeting": "hey"}, lifecycle=Lifecycle(ignore=("/greeting",))) == {}


def test_a_secret_that_no_table_knows_may_be_hidden_and_is_never_shown():
    place, items = "/layers/llm/extra_body/token", "/layers/llm/extra_body/items"
    managed = {"/greeting": "hi", place: env("KEY"), items: ["a", {"token": env("KEY")}]}
    change = change_of(at("persona.a"), Action.UPDATE, id="p1", managed=managed)

    def shown(token, *more):
        return live(
            "persona", "p1", {"greeting": "hi", "layers": {"llm": {"extra_body": {**token, "items": [*more]}}}}
        )

    hidden = ("a", {"token": "****"})
    entry = record(change, shown({"token": "****"}, *hidden), None, SECRETS, {})
    assert entry.secret_paths == {place, items}
    for token in ({"token": "****"}, {"token": "sk-1"}):
        assert drift_from_state(at("persona.a"), entry, shown(token, *hidden), SECRETS) is None
    for token in ({"token": None}, {}):  # the mask is gone, and what it stood for
        found = drift_from_state(at("persona.a"), entry, shown(token, *hidden), SECRETS)
        assert [(field.path, field.after) for field in found.changes] == [(place, None)]
    found = drift_from_state(at("persona.a"), entry, shown({"token": "sk-other"}, *hidden), SECRETS)
    assert [(field.path, field.after) for field in found.changes] == [(place, "(sensitive)")]
    open_entry = record(change, shown({"token": "sk-1"}, "a", {"token": "sk-1"}), None, SECRETS, {})
    found = drift_from_state(at("persona.a"), open_entry, shown({"token": "sk-1"}, "a", {"token": "sk-2"}), SECRETS)
    assert [(field.path, field.after) for field in found.changes] == [(items, "(sensitive)")]
