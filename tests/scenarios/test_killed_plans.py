"""A saved plan carried out by a real process that is killed, over every store: the same file finishes it, once."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.backends import BACKENDS
from tests.scenarios.test_killed_rollback import run
from tests.support.deadlyline import Line, deadly_line, served_account
from tests.support.stores import Place, place

KILLS = [(1, "after"), (3, "before")]
NAMES = ("a", "b", "c", "d")


def write_project(folder: Path, url: str, state: object, greeting: str) -> None:
    provider = {"type": "tavus", "api_key": {"env": "ACCOUNT_KEY"}, "base_url": url}
    project = {
        "apiVersion": "personas/v1", "kind": "Project", "metadata": {"name": "plans"},
        "default_workspace": "w", "workspaces": {"w": {"provider": provider, "state": state, "parallelism": 2}},
    }  # fmt: skip
    (folder / "manifests").mkdir(parents=True, exist_ok=True)
    (folder / "manifests" / "reconciler.yaml").write_text(json.dumps(project), encoding="utf-8")
    for name in NAMES:
        spec = {
            "pal_name": name.upper(),
            "system_prompt": "x",
            "default_face_id": "rfe12d8b9597",
            "greeting": greeting,
        }
        body = {"apiVersion": "personas/v1", "kind": "Persona", "metadata": {"name": name}, "spec": spec}
        body["spec"]["layers"] = {"llm": {"model": "tavus-gpt-oss"}}
        (folder / "manifests" / f"{name}.yaml").write_text(json.dumps(body), encoding="utf-8")


@pytest.fixture(scope="module")
def line() -> Iterator[Line]:
    with deadly_line() as found:
        yield found


@pytest.fixture(params=sorted(BACKENDS))
def store(request: pytest.FixtureRequest) -> Iterator[Place]:
    with place(request.param) as found:
        yield found


def test_a_plan_that_was_killed_is_finished_by_the_same_file(store: Place, line: Line, tmp_path: Path) -> None:
    for at, point in KILLS:
        folder = tmp_path / f"{at}-{point}"
        settings = store.settings()
        if "secret_access_key" in settings:
            settings["secret_access_key"] = {"env": "STORE_KEY"}
        state = {"backend": store.type, **settings}
        folder.mkdir()
        with served_account(folder / "world.json") as line.target:
            for greeting in ("Hello", "Good morning"):  # first all are created, then all are changed
                write_project(folder, line.url, state, greeting)
                line.arm()
                code, said = run(folder, line, "plan", "--out", "the.plan")
                assert code == 0, said
                line.arm(at, point)
                code, said = run(folder, line, "apply", "the.plan")
                assert code == -signal.SIGKILL, said
                line.arm()
                code, said = run(folder, line, "apply", "the.plan")
                assert code == 0, said
                assert line.writes <= len(NAMES) - at + 2, "what was done is not done again"
                found = line.personas().values()
                assert sorted((one["pal_name"], one["greeting"]) for one in found) == [
                    (name.upper(), greeting) for name in NAMES
                ]
                line.arm()
                code, said = run(folder, line, "apply", "the.plan")
                assert (code, line.writes) == (5, 0), said
                assert "applied before" in said
                code, said = run(folder, line, "plan", "--detailed-exitcode")
                assert code == 0, said
