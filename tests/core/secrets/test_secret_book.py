"""Secrets of a run: resolved once, compared by digest, never shown."""

from __future__ import annotations

import pytest

from reconciler.core.secrets.secret_book import HIDDEN, MASKED, UNKNOWN, SecretBook, has_secret, is_unseen, markers
from reconciler.core.serialization.digest import SecretDigests, digest
from reconciler.types.address import ResourceRef, SecretRef
from tests.support.making import SALT, book, env


def test_each_reference_is_resolved_once():
    asked = []
    secrets = SecretBook(SecretDigests(SALT, b"k"), lambda reference: asked.append(reference) or "value")
    assert [secrets.value(SecretRef("env", "A")), secrets.value(SecretRef("env", "A"))] == ["value", "value"]
    assert asked == [SecretRef("env", "A")]


def test_markers_are_found_anywhere():
    value = {"a": [env("X"), {"b": SecretRef("file", "p")}], "c": "text"}
    assert [*markers(value)] == [SecretRef("env", "X"), SecretRef("file", "p")]
    assert has_secret(value)
    assert not has_secret(ResourceRef("tool.x"))
    assert not has_secret("text")


def test_filling_and_what_is_missing():
    secrets = book(X="1")
    assert secrets.fill({"a": [env("X"), 2], "b": "c"}) == {"a": ["1", 2], "b": "c"}
    assert secrets.missing({"a": env("X"), "b": env("Y")}) == ("env Y",)
    assert str(SecretRef("file", "keys/a")) == "file keys/a"


def test_digests_are_one_way_for_secrets_and_plain_for_the_rest():
    secrets = book()
    assert ":" in secrets.digest("sk", secret=True)
    assert ":" not in secrets.digest("sk", secret=False)
    assert secrets.digest(["sk"], secret=True) != secrets.digest("sk", secret=True)
    assert secrets.digest(None, secret=True) == secrets.digest(None, secret=False)


def test_digests_under_different_keys_say_nothing():
    one, other = book(), SecretBook(SecretDigests(SALT, b"other"), lambda _: None)
    assert one.matches("a", one.digest("a", secret=True)) is True
    assert one.matches("a", one.digest("b", secret=True)) is False
    assert one.matches("a", other.digest("a", secret=True)) is None


def test_what_was_not_shown_is_told_from_a_digest_and_from_nothing():
    shown = digest("text")
    unseen = {HIDDEN: True, MASKED: True, f"{MASKED}:{shown}": True, shown: False, UNKNOWN: False, None: False}
    assert {seen: is_unseen(seen) for seen in unseen} == unseen


@pytest.mark.parametrize("value", ["a", None, 3, ["a"], {"a": None}])
def test_what_is_recorded_matches_its_value_and_no_other(value):
    secrets = book()
    for recorded in (secrets.digest(value, secret=False), secrets.digest(value, secret=True)):
        assert secrets.matches(value, recorded) is True
        assert secrets.matches([value], recorded) is False
        assert secrets.matches(None, recorded) is (value is None)


def test_a_reference_to_an_object_without_an_id_was_never_sent():
    value = ["a", ResourceRef("tool.t")]
    recorded = [book().digest(["a", "t1"], secret=secret) for secret in (True, False)]
    assert [book().matches(value, one) for one in recorded] == [False, False]
    assert book().matches(value, UNKNOWN) is None


def test_only_a_secret_reference_is_a_secret():
    values = {"text": False, None: False, ResourceRef("tool.x"): False, SecretRef("env", "X"): True}
    for value, expected in values.items():
        assert [has_secret(one) for one in (value, [value], {"a": [value]})] == [expected] * 3
