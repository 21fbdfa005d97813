"""The quality gate: format, lint and types, so that running the tests is the whole truth."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_readme import python_of_the_page

BESIDE = Path(sys.executable).parent

GATE = {"format": ["ruff", "format", "--check", "."], "lint": ["ruff", "check", "."]}

SCRIPT = """\
from pathlib import Path

from reconciler import (
    Action, ApplyResult, Diagnostic, Exported, MigrationResult, Plan, PlanBlocked, ReconcilerError, State,
    StateLocked, dump_plan, load_plan, open_project, render,
)


def nightly(folder: Path) -> bool:
    with open_project(folder, workspace="production", parallelism=4) as project:
        drift: Plan = project.drift(selector={"team": "claims"})
        Path("drift.html").write_text(render(drift, "html"))
        return any(change.path == "/layers/llm/model" for item in drift.drift for change in item.changes)


def deploy() -> int:
    with open_project(workspace="production", on_event=lambda event: None) as project:
        findings: tuple[Diagnostic, ...] = project.validate(strict=True)
        if any(one.is_error for one in findings):
            return 1
        plan = project.plan(targets=["persona.claims-desk"], allow_deletes=True)
        if plan.count(Action.DELETE):
            return 3
        Path("plan.json").write_bytes(dump_plan(plan))
        try:
            result: ApplyResult | None = project.apply(load_plan(Path("plan.json").read_bytes()), lock_timeout=30.0)
        except PlanBlocked as refused:
            return len(refused.diagnostics)
        except StateLocked as locked:
            print(locked.holder["who"], locked.hint)
            return locked.exit_code
        except ReconcilerError as problem:
            return problem.exit_code
        exported: Exported = project.export("found", kinds=["persona"])
        migrated: MigrationResult = project.migrate(write=True)
        state: State = project.state.read()
        names: list[str] = [str(one.address) for one in project.state.list("persona.")]
        return 0 if result is not None and exported.files and migrated.files and state.serial and names else 1
"""


TYPED = {"a_users_script": SCRIPT, "the_readme": python_of_the_page()}
"""What a user writes, by the name of its file."""
BITES = {
    "no_types": ("def f(x):\n    return x\n", ["[no-untyped-def]"]),
    "wrong_argument": ("from reconciler.types.address import Address\n\nAddress(1, 'x')\n", ["[arg-type]"]),
    "no_such_name": ("from reconciler.core import nothing\n", ["[attr-defined]"]),
    "a_users_mistakes": (
        SCRIPT.replace("allow_deletes=True", "allow_delete=True").replace("lock_timeout=30.0", 'lock_timeout="30s"'),
        ['"allow_delete"', '"str"  [call-overload]'],
    ),
}
"""A gate that never fails proves nothing: what must be refused, and what is said of it."""


@pytest.mark.parametrize("name", GATE)
def test_the_gate_is_clean(name: str, repository: Path) -> None:
    tool, *arguments = GATE[name]
    command = [str(BESIDE / tool), *arguments]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_types_are_checked_strictly(repository: Path) -> None:
    settings = (repository / "pyproject.toml").read_text("utf-8")
    assert "strict = true" in settings
    assert 'packages = ["reconciler"]' in settings
    assert "ignore_errors" not in settings


def test_types_are_right_here_and_at_a_users_and_what_is_wrong_is_refused(tmp_path: Path, repository: Path) -> None:
    """All in one run, since to read the package is what takes long: nothing is found but what must be."""
    sources = TYPED | {name: source for name, (source, _) in BITES.items()}
    for name, source in sources.items():
        (tmp_path / f"{name}.py").write_text(source)
    command = [str(BESIDE / "mypy"), "--no-pretty", "reconciler", *(str(tmp_path / f"{name}.py") for name in sources)]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    errors = [line for line in done.stdout.splitlines() if ": error: " in line]
    of_file = {name: [line for line in errors if f"{name}.py:" in line] for name in sources}
    assert [line for line in errors if not any(line in of_file[name] for name in BITES)] == []
    for name, (_, findings) in BITES.items():
        assert [finding for finding in findings if not any(finding in line for line in of_file[name])] == [], name
