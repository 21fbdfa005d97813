"""Texts of the account and of manifests in reports for people: nothing in them is obeyed, and nothing hidden."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from reconciler.cli.main import run
from reconciler.core.text import has_hidden
from reconciler.reporters.html.page_parts import escape

EVIL = "x\x1b[31mRED\u202e\u200bé`</code><script>alert(1)</script>\n# H <img src=x onerror=a> |a|b|\n```\n\x00\x9b"
Y = json.dumps(EVIL.replace("\x00", ""))
MANIFEST = f"""
apiVersion: personas/v1
kind: Persona
metadata: {{name: p}}
spec:
  persona_name: {Y}
  system_prompt: {Y}
  greeting: {Y}
  tools: [look_up]
  {Y}: {Y}
  layers:
    llm: {{model: tavus-gpt-oss, extra_body: {{{Y}: {Y}, a: [{Y}]}}}}
    tts: {{tts_engine: {Y}, voice_settings: {{{Y}: {Y}}}}}
    perception: {{perception_model: {Y}, ambient_awareness_queries: [{Y}]}}
---
apiVersion: personas/v1
kind: Tool
metadata: {{name: look_up}}
spec:
  name: look_up
  description: {Y}
  parameters: {{type: object, properties: {{a: {{type: string, description: {Y}}}}}, required: [a]}}
"""


def hidden_in(text: str) -> list[str]:
    return [line for line in text.splitlines() if has_hidden(line)]


@pytest.mark.parametrize(
    "words",
    [
        ("plan", "--verbose"), ("validate", "--verbose"), ("plan", "--format", "markdown"),
        ("plan", "--format", "html"), ("validate", "--format", "html"), ("migrate",),
        ("export", "agents", "--target", "livekit"),
    ],
    ids=" ".join,
)  # fmt: skip
def test_what_people_read_obeys_nothing(
    words: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "p.yaml").write_text(MANIFEST)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    run([*words])
    told = capfd.readouterr()
    assert told.out
    assert hidden_in(told.out + told.err) == []
    if words[-1] in {"html", "markdown"}:
        assert "<script>alert" not in told.out
        assert "<img src=x" not in told.out
    for path in (tmp_path / "agents").rglob("*"):
        assert not path.is_file() or hidden_in(path.read_text()) == [], path


def test_nothing_is_markup() -> None:
    shown = escape(EVIL)
    assert "<" not in shown
    assert not has_hidden(shown)
