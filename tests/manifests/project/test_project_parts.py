"""Defaults of the project file name a kind, by any of its words, and a folder of the project."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.migration import as_answer, known_names, merge_answers
from reconciler.errors import ManifestError
from reconciler.manifests.project.project_parts import Defaults, with_answers
from reconciler.platforms.tavus.migrations import MIGRATIONS
from tests.support.projects import load_project

HEAD = (
    "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\nworkspaces: {one: {provider: {type: simulator}}}\n"
)


def test_a_kind_by_any_of_its_words(tmp_path: Path) -> None:
    rows = "[{kind: PAL, spec: {a: 1}}, {kind: persona, folder: ./b, spec: {}}]"
    (tmp_path / "reconciler.yaml").write_text(f"{HEAD}defaults: {rows}\n")
    assert load_project(tmp_path).defaults == (Defaults("persona", {"a": 1}), Defaults("persona", {}, "b"))


@pytest.mark.parametrize("row", ["{kind: Pesona, spec: {}}", "{kind: PAL, folder: ../b, spec: {}}", "{kind: PAL}"])
def test_everything_else_is_an_error(tmp_path: Path, row: str) -> None:
    (tmp_path / "reconciler.yaml").write_text(f"{HEAD}defaults: [{row}]\n")
    with pytest.raises(ManifestError):
        load_project(tmp_path)


KNOWN = known_names(MIGRATIONS)
ANSWERED = "# ours\napiVersion: personas/v1\nkind: Project\nmetadata: {name: x} # name\n"
HELD = [
    "", "migrations: {}\n", "migrations: {M16: tavus-auto} # flow\n", "migrations:\n  stt-engine: yes # all\n",
    "migrations:\n  M16: {tavus-advanced: keep} # one\n  tts-types: # two\n    fast: 1.1\n    slow: false\n",
    "migrations:\n  M16: {tavus-advanced: keep, fast: keep}\n  stt-engine:\n    tavus-turbo: x\n",
    "migrations:\r\n    stt-engine:\r\n        tavus-turbo: x # y\r\n",
]  # fmt: skip
keys = st.sampled_from(["*", "tavus-advanced", "persona.a", "persona.a:fast", "fast", "a b: {c}", "yes", "#1"])
values = st.sampled_from(["keep", "yes", "tavus-auto", "1.5", "off", "a: b", "{env: HOME}", "- x", "\u00e4\u2028"])
answers = st.dictionaries(
    st.sampled_from(["stt-engine", "tts-types"]), st.dictionaries(keys, values, min_size=1, max_size=3), max_size=2
)


def read(data: bytes) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for word, members in (yaml.safe_load(data).get("migrations") or {}).items():
        pairs = members.items() if isinstance(members, dict) else [("*", members)]
        found.setdefault(KNOWN[word], {}).update({str(key): as_answer(value) for key, value in pairs})
    return found


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(HELD), answers)
def test_what_is_written_reads_back_and_the_rest_stays(held: str, said: dict[str, dict[str, str]]) -> None:
    before = f"{ANSWERED.replace(chr(10), chr(13) + chr(10)) if chr(13) in held else ANSWERED}{held}".encode()
    after = with_answers(before, "reconciler.yaml", said, KNOWN)
    assert read(after) == merge_answers(read(before), said)
    assert with_answers(after, "reconciler.yaml", said, KNOWN) == after, "twice is once"
    for comment in ("# ours", "# name"):
        assert comment in after.decode()
    kept = yaml.safe_load(after)
    assert {key: kept[key] for key in ("apiVersion", "kind", "metadata")} == {
        "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "x"},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("{M16: {tavus-turbo: keep}, stt-engine: {tavus-turbo: tavus-auto}}", True),
        ("{M16: keep, stt-engine: tavus-auto}", True),
        ("{M16: {tavus-turbo: keep}, stt-engine: {tavus-turbo: false}}", False),
        ("{M16: {tavus-turbo: keep}, stt-engine: tavus-auto}", False),
    ],
)
def test_answers_that_contradict_are_an_error(tmp_path: Path, text: str, wrong: bool) -> None:
    (tmp_path / "reconciler.yaml").write_text(f"{HEAD}migrations: {text}\n")
    if not wrong:
        assert load_project(tmp_path).migrations
        return
    with pytest.raises(ManifestError) as caught:
        load_project(tmp_path)
    [found] = caught.value.diagnostics
    assert "answered twice" in found.summary and str(found.span).startswith("reconciler.yaml:5:")
