"""The floors of the package: who may import whom, what the pure floors may not do, and what start-up may cost."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.every import hold_for_each
from tests.support.nightly import tried

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "reconciler"
MODULES = sorted(PACKAGE.rglob("*.py"))

PURE = ("types", "core", "reporters")
PURE_ROOMS = ("kinds", "rules", "migrations")  # of every platform
PURE_WINGS = ("livekit",)
IMPURE = {"reconciler/platforms/livekit/installed_models.py"}  # looks at what is installed

# import-linter sees imports; what a bare name or an attribute can reach, only the syntax tree shows.
FORBIDDEN_NAMES = {"open", "print", "input", "eval", "exec", "breakpoint", "__import__"}
FORBIDDEN_ATTRIBUTES = {
    "now", "today", "utcnow", "uuid1", "uuid4", "environ", "getenv", "putenv", "urandom", "getcwd", "token_hex",
    "read_text", "write_text", "read_bytes", "write_bytes", "monotonic", "perf_counter", "time_ns", "sleep",
}  # fmt: skip
FORBIDDEN_IMPORTS = {
    "os", "sys", "io", "pathlib", "time", "random", "secrets", "uuid", "socket", "ssl", "subprocess", "threading",
    "asyncio", "tempfile", "shutil", "glob", "http", "signal", "multiprocessing", "concurrent", "ctypes", "locale",
    "getpass", "platform", "logging", "importlib", "sqlite3", "fcntl", "mmap", "select",
    "httpx", "click", "yaml", "rich", "pydantic", "obstore", "psycopg", "urllib.request",
}  # fmt: skip

HARMLESS = {("sys", "intern"), ("io", "BytesIO")}
"""Equal texts kept once, and bytes that grow in memory: they reach for nothing outside."""

# Names that say nothing, and one that says the wrong thing: a model is an LLM here.
VAGUE = {"utils", "util", "helpers", "helper", "common", "models", "misc", "stuff"}
COMMANDS = {"reconciler/cli/explain.py"}  # called for the command, which lists LLMs

LONGEST = 400
LONG = 300
HEAVY = ("httpx", "pydantic", "yaml", "jsonpatch", "deepdiff", "rich", "importlib.metadata", "asyncio", "ssl")


def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def short(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def dotted(path: Path) -> str:
    """`reconciler/core/diff/json_patch.py` is `reconciler.core.diff.json_patch`, a package its folder."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def is_pure(path: Path) -> bool:
    floor, *rooms = path.relative_to(PACKAGE).parts
    if floor != "platforms":
        return floor in PURE
    return (rooms[0] in PURE_WINGS or (len(rooms) > 2 and rooms[1] in PURE_ROOMS)) and short(path) not in IMPURE


def pure_modules() -> list[Path]:
    return [path for path in MODULES if is_pure(path)]


def impurities(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and name of everything in `tree` that reaches for the outside world."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in FORBIDDEN_NAMES:
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
            if node.attr in FORBIDDEN_ATTRIBUTES:
                yield node.lineno, node.attr
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if {alias.name, alias.name.partition(".")[0]} & FORBIDDEN_IMPORTS:
                    yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            module = "" if node.level else node.module or ""
            if (module, *(alias.name for alias in node.names)) in HARMLESS:
                continue
            if {module, module.partition(".")[0]} & FORBIDDEN_IMPORTS:
                yield node.lineno, module


def test_the_package_was_found() -> None:
    assert len(MODULES) > 20
    assert {"types", "core", "platforms"} <= {path.relative_to(PACKAGE).parts[0] for path in pure_modules()}


def test_imports_go_down_only() -> None:
    """The contracts stand in pyproject.toml under [tool.importlinter]."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_contracts_name_every_floor() -> None:
    """A floor that is not listed would not be checked, and one that is listed must be there."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"]["contracts"]
    floors = {f"reconciler.{path.parent.name}" for path in PACKAGE.glob("*/__init__.py")}
    named = {contract["name"].partition(" ")[0]: set(contract.get("source_modules", ())) for contract in settings}
    rooms = {f"reconciler.platforms.*.{name}" for name in PURE_ROOMS}
    wings = {f"reconciler.platforms.{name}" for name in PURE_WINGS}
    assert named["Pure"] == {f"reconciler.{name}" for name in PURE} | rooms | wings
    assert named["Only"] == floors - {"reconciler.cli"}
    platforms = {f"reconciler.platforms.{path.parent.name}" for path in (PACKAGE / "platforms").glob("*/__init__.py")}
    (nobody,) = (one for one in settings if one["name"].startswith("Nobody"))
    assert set(nobody["forbidden_modules"]) == platforms


