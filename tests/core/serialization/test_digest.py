"""Laws of digests: equal values, equal bytes; secrets leave nothing behind."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.serialization.digest import (
    SecretDigests,
    canonical_bytes,
    digest,
    digest_bytes,
    key_fingerprint,
)
from reconciler.errors import StateError

pytestmark = pytest.mark.usefixtures("slow_digests")
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
)


def shuffle(value: Any) -> Any:
    """The same value, its members in the other order."""
    if isinstance(value, dict):
        return {key: shuffle(value[key]) for key in reversed(list(value))}
    return [shuffle(item) for item in value] if isinstance(value, list) else value


def as_floats(value: Any) -> Any:
    """The same value with small integers written as floats."""
    if isinstance(value, dict):
        return {key: as_floats(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_floats(item) for item in value]
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53:
        return float(value)
    return value


def typed(value: Any) -> Any:
    """A value that Python compares as JSON does: booleans are no numbers."""
    if isinstance(value, dict):
        return {key: typed(item) for key, item in value.items()}
    if isinstance(value, list):
        return [typed(item) for item in value]
    return ("bool", value) if isinstance(value, bool) else value


@given(VALUES)
def test_order_of_members_does_not_matter(value: Any) -> None:
    assert canonical_bytes(shuffle(value)) == canonical_bytes(value)


@given(VALUES)
def test_whole_floats_and_integers_are_one_value(value: Any) -> None:
    assert digest(as_floats(value)) == digest(value)


@given(VALUES, VALUES)
def test_equal_bytes_exactly_when_equal_values(a: Any, b: Any) -> None:
    assert (canonical_bytes(a) == canonical_bytes(b)) == (typed(a) == typed(b))


@given(VALUES)
def test_a_trip_through_json_changes_nothing(value: Any) -> None:
    assert canonical_bytes(json.loads(json.dumps(value))) == canonical_bytes(value)


@given(VALUES)
def test_the_value_itself_is_left_alone(value: Any) -> None:
    before = json.dumps(value)
    canonical_bytes(value)
    assert json.dumps(value) == before


@pytest.mark.parametrize(
    ("a", "b"),
    [(True, 1), (False, 0), (None, False), ("1", 1), ("", None), ([], {}), ([1, 2], [2, 1]), (1.5, 1), ("a", "A")],
)
def test_these_differ(a: Any, b: Any) -> None:
    assert digest(a) != digest(b)
    assert digest({"x": [a]}) != digest({"x": [b]})


@pytest.mark.parametrize(("a", "b"), [(1, 1.0), (0, -0.0), (0.0, -0.0), (10**20, 1e20), (-3, -3.0)])
def test_these_are_one_number(a: Any, b: Any) -> None:
    assert canonical_bytes(a) == canonical_bytes(b)
    assert digest({"x": [a, {"y": a}]}) == digest({"x": [b, {"y": b}]})


def test_bytes_are_compact_sorted_and_utf8() -> None:
    assert canonical_bytes({"b": [1, True], "a": "é"}) == '{"a":"é","b":[1,true]}'.encode()


def test_integers_of_any_size() -> None:
    huge = 16**6000 + 1
    assert digest(huge) == digest(16**6000 + 1)
    assert digest(huge) != digest(huge + 1)
    assert digest({"x": [huge, True, "t"]}) != digest({"x": [huge, 1, "t"]})
    assert canonical_bytes(2**64) == b"18446744073709551616"


def test_a_lone_surrogate_is_no_crash() -> None:
    assert digest("\ud800") != digest("\ud801")


def test_digest_is_short_text_and_stable() -> None:
    assert len(digest({"a": 1})) == 16
    assert digest({"a": 1}) == digest_bytes(b'{"a":1}')
    # Written down: a change here makes every state file in the world look drifted.
    assert digest("You are helpful.") == "JLqscCTteyMGZSzR"


def test_secret_digest_hides_value_and_length() -> None:
    digests = SecretDigests("00ff", None)
    short, long = digests.of("a"), digests.of("sk-live-" + "x" * 200)
    assert len(short) == len(long)
    assert short.startswith("scrypt:")
    assert digests.key_id is None
    assert "sk-live" not in long


def test_salt_separates_two_states() -> None:
    assert SecretDigests("aa").of("token") != SecretDigests("bb").of("token")
    assert SecretDigests("aa").of("token") == SecretDigests("aa").of("token")


def test_hmac_with_a_key_names_the_key_and_not_more() -> None:
    one, two = SecretDigests("aa", b"first key"), SecretDigests("aa", b"second key")
    assert one.key_id
    assert one.key_id != two.key_id
    assert one.of("token").startswith(f"hmac.{one.key_id}:")
    assert "first key" not in one.of("token")
    assert one.of("token") == SecretDigests("aa", b"first key").of("token")
    assert one.of("token") != one.of("token2")


def test_an_empty_key_is_no_key() -> None:
    assert SecretDigests("aa", b"").key_id is None


KEYS = st.sampled_from((None, b"k1", b"k2", b"k3"))


@settings(max_examples=60, deadline=None)
@given(then=KEYS, now=KEYS, before=KEYS, value=st.sampled_from("xy"), other=st.sampled_from("xy"))
def test_a_digest_is_made_again_with_every_key_that_is_here(
    then: bytes | None, now: bytes | None, before: bytes | None, value: str, other: str
) -> None:
    """Whatever the keys: equal values are told from others, or nothing is said because the key of then is gone."""
    recorded = SecretDigests("aa", then).of(value)
    again = SecretDigests("aa", now, previous=before).recompute(other, recorded)
    if then is None or then in (now, before):
        assert (again == recorded) is (value == other)
    else:
        assert again is None


def test_what_is_no_digest_of_a_secret_cannot_be_made_again() -> None:
    for text in (digest("x"), "unknown:", "hmac:x", "hmac.:x", "", "other:x"):
        assert SecretDigests("aa", b"k1").recompute("x", text) is None


def test_a_run_without_a_key_lacks_the_one_that_the_state_names() -> None:
    named = SecretDigests("aa", b"k1").key_id
    assert SecretDigests("aa", recorded=named).lacks_key
    assert not SecretDigests("aa", b"k2", recorded=named).lacks_key
    assert not SecretDigests("aa", previous=b"k1", recorded=named).lacks_key
    assert not SecretDigests("aa").lacks_key


def test_each_distinct_secret_is_computed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[bytes] = []
    real = hashlib.scrypt

    def counting(value: bytes, **options: Any) -> bytes:
        calls.append(value)
        return real(value, **options)

    monkeypatch.setattr(hashlib, "scrypt", counting)
    digests = SecretDigests("aa")
    assert len({digests.of(value) for value in ("one", "two", "one", "one", "two")}) == 2
    assert calls == [b"one", b"two"]


def test_a_python_without_scrypt_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(hashlib, "scrypt")
    with pytest.raises(StateError) as caught:
        SecretDigests("aa").of("x")
    assert "RECONCILER_DIGEST_KEY" in str(caught.value.hint)
    assert SecretDigests("aa", b"key").of("x")


def test_secrets_do_not_show_in_repr() -> None:
    digests = SecretDigests("aa", b"the-key")
    digests.of("the-secret")
    assert "the-" not in repr(digests)


def test_key_fingerprint_recognises_a_key_of_this_state_only() -> None:
    assert key_fingerprint("aa", "k1") == key_fingerprint("aa", "k1")
    assert key_fingerprint("aa", "k1") != key_fingerprint("aa", "k2")
    assert key_fingerprint("aa", "k1") != key_fingerprint("bb", "k1")
    assert key_fingerprint("aa", "k1") not in SecretDigests("aa").of("k1")
