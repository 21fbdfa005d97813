"""What state keeps: digests of what was sent and seen, and nothing that gives a secret away."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.secrets.secret_book import HIDDEN, MASKED, UNKNOWN, SecretBook
from reconciler.core.serialization.digest import SecretDigests
from reconciler.core.state.entry_records import (
    bears,
    digests_to_write,
    is_name_hidden,
    made_by,
    name_digest,
    name_given,
    name_of,
    old_address,
    record,
    refreshed,
    renamed,
    rests_on_absence,
    set_aside,
)
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.address import NAME_PATTERN, Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Direction, FieldChange
from reconciler.types.manifest import Lifecycle, Manage
from reconciler.types.state import Entry, Intent, Move, State
from tests.support.making import SALT, at, book, entry, env, listing, live, resource, state
from tests.support.records import change_of
from tests.support.strategies import NAMES

PERSONA = kind("persona")
SECRETS = book(KEY="sk-1")


def change(managed, **more):
    return change_of(at("persona.a"), Action.UPDATE, id="p1", managed=managed, source="a.yaml", **more)


def kept(managed, shown, old=None, *, secrets=SECRETS, **more):
    return record(change(managed, **more), live("persona", "p1", shown), old, secrets, {at("tool.x"): "t1"})


def test_one_digest_where_sent_and_seen_agree():
    found = kept(
        {"/greeting": "hi", "/system_prompt": "a"}, {"pal_name": "A", "greeting": "hi", "system_prompt": "A"}
    )
    assert found.sent.keys() == {"/greeting", "/system_prompt"}
    assert found.seen.keys() == {"/system_prompt"}
    assert (found.id, found.name, found.source) == ("p1", "A", "a.yaml")


def test_a_default_and_its_absence_have_one_digest():
    assert (
        kept({"/pipeline_mode": "full"}, {}).sent == kept({"/pipeline_mode": "full"}, {"pipeline_mode": "full"}).sent
    )
    assert kept({"/pipeline_mode": "full"}, {}).seen == {}


def test_a_hidden_secret_is_marked_and_not_kept():
    found = kept({"/layers/llm/api_key": env("KEY")}, {"layers": {"llm": {"api_key": "********"}}})
    assert found.seen == {"/layers/llm/api_key": MASKED}
    assert "sk-1" not in repr(found)
    assert found.assumed == ("/layers/llm/api_key",)


def test_a_secret_that_was_written_is_not_assumed():
    field = FieldChange("/layers/llm/api_key", Direction.GIT, None, env("KEY"), sensitive=True)
    assert kept({"/layers/llm/api_key": env("KEY")}, {}, fields=(field,)).assumed == ()


def test_a_secret_that_is_not_here_keeps_its_digests():
    first = kept({"/layers/llm/api_key": env("KEY")}, {})
    again = kept({"/layers/llm/api_key": env("KEY")}, {}, first, secrets=book())
    assert (again.sent, again.seen) == (first.sent, first.seen)


def test_a_secret_that_is_not_here_when_the_object_is_adopted_is_unknown_until_it_is():
    adopted = kept({"/layers/llm/api_key": env("KEY")}, {}, secrets=book())
    assert (adopted.sent, adopted.seen) == ({"/layers/llm/api_key": UNKNOWN}, {"/layers/llm/api_key": HIDDEN})
    assert adopted.assumed == ("/layers/llm/api_key",)
    assert kept({"/layers/llm/api_key": env("KEY")}, {}, adopted, secrets=book()) == adopted
    later = kept({"/layers/llm/api_key": env("KEY")}, {}, adopted)
    assert later.sent == kept({"/layers/llm/api_key": env("KEY")}, {}).sent
    assert later.assumed == ("/layers/llm/api_key",)


def test_references_are_recorded_by_id():
    by_reference = kept({"/guardrail_ids": [ResourceRef("tool.x")]}, {"guardrail_ids": ["t1"]})
    assert by_reference.sent == kept({"/guardrail_ids": ["t1"]}, {"guardrail_ids": ["t1"]}).sent
    assert by_reference.seen == {}


def test_ids_are_put_in_order_once_they_are_known():
    found = kept({"/guardrail_ids": ["t9", ResourceRef("tool.x")]}, {"guardrail_ids": ["t9", "t1"]})
    assert found.seen == {}


def test_nothing_is_kept_of_what_is_only_observed():
    found = kept({"/greeting": "hi"}, {"greeting": "hi"}, lifecycle=Lifecycle(manage=Manage.OBSERVE))
    assert (found.sent, found.lifecycle.manage) == ({}, Manage.OBSERVE)


def test_parents_that_we_made_are_remembered_while_something_of_ours_is_in_them():
    managed = {"/layers/stt/hotwords": "w", "/layers/llm/extra_body/top_p": 1}
    body = {"layers": {"stt": {"hotwords": "w"}, "llm": {"extra_body": {"top_p": 1}}}}
    made = replace(change(managed), action=Action.CREATE, after=body)
    found = record(made, live("persona", "p1", body), None, SECRETS, {})
    assert found.parents == ("/layers/llm", "/layers/llm/extra_body", "/layers/stt")
    later = kept({"/layers/stt/hotwords": "w"}, body, found)
    assert later.parents == ("/layers/stt",)


def test_an_adopted_object_has_no_parents_of_ours():
    body = {"layers": {"stt": {"hotwords": "w"}}}
    assert kept({"/layers/stt/hotwords": "w"}, body, importing="p1", after=body).parents == ()


def test_what_it_refers_to_is_remembered_for_deletes():
    assert kept({}, {}, depends_on=(at("tool.x"),)).refs == ("tool.x",)


def test_the_same_twice_is_the_same():
    managed = {"/greeting": "hi", "/layers/llm/api_key": env("KEY")}
    shown = {"greeting": "Hi", "layers": {"llm": {"api_key": "********"}}}
    first = kept(managed, shown, entry("p1"))
    assert kept(managed, shown, first) == first


def test_a_digest_made_under_another_key_is_kept_until_the_secret_is_written():
    """It can be compared with nothing; a new digest would claim that this value was sent."""
    path = "/layers/llm/api_key"
    shown = {"layers": {"llm": {"api_key": "********"}}}
    elsewhere = SecretBook(SecretDigests(SALT, b"another key"), lambda reference: "sk-1")
    old = kept({path: env("KEY")}, shown, secrets=elsewhere)
    again = kept({path: env("KEY")}, shown, old)
    assert (again.sent, again.seen) == (old.sent, old.seen)
    written = FieldChange(path, Direction.GIT, "(sensitive)", env("KEY"), sensitive=True)
    assert kept({path: env("KEY")}, shown, old, fields=(written,)).sent != old.sent


FOUR = ("a", "b", "c", "d")


@given(st.permutations(FOUR), st.sets(st.sampled_from(FOUR)))
def test_a_permutation_keeps_every_object_and_twice_is_once(target, held):
    state = State("l", resources={at(f"tool.{name}"): Entry(f"id-{name}") for name in held})
    users = {at("persona.p"): Entry("p1", refs=tuple(f"tool.{name}" for name in sorted(held)))}
    state = State("l", resources={**state.resources, **users})
    there = dict(zip(FOUR, target, strict=True))
    moves = [Move(at(f"tool.{name}"), at(f"tool.{there[name]}"), f"id-{name}") for name in held]
    once = renamed(state, moves)
    assert {str(a): e.id for a, e in once.resources.items() if a.kind == "tool"} == {
        f"tool.{there[name]}": f"id-{name}" for name in held
    }
    assert once.resources[at("persona.p")].refs == tuple(f"tool.{there[name]}" for name in sorted(held))
    assert {a: e.id for a, e in renamed(once, moves).resources.items()} == {
        a: e.id for a, e in once.resources.items()
    }


def test_another_object_at_the_old_address_stays():
    state = State("l", resources={at("tool.a"): Entry("t2")})
    assert renamed(state, [Move(at("tool.a"), at("tool.b"), "t1")]) == state


@settings(max_examples=60, deadline=None)
@given(NAMES, st.text(max_size=300))
def test_its_address_is_one_and_no_manifest_can_have_it(name: str, id: str) -> None:
    address = old_address(Address("document", name), id)
    assert Address.parse(str(address)) == address
    assert not NAME_PATTERN.fullmatch(address.name)


def test_two_objects_that_give_way_to_one_are_told_apart() -> None:
    assert old_address(at("document.a"), "d1") != old_address(at("document.a"), "d2")
    assert old_address(at("document." + "x" * 128), "d1").name.endswith("~d1")


def test_only_what_is_replaced_moves_and_says_what_it_gives_way_to() -> None:
    before = state(**{"document__a": entry("d1"), "document__a.replaced": entry("d2")})
    after = set_aside(before, [at("document.a")])
    assert after.resources == {
        at("document.a~d1"): replace(entry("d1"), gives_way_to=at("document.a")),
        at("document.a.replaced"): entry("d2"),
    }
    assert set_aside(before, []).resources == before.resources


# --- secrets and names --------------------------------------------------------------------------------------------

KEY_PATH, PROMPT = "/layers/llm/api_key", "/system_prompt"
MASKED_KEY = {"layers": {"llm": {"api_key": "********"}}}


def test_the_reference_of_a_secret_is_kept_for_a_rollback_and_no_literal_is():
    assert kept({KEY_PATH: env("KEY"), PROMPT: "x"}, MASKED_KEY).secrets == {KEY_PATH: {"env": "KEY"}}
    assert kept({KEY_PATH: SecretRef("literal", "x")}, MASKED_KEY).secrets == {}


def test_what_was_taken_on_trust_stays_so_until_it_is_written():
    trusted = kept({KEY_PATH: env("KEY")}, MASKED_KEY)
    assert kept({KEY_PATH: env("KEY")}, MASKED_KEY, trusted).assumed == (KEY_PATH,)
    assert kept({}, MASKED_KEY, trusted, kept=(KEY_PATH,)).assumed == (KEY_PATH,)
    field = FieldChange(KEY_PATH, Direction.GIT, None, env("KEY"), sensitive=True)
    written = kept({KEY_PATH: env("KEY")}, MASKED_KEY, trusted, fields=(field,))
    assert written.assumed == ()
    for again in (
        kept({KEY_PATH: env("KEY")}, MASKED_KEY, written),
        kept({KEY_PATH: env("KEY")}, MASKED_KEY, written, secrets=book()),
        kept({}, MASKED_KEY, written, kept=(KEY_PATH,)),
    ):
        assert (again.assumed, again.sent, again.secrets) == ((), written.sent, written.secrets)
    assert kept({}, MASKED_KEY, None, kept=(KEY_PATH,)).assumed == ()


def test_a_change_of_nothing_keeps_nothing():
    assert record(change(None), live("persona", "p1", {"pal_name": "A"}), None, SECRETS, {}) == Entry(
        "p1", name="A", source="a.yaml"
    )


def test_only_secrets_that_are_written_or_not_known_yet_get_a_new_digest():
    managed = {KEY_PATH: env("KEY"), PROMPT: "x", "/greeting": None}
    old = kept(managed, MASKED_KEY)
    assert digests_to_write(change(managed), None, SECRETS) == (KEY_PATH,)
    assert digests_to_write(change(managed), old, SECRETS) == ()
    assert digests_to_write(change(managed), kept(managed, {}, secrets=book()), SECRETS) == (KEY_PATH,)
    field = FieldChange(KEY_PATH, Direction.GIT, None, env("KEY"), sensitive=True)
    assert digests_to_write(change(managed, fields=(field,)), old, SECRETS) == (KEY_PATH,)
    assert digests_to_write(change(managed, fields=(field,)), old, book()) == ()
    observed = change(managed, lifecycle=Lifecycle(manage=Manage.OBSERVE))
    assert digests_to_write(observed, None, SECRETS) == digests_to_write(change(None), None, SECRETS) == ()


def test_without_a_key_no_digest_that_a_key_made_is_renewed():
    """Even where the account shows the value: another digest would be one that anybody can try texts against."""
    keyless = SecretBook(SecretDigests(SALT, recorded=SECRETS.digests.key_id), lambda reference: "sk-1")
    shown = {"layers": {"llm": {"api_key": "sk-1"}}}
    old = kept({KEY_PATH: env("KEY")}, shown)
    assert keyless.digests.lacks_key
    assert kept({KEY_PATH: env("KEY")}, shown, old, secrets=keyless).sent == old.sent
    elsewhere = SecretBook(SecretDigests(SALT, b"another key"), lambda reference: "sk-1")
    renewed = kept({KEY_PATH: env("KEY")}, shown, old, secrets=elsewhere)
    assert renewed.sent != old.sent and "sk-1" not in repr(renewed)


HIDDEN_NAME = {"/pal_name": env("KEY")}


def test_a_name_of_a_variable_stands_nowhere_in_clear():
    found = kept(HIDDEN_NAME, {"pal_name": "sk-1"})
    assert found.name is None and "sk-1" not in repr(found)
    assert kept({"/greeting": "hi"}, {"pal_name": "A"}).name == "A"
    assert is_name_hidden(PERSONA, HIDDEN_NAME, None) and is_name_hidden(PERSONA, {}, found)
    assert not is_name_hidden(PERSONA, {"/pal_name": "A"}, None)
    assert not is_name_hidden(PERSONA, {"/pal_name": "A"}, entry("p1"))
    digest = name_digest(change(HIDDEN_NAME), SECRETS)
    assert digest is not None and SECRETS.matches("sk-1", digest) and "sk-1" not in digest
    assert name_digest(change({"/pal_name": "A"}), SECRETS) is name_digest(change(None), SECRETS) is None


def test_a_name_is_the_variables_where_it_is_here_and_else_the_manifests():
    named = change(HIDDEN_NAME, name="KEY")
    assert [name_given(named, SECRETS), name_given(named, book()), name_given(named, book(KEY=""))] == [
        "sk-1", "KEY", "KEY",
    ]  # fmt: skip
    assert name_given(change(None, name="A"), SECRETS) == "A" and name_given(change(None), SECRETS) == ""
    wanted = resource("persona.a", {"pal_name": env("KEY")})
    assert (name_of(wanted, SECRETS), name_of(wanted, book())) == ("sk-1", wanted.name)


def test_an_open_create_is_found_again_by_its_name_among_what_is_new_and_nobodys():
    objects = [live("persona", id, {"pal_name": name}) for id, name in
               [("p1", "sk-1"), ("p2", "sk-1"), ("p3", "sk-1"), ("p4", "other"), ("p5", None)]]  # fmt: skip
    seen = listing("persona", *objects)
    plain = Intent(at("persona.a"), "persona", "sk-1", ("p1",))
    digest = name_digest(change(HIDDEN_NAME), SECRETS)
    hidden = Intent(at("persona.a"), "persona", "KEY", ("p1",), digest=digest)
    for intent in (plain, hidden):
        assert made_by(intent, seen, SECRETS, ["p3"]) == ["p2"]
        assert made_by(intent, seen, SECRETS, ["p3"], "sk-1") == ["p2"]
        assert made_by(intent, seen, SECRETS, ["p3"], "other") == ["p2"], "the create sent another name"
        assert made_by(intent, None, SECRETS, []) == []
    assert bears(plain, "sk-1", SECRETS) and not bears(plain, None, SECRETS)
    assert bears(hidden, "sk-1", SECRETS)
    assert not bears(hidden, "KEY", SECRETS) and not bears(hidden, None, SECRETS)


# --- what lists and refreshes show --------------------------------------------------------------------------------


def test_a_list_that_lacks_what_was_shown_before_is_looked_at_more_closely():
    shown = {"pal_name": "A", "greeting": "hi", **MASKED_KEY}
    held = kept({"/greeting": "hi", "/pipeline_mode": "full", KEY_PATH: env("KEY")}, shown)
    assert not rests_on_absence(held, live("persona", "p1", shown))
    assert rests_on_absence(held, live("persona", "p1", {"pal_name": "A"}))
    assert not rests_on_absence(held, live("persona", "p1", {"pal_name": "A"}, detailed=True))
    never_shown = kept({"/tools": ["t1"], KEY_PATH: env("KEY")}, {"pal_name": "A"})
    assert not rests_on_absence(never_shown, live("persona", "p1", {"pal_name": "A"}))


def test_a_refresh_takes_in_what_moved_and_touches_nothing_else():
    managed = {"/greeting": "hi", PROMPT: "x", KEY_PATH: env("KEY")}
    old = kept(managed, {"greeting": "Hi", "system_prompt": "x", **MASKED_KEY})
    moved = live("persona", "p1", {"greeting": "hey", "system_prompt": "y", **MASKED_KEY})
    fields = [FieldChange(path, Direction.LIVE) for path in ("/greeting", KEY_PATH, "/pal_description")]
    found = refreshed(old, fields, moved, SECRETS)
    assert found.sent == {**old.sent, "/greeting": kept({"/greeting": "hey"}, {}).sent["/greeting"]}
    assert found.seen == {path: digest for path, digest in old.seen.items() if path != "/greeting"}
    vendors = refreshed(old, [FieldChange(PROMPT, Direction.VENDOR)], moved, SECRETS)
    assert vendors.sent == old.sent
    assert vendors.seen == {**old.seen, PROMPT: kept({PROMPT: "y"}, {}).sent[PROMPT]}


def test_a_refresh_of_a_secret_keeps_it_a_secret():
    old = kept({KEY_PATH: env("KEY")}, MASKED_KEY)
    shown = live("persona", "p1", {"layers": {"llm": {"api_key": "sk-other"}}})
    found = refreshed(old, [FieldChange(KEY_PATH, Direction.LIVE)], shown, SECRETS)
    assert ":" in found.sent[KEY_PATH] and found.sent != old.sent and found.secret_paths == {KEY_PATH}
