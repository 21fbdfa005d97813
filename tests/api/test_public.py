"""What `import reconciler` offers: every public name, to people and to type checkers, at no cost."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import reconciler
from reconciler import errors

ROOT = Path(__file__).resolve().parents[2]

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


def test_every_public_name_is_there_and_stays_the_same_object() -> None:
    for name in reconciler.__all__:
        assert getattr(reconciler, name) is getattr(reconciler, name)
        assert name in dir(reconciler)
    assert reconciler.__all__ == sorted(set(reconciler.__all__))


def test_a_name_that_is_not_public() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'open_projekt'"):
        _ = reconciler.open_projekt
    with pytest.raises(ImportError):
        exec("from reconciler import nonsense")


def test_type_checkers_see_the_same_names() -> None:
    tree = ast.parse((ROOT / "reconciler" / "__init__.py").read_text("utf-8"))
    block = next(one for one in tree.body if isinstance(one, ast.If))
    seen = {alias.asname: one.module for one in block.body if isinstance(one, ast.ImportFrom) for alias in one.names}
    assert seen == reconciler.PLACES


def test_every_error_is_public() -> None:
    tree = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert tree - {"DiagnosticsError"} <= set(reconciler.__all__)


def test_importing_costs_nothing() -> None:
    script = (
        "import sys; before = set(sys.modules); import reconciler, json; "
        "print(json.dumps(sorted(m for m in set(sys.modules) - before if m.startswith('reconciler.'))))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["reconciler.version"]


def test_the_package_says_that_it_is_typed() -> None:
    assert (ROOT / "reconciler" / "py.typed").is_file()


def mypy(folder: Path, source: str) -> subprocess.CompletedProcess[str]:
    """Check a user's script as strictly as mypy can."""
    (folder / "script.py").write_text(source)
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file=", "--cache-dir", str(folder / "cache")]
    return subprocess.run(
        [*command, "--follow-imports=silent", "script.py"], cwd=folder, capture_output=True, text=True, check=False
    )


def test_a_users_script_passes_strict_type_checks(tmp_path: Path) -> None:
    done = mypy(tmp_path, SCRIPT)
    assert done.returncode == 0, done.stdout


def test_a_users_mistakes_are_found(tmp_path: Path) -> None:
    wrong = SCRIPT.replace("allow_deletes=True", "allow_delete=True").replace(
        "lock_timeout=30.0", 'lock_timeout="30s"'
    )
    done = mypy(tmp_path, wrong)
    assert done.returncode == 1
    assert "allow_delete" in done.stdout
    assert "lock_timeout" in done.stdout
