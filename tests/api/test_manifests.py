"""render: what is sent from a workspace, and which layer decides; migrations leave what defaults would bring back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.api.manifests import find_origins, resolved_documents
from reconciler.api.project import open_project
from reconciler.cli.main import run
from reconciler.errors import ManifestError, NothingFound
from reconciler.types.address import Address

DESK = Address("persona", "desk")
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: x}
values: {face: r1}
defaults:
  - kind: PAL
    spec:
      default_face_id: {value: face}
      layers: {llm: {model: tavus-gpt-oss}, stt: {participant_pause_sensitivity: high}}
workspaces:
  one: {provider: {type: simulator}}
  two: {provider: {type: simulator}, overlays: [two], values: {face: r2}}
"""
MANIFEST = """\
apiVersion: personas/v1
kind: PAL
metadata: {name: desk}
spec:
  pal_name: Desk
  system_prompt: {join: [Hi. , {file: rest.txt}]}
  layers: {tts: {api_key: {env: TTS}}}
"""
OVERLAY = (
    "apiVersion: personas/v1\nkind: PAL\nmetadata: {name: desk}\nspec: {layers: {llm: {model: tavus-glm-4.7}}}\n"
)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path / "manifests"
    (home / "two").mkdir(parents=True)
    (home / "reconciler.yaml").write_text(PROJECT)
    (home / "desk.yaml").write_text(MANIFEST)
    (home / "rest.txt").write_text("Be kind.\n")
    (home / "two" / "desk.yaml").write_text(OVERLAY)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def documents(workspace: str, *addresses: Address) -> list[Any]:
    with open_project("manifests", workspace=workspace) as project:
        return resolved_documents(project.session, addresses)


def test_each_workspace_has_its_own_body(folder: Path) -> None:
    (one,), (two,) = documents("one"), documents("two", DESK)
    assert one["spec"]["default_face_id"] == "r1" and two["spec"]["default_face_id"] == "r2"
    assert one["spec"]["layers"]["llm"] == {"model": "tavus-gpt-oss"}
    assert two["spec"]["layers"]["llm"] == {"model": "tavus-glm-4.7"}
    assert one["spec"]["system_prompt"] == "Hi.Be kind."
    assert one["spec"]["layers"]["tts"] == {"api_key": {"env": "TTS"}}
    with pytest.raises(NothingFound):
        documents("one", Address("persona", "none"))


@pytest.mark.parametrize(
    ("workspace", "pointer", "layers", "through"),
    [
        ("one", "/layers/llm/model", ["defaults"], ""),
        ("two", "/layers/llm/model", ["overlay", "defaults"], ""),
        ("two", "/default_replica_id", ["defaults"], "the value 'face'"),
        ("one", "/system_prompt", ["manifest"], "texts put together: a text, file rest.txt"),
        ("one", "/layers", ["manifest", "defaults"], ""),
    ],
)
def test_why(folder: Path, workspace: str, pointer: str, layers: list[str], through: str) -> None:
    with open_project("manifests", workspace=workspace) as project:
        why = find_origins(project.session, DESK, pointer)
    assert [one.layer for one in why.origins] == layers
    assert through in why.origins[0].through
    assert all(one.place.split(":")[0].startswith("manifests/") for one in why.origins)


def test_a_place_that_nobody_speaks_of(folder: Path) -> None:
    with open_project("manifests", workspace="one") as project, pytest.raises(NothingFound):
        find_origins(project.session, DESK, "/greeting")


@pytest.mark.parametrize(
    ("typo", "meant"),
    [
        ("/layers/llm/modle", "/layers/llm/model"),
        ("/layers/lmm/model", "/layers/llm/model"),
        ("/sytem_prompt", "/system_prompt"),
        ("/nothing_like_it", None),
        ("/greeting", None),
    ],
)
def test_a_misspelt_place_names_the_one_that_is_set(folder: Path, typo: str, meant: str | None) -> None:
    with open_project("manifests", workspace="one") as project, pytest.raises(NothingFound) as refused:
        find_origins(project.session, DESK, typo)
    hint = str(refused.value.hint)
    assert hint == f"did you mean {DESK}{meant}?" if meant else "did you mean" not in hint


