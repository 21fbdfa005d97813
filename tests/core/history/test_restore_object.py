"""One object of a rollback: what runs have written since is put back, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.history.history_chain import object_histories
from reconciler.core.history.restore_object import RestoreContext, restore
from reconciler.core.history.restored import Restored
from reconciler.core.serialization.digest import digest
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.json import SENSITIVE, Object
from reconciler.types.live import LiveObject
from reconciler.types.manifest import Lifecycle, Manage
from reconciler.types.state import Entry, Preimage
from tests.support.making import at, env, live

A, T = at("persona.a"), at("tool.t")
WHOLE: Object = {"pal_name": "Ada", "system_prompt": "x", "default_face_id": "r1"}
KEY, MODEL, GREETING = "/layers/llm/api_key", "/layers/llm/model", "/greeting"
OBSERVED = Lifecycle(manage=Manage.OBSERVE)


def step(body: Object | None, *fields: str, entry: Entry | None, action: str = "update", **more: Any) -> Preimage:
    id = entry.id if entry is not None else "p1"
    return Preimage(more.pop("address", A), action, id, body, entry, fields, **{"outcome": "done", **more})


def restored(
    *items: Preimage, now: Entry | None = None, there: LiveObject | None = None, address: Address = A, **setting: Any
) -> Restored:
    [thread] = object_histories([list(items)], KINDS)
    return restore(thread, address, now, RestoreContext(**{"ids": {}, "there": [A, T], **setting}), there)


def entry(id: str = "p1", *sent: str, **more: Any) -> Entry:
    return Entry(id, dict.fromkeys(sent, "d"), **more)


def test_what_was_written_is_put_back_and_the_rest_of_the_entry_is_kept() -> None:
    then = entry("p1", GREETING, "/context", MODEL)
    body: Object = {"greeting": "1", "context": "c", "layers": {"llm": {"model": "m"}}}
    found = restored(step(body, GREETING, entry=then), now=then)
    assert found.resource.leaves == {GREETING: "1"}
    assert sorted(found.resource.kept) == ["/context", MODEL]
    assert found.resource.touched == {GREETING}
    assert found.resource.lent == frozenset()
    assert found.whole is None and found.lacking == ("no run has kept all that it was",)


def test_the_first_look_decides_where_several_runs_wrote() -> None:
    then = entry("p1", GREETING, MODEL)
    first = step({"greeting": "1", "layers": {"llm": {"model": "m"}}}, GREETING, entry=then)
    second = step({"greeting": "2", "layers": {"llm": {"model": "n"}}}, GREETING, MODEL, entry=then)
    assert restored(first, second, now=then).resource.leaves == {GREETING: "1", MODEL: "m"}


def test_what_came_since_is_taken_away_again_and_nobody_asks_for_it() -> None:
    then, now = entry("p1", "/context"), entry("p1", "/context")
    found = restored(step({"context": "c"}, GREETING, entry=then), now=now)
    assert found.resource.leaves == {GREETING: None}
    assert found.resource.lent == {GREETING}
    ours = restored(step({"context": "c"}, GREETING, entry=then), now=entry("p1", "/context", GREETING))
    assert GREETING not in ours.resource.leaves and ours.resource.kept == ("/context",)


def test_an_object_that_is_gone_is_made_again_with_all_that_it_said() -> None:
    then = entry("p1", "/pal_name", "/system_prompt", "/default_face_id", "/pipeline_mode")
    body = {**WHOLE, "pipeline_mode": "full", "greeting": "", "unheard_of": 1}
    found = restored(step(body, entry=then, action="delete"))
    assert found.whole == found.resource
    assert found.resource.leaves == {f"/{word}": value for word, value in WHOLE.items()} | {"/pipeline_mode": "full"}
    assert (found.resource.name, found.resource.id, found.resource.touched) == ("Ada", None, None)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"pal_name": "Ada", "default_face_id": "r1"}, "/system_prompt is needed"),
        ({**WHOLE, "layers": {"llm": {"model": "m", "api_key": SENSITIVE}}}, f"{KEY} was a secret"),
    ],
)
def test_what_it_lacks_to_be_made_again(body: Object, reason: str) -> None:
    found = restored(step(body, entry=entry(), action="delete"))
    assert found.whole is None
    assert [why.startswith(reason) for why in found.lacking] == [True]


def test_a_secret_that_was_sent_and_never_shown_is_lacking_too() -> None:
    then = Entry("p1", {KEY: "hmac.k:x"})
    found = restored(step(WHOLE, entry=then, action="delete"))
    assert [why.split(" ")[0] for why in found.lacking] == [KEY]
    known = Entry("p1", {KEY: "hmac.k:x"}, secrets={KEY: {"env": "K"}})
    again = restored(step(WHOLE, entry=known, action="delete"))
    assert again.lacking == ()
    assert again.resource.leaves[KEY] == env("K")
    assert again.secrets == {KEY: "hmac.k:x"}


def test_a_secret_that_was_written_over_and_is_nowhere_recorded_is_lost() -> None:
    then = Entry("p1", {KEY: "hmac.k:x", GREETING: "d"})
    body: Object = {"greeting": "1", "layers": {"llm": {"api_key": SENSITIVE}}}
    hit = restored(step(body, KEY, GREETING, entry=then), now=then)
    assert hit.lost == (KEY,)
    assert hit.resource.leaves == {GREETING: "1"} and KEY in hit.resource.kept
    spared = restored(step(body, GREETING, entry=then), now=then)
    assert spared.lost == (), "nothing was written over it"
    assert spared.unknown == {KEY: False}
    recorded = Entry("p1", {KEY: "hmac.k:y"}, secrets={KEY: {"env": "NEW"}})
    assert restored(step(body, KEY, entry=then), now=recorded).unknown == {KEY: True}


def test_a_write_under_the_language_model_sends_its_key_along() -> None:
    """The API does not keep the key of a custom model across such a write."""
    now = Entry("p1", {KEY: "hmac.k:x", MODEL: "d"}, secrets={KEY: {"file": "key"}})
    body: Object = {"greeting": "1", "layers": {"llm": {"model": "m", "base_url": "https://a"}}}
    found = restored(step(body, MODEL, entry=entry("p1", MODEL)), now=now)
    assert found.resource.leaves[KEY] == SecretRef("file", "key")
    elsewhere = restored(step(body, GREETING, entry=entry("p1", GREETING)), now=now)
    assert KEY not in elsewhere.resource.leaves


def test_what_is_only_observed_is_never_written() -> None:
    now = Entry("p1", {GREETING: "d"}, lifecycle=OBSERVED)
    found = restored(step({"greeting": "1"}, GREETING, entry=entry("p1", GREETING)), now=now)
    assert (found.resource.leaves, found.resource.kept) == ({}, (GREETING,))
    assert found.lacking == ("it is only observed",)


def test_the_lifecycle_is_that_of_state_else_of_todays_manifest_else_of_then() -> None:
    protected, ignoring = Lifecycle(protect=True), Lifecycle(ignore=("/x",))
    item = step(WHOLE, entry=Entry("p1", lifecycle=ignoring), action="delete")
    assert restored(item).resource.lifecycle == ignoring
    assert restored(item, lifecycles={A: protected}).resource.lifecycle == protected
    now = Entry("p1", lifecycle=Lifecycle(manage=Manage.FULL))
    assert restored(item, now=now, lifecycles={A: protected}).resource.lifecycle == now.lifecycle


def test_what_somebody_had_changed_by_hand_is_named() -> None:
    then = Entry("p1", {GREETING: digest("ours"), "/context": digest("c"), "/languages": "d"}, {"/context": "hidden"})
    body: Object = {"greeting": "theirs", "context": "other"}
    assert restored(step(body, GREETING, "/context", entry=then), now=then).changed == (GREETING,)
    assert restored(step({**body, "greeting": "ours"}, GREETING, entry=then), now=then).changed == ()
    assert restored(step(body, "/context", entry=then), now=then).changed == (), "no run has written it since"


def test_ids_become_references_and_what_is_gone_for_good_is_left_out() -> None:
    then = entry("p1", "/tools", "/default_face_id")
    body: Object = {"tools": ["t1", "t2", "t3"], "default_face_id": "r1", "greeting": "t1"}
    item = step(body, "/tools", GREETING, entry=then)
    found = restored(item, now=then, ids={"t1": T}, gone=frozenset({"t2"}))
    assert found.resource.leaves == {"/tools": [ResourceRef("tool.t"), "t3"], GREETING: "t1"}
    assert found.resource.refs == (T,)


def test_another_object_in_its_place_gets_all_that_was_or_is_ours() -> None:
    then, now = entry("p1", GREETING, "/context"), entry("p2", MODEL, GREETING)
    body = {**WHOLE, "greeting": "1", "context": "c"}
    [whole] = [restored(step(body, entry=then, whole=True, became="p2"), now=now)]
    assert whole.touched == {GREETING, "/context", MODEL}
    assert whole.whole == whole.resource
    assert whole.resource.leaves[GREETING] == "1" and MODEL not in whole.resource.leaves


def test_an_object_that_state_let_go_is_taken_back_as_it_is() -> None:
    then = Entry("p1", {GREETING: "d", "/context": "d", KEY: "hmac.k:x"}, secrets={KEY: {"env": "K"}})
    there = live("persona", "p1", {**WHOLE, "greeting": "by hand", "context": "c2"}, detailed=True)
    item = step({**WHOLE, "greeting": "1", "context": "c"}, "/context", entry=then, action="forget")
    found = restored(item, there=there)
    assert found.resource.id == "p1"
    assert found.resource.leaves == {GREETING: "by hand", "/context": "c", KEY: env("K")}


def test_one_that_no_run_has_looked_at_is_left_alone() -> None:
    now = entry("p1", GREETING)
    found = restored(step(None, entry=entry("p1", GREETING)), now=now)
    assert (found.resource.leaves, found.resource.kept) == ({}, (GREETING,))
    assert found.lacking != ()


def test_a_headers_secret_that_nobody_knows_spoils_the_object_that_goes_whole() -> None:
    path = "/delivery/api/headers/Authorization"
    then = Entry("t1", {"/delivery": "d", path: "hmac.k:x", "/description": "d"})
    body: Object = {
        "name": "t",
        "description": "one",
        "delivery": {"api": {"url": "https://a", "headers": {"Authorization": SENSITIVE}}},
    }
    item = step(body, "/delivery", "/description", entry=then, address=T)
    found = restored(item, now=then, address=T)
    assert found.resource.leaves == {"/description": "one"}
    assert set(found.resource.kept) == {"/delivery", path}


def test_what_it_is_called() -> None:
    def called(body: Object, then: Entry) -> str:
        return restored(step(body, entry=then, action="delete")).resource.name

    assert called(WHOLE, Entry("p1", name="Old")) == "Ada"
    no_name = step({"greeting": "1"}, GREETING, entry=Entry("p1", name="Old"))
    assert restored(no_name, now=Entry("p1")).resource.name == "Old"
    assert restored(step({"greeting": "1"}, GREETING, entry=Entry("p1")), now=Entry("p1")).resource.name == "a"
