"""L19."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import body, findings, said


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        (body(conversational_flow={"turn_commitment": "low"}), "/layers/conversational_flow/turn_commitment"),
        (body(conversational_flow={"active_listening": "low"}), "/layers/conversational_flow/active_listening"),
        (body(conversational_flow={"noise_cancellation": "on"}), "/layers/conversational_flow/noise_cancellation"),
        (body(llm={"model": "tavus-gpt-oss", "disable_vision": False}), "/layers/llm/disable_vision"),
        (body(llm={"model": "tavus-gpt-oss", "enable_llm_proxy": True}), "/layers/llm/enable_llm_proxy"),
        (body(sts={"a": 1}), "/layers/sts"),
        (body(capabilities={"mcp_enabled": True}), "/layers/capabilities"),
        ({"layers": {"knowledge_base": {"rag_n_chunks": 3}}}, "/layers/knowledge_base"),
    ],
)
def test_fields_of_the_client_or_an_example(spec: dict[str, Json], pointer: str) -> None:
    (finding,) = findings("L19", spec)
    assert (finding.pointer, finding.severity.value) == (pointer, "info")
    assert "known from" in finding.summary


@pytest.mark.parametrize("layer", [{}, None, {"turn_commitment": None}, {"turn_taking_patience": "low"}, "x"])
def test_quiet(layer: Json) -> None:
    assert said("L19", body(conversational_flow=layer)) == []
