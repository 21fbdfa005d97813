"""Secrets kept as digests."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.platforms.tavus.simulator.secret_masks import (
    GONE,
    PERSONA_SECRETS,
    SEALED,
    TOOL_SECRETS,
    Vault,
    echoes_mask,
    reveal,
    seal,
)

BODY: dict[str, Any] = {
    "system_prompt": "hi",
    "layers": {
        "llm": {"api_key": "k1", "headers": {"A": "h1", "B": None}, "default_query": {"q": "q1"}, "model": "m"},
        "tts": {"api_key": "k2"},
        "stt": None,
    },
}


def test_no_secret_is_left_and_nothing_else_changes() -> None:
    kept = repr(BODY)
    sealed = seal(BODY, PERSONA_SECRETS, Vault("salt"))
    text = repr(sealed)
    assert not [secret for secret in ("'k1'", "'k2'", "'h1'", "'q1'") if secret in text]
    assert sealed["layers"]["llm"]["model"] == "m"
    assert sealed["layers"]["llm"]["headers"]["B"] is None
    assert repr(BODY) == kept


def test_sealing_twice_changes_nothing() -> None:
    vault = Vault("salt")
    sealed = seal(BODY, PERSONA_SECRETS, vault)
    assert seal(sealed, PERSONA_SECRETS, vault) == sealed


def test_digests_tell_equal_from_different_and_depend_on_the_salt() -> None:
    vault = Vault("salt")
    assert vault.seal("a") == Vault("salt").seal("a")
    assert vault.seal("a") != vault.seal("b")
    assert vault.seal("a") != Vault("other").seal("a")


def test_a_digest_does_not_tell_the_length() -> None:
    vault = Vault("salt")
    assert len({len(str(vault.seal("x" * size))) for size in (1, 8, 300)}) == 1


@pytest.mark.parametrize(("how", "shown"), [("mask", "********"), ("echo", "k1")])
def test_reveal(how: Any, shown: str) -> None:
    vault = Vault("salt")
    body = reveal(seal(BODY, PERSONA_SECRETS, vault), PERSONA_SECRETS, vault, how, "omit")
    assert body["layers"]["llm"]["api_key"] == shown
    assert body["layers"]["llm"]["headers"] == {"B": None}


def test_omit_takes_the_member_out() -> None:
    vault = Vault("salt")
    body = reveal(seal(BODY, PERSONA_SECRETS, vault), PERSONA_SECRETS, vault, "omit", "echo")
    assert "api_key" not in body["layers"]["tts"]
    assert body["layers"]["llm"]["headers"]["A"] == "h1"
    assert vault.show("clear", "omit") == "clear"
    assert vault.show(vault.seal("x"), "omit") is GONE


def test_another_process_can_only_show_the_mask() -> None:
    sealed = Vault("salt").seal("k1")
    other = Vault("salt")
    assert other.show(sealed, "echo") == "********"
    first = Vault("salt")
    first.seal("k1")
    other.learn(first)
    assert other.show(sealed, "echo") == "k1"


def test_vaults_of_another_salt_are_not_believed() -> None:
    first, other = Vault("one"), Vault("two")
    sealed = first.seal("k1")
    other.learn(first)
    assert other.show(sealed, "echo") == "********"


def test_scalars_of_any_type_are_sealed() -> None:
    body = {"layers": {"llm": {"headers": {"n": 3, "b": True, "l": [1], "o": {"x": 1}}}}}
    headers = seal(body, PERSONA_SECRETS, Vault("salt"))["layers"]["llm"]["headers"]  # type: ignore[call-overload,index]
    assert SEALED in headers["n"]
    assert SEALED in headers["b"]
    assert headers["l"] == [1]
    assert headers["o"] == {"x": 1}


@pytest.mark.parametrize(
    ("body", "patterns", "where"),
    [
        ({"layers": {"llm": {"api_key": "********"}}}, PERSONA_SECRETS, "layers.api_key"),
        ({"layers": {"llm": {"headers": {"X": "********"}}}}, PERSONA_SECRETS, "layers.headers"),
        ({"delivery": {"api": {"auth": {"token": "********"}}}}, TOOL_SECRETS, "delivery.api.auth.token"),
        ({"system_prompt": "********", "layers": {"llm": {"model": "********"}}}, PERSONA_SECRETS, None),
        ({"layers": "odd"}, PERSONA_SECRETS, None),
    ],
)
def test_masks_are_found(body: Any, patterns: Any, where: str | None) -> None:
    assert echoes_mask(body, patterns) == where
