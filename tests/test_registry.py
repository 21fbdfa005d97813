"""The table of lazily imported plug-ins."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.registry import Registry


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A package of plug-ins: one that works, and one whose library is missing."""
    folder = tmp_path / "plugins_of_this_test"
    folder.mkdir()
    (folder / "__init__.py").write_text("")
    (folder / "good.py").write_text("PLUGIN = object()\n")
    (folder / "heavy.py").write_text("import no_such_library_anywhere\nPLUGIN = 1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield folder.name
    for name in [name for name in sys.modules if name.startswith(folder.name)]:
        del sys.modules[name]


@pytest.fixture
def table(package: str) -> Registry[object]:
    return Registry("plug-in", package, {"good": "good:PLUGIN", "heavy": "heavy:PLUGIN"})


def test_it_is_a_container_of_names(table: Registry[object]) -> None:
    assert list(table) == ["good", "heavy"]
    assert len(table) == 2
    assert "good" in table
    assert "bad" not in table


def test_looking_at_names_imports_nothing(table: Registry[object], package: str) -> None:
    assert set(table) == {"good", "heavy"}
    assert not [name for name in sys.modules if name.startswith(package)]


def test_an_entry_is_imported_once(table: Registry[object], package: str) -> None:
    first = table.get("good")
    assert f"{package}.good" in sys.modules
    assert table.get("good") is first


def test_a_missing_library_hurts_only_who_asks_for_it(table: Registry[object]) -> None:
    assert table.get("good") is not None
    with pytest.raises(ImportError, match="no_such_library_anywhere"):
        table.get("heavy")
    with pytest.raises(ImportError):
        table.all()


def test_an_unknown_name_lists_the_known_ones(table: Registry[object]) -> None:
    with pytest.raises(UsageError) as caught:
        table.get("sqlite")
    assert caught.value.message == "unknown plug-in 'sqlite'; known: good, heavy"
    assert caught.value.exit_code == 64


@pytest.mark.parametrize("typo", ["goood", "god", "Good"])
def test_a_near_miss_is_suggested(table: Registry[object], typo: str) -> None:
    with pytest.raises(UsageError) as caught:
        table.get(typo)
    assert caught.value.hint == "did you mean 'good'?"


def test_the_table_is_a_copy(package: str) -> None:
    entries = {"good": "good:PLUGIN"}
    table: Registry[object] = Registry("plug-in", package, entries)
    entries["late"] = "late:PLUGIN"
    assert "late" not in table
