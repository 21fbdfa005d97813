"""explain, models, schema: commands that answer from what the package knows."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from reconciler.api.scaffold import new_project


def test_explain_a_field(call: Callable[..., Any]) -> None:
    ended = call("explain", "persona.layers.llm.model")
    assert ended.code == 0
    assert "TYPE:     string" in ended.out
    assert json.loads(call("explain", "pal.layers.llm.model", "--format", "json").out)["type"] == "string"


def test_explain_guesses(call: Callable[..., Any]) -> None:
    ended = call("explain", "persona.layers.lm")
    assert ended.code == 64
    assert "did you mean persona.layers.llm?" in ended.err


def test_models_are_filtered_by_words(call: Callable[..., Any]) -> None:
    everything = json.loads(call("models", "--format", "json").out)["models"]
    some = json.loads(call("models", "GPT", "oss", "--table", "llm", "--format", "json").out)["models"]
    assert 0 < len(some) < len(everything)
    assert all("gpt" in row["id"] and row["table"] == "llm" for row in some)
    nothing = call("models", "gtp-oss")
    assert (nothing.code, nothing.out) == (1, "")
    assert "gtp-oss" in nothing.err
    assert "did you mean 'gpt-oss'?" in nothing.err
    assert "did you mean 'gpt'?" in call("models", "gtp").err
    assert "did you mean" not in call("models", "xyzzy").err


def test_models_as_a_table(call: Callable[..., Any]) -> None:
    short, long = call("models").out, call("models", "--verbose").out
    assert "Language models" in short
    assert len(long) > len(short)


def test_the_schema_fits_what_init_writes(call: Callable[..., Any], tmp_path: Path) -> None:
    schema = json.loads(call("schema", "--report", f"json={tmp_path / 's.json'}").out)
    assert json.loads((tmp_path / "s.json").read_text()) == schema
    for path, text in new_project("x").items():
        if path.endswith(".yaml") and "reconciler" not in path:
            jsonschema.validate(yaml.safe_load(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"apiVersion": "personas/v1", "kind": "Tool", "spec": []}, schema)


@pytest.mark.parametrize("words", [("schema", "--format", "text"), ("models", "--format", "ndjson")], ids=" ".join)
def test_formats_that_make_no_sense(words: tuple[str, ...], call: Callable[..., Any]) -> None:
    ended = call(*words)
    assert ended.code == 64
    assert ended.out == ""
