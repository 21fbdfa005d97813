"""The composition root: which account, which folder, which clock."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from reconciler.api.connect import open_provider
from reconciler.api.manifests import known_secrets, placing, read_files, read_manifests
from reconciler.api.session import SystemClock, choose_workspace
from reconciler.cli.composition import open_session
from reconciler.cli.global_options import Settings
from reconciler.errors import ManifestError, PlanError, UsageError, WriteRefused
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Request
from reconciler.types.diagnostic import Diagnostic, Severity, Source
from reconciler.types.project import Project, ProviderSettings, Workspace

PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: museum}
default_workspace: box
workspaces:
  box: {provider: {type: simulator}, parallelism: 3, give_up_after: 2m}
  other: {provider: {type: simulator}}
"""


@pytest.fixture
def museum(project: Path) -> Path:
    (project / "manifests" / "reconciler.yaml").write_text(PROJECT)
    return project


def test_the_workspace_comes_from_the_option_then_the_environment_then_the_plan_then_the_file(
    museum: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert open_session(Settings()).workspace.name == "box"
    assert open_session(Settings(), prefer="other").workspace.name == "other"
    monkeypatch.setenv("RECONCILER_WORKSPACE", "other")
    assert open_session(Settings(), prefer="box").workspace.name == "other"
    assert open_session(Settings(workspace="box")).workspace.name == "box"


def test_parallelism_is_the_workspaces_unless_given(museum: Path) -> None:
    assert open_session(Settings()).workspace.parallelism == 3
    assert open_session(Settings(parallelism=7)).workspace.parallelism == 7


def test_when_to_give_up_is_the_workspaces_unless_given(museum: Path) -> None:
    assert open_session(Settings()).workspace.give_up_after == 120.0
    assert open_session(Settings(give_up_after=30.0)).workspace.give_up_after == 30.0


def test_what_a_workspace_keeps_lies_in_the_current_folder(museum: Path) -> None:
    assert open_session(Settings()).folder == museum / ".reconciler" / "box"
    assert not (museum / ".reconciler").exists()


def test_another_root(museum: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere").resolve()
    run = open_session(Settings(manifests=(str(museum / "manifests"),)), root=elsewhere)
    assert run.folder == elsewhere / ".reconciler" / "box"


def test_without_a_project_file_two_workspaces_exist(project: Path) -> None:
    assert open_session(Settings()).workspace.name == "sandbox"
    assert open_session(Settings(workspace="tavus")).workspace.provider.type == "tavus"


def test_unknown_workspaces_are_guessed() -> None:
    known = Project("/x", {"production": Workspace("production", ProviderSettings("tavus"), KINDS)}, "production")
    with pytest.raises(UsageError, match="unknown workspace 'prodution'; known: production") as caught:
        choose_workspace(known, "prodution")
    assert caught.value.hint == "did you mean 'production'?"
    with pytest.raises(UsageError) as caught:
        choose_workspace(known, "zzz")
    assert "--workspace" in (caught.value.hint or "")


def test_errors_in_manifests_stop_a_run_that_would_read_the_account(project: Path) -> None:
    (project / "manifests" / "bad.yaml").write_text("kind: Persno\napiVersion: personas/v1\n")
    run = open_session(Settings())
    with pytest.raises(ManifestError, match="in the manifests; nothing was read or sent") as caught:
        read_manifests(run)
    assert caught.value.diagnostics[0].span is not None
    assert [one.address.name for one in read_files(run)[0].manifests] == ["desk"]


def test_a_reading_run_cannot_write(project: Path) -> None:
    run = open_session(Settings())
    body = {"pal_name": "x", "system_prompt": "x"}
    with open_provider(run, known_secrets(run), reading=True) as provider, pytest.raises(WriteRefused):
        provider.send(Request("POST", "/pals", Address("persona", "x"), body, "create"))


def test_findings_of_the_planner_get_their_place(project: Path) -> None:
    run = open_session(Settings())
    manifests, _ = read_manifests(run)
    address = Address("persona", "desk")
    odd = Diagnostic("E-x", Severity.ERROR, "odd", address=address, pointer="/greeting",
                     source=Source("manifests/desk.yaml", 0, "/spec"))  # fmt: skip
    with pytest.raises(PlanError) as caught, placing(run, manifests):
        raise PlanError("no plan", (odd,))
    assert str(caught.value.diagnostics[0].span) == "manifests/desk.yaml:8:13"


def test_the_digest_key(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert open_session(Settings()).digest_key is None
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "schlüssel")
    assert open_session(Settings()).digest_key == "schlüssel".encode()


def test_a_snapshot_of_the_environment(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_KEY", "before")
    run = open_session(Settings())
    monkeypatch.setenv("SOME_KEY", "after")
    assert known_secrets(run).resolve(SecretRef("env", "SOME_KEY")) == "before"
    assert os.environ["SOME_KEY"] == "after"


def test_the_clock() -> None:
    clock = SystemClock()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", clock.now())
    before = clock.monotonic()
    clock.sleep(0)
    assert clock.monotonic() >= before
