"""Secrets are found in request bodies and taken out of messages in every spelling."""

from __future__ import annotations

import base64
import json
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.kinds import kind
from reconciler.providers.tavus.conceal import HIDDEN, conceal, secrets_in

SECRET = 'p4ss "word"\\ü'


@pytest.mark.parametrize(
    "spelling",
    [
        SECRET,
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET, ensure_ascii=False)[1:-1],
        repr(SECRET)[1:-1],
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_every_spelling_is_replaced(spelling: str) -> None:
    assert conceal(f"the value {spelling} is wrong", [SECRET]) == f"the value {HIDDEN} is wrong"


def test_the_longer_secret_wins() -> None:
    assert conceal("abcdefgh", ["abcd", "abcdefgh"]) == HIDDEN


def test_a_short_secret_is_only_found_as_a_word() -> None:
    assert conceal("a cat has 1 tail, 12 toes", ["1"]) == f"a cat has {HIDDEN} tail, 12 toes"


def test_an_empty_secret_is_none() -> None:
    assert conceal("a b", ["", " "]) == "a b"


def test_a_secret_cut_off_in_the_middle() -> None:
    long = "sk-live-0123456789abcdefghij"
    assert "0123456789" not in conceal(f"invalid key {long[:16]}...", [long])
    assert "cdefghij" not in conceal(f"invalid key ...{long[-16:]}", [long])


@given(st.text(min_size=4, max_size=40).filter(str.strip), st.text(max_size=30), st.text(max_size=30))
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    if secret in HIDDEN:
        return
    result = conceal(f"{before}{secret}{after}", [secret])
    assert secret not in result.replace(HIDDEN, "") or secret in before + after


@pytest.mark.parametrize(
    ("name", "body", "found"),
    [
        ("persona", {"layers": {"llm": {"api_key": "k1", "model": "m"}}}, {"k1"}),
        ("persona", {"layers": {"llm": {"headers": {"X-Org": "nw"}, "default_query": {"v": "q1"}}}}, {"nw", "q1"}),
        ("persona", {"layers": {"tts": {"api_key": "k2"}}, "system_prompt": "hello"}, {"k2"}),
        ("persona", {"layers": {"mcp": {"servers": [{"auth_token": "t1", "url": "u"}]}}}, {"t1"}),
        ("persona", [{"op": "replace", "path": "/layers/llm/api_key", "value": "k3"}], {"k3"}),
        ("persona", [{"op": "add", "path": "/layers/llm", "value": {"api_key": "k4", "model": "m"}}], {"k4"}),
        ("persona", [{"op": "add", "path": "/layers/llm/headers/Authorization", "value": "Bearer x"}], {"Bearer x"}),
        ("persona", [{"op": "remove", "path": "/layers/llm/api_key"}], set()),
        ("persona", [{"op": "add", "path": "/layers", "value": {"sts": {"secret": ["s1", "s2"]}}}], {"s1", "s2"}),
        ("tool", {"delivery": {"api": {"auth": {"type": "bearer", "token": "t2"}, "url": "https://a"}}}, {"t2"}),
        ("tool", {"delivery": {"api": {"headers": {"X": "h1"}}}, "name": "n"}, {"h1"}),
        (
            "persona",
            {"layers": {"llm": {"extra_body": {"u": "AKIA0123456789abcdefghijkl"}}}},
            {"AKIA0123456789abcdefghijkl"},
        ),
        ("persona", {"system_prompt": "a sentence with 24 letters and digits 0123456789"}, set()),
        ("persona", None, set()),
        ("persona", {"layers": {"llm": {"api_key": 12345}}}, {"12345"}),
    ],
)
def test_what_counts_as_a_secret(name: str, body: Any, found: set[str]) -> None:
    assert set(secrets_in(kind(name), body)) == found
