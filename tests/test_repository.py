"""The repository as a newcomer finds it: what lies at the top, what the README promises, what CI runs."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement

TOP = {"pyproject.toml", "reconciler", "manifests", "tests", "README.md", "LICENSE", "CHANGELOG.md"}
TEST_COMMAND = "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/python -m pytest -n auto"
DEMO_COMMAND = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/reconciler demo --manifests manifests"
LINK = re.compile(r"\[[^\]]+\]\(([^)\s]+)\)")


@pytest.fixture(scope="module")
def settings(repository: Path) -> dict[str, Any]:
    return tomllib.loads((repository / "pyproject.toml").read_text("utf-8"))


def tracked(repository: Path) -> set[str]:
    """First parts of the paths that git tracks; without git (an unpacked archive), what lies there."""
    command = ["git", "ls-files"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    if done.returncode == 0 and done.stdout:
        return {line.partition("/")[0] for line in done.stdout.splitlines()}
    return {path.name for path in repository.iterdir()}


def test_nothing_but_the_agreed_names_lies_at_the_top(repository: Path) -> None:
    names = {name for name in tracked(repository) if not name.startswith(".")}
    assert names - TOP == set()
    assert TOP - {path.name for path in repository.iterdir()} == set()


def test_no_link_is_tracked(repository: Path) -> None:
    """One that leads out of the repository is there on one machine alone; `.venv` and `.node` may be links there."""
    command = ["git", "ls-files", "--stage"]
    done = subprocess.run(command, cwd=repository, capture_output=True, text=True, check=False)
    if done.returncode or not done.stdout:
        pytest.skip("an unpacked archive: git tracks nothing here")
    assert [line for line in done.stdout.splitlines() if line.startswith("120000")] == []


@pytest.mark.parametrize("command", [TEST_COMMAND, DEMO_COMMAND])
def test_the_readme_holds_the_two_commands(repository: Path, command: str) -> None:
    assert f"\n    {command}\n" in (repository / "README.md").read_text("utf-8")


def test_ci_runs_what_the_readme_says(repository: Path) -> None:
    script = repository / ".ci" / "run"
    assert os.access(script, os.X_OK)
    lines = script.read_text("utf-8").splitlines()
    assert TEST_COMMAND in lines
    before = [line for line in lines[: lines.index(TEST_COMMAND)] if line.startswith("timeout") and "pip" in line]
    extras = ("'.[livekit]'", "'.[servers]'")
    assert before
    assert all(line.endswith("|| true") and any(extra in line for extra in extras) for line in before), (
        "nothing that must succeed"
    )


def test_ci_proves_both_ends_of_what_is_allowed_and_the_lock(repository: Path) -> None:
    text = (repository / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    matrix = yaml.safe_load(text)["jobs"]["test"]["strategy"]["matrix"]
    assert {*matrix["packages"], *(row["packages"] for row in matrix["include"])} == {"locked", "oldest", "newest"}


@pytest.mark.parametrize("name", ["run", "test", "oldest"])
def test_the_lock_fits_what_is_declared(repository: Path, settings: dict[str, Any], name: str) -> None:
    """Every dependency has one version in the lock, inside its range; the newest ones with their hashes."""
    text = (repository / ".github" / "requirements" / f"{name}.txt").read_text("utf-8")
    pins = dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)(?:\[[a-z0-9,-]+\])?==([^ ;\n]+)", text, re.MULTILINE))
    extras = settings["project"]["optional-dependencies"]
    wanted = [*settings["project"]["dependencies"], *extras["postgres"], *extras["s3"], *extras["encryption"]]
    wanted += extras["test"] if name == "test" else []
    for line in wanted:
        requirement = Requirement(line)
        version = pins.get(requirement.name.lower())
        assert version is not None and requirement.specifier.contains(version), f"{line}: {version} in {name}.txt"
        floor = next((one.version for one in requirement.specifier if one.operator == ">="), None)
        assert name != "oldest" or floor is None or version.startswith(floor), f"{line} is not tested: {version} is"
    assert "://" not in text
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert name == "oldest" or all("--hash=sha256:" in block for block in blocks)


def test_what_ci_audits_with_has_hashes(repository: Path) -> None:
    folder = repository / ".github" / "requirements"
    text = (folder / "audit.txt").read_text("utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)[1:]
    assert all("--hash=sha256:" in block for block in blocks)
    for line in (folder / "audit.in").read_text("utf-8").splitlines()[1:]:
        requirement = Requirement(line)
        pin = next(block for block in blocks if block.startswith(f"{requirement.name}=="))
        assert requirement.specifier.contains(pin.split()[0].partition("==")[2])


def test_the_ci_script_is_valid_shell(repository: Path) -> None:
    done = subprocess.run(
        ["bash", "-n", str(repository / ".ci" / "run")], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_the_workflow_covers_every_python_of_the_classifiers(repository: Path, settings: dict[str, Any]) -> None:
    workflow = yaml.safe_load((repository / ".github" / "workflows" / "ci.yml").read_text("utf-8"))
    prefix = "Programming Language :: Python :: 3."
    versions = ["3." + line.removeprefix(prefix) for line in settings["project"]["classifiers"] if prefix in line]
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == versions
    assert settings["project"]["requires-python"] == f">={versions[0]}"


def test_the_workflow_is_careful(repository: Path) -> None:
    text = (repository / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    workflow = yaml.safe_load(text)
    assert workflow["permissions"] == {"contents": "read"}
    assert "pull_request_target" not in text
    uses = [step["uses"] for step in workflow["jobs"]["test"]["steps"] if "uses" in step]
    assert uses
    assert [use for use in uses if not re.fullmatch(r"[\w/-]+@[0-9a-f]{40}", use)] == []
    run = "\n".join(step.get("run", "") for step in workflow["jobs"]["test"]["steps"])
    assert "${{" not in run, "values of an event do not belong into a shell command"
    assert ".ci/run" in run


def test_the_hooks_are_local(repository: Path) -> None:
    hooks = yaml.safe_load((repository / ".pre-commit-config.yaml").read_text("utf-8"))
    assert [repo["repo"] for repo in hooks["repos"]] == ["local"]
    assert {hook["id"] for hook in hooks["repos"][0]["hooks"]} == {"ruff-format", "ruff-check", "mypy", "floors"}


def pages(repository: Path) -> list[Path]:
    return [repository / "README.md", *sorted(repository.glob(".github/**/*.md")), repository / "manifests/README.md"]


def test_links_lead_somewhere(repository: Path) -> None:
    broken = [
        f"{page.relative_to(repository)}: {target}"
        for page in pages(repository)
        for target in LINK.findall(page.read_text("utf-8"))
        if "://" not in target and not (page.parent / target.partition("#")[0]).exists()
    ]
    assert broken == []


def test_every_decision_is_listed_and_says_what_it_costs(repository: Path) -> None:
    folder = repository / ".github" / "decisions"
    index = (folder / "README.md").read_text("utf-8")
    decisions = sorted(folder.glob("[0-9]*.md"))
    assert [path.name[:4] for path in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for path in decisions:
        text = path.read_text("utf-8")
        assert f"({path.name})" in index
        assert text.startswith(f"# {path.name[:4]} ")
        assert "**What we gave up.**" in text, path.name
        assert len(text.splitlines()) < 60, "one page"


def test_the_readme_names_the_exit_codes_of_the_errors(repository: Path) -> None:
    from reconciler import errors

    raised = {
        kind.exit_code
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.ReconcilerError)
    }
    table = re.findall(r"^\| (\d+) \|", (repository / "README.md").read_text("utf-8"), re.MULTILINE)
    assert {str(code) for code in raised} <= set(table)
    assert table == sorted(table, key=int)


def test_the_licence_is_the_one_declared(repository: Path, settings: dict[str, Any]) -> None:
    assert settings["project"]["license"]["text"] == "Apache-2.0"
    assert "Apache License\n                           Version 2.0" in (repository / "LICENSE").read_text("utf-8")


def third_party(path: Path) -> set[str]:
    """Top-level names that a module imports and that are neither ours nor Python's own."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").partition(".")[0])
    return found - set(sys.stdlib_module_names) - {"reconciler"}


def test_every_library_that_is_imported_is_declared(repository: Path, settings: dict[str, Any]) -> None:
    distributions = {"yaml": "pyyaml"}
    project = settings["project"]
    optional = [
        entry for extra, entries in project["optional-dependencies"].items() if extra != "test" for entry in entries
    ]
    declared = {re.split(r"[<>=\[; ]", entry)[0] for entry in [*project["dependencies"], *optional]}
    imported = {name for path in (repository / "reconciler").rglob("*.py") for name in third_party(path)}
    assert imported, "the modules were found"
    assert {distributions.get(name, name) for name in imported} <= declared