def test_pure_floors_reach_for_nothing() -> None:
    found = [f"{short(path)}:{line}: {name}" for path in pure_modules() for line, name in impurities(parse(path))]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("open('x')", "open"),
        ("print(1)", "print"),
        ("from datetime import datetime\ndatetime.now()", "now"),
        ("import datetime as d\nd.date.today()", "today"),
        ("def f():\n    import os\n    return os.environ['X']", "os"),
        ("from pathlib import Path", "pathlib"),
        ("import urllib.request, http.client", "http.client"),
        ("from urllib.request import urlopen", "urllib.request"),
        ("import uuid\nuuid.uuid4()", "uuid4"),
        ("x = path.read_text()", "read_text"),
        ("emit = print", "print"),
        ("from io import BytesIO, open", "io"),
    ],
)
def test_an_impurity_is_seen(source: str, name: str) -> None:
    assert name in {found for _, found in impurities(ast.parse(source))}


@pytest.mark.parametrize(
    "source",
    [
        "from reconciler.types.json import Json",
        "import json, re, hashlib\nfrom dataclasses import dataclass",
        "class Clock:\n    def now(self) -> str: ...",
        "Field(path='/open', print_width=3)",
        "from . import os",
        "from urllib.parse import quote",
        "from io import BytesIO",
    ],
)
def test_pure_code_is_left_alone(source: str) -> None:
    assert not list(impurities(ast.parse(source)))


def imported_at_once(path: Path, names: set[str]) -> set[str]:
    """Those of `names` that the import of a module imports, with the packages around them."""
    found: set[str] = {dotted(path)}
    todo: list[ast.stmt] = list(parse(path).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}", *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            blocks = [getattr(node, name, []) for name in ("body", "orelse", "finalbody", "handlers")]
            unread = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
            todo += [inner for block in blocks[unread:] for inner in block]
    around = {name.rsplit(".", up)[0] for name in found for up in range(name.count(".") + 1)}
    return (found | around) & names - {dotted(path)}


def in_a_circle() -> list[str]:
    """Modules that import themselves by way of others: what they find depends on which is imported first."""
    names = {dotted(path) for path in MODULES}
    edges = {dotted(path): imported_at_once(path, names) for path in MODULES}

    def reached(name: str) -> set[str]:
        seen, todo = set[str](), [name]
        while todo:
            new = edges[todo.pop()] - seen
            seen |= new
            todo += new
        return seen

    return [name for name in names if name in reached(name)]


def rooms_in_circles() -> list[set[str]]:
    """Rooms (folders of modules, and each module that lies beside rooms) that need each other, whenever they import
    it: at once, later, or for types alone."""
    names = {dotted(path): path for path in MODULES}
    around = {name.rpartition(".")[0] for name, path in names.items() if path.name == "__init__.py"}

    def room(name: str) -> str:
        above = name.rpartition(".")[0]
        return name if names[name].name == "__init__.py" or above in around else above

    needs: dict[str, set[str]] = {}
    for name, path in names.items():
        for node in ast.walk(parse(path)):
            found = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                inner = [f"{node.module}.{alias.name}" for alias in node.names]
                found = [one if one in names else node.module for one in inner]
            needs.setdefault(room(name), set()).update(room(one) for one in found if one in names)
    needs.pop("reconciler")  # the public names

    def met(start: str) -> set[str]:
        seen, todo = set[str](), [start]
        while todo:
            new = needs.get(todo.pop(), set()) - seen
            seen |= new
            todo += new
        return seen

    ways = {name: met(name) - {name} for name in needs}
    return [{name, other} for name in ways for other in ways[name] if name < other and name in ways.get(other, set())]


