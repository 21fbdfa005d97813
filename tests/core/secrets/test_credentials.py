"""The secret texts of a body."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.core.secrets.credentials import credentials_in
from reconciler.platforms.tavus.kinds import kind


@pytest.mark.parametrize(
    ("name", "body", "found"),
    [
        ("persona", {"layers": {"llm": {"api_key": "k1", "model": "m"}}}, {"k1"}),
        ("persona", {"layers": {"tts": {"api_key": "k2"}}, "system_prompt": "hello"}, {"k2"}),
        ("persona", {"layers": {"mcp": {"servers": [{"auth_token": "t1", "url": "u"}]}}}, {"t1"}),
        ("persona", [{"op": "replace", "path": "/layers/llm/api_key", "value": "k3"}], {"k3"}),
        ("persona", [{"op": "add", "path": "/layers/llm", "value": {"api_key": "k4", "model": "m"}}], {"k4"}),
        ("persona", [{"op": "add", "path": "/layers/llm/headers/Authorization", "value": "Bearer x"}], {"Bearer x"}),
        ("persona", [{"op": "remove", "path": "/layers/llm/api_key"}], set()),
        ("persona", [{"op": "add", "path": "/layers", "value": {"sts": {"secret": ["s1", "s2"]}}}], {"s1", "s2"}),
        ("tool", {"delivery": {"api": {"auth": {"type": "bearer", "token": "t2"}, "url": "https://a"}}}, {"t2"}),
        ("persona", {"layers": {"llm": {"extra_body": {"u": "AKIA0123456789abcdef"}}}}, {"AKIA0123456789abcdef"}),
        ("persona", {"system_prompt": "a sentence with 24 letters and digits 0123456789"}, set()),
        ("persona", {"tool_ids": ["t0123456789abcdef0123456789abcdef"]}, set()),
        ("persona", {"layers": {"llm": {"api_key": "********"}}}, set()),
        ("persona", None, set()),
        ("persona", {"layers": {"llm": {"api_key": 12345}}}, {"12345"}),
    ],
)
def test_what_counts_as_a_secret(name: str, body: Any, found: set[str]) -> None:
    assert set(credentials_in(kind(name), body)) == found
