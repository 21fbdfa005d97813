from __future__ import annotations

import pytest

from reconciler.core.secrets.redact_document import SENSITIVE
from reconciler.platforms.tavus.kinds import kind
from reconciler.reporters.redacted import hidden_paths, safe_body, safe_drift, safe_field, safe_operation
from reconciler.types.address import SecretRef
from reconciler.types.change import Action, Direction, FieldChange
from reconciler.types.json import Json
from reconciler.types.plan import DriftField
from tests.support import reports
from tests.support.records import change_of

PERSONA = kind("persona")
TOOL = kind("tool")
MARKER: Json = SecretRef("env", "X")


def sides(path: str, before: Json, after: Json, **more: bool) -> tuple[Json, Json]:
    return safe_field(PERSONA, FieldChange(path, Direction.GIT, before, after, **more))


@pytest.mark.parametrize(
    ("before", "after", "shown"),
    [
        ("old", "new", (SENSITIVE, SENSITIVE)),
        (None, "new", (None, SENSITIVE)),
        ("old", None, (SENSITIVE, None)),
        ("********", MARKER, (SENSITIVE, SENSITIVE)),
    ],
)
def test_a_secret_path(before: Json, after: Json, shown: tuple[Json, Json]) -> None:
    assert sides("/layers/llm/api_key", before, after) == shown


def test_what_is_no_secret_passes() -> None:
    assert sides("/greeting", "old", "new") == ("old", "new")


def test_a_marker_on_either_side_hides_both() -> None:
    assert sides("/greeting", "old", MARKER) == (SENSITIVE, SENSITIVE)
    assert sides("/greeting", MARKER, "new") == (SENSITIVE, SENSITIVE)


def test_a_hidden_side_hides_the_other() -> None:
    assert sides("/greeting", SENSITIVE, "still here") == (SENSITIVE, SENSITIVE)


def test_a_flag_hides_both() -> None:
    assert sides("/greeting", "old", "new", sensitive=True) == (SENSITIVE, SENSITIVE)


def test_a_marker_inside_hides_its_place_on_the_other_side_only() -> None:
    before: Json = {"url": "https://secret", "method": "POST"}
    after: Json = {"url": MARKER, "method": "GET"}
    assert sides("/layers/mcp", before, after) == (
        {"url": SENSITIVE, "method": "POST"},
        {"url": SENSITIVE, "method": "GET"},
    )


def test_a_place_below_a_hidden_one_is_hidden() -> None:
    change = FieldChange("/greeting/inner", Direction.GIT, "old", "new")
    assert safe_field(PERSONA, change, {"/greeting"}) == (SENSITIVE, SENSITIVE)


def test_a_place_beside_a_hidden_one_is_not() -> None:
    change = FieldChange("/greeting_more", Direction.GIT, "old", "new")
    assert safe_field(PERSONA, change, {"/greeting"}) == ("old", "new")


def test_hidden_paths_come_from_fields_documents_and_what_is_managed() -> None:
    change = change_of(
        reports.CLAIMS,
        Action.UPDATE,
        before={"context": MARKER},
        after={"greeting": MARKER},
        fields=(FieldChange("/memories", Direction.GIT, sensitive=True),),
        managed={"/pal_name": MARKER, "/layers/mcp": {"url": MARKER}, "/pal_description": "open"},
    )
    assert hidden_paths(change) == {"/context", "/greeting", "/memories", "/pal_name", "/layers/mcp/url"}


def test_drift_is_hidden_the_same_way() -> None:
    assert safe_drift(PERSONA, DriftField("/layers/tts/api_key", Direction.LIVE, "a", "b")) == (SENSITIVE, SENSITIVE)
    assert safe_drift(PERSONA, DriftField("/greeting", Direction.LIVE, MARKER, "b")) == (SENSITIVE, SENSITIVE)
    assert safe_drift(PERSONA, DriftField("/greeting", Direction.LIVE, "a", "b", sensitive=True)) == (
        SENSITIVE,
        SENSITIVE,
    )
    assert safe_drift(PERSONA, DriftField("/greeting", Direction.LIVE, "a", "b")) == ("a", "b")


@pytest.mark.parametrize("word", ["pal_name", "persona_name"])
def test_a_body_in_either_vocabulary(word: str) -> None:
    body: Json = {
        word: "x",
        "layers": {"llm": {"api_key": "clear", "headers": {"A-Token": "clear"}}, "tts": {"api_key": MARKER}},
    }
    shown = safe_body(PERSONA, body)
    assert "clear" not in repr(shown)
    assert isinstance(shown, dict)
    assert shown[word] == "x"
    assert shown["layers"] == {
        "llm": {"api_key": SENSITIVE, "headers": {"A-Token": SENSITIVE}},
        "tts": {"api_key": MARKER},
    }


def test_a_body_of_operations() -> None:
    body: Json = [
        {"op": "add", "path": "/layers", "value": {"llm": {"api_key": "clear"}}},
        {"op": "replace", "path": "/layers/llm/headers/X-Key", "value": "clear"},
        {"op": "remove", "path": "/layers/llm/api_key"},
        {"op": "move", "from": "/a", "path": "/b"},
        {"op": "replace", "path": "/greeting", "value": "hello"},
    ]
    shown = safe_body(PERSONA, body)
    assert "clear" not in repr(shown)
    assert isinstance(shown, list)
    assert shown[2:] == body[2:]  # type: ignore[index]


def test_an_empty_body() -> None:
    assert safe_body(PERSONA, None) is None


def test_an_operation_on_a_tool() -> None:
    operation: Json = {
        "op": "replace",
        "path": "/delivery",
        "value": {"api": {"auth": {"token": "clear", "type": "bearer"}}},
    }
    assert isinstance(operation, dict)
    assert safe_operation(TOOL, operation)["value"] == {"api": {"auth": {"token": SENSITIVE, "type": "bearer"}}}


def test_a_merge_patch_of_a_tool() -> None:
    body: Json = {"delivery": {"api": {"headers": {"X-Key": "clear", "Y": MARKER}}}}
    assert safe_body(TOOL, body) == {"delivery": {"api": {"headers": {"X-Key": SENSITIVE, "Y": MARKER}}}}
