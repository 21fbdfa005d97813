"""Masks, and the references that could stand in the place of literals."""

from __future__ import annotations

import pytest

from reconciler.core.kind_table import KINDS
from reconciler.manifests.read.secret_heuristics import is_mask, reference_for


@pytest.mark.parametrize(
    ("text", "mask"), [("****", True), ("********", True), ("***", False), ("**** x", False), ("", False)]
)
def test_masks(text: str, mask: bool) -> None:
    assert is_mask(text) is mask


@pytest.mark.parametrize(
    ("pointer", "value", "reference"),
    [
        ("/layers/llm/api_key", "abc", "{env: CLAIMS_DESK_LLM_API_KEY}"),
        ("/layers/tts/api_key", "abc", "{env: CLAIMS_DESK_TTS_API_KEY}"),
        ("/layers/llm/api_key", "${LLM_KEY}", "{env: LLM_KEY}"),
        ("/layers/llm/api_key", "$LLM_KEY", "{env: LLM_KEY}"),
        ("/layers/llm/api_key", "{{ llm_key }}", "{env: llm_key}"),
        ("/layers/llm/headers/X-Api-Key", "abc", "{env: CLAIMS_DESK_LLM_HEADERS_X_API_KEY}"),
        ("/delivery/api/auth/token", "abc", "{env: CLAIMS_DESK_AUTH_TOKEN}"),
        ("/password", "abc", "{env: CLAIMS_DESK_PASSWORD}"),
    ],
)
def test_the_reference_that_could_stand_there(pointer: str, value: str, reference: str) -> None:
    assert reference_for(pointer, value, "persona.claims-desk") == reference


def test_every_secret_of_a_kind_gets_a_variable_of_its_own() -> None:
    for spec in KINDS.all().values():
        secrets = [row.path for row in spec.fields if row.secret]
        named = {reference_for(path, "", f"{spec.name}.x") for path in secrets}
        assert len(named) == len(secrets), spec.name


def test_a_reference_never_starts_with_a_digit() -> None:
    assert reference_for("/key", "x", "persona.1st") == "{env: _1ST_KEY}"
