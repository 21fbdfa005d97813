"""Bodies of answers and refusals."""

from __future__ import annotations

import ast
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.platforms.tavus.simulator.http_types import Call, invalid, missing, refused, unauthorized, write_json


@given(st.recursive(st.none() | st.booleans() | st.text(), lambda inner: st.lists(inner, max_size=3), max_leaves=5))
def test_written_json_reads_back(value: Any) -> None:
    assert json.loads(write_json(value)) == value


def test_half_a_surrogate_pair_becomes_an_escape() -> None:
    assert write_json("\ud800") == b'"\\ud800"'
    assert write_json("\u00e9") == b'"\xc3\xa9"'


def test_schema_errors_can_be_read_by_python_only() -> None:
    error = invalid({"a": {"b": ["it's"]}}).reply.body["error"]  # type: ignore[call-overload,index]
    assert ast.literal_eval(error.removeprefix("Bad Request. ")) == {"a": {"b": ["it's"]}}
    with pytest.raises(json.JSONDecodeError):
        json.loads(error.removeprefix("Bad Request. "))


@pytest.mark.parametrize(
    ("refusal", "status", "body"),
    [
        (refused("no"), 400, {"error": "no"}),
        (refused("no", word="message"), 400, {"message": "no"}),
        (missing("gone"), 404, {"error": "gone"}),
        (unauthorized(), 401, {"message": "Invalid access token"}),
    ],
)
def test_refusals(refusal: Any, status: int, body: Any) -> None:
    assert (refusal.reply.status, refusal.reply.body) == (status, body)


@pytest.mark.parametrize(
    ("text", "value"), [("true", True), ("TRUE", True), ("1", True), ("false", False), ("", False)]
)
def test_flags(text: str, value: bool) -> None:
    assert Call("GET", "/", {"force": text}).flag("force") is value
    assert not Call("GET", "/").flag("force")
