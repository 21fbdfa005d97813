"""A runner that keeps nothing: `.reconciler` is gone before every run, and the account stays one and whole."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from reconciler.cli.main import run
from reconciler.core.planning.selection_check import CODE as NO_STATE
from tests.scenarios.test_races import write_project
from tests.support.gated import Gate, gated_account

TOOL = {
    "kind": "Tool",
    "metadata": {"name": "look_up"},
    "spec": {"name": "look_up", "description": "Looks", "origin": "llm"},
}
COACH = {
    "kind": "Persona",
    "metadata": {"name": "coach"},
    "spec": {
        "pal_name": "Coach", "system_prompt": "first", "greeting": "hello", "default_face_id": "rfe12d8b9597",
        "tools": ["look_up"],
    },
}  # fmt: skip


def codes(plan: dict[str, object]) -> list[str]:
    """What the plan's findings are called."""
    return [one["code"] for one in plan["diagnostics"]]  # type: ignore[attr-defined]


class Runner:
    """A project on a machine that forgets."""

    def __init__(self, folder: Path, url: str, gate: Gate, output: Callable[[], tuple[str, str]]) -> None:
        self.folder, self.url, self.gate, self.output = folder, url, gate, output

    def write(self, *manifests: dict[str, object]) -> None:
        for file in (self.folder / "manifests").glob("m*.json"):
            file.unlink()
        for number, one in enumerate(manifests):
            text = json.dumps({"apiVersion": "personas/v1", **one})
            (self.folder / "manifests" / f"m{number}.json").write_text(text, encoding="utf-8")

    def run(self, *words: str) -> tuple[int, str, str]:
        """Exit code, output and messages of one run without a past."""
        shutil.rmtree(self.folder / ".reconciler", ignore_errors=True)
        code = run(words)
        return (code, *self.output())

    def plan(self) -> dict[str, object]:
        code, out, said = self.run("plan", "--format", "json")
        assert code == 0, said
        found: dict[str, object] = json.loads(out)
        return found

    def pals(self) -> list[dict[str, object]]:
        with httpx.Client(base_url=self.url + "/", headers={"x-api-key": "key-of-the-account"}) as client:
            found: list[dict[str, object]] = client.get("pals", params={"pal_type": "user"}).json()["data"]
        return found


@pytest.fixture
def runner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Runner]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCOUNT_KEY", "key-of-the-account")
    monkeypatch.setenv("RECONCILER_DIGEST_KEY", "quick")

    def output() -> tuple[str, str]:
        found = capsys.readouterr()
        return found.out, found.err

    with gated_account() as (url, gate):
        write_project(tmp_path, "local", {}, url)
        yield Runner(tmp_path, url, gate, output)


def test_every_run_finds_the_same_objects_again(runner: Runner) -> None:
    runner.write(TOOL, COACH)
    assert NO_STATE not in codes(runner.plan()), "an account that holds nothing of ours is no news"
    code, _, said = runner.run("apply", "--auto-approve")
    assert code == 0, said
    (first,) = runner.pals()
    del runner.gate.writes[:]
    code, out, said = runner.run("apply", "--auto-approve")
    assert code == 0, said
    assert runner.gate.writes == [], "nothing to write the second time"
    assert "there is no state: 2 objects are" in out + said
    assert [one["pal_id"] for one in runner.pals()] == [first["pal_id"]]


def test_the_plan_says_what_it_cannot_know_and_does_what_it_can(runner: Runner) -> None:
    runner.write(TOOL, COACH)
    assert runner.run("apply", "--auto-approve")[0] == 0
    spec = {key: value for key, value in COACH["spec"].items() if key != "greeting"}  # type: ignore[attr-defined]
    changed = {**COACH, "spec": {**spec, "system_prompt": "second"}}
    runner.write(
        changed, {"kind": "Persona", "metadata": {"name": "new"}, "spec": {**spec, "pal_name": "New", "tools": []}}
    )
    plan = runner.plan()
    (told,) = [one for one in plan["diagnostics"] if one["code"] == NO_STATE]  # type: ignore[attr-defined]
    assert told["severity"] == "warning"
    assert "fields that left the manifests" in told["detail"]
    (change,) = [one for one in plan["resource_changes"] if one["address"] == "persona.coach"]  # type: ignore[attr-defined]
    assert change["change"]["importing"]
    assert change["change"]["directions"] == {"/system_prompt": "git"}
    code, out, said = runner.run("plan")
    assert code == 0
    assert "there is no state" in out + said
    assert "shared `state:`" in out + said
    code, _, said = runner.run("apply", "--auto-approve")
    assert code == 0, said
    found = {str(one["pal_name"]): one for one in runner.pals()}
    assert sorted(found) == ["Coach", "New"]
    assert (found["Coach"]["system_prompt"], found["Coach"]["greeting"]) == ("second", "hello")
    del runner.gate.writes[:]
    assert runner.run("apply", "--auto-approve")[0] == 0
    assert runner.gate.writes == []


def test_an_object_may_be_named_by_its_id(runner: Runner) -> None:
    runner.write(TOOL, COACH)
    assert runner.run("apply", "--auto-approve")[0] == 0
    (live,) = runner.pals()
    named = {**COACH, "metadata": {"name": "coach", "id": live["pal_id"]}}
    named["spec"] = {**COACH["spec"], "pal_name": "Renamed"}  # type: ignore[dict-item]
    runner.write(TOOL, named)
    code, _, said = runner.run("apply", "--auto-approve")
    assert code == 0, said
    assert [(one["pal_id"], one["pal_name"]) for one in runner.pals()] == [(live["pal_id"], "Renamed")]
    assert NO_STATE in codes(runner.plan())


def test_drift_without_a_state_says_that_there_is_nothing_to_compare_with(runner: Runner) -> None:
    runner.write(TOOL, COACH)
    assert runner.run("apply", "--auto-approve")[0] == 0
    code, out, said = runner.run("drift")
    assert code == 1
    assert "there is nothing to compare with" in out + said
