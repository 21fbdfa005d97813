"""The vendor's own command line client against the simulator, served by a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support import forked

ROOT = Path(__file__).parents[2]
FACE = "r5dc7c7d0bcb"


PROGRAM = "from tavus_mcp.cli.main import app; app(prog_name='tavus')"
"""What the command `tavus` does."""
MISSING = find_spec("tavus_mcp") is None
pytestmark = pytest.mark.skipif(MISSING, reason="the vendor's client is not installed (pip install tavus-cli)")

Tavus = Callable[..., Any]


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The base URL of a simulator."""
    process = forked.Popen(
        [sys.executable, "-m", "reconciler.platforms.tavus.simulator"],
        cwd=tmp_path_factory.mktemp("service"),
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.terminate()
    process.wait()


@pytest.fixture
def tavus(service: str, tmp_path: Path) -> Tavus:
    """`tavus("pal", "get", id)` -> the JSON that the client prints; `code=1` expects a failure, returns its text."""

    def run(*arguments: str, code: int = 0) -> Any:
        done = forked.run(
            [sys.executable, "-c", PROGRAM, *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(tmp_path),
                "NO_COLOR": "1",
                "COLUMNS": "200",
                "TAVUS_API_KEY": "any",
                "TAVUS_PUBLIC_API_BASE_URL": service,
                "TAVUS_PORTAL_API_BASE_URL": service.replace("/v2", "/portal"),
                "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            },
        )
        assert done.returncode == code, done.stdout + done.stderr
        if code:
            return done.stdout + done.stderr
        try:
            return json.loads(done.stdout)
        except ValueError:
            return done.stdout

    return run


def make_pal(tavus: Tavus, name: str) -> str:
    created = tavus("pal", "create", "--name", name, "--system-prompt", "hi", "--face-id", FACE)
    return str(created["pal_id"])


def write(folder: Path, data: Any) -> str:
    path = folder / "body.json"
    path.write_text(json.dumps(data))
    return str(path)


def test_the_life_of_a_pal(tavus: Tavus, tmp_path: Path) -> None:
    id = make_pal(tavus, "Life")
    assert id in [item["pal_id"] for item in tavus("pal", "list", "--json")["data"]]
    pal = tavus("pal", "get", id)
    assert (pal["pal_name"], pal["default_face_id"], pal["pipeline_mode"]) == ("Life", FACE, "full")
    assert pal["layers"]["llm"]["model"] == "tavus-gemma-4"
    tavus("pal", "patch", id, "--path", "/pal_name", "--value", "Lives")
    assert tavus("pal", "get", id)["pal_name"] == "Lives"
    flow = [{"op": "add", "path": "/layers/conversational_flow", "value": {"face_interruptibility": "low"}}]
    tavus("pal", "patch", id, "--path", "/layers/conversational_flow", "--patch-file", write(tmp_path, flow))
    assert tavus("pal", "get", id)["layers"]["conversational_flow"]["pal_interruptibility"] == "low"
    tavus("pal", "patch", id, "--path", "/pal_name", "--value", "Lives")
    tavus("pal", "delete", id)
    assert "failed with 400" in tavus("pal", "get", id, code=1)


def test_a_pal_without_a_face_is_refused(tavus: Tavus) -> None:
    text = tavus("pal", "create", "--name", "a", "--system-prompt", "hi", code=1)
    assert "failed with 400" in text


def test_the_life_of_a_tool(tavus: Tavus, tmp_path: Path) -> None:
    body = tavus("tool", "example")
    id = tavus("tool", "create", "--file", write(tmp_path, body))["tool_id"]
    assert "409" in tavus("tool", "create", "--file", write(tmp_path, body), code=1)
    assert body["name"] in tavus("tool", "list")
    assert tavus("tool", "get", id)["name"] == body["name"]
    tavus("tool", "patch", id, "--file", write(tmp_path, {"description": "New."}))
    assert tavus("tool", "get", id)["description"] == "New."

    pal = make_pal(tavus, "Tooled")
    tavus("pal", "tools", "attach", pal, id)
    tavus("pal", "tools", "attach", pal, id)
    assert [tool["tool_id"] for tool in tavus("pal", "tools", "list", pal)["data"]] == [id]
    tavus("pal", "tools", "detach", pal, id)
    assert tavus("pal", "tools", "list", pal)["data"] == []
    assert "400" in tavus("pal", "tools", "detach", pal, id, code=1)

    tavus("tool", "delete", id)
    assert "404" in tavus("tool", "get", id, code=1)


def test_the_life_of_a_guardrail(tavus: Tavus) -> None:
    id = tavus("guardrail", "create", "--name", "no_advice", "--prompt", "Never.")["uuid"]
    assert tavus("guardrail", "get", id)["guardrail_prompt"] == "Never."
    tavus("guardrail", "patch", id, "--prompt", "Not ever.")
    assert tavus("guardrail", "get", id)["guardrail_prompt"] == "Not ever."
    assert id in [item["uuid"] for item in tavus("guardrail", "list", "--json")["data"]]
    tavus("guardrail", "delete", id)
    assert "404" in tavus("guardrail", "get", id, code=1)


def test_the_life_of_a_set_of_objectives(tavus: Tavus, tmp_path: Path) -> None:
    body = tavus("objective", "example")
    assert tavus("objective", "validate", "--file", write(tmp_path, body))
    id = tavus("objective", "create", "--file", write(tmp_path, body))["objectives_id"]
    assert tavus("objective", "get", id)["data"][0]["objective_name"] == body["data"][0]["objective_name"]
    change = [{"op": "replace", "path": "/data/0/objective_prompt", "value": "New."}]
    tavus("objective", "patch", id, "--file", write(tmp_path, change))
    assert tavus("objective", "get", id)["data"][0]["objective_prompt"] == "New."
    tavus("objective", "delete", id)
    assert "404" in tavus("objective", "get", id, code=1)


def test_the_health_check_and_other_lists(tavus: Tavus) -> None:
    assert "Network check passed" in tavus("doctor")
    for kind in ("documents", "voices", "skills"):
        assert "data" in tavus("resource", "list", kind)
