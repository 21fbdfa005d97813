"""A tree that is listened to gives what it gives otherwise, and tells every question again."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.manifests.tree.file_tree import Unreadable, WorkTree
from reconciler.manifests.tree.git_tree import open_tree
from reconciler.manifests.tree.recorded_tree import RecordedTree, ask_again, listening
from tests.support.projects import load_project


class Heard:
    """Questions and answers in a dictionary."""

    def __init__(self) -> None:
        self.found: dict[tuple[str, ...], bytes] = {}

    def note(self, question: tuple[str, ...], *answer: bytes) -> None:
        self.found[question] = b"".join(answer)

    def again(self) -> dict[tuple[str, ...], bytes]:
        now = Heard()
        for question in self.found:
            ask_again(RecordedTree(WorkTree(), now.note), question)
        return now.found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text("a: 1")
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to("a.yaml")
    return tmp_path


def ask_everything(tree: RecordedTree | WorkTree, folder: Path) -> list[object]:
    """Every question of the port, about what is there and what is not."""
    found: list[object] = [sorted(tree.children(str(folder))), tree.absent(str(folder))]
    for name in ("a.yaml", "inner", "link", "none"):
        path = str(folder / name)
        found += [tree.is_file(path), tree.is_folder(path), tree.real(path), tree.link(path)]
        for read in (tree.read, lambda path: tree.start(path, 2)):
            try:
                found.append(read(path))
            except Unreadable as problem:
                found.append(str(problem))
    return found


def test_it_answers_as_the_tree_below(folder: Path) -> None:
    heard = Heard()
    assert ask_everything(RecordedTree(WorkTree(), heard.note), folder) == ask_everything(WorkTree(), folder)
    assert heard.again() == heard.found


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "a.yaml").write_text("a: 2"),
        lambda folder: (folder / "b.yaml").write_text(""),
        lambda folder: (folder / "a.yaml").unlink(),
        lambda folder: (folder / "a.yaml").chmod(0) if os.getuid() else (folder / "a.yaml").unlink(),
        lambda folder: (folder / "inner").rmdir(),
        lambda folder: ((folder / "link").unlink(), (folder / "link").symlink_to("inner")),
        lambda folder: ((folder / "link").unlink(), (folder / "link").write_text("a: 1")),
    ],
)
def test_whatever_changes_is_told_otherwise(folder: Path, change: Callable[[Path], object]) -> None:
    heard = Heard()
    ask_everything(RecordedTree(WorkTree(), heard.note), folder)
    change(folder)
    assert heard.again() != heard.found


def test_a_file_that_says_what_an_error_says_is_another_answer(folder: Path) -> None:
    heard = Heard()
    with pytest.raises(Unreadable):
        RecordedTree(WorkTree(), heard.note).read(str(folder / "none"))
    (folder / "none").write_bytes(next(iter(heard.found.values()))[1:])
    assert heard.again() != heard.found


def test_who_listens_hears_of_every_tree_that_is_opened_meanwhile(folder: Path) -> None:
    project, heard = load_project(folder), Heard()
    with listening(heard.note):
        assert open_tree(project, None)[0].read(str(folder / "a.yaml")) == b"a: 1"
    open_tree(project, None)[0].read(str(folder / "link"))
    assert list(heard.found) == [("read", str(folder / "a.yaml"))]


def test_a_question_that_no_tree_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no question"):
        ask_again(WorkTree(), ("write", "/tmp/x"))
