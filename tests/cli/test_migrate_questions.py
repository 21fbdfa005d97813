"""`reconciler migrate` at a real terminal: what a question shows, wrong answers, help, saving, confirming, Ctrl-C."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.conversation import CTRL_C, converse

Call = Callable[..., Any]

PROJECT = """\
# ours
apiVersion: personas/v1
kind: Project
metadata: {name: x}   # the name
migrations: # so far
    # why
    raven-0-to-raven-1: keep   # for now
"""
PERSONA = "pal_name: %s   # seen\nsystem_prompt: Hi\nlayers:\n  stt: {stt_engine: tavus-advanced}\n"


@pytest.fixture
def two(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two personas with the same question."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    (folder / "reconciler.yaml").write_text(PROJECT)
    for name in ("a", "b"):
        (folder / f"{name}.yaml").write_text(PERSONA % name.upper())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def texts(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in sorted((folder / "manifests").iterdir())}


def test_one_question_for_all_is_explained_asked_again_saved_and_confirmed(two: Path) -> None:
    talk = converse(["migrate", "--write"], ["nonsense", "9", "?", "? 1", "1", "yes"], two, out=True)
    assert talk.code == 0, talk.screen
    before_first_prompt = talk.screen.partition("decide later)")[0]
    for said in ("why: another engine hears differently", "in persona.a, persona.b", "manifests/b.yaml",
                 '-> /layers/stt/stt_engine = "tavus-auto"', "keep: leave it as it is"):  # fmt: skip
        assert said in before_first_prompt, talk.screen
    assert talk.screen.count("is none of tavus-auto, keep") == 2, "wrong answers are asked again"
    assert talk.screen.count("Question 1 of 1") == 1 and "Sources:" in talk.screen
    assert talk.screen.index("+  stt: {stt_engine: tavus-auto}") < talk.screen.index("Write these 3 files?")
    assert "stt_engine: tavus-auto" in texts(two)["a.yaml"] and "tavus-auto" in texts(two)["b.yaml"]
    saved = texts(two)["reconciler.yaml"]
    assert saved.startswith(PROJECT), "comments and layout stay"
    assert yaml.safe_load(saved)["migrations"]["stt-engine"] == {"tavus-advanced": "tavus-auto"}


def test_each_manifest_by_itself_and_keep_holds(two: Path, call: Call) -> None:
    talk = converse(["migrate", "--write", "--yes"], ["each", "keep", "tavus-auto"], two)
    assert talk.code == 0, talk.screen
    after = texts(two)
    assert after["a.yaml"] == PERSONA % "A" and "tavus-auto" in after["b.yaml"]
    assert yaml.safe_load(after["reconciler.yaml"])["migrations"]["stt-engine"] == {
        "persona.a:tavus-advanced": "keep", "persona.b:tavus-advanced": "tavus-auto",
    }  # fmt: skip
    assert converse(["migrate", "--write"], [], two).code == 0, "nothing is asked any more"
    assert texts(two) == after and call("migrate", "--check").code == 0


@pytest.mark.parametrize("typed", [["1", "no"], ["1"], ["1", CTRL_C], [CTRL_C]])
def test_without_a_yes_nothing_is_written(two: Path, typed: list[str]) -> None:
    before = texts(two)
    talk = converse(["migrate", "--write"], typed, two)
    assert talk.code == (130 if CTRL_C in typed else 1), talk.screen
    assert "Traceback" not in talk.screen
    assert texts(two) == before


def test_without_write_only_the_answers_are_offered(two: Path) -> None:
    talk = converse(["migrate"], ["1", "yes"], two)
    assert talk.code == 0 and "Save the answers in manifests/reconciler.yaml?" in talk.screen
    after = texts(two)
    assert after["a.yaml"] == PERSONA % "A"
    assert yaml.safe_load(after["reconciler.yaml"])["migrations"]["stt-engine"] == {"tavus-advanced": "tavus-auto"}


@pytest.mark.parametrize("typed", [["", "yes"], ["q"], []])
def test_what_is_put_off_stays_open(two: Path, typed: list[str]) -> None:
    before = texts(two)
    talk = converse(["migrate", "--write"], typed, two)
    assert talk.code == 0 and "2 open" in talk.out
    assert texts(two) == before


def test_nobody_is_asked_without_a_terminal_and_the_line_to_paste_answers(two: Path, start: Call, call: Call) -> None:
    done = start("migrate", "--write")
    assert done.code == 0 and "Needs a choice" in done.out
    assert call("migrate", "--check").code == 0, "what still works waits"
    document = json.loads(call("migrate", "--format", "json").out)
    [question] = document["questions"]
    assert question["manifests"] == ["persona.a", "persona.b"] and question["proposal"] == "tavus-auto"
    assert question["choices"][0]["does"] == ['/layers/stt/stt_engine = "tavus-auto"']
    line = question["answer"]["project_file"]
    assert line.removeprefix("migrations: {").removesuffix("}") in done.out
    head = PROJECT.partition("migrations:")[0]
    (two / "manifests" / "reconciler.yaml").write_text(f"{head}{line}\n")
    assert "2 answered" in call("migrate", "--write").out


def test_proposals_are_accepted_without_a_terminal(two: Path, call: Call) -> None:
    (two / "manifests" / "a.yaml").write_text("pal_name: A\nlayers: {tts: {voice_settings: {speed: fast}}}\n")
    done = call("migrate", "--write", "--accept-proposed", "--save-answers")
    assert done.code == 0 and "tts-types: {fast: VALUE}" in done.out, "no number is proposed for a word"
    saved = yaml.safe_load(texts(two)["reconciler.yaml"])["migrations"]
    assert saved == {"raven-0-to-raven-1": "keep", "stt-engine": {"tavus-advanced": "tavus-auto"}}
    assert "speed: fast" in texts(two)["a.yaml"] and "tavus-auto" in texts(two)["b.yaml"]


def test_answers_that_cannot_be_saved_are_shown(two: Path, call: Call) -> None:
    (two / "manifests" / "reconciler.yaml").unlink()
    done = call("migrate", "--write", "--accept-proposed", "--save-answers")
    assert done.code == 0 and "no project file" in done.err
    assert "stt-engine: {tavus-advanced: tavus-auto}" in done.err
    assert "tavus-auto" in texts(two)["a.yaml"]


def test_an_answer_for_nobody_is_a_finding(two: Path, call: Call) -> None:
    (two / "manifests" / "reconciler.yaml").write_text(
        PROJECT + "    stt-engine: {persona.gone: keep, 'persona.bb:tavus-advanced': keep, persona.a: keep}\n"
    )
    done = call("migrate")
    assert done.code == 0
    assert "persona.gone, and there is no such manifest" in done.err and "persona.bb," in done.err
    assert "persona.a," not in done.err
    found = json.loads(call("validate", "--format", "json").out)["diagnostics"]
    said = {one["summary"]: one for one in found if one["code"] == "E-project"}
    assert len(said) == 2 and all(one["severity"] == "warning" for one in said.values())
    assert call("migrate", "--check").code == 0


def test_output_is_short_and_full_has_all(two: Path, call: Call) -> None:
    for number in range(30):
        (two / "manifests" / f"p{number}.yaml").write_text(f"persona_name: P {number}\nlayers: {{}}\n")
    short, full = call("migrate").out, call("migrate", "--full").out
    assert len(short.splitlines()) < 40 < 30 * 5 < len(full.splitlines())
    assert "-persona_name: ...\n    +pal_name: ..." in short and "(30 files)" in short
    assert all(f"-persona_name: P {number}\n" in full for number in range(30))