def test_what_is_rendered_is_what_is_planned(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert run(["-w", "two", "render", "--format", "json"]) == 0
    (document,) = json.loads(capfd.readouterr().out)
    assert run(["-w", "two", "plan", "--format", "json"]) == 0
    (change,) = json.loads(capfd.readouterr().out)["resource_changes"]
    after = change["change"]["after"]
    assert {key: after[key] for key in ("pal_name", "system_prompt", "default_face_id")} == {
        key: document["spec"][key] for key in ("pal_name", "system_prompt", "default_face_id")
    }
    assert run(["-w", "two", "render", "--why", "persona.desk/layers/llm/model"]) == 0
    assert "manifests/two/desk.yaml:4:" in capfd.readouterr().out


def test_a_migration_leaves_what_the_defaults_would_bring_back(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    desk = folder / "manifests" / "desk.yaml"
    desk.write_text(MANIFEST.replace("layers: {", "layers: {stt: {participant_pause_sensitivity: low}, "))
    before = desk.read_text()
    assert run(["migrate", "--write", "--answer", "stt-turn-taking-to-conversational-flow.*=definition"]) == 0
    assert "participant_pause_sensitivity: low" in desk.read_text(), before
    assert "the defaults of the project file set" in capfd.readouterr().out


def test_a_live_edit_of_what_is_shared_is_not_written_into_one_manifest(
    folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    from tests.support.dashboard import dashboard

    text = (folder / "manifests" / "desk.yaml").read_text().replace("  layers: {tts: {api_key: {env: TTS}}}\n", "")
    (folder / "manifests" / "desk.yaml").write_text(text)
    assert run(["-w", "one", "apply", "--auto-approve"]) == 0
    with dashboard(folder, "one") as client:
        (row,) = client.get("/pals", params={"pal_type": "user"}).json()["data"]
        edit = [{"op": "replace", "path": "/system_prompt", "value": "Else."}]
        assert client.patch(f"/pals/{row['pal_id']}", json=edit).status_code < 300
    capfd.readouterr()
    run(["-w", "one", "drift", "--accept", "persona.desk"])
    said = capfd.readouterr()
    assert "texts put together" in said.out + said.err
    assert (folder / "manifests" / "desk.yaml").read_text() == text


def test_what_cannot_be_read_hides_nothing_that_the_rules_find(folder: Path) -> None:
    """One run says everything: an include that is missing in one file, an unknown engine and a missing prompt in
    another."""
    (folder / "manifests" / "rest.txt").unlink()
    (folder / "manifests" / "other.yaml").write_text(
        "apiVersion: personas/v1\nkind: PAL\nmetadata: {name: other}\n"
        "spec: {pal_name: Other, sytem_prompt: Hi., layers: {stt: {stt_engine: nonsense}}}\n"
    )
    with open_project("manifests", workspace="one") as project:
        session = project.session
        checked = {
            (one.code, one.address, one.pointer, one.span)
            for one in project.validate()
            if one.severity.value != "info"
        }
        for reads in (project.plan, lambda: resolved_documents(session), lambda: find_origins(session, DESK, "/x")):
            with pytest.raises(ManifestError) as caught:
                reads()
            shown = [(one.code, one.address, one.pointer, one.span) for one in caught.value.diagnostics]
            assert {"E-file", "L01", "L17", "L18"} <= {code for code, *_ in shown}, shown
            assert len(shown) == len(set(shown))
            assert set(shown) == checked


def test_a_typo_in_defaults_is_one_finding_of_the_project_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is warned of where it stands, once, however many take it over, and by no name that a manifest may have."""
    home = folder / "manifests"
    (home / "reconciler.yaml").write_text(
        PROJECT.replace("layers: {llm: {", "greting: Hi.\n      layers: {llm: {modle: x, ")
    )
    for name in ("other", "defaults"):
        (home / f"{name}.yaml").write_text(MANIFEST.replace("name: desk", f"name: {name}").replace("Desk", name))
    with open_project("manifests", workspace="one") as project:
        typos = [one for one in project.validate() if one.code == "L18"]
    assert [(one.address, one.pointer) for one in typos] == [(None, "/greting"), (None, "/layers/llm/modle")]
    assert all(one.span is not None and one.span.path == "manifests/reconciler.yaml" for one in typos)
    run(["-w", "one", "plan"])
    assert capsys.readouterr().out.count("[L18]") == 2
