"""Error bodies of every shape become one sentence and the right error."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.secrets.redact_text import Redactor
from reconciler.errors import AuthRefused, MakerConflict, NotFound, Rejected, Unavailable
from reconciler.platforms.tavus.client.error_mapping import error_for, error_text, says_unknown


def body(value: Any) -> bytes:
    return json.dumps(value).encode()


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (body({"error": "Invalid layers.stt.stt_engine"}), "Invalid layers.stt.stt_engine"),
        (body({"message": "Invalid access token"}), "Invalid access token"),
        (body({"error": "one", "message": "two"}), "one - two"),
        (body({"error": "same", "message": "same"}), "same"),
        (
            body({"error": "Bad Request. {'default_face_id': ['default_face_id is required when creating a pal.']}"}),
            "Bad Request. default_face_id: default_face_id is required when creating a pal.",
        ),
        (
            body({"error": "Bad Request. {'layers': {'llm': ['Unknown field.', 'Missing.']}, 'x': ['Short.']}"}),
            "Bad Request. layers: llm: Unknown field.; Missing.; x: Short.",
        ),
        (body({"error": "Bad Request. {'a': unreadable}"}), "Bad Request. {'a': unreadable}"),
        (body({"error": 'Bad Request. {"a": ["json inside"]}'}), "Bad Request. a: json inside"),
        (body({"error": {"message": "inner"}}), "inner"),
        (body({"error": {"code": 7, "message": "inner"}}), "inner"),
        (body({"errors": [{"field": "name", "message": "too long"}, "second"]}), "name: too long; second"),
        (body({"detail": [{"loc": ["body", "x"], "msg": "field required"}]}), "field required"),
        (body({"default_face_id": ["required"]}), "default_face_id: required"),
        (body(["a", "b"]), "a; b"),
        (body("just text"), "just text"),
        (b"plain text", "plain text"),
        (b"", "Bad Request (no explanation given)"),
        (b"   \n ", "Bad Request (no explanation given)"),
        (body({}), "Bad Request (no explanation given)"),
        (body(None), "null"),
        (
            b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title><style>h1{}</style></head>"
            b"<body><center><h1>502 Bad Gateway</h1></center><hr>nginx</body></html>",
            "a web page: 502 Bad Gateway",
        ),
        (b"<html><body>hm</body></html>", "a web page"),
        (b"caf\xe9 \xff", "caf\ufffd \ufffd"),
        (b"\x1b[2Jwipe\x07 \xe2\x80\xaereversed", "[2Jwipe reversed"),
    ],
)
def test_the_text_of_a_body(content: bytes, text: str) -> None:
    assert error_text(content, 400) == text


def test_long_texts_are_cut() -> None:
    text = error_text(body({"error": "x" * 5000}), 400)
    assert len(text) == 600
    assert text.endswith(" ...")


@pytest.mark.parametrize("piece", [b"<script", b"<title", b"<h1>", b"<", b"<style>a", b"{x", b"invalid ", b"</h1"])
def test_a_page_of_tags_takes_no_time(piece: bytes) -> None:
    assert len(error_text(b"<html><h1>" + piece * 500_000, 502)) < 700


def test_a_status_without_a_name() -> None:
    assert error_text(b"", 599) == "no explanation given"


@pytest.mark.parametrize("depth", [50, 100_000])
def test_deep_nesting_does_no_harm(depth: int) -> None:
    assert error_text(b'{"error":' + b"[" * depth + b"]" * depth + b"}", 400)
    assert error_text(body({"error": "Bad {" + "[" * depth + "}"}), 400)


@given(st.binary(max_size=300), st.integers(400, 599))
def test_any_bytes_give_one_printable_line(content: bytes, status: int) -> None:
    text = error_text(content, status)
    assert text
    assert text.isprintable()
    assert len(text) <= 600


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@given(DOCUMENTS)
def test_any_document_gives_one_printable_line(value: Any) -> None:
    assert error_text(body({"error": value}), 400).isprintable()


@pytest.mark.parametrize(
    ("status", "document", "kind"),
    [
        (401, {"message": "Invalid access token"}, AuthRefused),
        (403, {}, AuthRefused),
        (400, {"error": "Bad Request. {'stt_engine': ['Must be one of: ...']}"}, Rejected),
        (402, {}, Rejected),
        (404, {"message": "Document not found"}, NotFound),
        (404, {}, NotFound),
        (410, {}, NotFound),
        (400, {"message": "Invalid persona_id"}, NotFound),
        (409, {"error": "A tool of this name exists"}, Rejected),
        (409, {"conflict": "maker_changes", "error": "unpublished changes"}, MakerConflict),
        (409, {"error": {"conflict": "maker_changes"}}, MakerConflict),
        (422, {"message": "Invalid JSON patch format"}, Rejected),
        (429, {"error": "slow down"}, Unavailable),
        (500, {}, Unavailable),
        (501, {}, Unavailable),
        (503, {}, Unavailable),
        (418, {}, Rejected),
    ],
)
def test_the_error_of_a_status(status: int, document: Any, kind: type[Exception]) -> None:
    error = error_for("PATCH /pals/p1", status, body(document))
    assert type(error) is kind
    assert error.status == status
    assert error.message.startswith(f"PATCH /pals/p1 answered {status}: ")


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500])
def test_what_a_user_can_act_on_has_a_hint(status: int) -> None:
    assert error_for("GET /pals", status, b"").hint


def test_retry_after_travels_with_the_error() -> None:
    assert error_for("GET /pals", 429, b"", retry_after=7.0).retry_after == 7.0


def test_a_draft_conflict_says_who() -> None:
    document = {
        "conflict": "maker_changes",
        "error": "Unpublished changes",
        "editor": {"email": "ann@northwind.example"},
    }
    error = error_for("PATCH /pals/p1", 409, body(document))
    assert "email: ann@northwind.example" in error.message
    assert "--force-maker" in (error.hint or "")


@pytest.mark.parametrize(
    "text",
    [
        "Invalid persona_id",
        "invalid pal_id",
        "Bad Request. Invalid pal_id: p7c1e0a9b42d",
        "Invalid `persona_id`",
        "Unknown persona",
        "Invalid persona id",
        "Invalid uuid",
        "Persona not found",
        "Persona with id p1 was not found.",
        "Tool does not exist",
        "The pal p1 doesn't exist",
        "Bad Request. Tool not attached to this PAL",
        "not found",
        "Bad Request. Not found.",
        "Could not find the persona",
        "Invalid tool_id",
        "pal_id: unknown",
    ],
)
def test_texts_that_mean_an_unknown_id(text: str) -> None:
    assert says_unknown(text, "/pals/p1/tools/t1")


@pytest.mark.parametrize(
    "text",
    [
        "Bad Request. default_face_id: default_face_id is required when creating a pal.",
        "Invalid layers.stt.stt_engine",
        "Invalid default_replica_id",
        "Please ensure both base_url and api_key are included in order to use a custom llm.",
        "User has reached maximum concurrent conversations",
        "Invalid JSON patch format",
        "member /layers/stt not found in the document",
        "Invalid value",
        "",
    ],
)
def test_texts_that_mean_something_else(text: str) -> None:
    assert not says_unknown(text, "/personas/p1")


@pytest.mark.parametrize(
    ("text", "path", "unknown"),
    [
        ("Invalid persona_id", "/pals/p1", True),
        ("Invalid pal_id", "/personas/p1", True),
        ("Invalid tool_id", "/pals/p1", False),
        ("Document d1 not found", "/pals/p1", False),
        ("Document d1 not found", "/documents/d1", True),
        ("Pronunciation dictionary not found", "/pronunciation-dictionaries/pd_1", True),
        ("Invalid persona_id", "/pals", False),
        ("not found", "/pals", False),
    ],
)
def test_only_what_the_path_names_can_be_unknown(text: str, path: str, unknown: bool) -> None:
    assert says_unknown(text, path) is unknown


def test_secrets_do_not_come_back() -> None:
    known = Redactor()
    known.learn("tvs-secret", "sk-live-77")
    content = body({"error": "Bad Request. {'model': ['sk-live-77 is no key']} for tvs-secret"})
    error = error_for("PATCH /pals/p1", 400, content, hide=known.hide)
    assert "sk-live-77" not in error.message
    assert "tvs-secret" not in error.message
    assert "(sensitive) is no key" in error.message


def test_members_with_a_telling_name_are_not_shown_whatever_they_hold() -> None:
    content = body({"request": {"headers": {"x-api-key": "short", "X-Org": "northwind"}}})
    message = error_for("GET /pals/p1", 400, content).message
    assert "short" not in message
    assert "northwind" in message


def test_a_secret_is_hidden_before_characters_are_dropped_and_the_text_is_cut() -> None:
    known = Redactor()
    known.learn("abcd\x00efgh\x1bijkl", "sk-live-" + "7" * 40)
    for text in ("abcd\x00efgh\x1bijkl", "x" * 580 + " sk-live-" + "7" * 40):
        message = error_for("GET /pals/p1", 400, body({"error": text}), hide=known.hide).message
        assert not any(part in message for part in ("abcd", "efgh", "ijkl", "sk-live"))
