"""Rules of the LLM: which models there are and what each takes beside it (L05 to L09)."""

from __future__ import annotations

import pytest

from reconciler.types.json import Json
from tests.support.rulecase import CUSTOM, body, findings, said


@pytest.mark.parametrize(
    ("llm", "expected"),
    [
        ({"model": "gpt-4o"}, [("/layers/llm", "error"), ("/layers/llm", "error")]),
        ({"model": "gpt-4o", "base_url": "https://a.example"}, [("/layers/llm", "error")]),
        ({"model": "gpt-4o", "base_url": "https://a.example", "api_key": ""}, [("/layers/llm/api_key", "error")]),
        ({"model": "gpt-4o", "base_url": "", "api_key": {"env": "K"}}, [("/layers/llm/base_url", "error")]),
        ({"base_url": "https://a.example"}, [("/layers/llm", "error")]),
        ({"base_url": "https://a.example", "api_key": {"env": "K"}}, [("/layers/llm/base_url", "warning")]),
    ],
)
def test_something_is_missing(llm: dict[str, Json], expected: list[tuple[str, str]]) -> None:
    assert said("L05", body(llm=llm)) == expected


@pytest.mark.parametrize(
    "llm",
    [
        CUSTOM,
        {**CUSTOM, "base_url": {"env": "URL"}},
        {"model": "tavus-gpt-oss"},
        {"model": "tavus-made-up"},
        {**CUSTOM, "model": "tavus-gpt-oss"},
        {"model": ""},
        {"model": 7},
        {},
        None,
        "text",
    ],
)
def test_complete_or_hosted_or_none(llm: Json) -> None:
    assert said("L05", body(llm=llm)) == []


def test_an_address_without_its_key_is_refused_beside_a_hosted_model_too() -> None:
    assert said("L05", body(llm={"model": "tavus-gpt-oss", "base_url": "https://a.example"})) == [
        ("/layers/llm", "error")
    ]


def test_a_hosted_name_without_its_prefix_is_recognised() -> None:
    hints = {finding.hint for finding in findings("L05", body(llm={"model": "gemini-3-flash"}))}
    assert all(hint is not None and "tavus-gemini-3-flash" in hint for hint in hints)


def test_nothing_is_suggested_for_a_name_of_its_own() -> None:
    for finding in findings("L05", body(llm={"model": "northwind-claims-1"})):
        assert finding.hint is not None
        assert "did you mean" not in finding.hint


HOSTED: dict[str, Json] = {"model": "tavus-gpt-oss"}


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("base_url", "https://a.example"),
        ("base_url", {"env": "URL"}),
        ("api_key", {"env": "KEY"}),
        ("headers", {"X": "y"}),
        ("default_query", {"a": "b"}),
    ],
)
def test_each_field_of_an_endpoint_is_reported(word: str, value: Json) -> None:
    assert said("L06", body(llm={**HOSTED, word: value})) == [(f"/layers/llm/{word}", "warning")]


def test_all_of_them() -> None:
    assert len(said("L06", body(llm={**CUSTOM, "model": "tavus-gpt-oss", "headers": {"X": "y"}}))) == 3


@pytest.mark.parametrize(
    "llm",
    [
        CUSTOM,
        HOSTED,
        {**HOSTED, "base_url": "", "api_key": None, "headers": {}, "default_query": {}},
        {"base_url": "https://a.example"},
        {**HOSTED, "extra_body": {"temperature": 1}},
        [],
    ],
)
def test_quiet(llm: Json) -> None:
    assert said("L06", body(llm=llm)) == []


EXTRA = "/layers/llm/extra_body"


def hosted(extra: Json, model: str = "tavus-gpt-oss") -> dict[str, Json]:
    return body(llm={"model": model, "extra_body": extra})


@pytest.mark.parametrize(
    ("extra", "pointer", "part"),
    [
        ({"frequency_penalty": 0.5}, "/frequency_penalty", "do not take frequency_penalty"),
        ({"temperature": 2.5}, "/temperature", "between 0 and 2"),
        ({"temperature": -0.1}, "/temperature", "between 0 and 2"),
        ({"top_p": 1.5}, "/top_p", "between 0 and 1"),
        ({"top_p": True}, "/top_p", "must be a number"),
        ({"temperature": "0.5"}, "/temperature", "must be a number"),
        ({"temperature": [1]}, "/temperature", "must be a number"),
        ({"a/b": 1}, "/a~1b", "do not take a/b"),
    ],
)
def test_what_hosted_models_do_not_take(extra: Json, pointer: str, part: str) -> None:
    (finding,) = findings("L07", hosted(extra))
    assert finding.pointer == EXTRA + pointer
    assert finding.severity.value == "warning"
    assert part in finding.summary


