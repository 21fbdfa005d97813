"""The suite about itself: it mirrors the package, every test asserts something, and no test waits for time."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

# Modules that are tested from another floor, and where.
ELSEWHERE = {
    "reconciler/api/fleet.py": "tests/cli/test_fleet.py",
    "reconciler/api/fleet_worker.py": "tests/cli/test_fleet.py",
    "reconciler/api/fleet_workflow.py": "tests/cli/test_fleet.py",
    "reconciler/engine/plan/make_plan.py": "tests/cli",
}

# Tests in which the call is the assertion: whatever it raised would fail them.
SURVIVAL = {"test_damaged_manifests", "test_output_can_be_written_as_utf8"}

CHECKS = ("assert", "check", "expect", "verify", "require", "must")


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(module: Path) -> str:
    return ".".join(module.relative_to(ROOT).with_suffix("").parts)


def own_test(module: Path) -> Path:
    """`reconciler/core/text.py` has `tests/core/test_text.py`; a trailing underscore is left out."""
    inside = module.relative_to(ROOT / "reconciler")
    return ROOT / "tests" / inside.parent / f"test_{inside.stem.rstrip('_')}.py"


@cache
def written(path: Path) -> tuple[set[str], list[str]]:
    """Dotted names of all that a file imports, and its texts that look like an entry of a table of plug-ins."""
    found: set[str] = set()
    texts: list[str] = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and ENTRY.fullmatch(node.value):
            texts.append(node.value)
    return found, texts


def imported(path: Path) -> set[str]:
    """Dotted names of everything that a file imports, and of the entries of a table of plug-ins in it."""
    return written(path)[0] | entries(path)


def entries(path: Path) -> set[str]:
    """Dotted names of the entries of a table of plug-ins: below the package that the table names, or beside it."""
    texts = written(path)[1]
    homes = [dotted(path.parent), *(text for text in texts if ":" not in text)]
    modules = {text.partition(":")[0] for text in texts}
    return modules | {f"{home}.{module}" for home in homes for module in modules}


def is_tested(module: Path) -> bool:
    """Whether a test file bears the module's name, or a test of its package, a contract or a law imports it."""
    package = module.relative_to(ROOT / "reconciler").parts[0]
    return own_test(module).is_file() or dotted(module) in met_by_tests(package)


@cache
def met_by_tests(package: str) -> set[str]:
    """Everything that the tests of a package, the contracts, the laws and the shared code import."""
    places = [ROOT / "tests" / name for name in (package, "contracts", "properties", "support")]
    near = [names for path, names in imports_of_tests().items() if any(place in path.parents for place in places)]
    return set[str]().union(*near)


def modules_to_mirror() -> list[Path]:
    return [path for path in sorted((ROOT / "reconciler").rglob("*.py")) if path.name != "__main__.py"]


def untested() -> list[str]:
    """Modules that no test of their package reaches, neither directly nor through other modules of that package or a
    table of plug-ins, whose every entry walks through a contract test."""
    names = {dotted(path).removesuffix(".__init__"): path for path in modules_to_mirror()}
    reached = {name for name, path in names.items() if is_tested(path) or path.name == "__init__.py"}
    todo = list(reached)
    while todo:
        name = todo.pop()
        package = name.split(".")[1:2]
        for target in imported(names[name]) & set(names):
            if target not in reached and (target.split(".")[1:2] == package or target in entries(names[name])):
                reached.add(target)
                todo.append(target)
    return sorted(short(path) for name, path in names.items() if name not in reached)


ENTRY = re.compile(r"[a-z_][\w.]*:\w+|reconciler\.[\w.]+")


@cache
def imports_of_tests() -> dict[Path, set[str]]:
    """What each file of the suite imports."""
    return {path: imported(path) for path in (ROOT / "tests").rglob("*.py")}


