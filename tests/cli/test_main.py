"""The program as a whole: help of every command, purity of the streams, and no traceback on anything bad."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from reconciler import __version__
from reconciler.cli.main import COMMANDS, program

GROUPS = {"state", "simulator"}


def commands() -> list[tuple[str, ...]]:
    """Every command, those of groups included."""
    found: list[tuple[str, ...]] = []
    context = click.Context(program)
    for name in COMMANDS:
        found.append((name,))
        if name in GROUPS:
            group = program.get_command(context, name)
            assert isinstance(group, click.Group)
            found += [(name, inner) for inner in group.list_commands(context)]
    return found


@pytest.mark.parametrize("words", commands(), ids=" ".join)
def test_every_command_explains_itself(words: tuple[str, ...], call: Callable[..., Any]) -> None:
    ended = call(*words, "--help")
    assert ended.code == 0
    assert ended.err == ""
    assert ended.out.startswith(f"Usage: reconciler {' '.join(words)} ")
    assert "\nExamples:\n" in ended.out
    assert "-w, --workspace NAME" in ended.out
    assert all(len(line) <= 110 for line in ended.out.splitlines())


def test_help_lists_every_command(call: Callable[..., Any]) -> None:
    shown = call("--help").out
    assert [name for name in COMMANDS if f"\n  {name} " not in shown] == []


def test_the_version(call: Callable[..., Any]) -> None:
    assert call("--version").out == f"reconciler {__version__}\n"


def test_nothing_asked_for_is_wrong_usage(call: Callable[..., Any]) -> None:
    ended = call()
    assert ended.code == 64
    assert ended.out == ""
    assert "Usage: reconciler" in ended.err


WRONG_USAGE = [
    ("pln",),
    ("plan", "--detailed-exitcod"),
    ("--wrkspace", "x", "plan"),
    ("plan", "-w"),
    ("plan", "-w", "nowhere"),
    ("plan", "--target", "persona"),
    ("plan", "--target", "persna.x"),
    ("plan", "--exclude", "persona.a b"),
    ("plan", "--selector", "team"),
    ("plan", "--selector", "a=b", "--selector", "a=c"),
    ("plan", "--target", "persona.desk", "--exclude", "persona.desk"),
    ("plan", "--destroy", "--refresh-only"),
    ("plan", "--format", "yaml"),
    ("plan", "--report", "json"),
    ("plan", "--report", "jsn=x"),
    ("plan", "--parallelism", "0"),
    ("plan", "--parallelism", "many"),
    ("plan", "--give-up-after", "soon"),
    ("plan", "--lock-timeout", "soon"),
    ("plan", "no/such/folder"),
    ("plan", "-m", "no/such/folder"),
    ("plan", "--project", "missing.yaml"),
    ("plan", "-C", "missing"),
    ("validate", "no.yaml"),
    ("apply",),
    ("apply", "manifests"),
    ("destroy",),
    ("show",),
    ("show", "a", "b"),
    ("import", "persona.desk"),
    ("import", "desk", "p1"),
    ("state", "lst"),
    ("state", "show", "desk"),
    ("explain",),
    ("explain", "persona.nothing"),
    ("models", "--table", "x"),
    ("schema", "--kind", "x"),
    ("simulator", "serve", "--port", "99999"),
    ("simulator", "serve", "--host", "0.0.0.0"),
    ("completion", "tcsh"),
    ("init", "--ci", "jenkins"),
    ("demo", "-w", "tavus"),
]


@pytest.mark.parametrize("words", WRONG_USAGE, ids=" ".join)
def test_wrong_usage_is_64_and_says_so(words: tuple[str, ...], project: Path, call: Callable[..., Any]) -> None:
    ended = call(*words)
    assert ended.code == 64, ended
    assert ended.out == ""
    assert "Error:" in ended.err
    assert "Traceback" not in ended.err
    assert not (project / ".reconciler").exists()


BAD_FILES = {
    "tab": "kind: Persona\n\tspec: {}\n",
    "open quote": 'kind: Persona\nmetadata: {name: "a}\n',
    "open brace": "kind: Persona\nmetadata: {name: a\n",
    "duplicate key": "kind: Persona\nmetadata: {name: a}\nspec: {greeting: a, greeting: b}\n",
    "wrong kind": "apiVersion: personas/v1\nkind: Persno\nmetadata: {name: a}\nspec: {}\n",
    "no name": "apiVersion: personas/v1\nkind: Persona\nspec: {}\n",
    "bad name": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: 'a b'}\nspec: {}\n",
    "unknown envelope key": "apiVersion: personas/v1\nkind: Persona\nmetadta: {name: a}\nspec: {}\n",
    "spec is a list": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: []\n",
    "spec is a number": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: 1\n",
    "layers is a text": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: {layers: abc}\n",
    "missing file": (
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: {system_prompt: {file: none.md}}\n"
    ),
    "file outside": (
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\n"
        "spec: {system_prompt: {file: ../../../../../etc/passwd}}\n"
    ),
    "dangling reference": (
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\n"
        "spec: {persona_name: A, system_prompt: a, tools: [{ref: tool.nowhere}]}\n"
    ),
    "literal secret": (
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: {persona_name: A, system_prompt: a,"
        " layers: {llm: {model: x, base_url: 'https://l.example', api_key: sk-proj-Abcdefghijklmnop1234567890}}}\n"
    ),
    "not a number": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: {a: .nan}\n",
    "endless alias": "a: &a [*a]\n",
    "twice the same address": (
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: {system_prompt: a}\n---\n"
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: {system_prompt: b}\n"
    ),
    "protect is a text": (
        "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nlifecycle: {protect: maybe}\nspec: {}\n"
    ),
    "deep nesting": "a: " + "[" * 5000 + "]" * 5000 + "\n",
    "control character": "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: a}\nspec: {greeting: \x01}\n",
}


@pytest.mark.parametrize("verb", ["validate", "plan"])
@pytest.mark.parametrize("text", list(BAD_FILES.values()), ids=list(BAD_FILES))
def test_bad_manifests_are_1_with_a_place(verb: str, text: str, project: Path, call: Callable[..., Any]) -> None:
    (project / "manifests" / "bad.yaml").write_bytes(text.encode())
    ended = call(verb)
    assert ended.code == 1, ended
    assert "manifests/bad.yaml:" in ended.out + ended.err
    assert "Traceback" not in ended.err
    assert {found.name for found in project.glob(".reconciler/*")} <= {"cache"}, "what was read well may be kept"


BAD_BYTES = {
    "binary": bytes(range(256)),
    "latin 1": "greeting: Grüße\nkind: Persona\n".encode("latin-1"),
    "cut JSON": b'{"persona_name": "A", ',
    "nan in JSON": b'{"persona_name": "A", "x": NaN}',
}


@pytest.mark.parametrize("data", list(BAD_BYTES.values()), ids=list(BAD_BYTES))
@pytest.mark.parametrize("name", ["bad.yaml", "bad.json"])
def test_bad_bytes_are_1_with_a_place(data: bytes, name: str, project: Path, call: Callable[..., Any]) -> None:
    (project / "manifests" / name).write_bytes(data)
    ended = call("validate")
    assert ended.code in {0, 1}, ended
    assert "Traceback" not in ended.err
    assert "internal" not in ended.err
    if ended.code == 1:
        assert f"manifests/{name}:" in ended.out


BAD_PROJECTS = {
    "syntax": "a: [",
    "a list": "[]",
    "empty": "",
    "unknown key": "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\ndefault_workspce: a\n",
    "no provider": "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\nworkspaces: {a: {}}\n",
    "default that is not there": (
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\ndefault_workspace: b\n"
        "workspaces: {a: {provider: {type: simulator}}}\n"
    ),
}


@pytest.mark.parametrize("text", list(BAD_PROJECTS.values()), ids=list(BAD_PROJECTS))
def test_bad_project_files(text: str, project: Path, call: Callable[..., Any]) -> None:
    (project / "manifests" / "reconciler.yaml").write_text(text)
    ended = call("plan")
    assert ended.code == 1, ended
    assert "manifests/reconciler.yaml" in ended.err
    assert ended.out == ""


def test_an_unknown_provider_is_guessed(project: Path, call: Callable[..., Any]) -> None:
    (project / "manifests" / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\ndefault_workspace: a\n"
        "workspaces: {a: {provider: {type: simulater}}}\n"
    )
    ended = call("plan")
    assert ended.code in {1, 64}, ended
    assert "simulator" in ended.err


def test_errors_in_json_leave_one_document_on_standard_output(project: Path, call: Callable[..., Any]) -> None:
    import json

    (project / "manifests" / "bad.yaml").write_text(BAD_FILES["wrong kind"])
    for verb in ("plan", "validate", "drift"):
        ended = call(verb, "--format", "json")
        document = json.loads(ended.out)
        assert ended.code == 1, ended
        assert document["errored"] is True
        place = document["diagnostics"][0]["range"]
        assert place["filename"] == "manifests/bad.yaml"


def test_as_a_process(project: Path, start: Callable[..., Any]) -> None:
    ended = start("validate", "--quiet")
    assert ended.code == 0, ended
    assert ended.err == ""
    assert start("pln").code == 64
    assert start("apply", input="yes\n").code == 64


def test_the_workspace_of_the_environment(project: Path, start: Callable[..., Any]) -> None:
    ended = start("validate", env={"RECONCILER_WORKSPACE": "nowhere"})
    assert ended.code == 64
    assert "unknown workspace 'nowhere'" in ended.err
    assert start("-w", "sandbox", "validate", env={"RECONCILER_WORKSPACE": "nowhere"}).code == 0


def test_a_reader_who_leaves_early(project: Path) -> None:
    import subprocess
    import sys

    command = f"{sys.executable} -m reconciler models --verbose | head -n 1; exit ${{PIPESTATUS[0]}}"
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        ["bash", "-c", command], env={"PYTHONPATH": root, "PATH": "/usr/bin:/bin"}, capture_output=True, check=False
    )
    assert done.returncode == 0
    assert done.stderr == b""
    assert done.stdout.startswith(b"Catalogue")


def test_a_full_disk(project: Path) -> None:
    import subprocess
    import sys

    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full on this system")
    root = str(Path(__file__).resolve().parents[2])
    done = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m reconciler models >/dev/full"],
        env={"PYTHONPATH": root, "PATH": "/usr/bin:/bin"}, capture_output=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert b"cannot write to standard output: No space left on device" in done.stderr
