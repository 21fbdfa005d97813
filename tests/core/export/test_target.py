"""Seals: a file that a person changed is told from one that nobody touched."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.canonical.canonical_form import leaves
from reconciler.core.export.target import EMPTY, OPEN, Ledger, is_untouched, with_marks, with_seal
from reconciler.platforms.tavus.kinds import KINDS, kind
from reconciler.types.address import Address, SecretRef
from reconciler.types.json import Json, Object, within
from tests.support.bodies import bodies

LINES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"), max_size=60)


@given(LINES, LINES)
def test_a_sealed_text_is_untouched_whatever_it_holds(before: str, after: str) -> None:
    text = with_seal(f"{before}{OPEN}{after}")
    assert is_untouched(text.encode())
    assert is_untouched(text.replace("\n", "\r\n").encode())


@given(LINES, st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r\n"), min_size=1, max_size=5))
def test_any_word_more_breaks_it(after: str, more: str) -> None:
    assert not is_untouched((with_seal(f"# {OPEN}\n{after}") + more).encode())


def test_a_seal_inside_of_the_text_is_text() -> None:
    text = with_seal(f"{OPEN}\nprompt {OPEN}")
    assert text.endswith(f"prompt {OPEN}")
    assert is_untouched(text.encode())
    assert not is_untouched(text.replace("prompt", "prompts").encode())


@pytest.mark.parametrize("data", [b"", b"no seal", b"\xff\xfe", b"sha256:" + b"1" * 64])
def test_a_file_of_somebody_else_counts_as_changed(data: bytes) -> None:
    assert not is_untouched(data)


def test_a_text_without_a_place_is_refused() -> None:
    with pytest.raises(ValueError, match="no place"):
        with_seal("text")


DESK = Address("persona", "desk")


def why(pointer: str, value: Json) -> tuple[str, str]:
    return "because", "elsewhere"


@given(bodies("persona"))
def test_every_leaf_that_says_something_is_named_once(body: Object) -> None:
    ledger = Ledger(DESK, kind("persona"), body)
    ledger.rest(why)
    told = [remark.path for remark in ledger.not_carried]
    said = [
        path for path, value in leaves(KINDS.get("persona"), body).items() if value not in EMPTY or value is False
    ]
    assert all(any(within(path, one) for one in told) for path in said)
    assert len(told) == len(set(told))


def test_what_was_taken_is_not_told() -> None:
    ledger = Ledger(DESK, kind("persona"), {"greeting": "Hi", "layers": {"llm": {"extra_body": {"a": 1, "b": 2}}}})
    assert ledger.take("/greeting") == "Hi"
    assert ledger.take("/layers/llm/extra_body/a") == 1
    ledger.rest(why)
    assert [remark.path for remark in ledger.not_carried] == ["/layers/llm/extra_body/b"]
    assert ledger.not_carried[0].as_json() == {
        "path": "/layers/llm/extra_body/b", "reason": "because", "instead": "elsewhere", "value": 2,
    }  # fmt: skip


def test_a_group_is_named_as_one() -> None:
    ledger = Ledger(DESK, kind("persona"), {"layers": {"mcp": {"a": 1, "b": {"c": 2}}}})
    ledger.rest(why, ("/layers/mcp",))
    assert [remark.path for remark in ledger.not_carried] == ["/layers/mcp"]


def test_values_are_taken_in_their_normal_form() -> None:
    ledger = Ledger(
        DESK,
        kind("persona"),
        {"layers": {"llm": {"extra_body": {"temperature": "0.5"}, "speculative_inference": "false"}}},
    )
    assert ledger.take("/layers/llm/extra_body/temperature") == 0.5
    assert ledger.take("/layers/llm/speculative_inference") is False
    assert ledger.take("/greeting") is None


def test_a_secret_becomes_a_variable() -> None:
    ledger = Ledger(DESK, kind("persona"), {})
    own, second = SecretRef("env", "PERSONA_DESK_LLM_API_KEY"), SecretRef("env", "PERSONA_DESK_LLM_API_KEY_2")
    assert ledger.resolvable(SecretRef("env", "KEY"), "/layers/llm/api_key") == SecretRef("env", "KEY")
    assert ledger.resolvable(SecretRef("file", "k.txt"), "/layers/llm/api_key") == own
    assert ledger.resolvable(SecretRef("literal", "x"), "/layers/llm/api_key") == second
    assert set(ledger.variables) == {"KEY", own.name, second.name}
    assert ledger.resolvable({"a": [SecretRef("env", "B")], "env": "prod"}, "/x") == {
        "a": [SecretRef("env", "B")], "env": "prod",
    }  # fmt: skip


def test_a_variable_is_marked_and_data_that_looks_like_one_is_data() -> None:
    assert with_marks({"a": [SecretRef("env", "B")], "b": {"$env": "C"}, "c": {"$env": 1, "d": 2}}) == {
        "a": [{"$env": "B"}], "b": {"$literal": {"$env": "C"}}, "c": {"$env": 1, "d": 2},
    }  # fmt: skip
    assert with_marks({"$literal": SecretRef("env", "B")}) == {"$literal": {"$literal": {"$env": "B"}}}


@pytest.mark.parametrize("value, text", [("Hi", "Hi"), ("", None), (None, None), (3, None), (["Hi"], None)])
def test_only_a_text_is_taken_as_one_and_the_rest_is_told_in_the_end(value: Json, text: str | None) -> None:
    ledger = Ledger(DESK, kind("persona"), {"greeting": value})
    assert ledger.text("/greeting") == text
    ledger.rest(why)
    told = [remark.path for remark in ledger.not_carried]
    assert bool(told) is (text is None and value not in EMPTY)


def test_a_report_of_what_is_lost_names_the_variable_of_a_secret_and_tells_no_other() -> None:
    members: Object = {
        "a": [SecretRef("env", "KEY"), "x"],
        "b": SecretRef("file", "k.txt"),
        "c": SecretRef("literal", "s"),
    }
    ledger = Ledger(DESK, kind("persona"), {"layers": {"mcp": members}})
    ledger.lose("/layers/mcp", "because")
    assert ledger.not_carried[0].as_json()["value"] == {"a": [{"$env": "KEY"}, "x"], "b": None, "c": None}
