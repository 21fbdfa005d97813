"""Files that an earlier run parsed: read without a parser, and never otherwise than they would be read anew."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.manifests.read.parse_cache import KnownDocuments, StoredDocuments
from tests.support.nightly import tried
from tests.support.projects import load_project

SECRET = "sk-live-0123456789abcdef0123456789"
PROJECT = {
    "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "x"}, "values": {"face": "r1", "k": SECRET},
    "workspaces": {"one": {"provider": {"type": "simulator"}, "overlays": ["over"]}},
}  # fmt: skip
PARTS: list[dict[str, Any]] = [
    {"pipeline_mode": "echo"}, {"greeting": "Hi \U0001f600 \u2028 'x'"}, {"document_tags": ["b", "a", "a"]},
    {"tools": ["look"]}, {"tools": [{"ref": "tool.look"}]}, {"tools": [{"ref": "tool.none"}]}, {"tool_ids": ["t1"]},
    {"system_prompt": {"file": "prompt.txt"}}, {"default_face_id": {"value": "face"}}, {"nonsense": 1.0},
    {"default_face_id": {"join": ["r", 1]}}, {"pipeline_mode": 7}, {"pal_id": "p1"}, {"greeting": None},
    {"layers": {"llm": {"model": "m", "base_url": "https://x.example", "api_key": {"env": "KEY"}}}},
    {"layers": {"llm": {"model": "m", "base_url": "https://x.example", "api_key": SECRET}}},
    {"layers": {"llm": {"model": "m", "base_url": f"https://u:{SECRET}@x.example", "api_key": {"value": "k"}}}},
    {"layers": {"llm": {"model": "m", "extra_body": {"a": {"literal": {"env": "x"}}, "b": 1, "c": True, "d": -0.0}}}},
    {"layers": {"tts": {"tts_emotion_control": "true", "voice_settings": {"speed": 10**400}}}},
]  # fmt: skip
TAILS = ["", "# done\n", "---\napiVersion: personas/v1\nkind: Tool\nmetadata: {name: look}\nspec: {name: look}\n",
         "---\nkind: Secret\ndata: {password: " + SECRET + "}\n", "---\n[", "---\n? [a]\n: b\n",
         "---\nx: off\n"]  # fmt: skip


class Kept(dict[bytes, bytes]):
    """What one run leaves for the next."""

    def put(self, key: bytes, content: bytes) -> None:
        self[key] = content


def write(folder: Path, name: str, spec: dict[str, Any], tail: str = "", kind: str = "Persona") -> None:
    path = folder / name
    head = {"apiVersion": "personas/v1", "kind": kind, "metadata": {"name": path.stem}}
    path.parent.mkdir(exist_ok=True)
    if path.suffix == ".json":
        path.write_text(json.dumps({**head, "spec": spec}))
    elif path.suffix == ".md":
        path.write_text(f"---\n{yaml.safe_dump({**head, 'spec': spec})}---\nThe prompt.\n")
    else:
        path.write_text(yaml.safe_dump({**head, "spec": spec}) + tail)


def read(folder: Path, known: Any) -> str:
    """Everything that the reading gives."""
    found, secrets = load_manifests(load_project(folder), "one", allow_literal_secrets=True, known=known, environ={})
    return f"{found.manifests!r}\n{found.diagnostics!r}\n{vars(secrets)!r}"


def start(folder: Path) -> Path:
    (folder / "reconciler.yaml").write_text(yaml.safe_dump(PROJECT))
    (folder / "over").mkdir()
    (folder / "prompt.txt").write_text("Be kind.\n")
    return folder


@settings(max_examples=tried(12, 200), deadline=None)
@given(st.data())
def test_a_file_that_is_known_is_read_as_if_it_were_not(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    folder = start(tmp_path_factory.mktemp("p"))
    specs = st.lists(st.sampled_from(PARTS), max_size=3).map(
        lambda some: {k: v for one in some for k, v in one.items()}
    )
    kept = Kept()
    for _ in range(2):
        for name in data.draw(st.lists(st.sampled_from(["a.yaml", "b.json", "c.md", "over/a.yaml"]), unique=True)):
            write(folder, name, data.draw(specs), data.draw(st.sampled_from(TAILS)))
        (folder / "prompt.txt").write_text(data.draw(st.sampled_from(["Be kind.\n", "Be brief.\n"])))
        anew = read(folder, None)
        for _ in range(2):
            assert read(folder, StoredDocuments(kept)) == anew
        assert read(folder, KnownDocuments()) == anew
        assert not any(SECRET.encode() in content for content in kept.values())


@pytest.mark.parametrize("name", ["a.yaml", "a.json", "a.md", "over/a.yaml"])
def test_the_second_run_parses_nothing(tmp_path: Path, name: str) -> None:
    folder, kept = start(tmp_path), Kept()
    write(folder, "a.yaml", PARTS[0])
    write(folder, name, {**PARTS[1], **PARTS[3]})
    if name == "a.json" or name == "a.md":
        (folder / "a.yaml").unlink()
    before = read(folder, StoredDocuments(kept))
    with patch("reconciler.manifests.read.parse_cache.read_documents", None):
        assert read(folder, StoredDocuments(kept)) == before


def test_what_was_found_to_fit_is_not_checked_again(tmp_path: Path) -> None:
    folder, kept = start(tmp_path), Kept()
    write(folder, "plain.yaml", {**PARTS[0], **PARTS[2]})
    write(folder, "refers.yaml", PARTS[14])
    before = read(folder, StoredDocuments(kept))
    with patch("reconciler.manifests.read.build_manifests.check_fields", None):
        assert read(folder, StoredDocuments(kept)) == before
    write(folder, "warned.yaml", PARTS[9])
    warned = read(folder, StoredDocuments(kept))
    assert "nonsense" in warned
    assert read(folder, StoredDocuments(kept)) == warned