def test_no_rooms_need_each_other() -> None:
    assert rooms_in_circles() == []


def test_the_circles_are_seen() -> None:
    assert (
        {"reconciler.backends", "reconciler.backends.context"}
        <= set(in_a_circle())
        < {dotted(path) for path in MODULES}
    )


EXTRA_LIBRARIES = {"temporalio"}
"""What only modules need that nothing else imports."""


def test_every_module_imports_alone() -> None:
    """Those that lie on a circle of imports each in a process of its own, so that none leans on another having been
    imported before it; for the others one process does (in the night all of them have one).

    One interpreter forks a child for each: the libraries are loaded once, none of ours is.
    """
    script = """
import json, os, sys
for library in ("click", "httpx", "pydantic", "yaml", "jsonpatch"):
    try:
        __import__(library)
    except ImportError:
        pass
failed = []
for names in json.loads(sys.argv[1]):
    child = os.fork()
    if child == 0:
        for name in names:
            try:
                __import__(name)
            except BaseException as error:
                if isinstance(error, ModuleNotFoundError) and error.name in EXTRAS:
                    continue  # without its extra such a module is not there
                sys.stderr.write(f"{name}: {type(error).__name__}: {error}\\n")
                sys.stderr.flush()
                os._exit(1)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        failed.append(names)
sys.exit(len(failed) > 0)
"""
    every = [dotted(path) for path in MODULES]
    alone = tried(in_a_circle(), every)
    groups = json.dumps([every, *([name] for name in alone)])
    command = [sys.executable, "-c", f"EXTRAS = {EXTRA_LIBRARIES!r}{script}", groups]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_no_file_is_too_long() -> None:
    lengths = {short(path): len(path.read_text("utf-8").splitlines()) for path in MODULES}
    for name, length in sorted(lengths.items(), key=lambda item: -item[1]):
        if length > LONG:
            print(f"{length:4} {name}")
    assert [f"{name} has {length} lines" for name, length in lengths.items() if length > LONGEST] == []


def test_every_module_starts_with_what_is_in_it() -> None:
    hold_for_each(starts_with_what_is_in_it, [(short(path), (path,)) for path in MODULES])
    assert MODULES


def starts_with_what_is_in_it(path: Path) -> None:
    documentation = ast.get_docstring(parse(path), clean=True)
    assert documentation, f"{short(path)} has no docstring"
    first, *rest = documentation.splitlines()
    assert first.strip(), "the first line says what is in the module"
    assert first.rstrip().endswith((".", ":", "?")), f"{short(path)}: one sentence on the first line: {first!r}"
    assert not rest or not rest[0].strip(), f"{short(path)}: an empty line follows the first one"


def test_only_the_command_line_prints() -> None:
    found = [
        f"{short(path)}:{node.lineno}"
        for path in MODULES
        if path.relative_to(PACKAGE).parts[0] != "cli"
        for node in ast.walk(parse(path))
        if isinstance(node, ast.Name) and node.id == "print"
    ]
    assert found == []


# What is written for people is laid out in one room; help of the command line and generated files are no reports.
LAYOUT = {"ljust", "rjust", "center", "expandtabs"}
LAYOUT_MODULES = {"textwrap", "difflib.unified_diff"}
PADDED = re.compile(r"(?:.?[<>^])\d+|\d{2,}|(?:.?[<>^])?\{\}")
WRITES_FILES = ("reporters", "platforms", "manifests", "cli/reference", "cli/click_commands.py", "engine/scaffold")
SPEAKS = ("cli", "api")


def layouts(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and reason of everything in `tree` that lays text out: columns, folded lines, diffs."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in LAYOUT:
            yield node.lineno, node.func.attr
        elif isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names if alias.name in LAYOUT_MODULES)
        elif isinstance(node, ast.ImportFrom):
            names = {node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)}
            yield from ((node.lineno, name) for name in names & LAYOUT_MODULES)
        elif isinstance(node, ast.FormattedValue) and node.format_spec is not None:
            spec = ast.unparse(node.format_spec)[2:-1]
            if PADDED.fullmatch(re.sub(r"\{.*\}", "{}", spec)):
                yield node.lineno, f":{spec}"


