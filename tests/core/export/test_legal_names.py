"""Names: legal, unique, and the same for the same words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.export.legal_names import (
    DEVICES,
    file_stem,
    folder_name,
    legal_name,
    unique_name,
    variable_name,
)
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import NAME_PATTERN


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("claims-desk", "claims-desk"),
        ("Lookup_Policy", "Lookup_Policy"),
        ("Claims Desk", "claims-desk"),
        ("Ünïcode  Empfang!", "unicode-empfang"),
        ("éclair", "eclair"),
        ("客服", "persona"),
        ("", "persona"),
        (None, "persona"),
        ("..", "persona"),
        ("--", "persona"),
        ("-dash", "dash"),
        ("a/b\\c", "a-b-c"),
        ("../../etc/passwd", "etc-passwd"),
        ("ends.", "ends"),
        ("x" * 130, "x" * 128),
        ("v1.2 beta", "v1.2-beta"),
    ],
)
def test_legal_names(text: str | None, name: str) -> None:
    assert legal_name(text, "persona") == name


@given(st.none() | st.text(max_size=200))
def test_every_name_is_legal_and_its_own_name(text: str | None) -> None:
    name = legal_name(text, "tool")
    assert NAME_PATTERN.fullmatch(name)
    assert legal_name(name, "tool") == name


@given(st.lists(st.sampled_from(["a", "A", "a-2", "x" * 128, "b"]), max_size=12))
def test_names_become_unique_whatever_their_case(wanted: list[str]) -> None:
    taken: set[str] = set()
    for name in wanted:
        found = unique_name(name, taken)
        assert NAME_PATTERN.fullmatch(found)
        assert found.casefold() not in taken
        taken.add(found.casefold())


def test_the_second_of_a_name_is_counted() -> None:
    assert unique_name("desk", set()) == "desk"
    assert unique_name("Desk", {"desk"}) == "Desk-2"
    assert unique_name("desk", {"desk", "desk-2"}) == "desk-3"
    assert unique_name("y" * 128, {"y" * 128}) == "y" * 126 + "-2"


@pytest.mark.parametrize("name", [*sorted(DEVICES), "CON", "nul.txt", "Com1.x.y", "reconciler", "Reconciler"])
def test_no_file_is_called_like_a_device_or_a_project_file(name: str) -> None:
    assert file_stem(name) == f"{name}_"


@pytest.mark.parametrize("name", ["console", "desk", "com", "reconciler-2", "null"])
def test_other_files_are_called_like_their_manifest(name: str) -> None:
    assert file_stem(name) == name


def test_folders_are_called_as_in_the_example_project() -> None:
    folders = [folder_name(spec) for spec in KINDS.all().values()]
    assert {"personas", "tools", "guardrails", "objectives", "dictionaries"} <= set(folders)


@pytest.mark.parametrize(
    ("kind", "name", "pointer", "variable"),
    [
        ("persona", "claims-desk", "/layers/llm/api_key", "PERSONA_CLAIMS_DESK_LLM_API_KEY"),
        ("tool", "Lookup", "/delivery/api/auth/token", "TOOL_LOOKUP_AUTH_TOKEN"),
        ("persona", "1.0", "/layers/llm/headers/X~1Y", "PERSONA_1_0_LLM_HEADERS_X_Y"),
        ("persona", "a", "/layers/llm/headers/é", "PERSONA_A_LLM_HEADERS_E"),
    ],
)
def test_variables(kind: str, name: str, pointer: str, variable: str) -> None:
    assert variable_name(kind, name, pointer, ()) == variable
    assert variable_name(kind, name, pointer, {variable}) == f"{variable}_2"
