"""Secrets of a run: resolved once, compared by digest, never shown."""

from __future__ import annotations

from reconciler.core.secrets.secret_book import SecretBook, has_secret, markers
from reconciler.core.serialization.digest import SecretDigests
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