@pytest.mark.parametrize(
    "extra",
    [
        {"temperature": 0.7, "top_p": 0.9},
        {"temperature": 0, "top_p": 1},
        {"temperature": 2},
        {"temperature": None},
        {"temperature": {"env": "TEMPERATURE"}},
        {},
        None,
        "text",
        [1],
    ],
)
def test_extra_body_hosted_quiet(extra: Json) -> None:
    assert said("L07", hosted(extra)) == []


def test_claude_refuses_both_together() -> None:
    spec = hosted({"temperature": 0.7, "top_p": 0.9}, "tavus-claude-haiku-4.5")
    (finding,) = findings("L07", spec)
    assert finding.pointer == EXTRA
    assert "temperature together with top_p" in finding.summary
    assert said("L07", hosted({"temperature": 0.7}, "tavus-claude-haiku-4.5")) == []


def test_a_persona_without_a_model_is_hosted() -> None:
    assert said("L07", body(llm={"extra_body": {"seed": 1}})) == [(f"{EXTRA}/seed", "warning")]


def test_a_custom_llm_takes_what_it_takes() -> None:
    assert said("L07", body(llm={**CUSTOM, "extra_body": {"frequency_penalty": 9, "temperature": 99}})) == []


def test_a_project_can_widen_the_parameters() -> None:
    assert said("L07", hosted({"seed": 1}), parameters={"seed": {}}) == []


@pytest.mark.parametrize(
    ("spec", "pointer"),
    [
        ({"system_prompt": "Hi"}, ""),
        ({"system_prompt": "Hi", "layers": {}}, "/layers"),
        ({"system_prompt": "Hi", "layers": {"llm": {}}}, "/layers/llm"),
        ({"system_prompt": "Hi", "layers": {"llm": {"model": ""}}}, "/layers/llm/model"),
        ({"system_prompt": "Hi", "layers": {"llm": {"model": None}}}, "/layers/llm/model"),
        ({"system_prompt": "Hi", "layers": None}, "/layers"),
    ],
)
def test_no_model(spec: dict[str, Json], pointer: str) -> None:
    assert said("L08", spec) == [(pointer, "warning")]


@pytest.mark.parametrize(
    "spec",
    [
        body(),
        body(llm=CUSTOM),
        body(llm={"base_url": "https://a.example"}),
        {"pipeline_mode": "echo"},
        {"pipeline_mode": "speech-to-speech"},
    ],
)
def test_model_unpinned_quiet(spec: dict[str, Json]) -> None:
    assert said("L08", spec) == []


def test_the_hint_is_the_default_of_the_configured_generation() -> None:
    (now,) = findings("L08", {"system_prompt": "Hi"})
    (then,) = findings("L08", {"system_prompt": "Hi"}, generation="2026-02")
    assert now.hint is not None and "tavus-gemma-4" in now.hint
    assert then.hint is not None and "tavus-gpt-oss" in then.hint


MODEL = "/layers/llm/model"


@pytest.mark.parametrize(
    ("model", "near"),
    [
        ("tavus-gpt-os", "tavus-gpt-oss"),
        ("tavus-gemini-flash-2.5", "tavus-gemini-2.5-flash"),
        ("tavus-claude-haiku", "tavus-claude-haiku-4.5"),
        ("tavus-GPT-OSS", "tavus-gpt-oss"),
    ],
)
def test_a_typo_gets_the_nearest_names(model: str, near: str) -> None:
    (finding,) = findings("L09", body(llm={"model": model}))
    assert (finding.pointer, finding.severity.value) == (MODEL, "warning")
    assert finding.hint is not None
    assert near in finding.hint


def test_nothing_near_points_at_the_list() -> None:
    (finding,) = findings("L09", body(llm={"model": "tavus-zzzzzzzzzzz"}))
    assert finding.hint == "`reconciler models` lists the known ones"


def test_an_internal_model_is_an_error_with_its_public_sister() -> None:
    (finding,) = findings("L09", body(llm={"model": "tavus-pal-maker-gemma-4"}))
    assert finding.is_error
    assert finding.hint == "use tavus-gemma-4"


def test_a_model_of_public_code_is_an_info() -> None:
    assert said("L09", body(llm={"model": "tavus-gpt-5.6-terra"})) == [(MODEL, "info")]


@pytest.mark.parametrize(
    "model", ["tavus-gpt-oss", "tavus-gpt-4o", "tavus-llama", "gpt-4o", "", None, 7, {"env": "M"}]
)
def test_known_models_also_old_ones_and_others_are_quiet(model: Json) -> None:
    assert said("L09", body(llm={"model": model})) == []


def test_a_model_of_a_later_generation_is_not_known_yet() -> None:
    (finding,) = findings("L09", body(llm={"model": "tavus-glm-4.7"}), generation="2025-12")
    assert "in generation 2025-12" in finding.summary


def test_a_project_can_add_a_model() -> None:
    tables: dict[str, Json] = {"llm": {"tavus-new": {"status": {"all": "available"}}}}
    assert said("L09", body(llm={"model": "tavus-new"}), tables=tables) == []