def test_the_suite_mirrors_the_package() -> None:
    """Each folder of the package has its folder of tests, and those reach each of its modules."""
    packages = {path.parent.name for path in (ROOT / "reconciler").glob("*/__init__.py")}
    assert packages <= {path.name for path in (ROOT / "tests").iterdir() if any(path.glob("**/test_*.py"))}
    assert sorted(set(untested()) - set(ELSEWHERE)) == []
    assert [place for place in ELSEWHERE.values() if not (ROOT / place).exists()] == []


def test_most_modules_have_a_test_file_of_their_own() -> None:
    modules = [path for path in modules_to_mirror() if path.name != "__init__.py"]
    direct = [path for path in modules if is_tested(path)]
    for path in sorted(set(modules) - set(direct)):
        print("through another module:", short(path))
    assert len(direct) >= 0.7 * len(modules)


def test_every_rule_walks_through_the_contract() -> None:
    """Rules are the entries of a table: one suite runs the examples of each."""
    assert "reconciler.platforms.tavus.rules" in imports_of_tests()[ROOT / "tests" / "contracts" / "test_rules.py"]


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def called(node: ast.AST) -> str:
    """The last part of the name that a call calls, empty for anything else."""
    if not isinstance(node, ast.Call):
        return ""
    function = node.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def asserts(function: ast.AST, helpers: set[str]) -> bool:
    """Whether `function` holds an assertion, or calls something that does."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert):
            return True
        name = called(node)
        if name in {"raises", "warns", "fail"} or name in helpers or name.lstrip("_").startswith(CHECKS):
            return True
    return False


def idle_tests(tree: ast.Module) -> list[str]:
    """Names of tests in `tree` that assert nothing, also not through a function of the same file."""
    helpers: set[str] = set()
    while True:
        more = {f.name for f in functions(tree) if not f.name.startswith("test_") and asserts(f, helpers)}
        if more <= helpers:
            break
        helpers |= more
    tests = [function for function in functions(tree) if function.name.startswith("test_")]
    return [test.name for test in tests if test.name not in SURVIVAL and not asserts(test, helpers)]


def sleeps(tree: ast.Module) -> list[str]:
    """Where a file sleeps, or imports what sleeps."""
    modules = {"time", "asyncio"}
    calls = [
        f"line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "sleep"
        and isinstance(node.value, ast.Name)
        and node.value.id in modules
    ]
    imports = [
        f"line {node.lineno}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module in modules
        for alias in node.names
        if alias.name == "sleep"
    ]
    return calls + imports


FOLDERS = sorted({path.parent for path in TESTS})


@pytest.mark.parametrize("folder", FOLDERS, ids=short)
def test_every_test_asserts_something_and_none_sleeps(folder: Path) -> None:
    """A test that sleeps is slow on a good day and fails on a bad one. Wait for the thing itself."""
    trees = {short(path): ast.parse(path.read_text("utf-8")) for path in TESTS if path.parent == folder}
    assert {name: found for name, tree in trees.items() if (found := idle_tests(tree))} == {}
    assert {name: found for name, tree in trees.items() if (found := sleeps(tree))} == {}


@pytest.mark.parametrize(
    ("source", "idle"),
    [
        ("def test_a():\n    f()\n", ["test_a"]),
        ("def test_a():\n    assert f()\n", []),
        ("def test_a():\n    with pytest.raises(ValueError):\n        f()\n", []),
        ("def same(x):\n    assert x\ndef test_a():\n    same(1)\n", []),
        ("def deep(x):\n    same(x)\ndef same(x):\n    assert x\ndef test_a():\n    deep(1)\n", []),
        ("def test_a():\n    assert_same(1)\n", []),
        ("class TestA:\n    def test_b(self):\n        pass\n", ["test_b"]),
    ],
)
def test_an_idle_test_is_seen(source: str, idle: list[str]) -> None:
    assert idle_tests(ast.parse(source)) == idle


def test_test_folders_are_no_packages() -> None:
    """With importlib mode two files of one name may live in two folders; an `__init__.py` would undo that. A platform
    of tests is a package, as those of the program are."""
    packages = [short(path) for path in (ROOT / "tests").rglob("__init__.py")]
    assert [path for path in packages if not path.startswith("tests/support/greetings/")] == []