def several_lines(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and reason of every text of several lines that is put together in `tree`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values)
            if "\n" in text.strip("\n"):
                yield node.lineno, "a text of several lines"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
            between = node.func.value
            if isinstance(between, ast.Constant) and "\n" in str(between.value):
                yield node.lineno, "joined lines"


def test_text_for_people_is_laid_out_by_reporters() -> None:
    found = []
    for path in MODULES:
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(WRITES_FILES):
            tree = parse(path)
            lines = [*layouts(tree), *(several_lines(tree) if name.startswith(SPEAKS) else ())]
            found += [f"{short(path)}:{line}: {what}" for line, what in lines]
    assert found == []


@pytest.mark.parametrize(
    "source",
    [
        "cell.ljust(3)",
        "from textwrap import wrap",
        "import textwrap",
        "from difflib import unified_diff",
        "f'{name:<11} {value}'",
        "f'{name:11}'",
        "f'{name:<{width}}'",
    ],
)
def test_a_layout_is_seen(source: str) -> None:
    assert list(layouts(ast.parse(source)))


@pytest.mark.parametrize(
    "source", ["f'{seconds:.1f}s'", "f'{count:,}'", "f'{code:02x}'", "f'{name!r}'", "f'{a}: {b}'"]
)
def test_a_plain_sentence_is_no_layout(source: str) -> None:
    assert not list(layouts(ast.parse(source)))


@pytest.mark.parametrize("source", ["'\\n'.join(lines)", "f'{a}\\n  {b}'"])
def test_several_lines_are_seen(source: str) -> None:
    assert list(several_lines(ast.parse(source)))
    assert not list(several_lines(ast.parse("f'wrote {path}\\n'")))


def test_names_say_what_is_inside() -> None:
    parts = {short(path): set(path.relative_to(ROOT).with_suffix("").parts) for path in MODULES}
    assert [name for name, words in parts.items() if words & VAGUE and name not in COMMANDS] == []


def test_every_folder_of_the_package_is_a_package() -> None:
    folders = {path.parent for path in MODULES}
    assert [short(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_the_version_is_a_constant() -> None:
    """Asking the installed distribution for its version would cost a third of the start-up."""
    values = {
        target.id: statement.value
        for statement in parse(PACKAGE / "version.py").body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    version = values["__version__"]
    assert isinstance(version, ast.Constant)
    assert isinstance(version.value, str)
    assert f"## {version.value}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]], ids=" ".join)
def test_start_up_imports_click_and_nothing_of_weight(arguments: list[str]) -> None:
    assert heavy_modules_after(arguments, {}) == []


def test_completion_imports_nothing_of_weight() -> None:
    words = {"_RECONCILER_COMPLETE": "bash_complete", "COMP_WORDS": "reconciler pl", "COMP_CWORD": "1"}
    assert heavy_modules_after([], words) == []


def test_the_version_is_said_by_the_command_line_alone() -> None:
    loaded = modules_after(["--version"], {})
    own = {name for name in loaded if name.startswith("reconciler.") and not name.startswith("reconciler.cli")}
    assert own <= {"reconciler.__main__", "reconciler.error_base", "reconciler.errors", "reconciler.version"}


def heavy_modules_after(arguments: list[str], environment: dict[str, str]) -> list[str]:
    """Which of `HEAVY` are loaded after the program ran with `arguments`."""
    loaded = modules_after(arguments, environment)
    return [name for name in HEAVY if name in loaded]


def modules_after(arguments: list[str], environment: dict[str, str]) -> set[str]:
    """What is loaded after the program ran with `arguments` in a fresh interpreter."""
    script = """
import json, sys
from reconciler.__main__ import main
sys.argv = ["reconciler", *json.loads(sys.argv[1])]
try:
    main()
except SystemExit as end:
    assert end.code in (0, None), end.code
finally:
    sys.stderr.write("\\n" + json.dumps(sorted(sys.modules)))
"""
    command = [sys.executable, "-c", script, json.dumps(arguments)]
    variables = {**os.environ, **environment}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded: set[str] = set(json.loads(done.stderr.splitlines()[-1]))
    assert "click" in loaded
    return loaded
