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
