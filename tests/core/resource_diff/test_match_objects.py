"""Which live object a resource is; never a twin, never somebody else's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.core.resource_diff.match_objects import match
from reconciler.core.resource_diff.resource_plan import Seen
from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.serialization.digest import SecretDigests
from reconciler.types.change import Reason
from reconciler.types.state import Intent
from tests.support.making import at, entry, env, listing, live, resource, state

A = at("persona.a")
TEXTS = {"NAME": "A", "OTHER": "B"}
BOOK = SecretBook(SecretDigests("salt", b"key"), lambda one: TEXTS.get(one.name))


def persona(id, name="A"):
    return live("persona", id, {"pal_name": name})


def bind(resources, known, *objects, previous=None, **account):
    found = Seen({"persona": listing("persona", *objects)}, **account)
    return match({one.address: one for one in resources}, known, found, previous or {}, BOOK)


def only(result):
    assert [problem.summary for problem in result.problems] == []
    return result.bindings[A]


def test_what_state_knows_is_taken_by_id_whatever_its_name():
    binding = only(
        bind([resource("persona.a", {"pal_name": "A"})], state(persona__a=entry("p1")), persona("p1", "B"))
    )
    assert (binding.id, binding.reason) == ("p1", Reason.CHANGED)
    assert binding.entry == entry("p1")


def test_nothing_of_that_name_means_create():
    binding = only(bind([resource("persona.a", {"pal_name": "A"})], state(), persona("p1", "B")))
    assert (binding.id, binding.reason) == (None, Reason.NEW)


@pytest.mark.parametrize(
    ("live_name", "word"),
    [
        ("cafe\u0301 desk", "Unicode"), ("Caf\u00e9 Desk", "case"), ("caf\u00e9  desk ", "blanks"),
        ("caf\u00e9\u00a0desk", "blanks"), ("caf\u00e9\u200b desk", "sees"),
        ("CAFE\u0301 DESK", "Unicode form"),
    ],
)  # fmt: skip
def test_a_create_beside_a_live_name_that_looks_the_same_is_said(live_name, word):
    result = bind([resource("persona.a", {"pal_name": "caf\u00e9 desk"})], state(), persona("p1", live_name))
    assert result.bindings[A].id is None
    (problem,) = result.problems
    assert not problem.is_error
    assert "p1" in problem.summary
    assert word in problem.summary


def test_a_name_that_is_managed_needs_no_warning():
    known = state(persona__a=entry("p1"))
    assert bind([resource("persona.a", {"pal_name": "A"})], known, persona("p1", "a")).problems == []


def test_a_unique_exact_name_is_adopted():
    binding = only(bind([resource("persona.a", {"persona_name": "A"})], state(), persona("p1"), persona("p2", "AA")))
    assert (binding.id, binding.reason) == ("p1", Reason.ADOPTED_BY_NAME)


def test_without_a_name_the_manifest_lends_its_own():
    binding = only(bind([resource("persona.a", {"system_prompt": "x"})], state(), persona("p1", "a")))
    assert binding.id == "p1"


def test_several_candidates_are_an_error_that_lists_them():
    result = bind([resource("persona.a", {"pal_name": "A"})], state(), persona("p1"), persona("p2"))
    assert result.bindings == {}
    assert "p1, p2" in result.problems[0].summary
    assert "metadata.id" in result.problems[0].hint


def test_an_object_that_another_address_holds_is_no_candidate():
    known = state(persona__b=entry("p1"))
    result = bind(
        [resource("persona.a", {"pal_name": "A"}), resource("persona.b", {"pal_name": "A"})], known, persona("p1")
    )
    assert result.bindings[A].id is None
    assert [problem.is_error for problem in result.problems] == [False]


def test_an_object_whose_manifest_is_gone_looks_like_a_rename():
    binding = only(bind([resource("persona.a", {"pal_name": "A"})], state(persona__old=entry("p1")), persona("p1")))
    assert (binding.id, binding.rename_of) == (None, at("persona.old"))


def test_an_id_in_the_manifest_is_taken_exactly():
    binding = only(bind([resource("persona.a", {"pal_name": "A"}, id="p2")], state(), persona("p1"), persona("p2")))
    assert (binding.id, binding.reason) == ("p2", Reason.ADOPTED_BY_ID)


def test_an_id_that_is_not_ours_is_refused():
    result = bind([resource("persona.a", {"pal_name": "A"}, id="p9")], state(), persona("p1"))
    assert result.bindings == {}
    assert "p9" in result.problems[0].summary


def test_an_id_that_contradicts_the_state_is_refused():
    result = bind([resource("persona.a", {}, id="p2")], state(persona__a=entry("p1")), persona("p1"), persona("p2"))
    assert "state holds p1" in result.problems[0].summary


def test_the_id_of_an_object_that_was_created_again_is_no_contradiction():
    again = state(persona__a=entry("p2", former=("p1",)))
    wanted = [resource("persona.a", {"pal_name": "A"}, id="p1")]
    assert only(bind(wanted, again, persona("p2"))).id == "p2"
    back = bind(wanted, again, persona("p1"), persona("p2"))
    assert "the state holds p2" in back.problems[0].summary
    other = bind([resource("persona.a", {"pal_name": "A"}, id="p9")], again, persona("p2"))
    assert "the state holds p2" in other.problems[0].summary


def test_the_id_of_an_object_that_left_the_state_is_created_anew_once_it_is_gone():
    known = replace(state(), retired={A: ("p1",)})
    wanted = [resource("persona.a", {"pal_name": "A"}, id="p1")]
    assert only(bind(wanted, known)).id is None
    assert only(bind(wanted, known, persona("p1"))).reason is Reason.ADOPTED_BY_ID
    assert only(bind(wanted, known, persona("p5"))).id == "p5", "of this name: adopted, no twin"
    again = replace(state(persona__a=entry("p2")), retired={A: ("p1",)})
    assert only(bind(wanted, again, persona("p2"))).id == "p2"
    elsewhere = [resource("persona.b", {"pal_name": "A"}, id="p1")]
    assert bind(elsewhere, known).problems, "another address never managed it"


def test_an_id_that_another_address_manages_is_refused():
    known = state(persona__b=entry("p1"))
    result = bind([resource("persona.a", {}, id="p1"), resource("persona.b", {})], known, persona("p1"))
    assert "already managed as persona.b" in result.problems[0].summary


def test_a_managed_object_that_is_gone_is_created_anew():
    known = state(persona__a=entry("p1"))
    binding = only(bind([resource("persona.a", {"pal_name": "A"}, id="p1")], known, gone=frozenset({"p1"})))
    assert (binding.id, binding.reason, binding.entry) == (None, Reason.DELETED_OUTSIDE, None)


def test_a_hand_made_replacement_of_what_is_gone_is_adopted_not_doubled():
    known = state(persona__a=entry("p1"))
    binding = only(bind([resource("persona.a", {"pal_name": "A"})], known, persona("p7"), gone=frozenset({"p1"})))
    assert (binding.id, binding.reason) == ("p7", Reason.ADOPTED_BY_NAME)


def pending(*before):
    return replace(state(), pending=(Intent(A, "persona", "A", before),))


def test_an_open_create_is_settled_by_the_new_object():
    binding = only(bind([resource("persona.a", {"pal_name": "A"})], pending("p1"), persona("p1"), persona("p2")))
    assert (binding.id, binding.reason) == ("p2", Reason.PENDING)


def test_an_open_create_that_left_nothing_is_created():
    binding = only(bind([resource("persona.a", {"pal_name": "A"})], pending()))
    assert (binding.id, binding.reason) == (None, Reason.NEW)


def test_two_new_objects_for_one_open_create_are_an_error():
    result = bind([resource("persona.a", {"pal_name": "A"})], pending(), persona("p1"), persona("p2"))
    assert "2 objects" in result.problems[0].summary


def test_two_manifests_may_not_claim_one_object():
    resources = [resource("persona.a", {"pal_name": "A"}), resource("persona.b", {"pal_name": "A"})]
    result = bind(resources, state(), persona("p1"))
    assert list(result.bindings) == [A]
    assert "both claim" in result.problems[0].summary


def test_two_new_objects_of_one_name_are_created_with_a_warning():
    resources = [resource("persona.a", {"pal_name": "A"}), resource("persona.b", {"pal_name": "A"})]
    result = bind(resources, state())
    assert [binding.id for binding in result.bindings.values()] == [None, None]
    assert [problem.is_error for problem in result.problems] == [False]


@pytest.mark.parametrize("reason", [Reason.MOVED])
def test_a_move_is_said(reason):
    known = state(persona__a=entry("p1"))
    result = bind([resource("persona.a", {})], known, persona("p1"), previous={A: at("persona.old")})
    assert (only(result).reason, only(result).previous) == (reason, at("persona.old"))


def test_names_are_found_in_the_order_of_the_list():
    names = ["A", "B", "A", None, "", "A"]
    found = listing("persona", *(persona(f"p{number}", name) for number, name in enumerate(names)))
    for name in ("A", "B", "", "C"):
        assert found.named(name) == [one.id for one in found.objects.values() if one.name == name]
    assert listing("persona").named("A") == []


def named_by(variable):
    return resource("persona.a", {"pal_name": env(variable)})


def test_a_name_from_a_variable_finds_the_object_that_bears_it():
    assert only(bind([named_by("NAME")], state(), persona("p1"))).reason is Reason.ADOPTED_BY_NAME
    assert only(bind([named_by("OTHER")], state(), persona("p1"))).id is None


@pytest.mark.parametrize("variable", ["NAME", "OTHER", "ABSENT"])
def test_an_open_create_is_known_by_the_digest_of_its_name_whatever_the_variable_says_now(variable):
    open_one = Intent(A, "persona", "a", digest=BOOK.digest("A", secret=True))
    known = replace(state(), pending=(open_one,))
    binding = only(bind([named_by(variable)], known, persona("p1"), persona("p2", "C")))
    assert (binding.id, binding.reason) == ("p1", Reason.PENDING)


def test_an_open_create_whose_key_is_not_here_is_known_by_the_name_of_today():
    other = SecretBook(SecretDigests("salt", b"another"), lambda one: None)
    known = replace(state(), pending=(Intent(A, "persona", "a", digest=other.digest("A", secret=True)),))
    assert only(bind([named_by("NAME")], known, persona("p1"))).id == "p1"
