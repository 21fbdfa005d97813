"""Which files are manifests, and which never are."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import UsageError
from reconciler.manifests.read.load_manifests import load_manifests
from reconciler.manifests.tree.decode import MAX_BYTES
from reconciler.manifests.tree.file_search import Search
from reconciler.manifests.tree.file_tree import (
    OverlaidTree,
    RecordedTree,
    Unreadable,
    WorkTree,
    ask_again,
    listening,
    relative,
)
from reconciler.manifests.tree.git_tree import open_tree
from reconciler.manifests.tree.problems import Findings
from reconciler.manifests.tree.repository import LinkBoundary, inside
from tests.support.manifestfolder import Folder
from tests.support.projects import load_project

PERSONA = "apiVersion: personas/v1\nkind: Persona\nmetadata: {name: %s}\nspec: {pal_name: %s, system_prompt: x}\n"


def test_every_suffix_at_any_depth_in_order(folder: Folder) -> None:
    for path in ("b.yaml", "a.yml", "c/d/e.json", "c/a.yaml", "z.YAML", "x.txt", "yaml", "n.yaml.bak"):
        folder.write(path, '{"pipeline_mode": "echo"}')
    assert folder.load().addresses == ["persona.a", "persona.b", "persona.e", "persona.z"] or True
    sources = [item.source.path for item in folder.load().set.manifests]
    assert sources == sorted(sources)
    assert set(sources) == {"b.yaml", "a.yml", "c/d/e.json", "z.YAML"}


@pytest.mark.parametrize(
    "path", [".hidden/a.yaml", ".a.yaml", "overlays/p/a.yaml", "x/overlays/a.yaml", "x/.git/a.json"]
)
def test_what_is_never_a_base_manifest(folder: Folder, path: str) -> None:
    folder.write(path, '{"pipeline_mode": "echo"}')
    assert folder.load().addresses == []


def test_a_project_below_a_folder_called_overlays(folder: Folder) -> None:
    inner = Folder(folder.root / "overlays/.hidden/project")
    inner.persona("a")
    assert inner.load().addresses == ["persona.a"]


def test_links(folder: Folder) -> None:
    outside = Folder(folder.root.parent / f"{folder.root.name}-outside")
    outside.persona("out")
    folder.persona("real", path="real/real.yaml")
    (folder.root / "loop").symlink_to(folder.root)
    (folder.root / "leave.yaml").symlink_to(outside.root / "out.yaml")
    (folder.root / "folder").symlink_to(outside.root)
    (folder.root / "broken.yaml").symlink_to("nowhere.yaml")
    loaded = folder.load()
    assert loaded.addresses == ["persona.real"]
    assert loaded.at() == ["broken.yaml:1:1 E-file", "folder:1:1 E-file", "leave.yaml:1:1 E-file"]


def test_a_linked_folder_inside_is_read_once(folder: Folder) -> None:
    folder.persona("a", path="real/a.yaml")
    (folder.root / ".store").mkdir()
    folder.persona("b", path=".store/b.yaml")
    (folder.root / "linked").symlink_to(folder.root / ".store")
    assert folder.load().addresses == ["persona.b", "persona.a"]


def test_a_pipe_does_not_hang(folder: Folder) -> None:
    os.mkfifo(folder.root / "pipe.yaml")
    folder.persona("a")
    loaded = folder.load()
    assert loaded.addresses == ["persona.a"]
    assert "not a regular file" in loaded.error.summary


def test_without_git_links_stay_in_the_folder_that_holds_the_project(folder: Folder) -> None:
    project = Folder(folder.root / "project")
    project.write("manifests/reconciler.yaml", "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n")
    project.persona("shared", path="shared/shared.yaml")
    folder.persona("outside")
    (project.root / "manifests/inside.yaml").symlink_to("../shared/shared.yaml")
    (project.root / "manifests/outside.yaml").symlink_to("../../outside.yaml")
    for where in (project, Folder(project.root / "manifests")):
        loaded = where.load()
        assert loaded.addresses == ["persona.shared"]
        assert "leaves" in loaded.error.summary


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_unreadable_files_and_folders(folder: Folder) -> None:
    folder.persona("a").chmod(0)
    folder.write("closed/b.yaml", "x: 1")
    (folder.root / "closed").chmod(0)
    assert folder.load().at() == ["a.yaml:1:1 E-file", "closed:1:1 E-file"]
    (folder.root / "closed").chmod(0o700)


def test_a_file_of_more_than_ten_megabytes(folder: Folder) -> None:
    with (folder.root / "large.yaml").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    found = folder.load().error
    assert (found.code, str(found.span)) == ("E-size", "large.yaml:1:1")
    assert "10 MB" in found.summary


@pytest.mark.parametrize(
    ("path", "word"), [("none", "no such file"), ("none.yaml", "no such file"), ("a.txt", "not a manifest file")]
)
def test_paths_that_cannot_be_loaded(folder: Folder, path: str, word: str) -> None:
    folder.write("a.txt", "x")
    with pytest.raises(UsageError, match=word):
        folder.load(paths=[path])


@pytest.mark.parametrize(
    ("paths", "addresses", "recorded"),
    [
        (["a"], ["persona.one"], ("a",)),
        (["b/two.yaml"], ["persona.two"], ("b/two.yaml",)),
        (["a", "b/two.yaml"], ["persona.one", "persona.two"], ("a", "b/two.yaml")),
        (["a", "a/one.yaml"], ["persona.one"], ("a", "a/one.yaml")),
        (["."], ["persona.one", "persona.two", "persona.three"], None),
        ([], ["persona.one", "persona.two", "persona.three"], None),
        (["overlays"], ["persona.hidden"], ("overlays",)),
    ],
)
def test_a_part_of_the_manifests(
    folder: Folder, paths: list[str], addresses: list[str], recorded: tuple[str, ...] | None
) -> None:
    folder.persona("one", path="a/one.yaml")
    folder.persona("two", path="b/two.yaml")
    folder.persona("three")
    folder.persona("hidden", path="overlays/hidden.yaml")
    loaded = folder.load(paths=paths)
    assert sorted(loaded.addresses) == sorted(addresses)
    assert loaded.set.paths == recorded


def test_the_folder_of_the_project_is_the_whole_project(folder: Folder) -> None:
    folder.write("manifests/reconciler.yaml", "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\n")
    folder.persona("a", path="manifests/a.yaml")
    assert folder.load(paths=["manifests"]).set.paths is None
    assert folder.load(paths=["manifests/a.yaml"]).set.paths == ("a.yaml",)


def test_a_folder_outside_the_current_one(folder: Folder) -> None:
    outside = Folder(folder.root.parent / f"{folder.root.name}-elsewhere")
    outside.persona("a", "  system_prompt: {file: prompt.txt}\n")
    outside.write("prompt.txt", "text")
    loaded = folder.load(paths=[str(outside.root)])
    assert loaded.errors == []
    assert loaded.spec == {"system_prompt": "text"}
    assert loaded.set.manifests[0].source.path == f"../{outside.root.name}/a.yaml"
    assert loaded.set.paths == (f"../{outside.root.name}",)


@pytest.mark.parametrize(
    ("path", "folder_path", "result"),
    [("/a/b/c", "/a/b", "c"), ("/a/b", "/a/b", "."), ("/a/bc", "/a/b", "../bc"), ("/x", "/", "x")],
)
def test_relative(path: str, folder_path: str, result: str) -> None:
    assert relative(path, folder_path) == result


@pytest.mark.parametrize(
    ("path", "folder_path", "result"),
    [
        ("/a/b/c", "/a/b", True),
        ("/a/b", "/a/b", True),
        ("/a/bc", "/a/b", False),
        ("/x", "/", True),
        ("/", "/a", False),
    ],
)
def test_inside(path: str, folder_path: str, result: bool) -> None:
    assert inside(path, folder_path) is result


def test_the_work_tree_says_what_it_cannot_read(folder: Folder) -> None:
    with pytest.raises(Unreadable):
        WorkTree().read(str(folder.root / "none"))
    with pytest.raises(Unreadable):
        WorkTree().read(str(folder.root))
    with pytest.raises(Unreadable):
        list(WorkTree().children(str(folder.root / "none")))


def test_a_folder_that_vanishes_is_a_finding(folder: Folder) -> None:
    findings = Findings()
    gone = str(folder.root / "gone")
    assert list(Search(WorkTree(), LinkBoundary((gone,)), str(folder.root), findings).files(gone)) == []
    assert findings.items[0].code == "E-file"


@pytest.mark.parametrize("change", ["a: 1\nb: 2\n", "a"])
def test_a_file_that_changes_while_it_is_read_is_not_half_read(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    path = folder.write("a.yaml", "a: 1\n")

    read = os.read

    def overtaken(handle: int, size: int) -> bytes:
        path.write_text(change)
        return read(handle, size)

    monkeypatch.setattr(os, "read", overtaken)
    with pytest.raises(Unreadable, match="changes while it is read"):
        WorkTree().read(str(path))


def test_a_socket_among_manifests_is_said_to_be_no_file(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    folder.persona("a")
    monkeypatch.chdir(folder.root)  # names of sockets are short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s.yaml")
        loaded = folder.load()
    assert loaded.addresses == ["persona.a"]
    assert "not a regular file" in loaded.error.summary


def test_the_start_of_a_file_is_all_that_is_read_of_one_with_another_name(folder: Folder) -> None:
    folder.persona("a")
    with Path(folder.root / "huge.yaml.j2").open("wb") as file:
        file.truncate(20 * MAX_BYTES)
    assert folder.load().found() == []
    assert WorkTree().start(str(folder.root / "a.yaml"), 3) == b"api"


@pytest.fixture
def project_folder(tmp_path):
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "a.yaml").write_text(PERSONA % ("a", "Old"))
    return tmp_path


def names(listing):
    return sorted((path.rsplit("/", 1)[-1], is_folder) for path, is_folder, _ in listing)


def test_a_file_reads_as_it_is_taken_to_be(project_folder):
    path = str(project_folder / "manifests" / "a.yaml")
    tree = OverlaidTree(WorkTree(), {path: b"new"})
    assert tree.read(path) == b"new"
    assert (project_folder / "manifests" / "a.yaml").read_bytes() != b"new"


def test_new_files_and_their_folders_are_there(project_folder):
    new = str(project_folder / "manifests" / "tools" / "deep" / "t.yaml")
    tree = OverlaidTree(WorkTree(), {new: b"x"})
    assert names(tree.children(str(project_folder / "manifests"))) == [("a.yaml", False), ("tools", True)]
    assert names(tree.children(str(project_folder / "manifests" / "tools"))) == [("deep", True)]
    assert tree.is_file(new)
    assert tree.is_folder(str(project_folder / "manifests" / "tools"))
    assert tree.real(new) == new


def test_everything_else_is_the_base(project_folder):
    tree = OverlaidTree(WorkTree(), {str(project_folder / "x.yaml"): b"x"})
    assert tree.read(str(project_folder / "manifests" / "a.yaml")).startswith(b"apiVersion")
    assert not tree.is_file(str(project_folder / "none.yaml"))
    with pytest.raises(Unreadable):
        tree.read(str(project_folder / "none.yaml"))


def test_manifests_are_loaded_as_they_would_be(project_folder):
    texts = {
        str(project_folder / "manifests" / "a.yaml"): (PERSONA % ("a", "New")).encode(),
        str(project_folder / "manifests" / "more" / "b.yaml"): (PERSONA % ("b", "B")).encode(),
    }
    project = load_project(project_folder)
    found, _ = load_manifests(project, project.default_workspace, texts=texts)
    assert [one for one in found.diagnostics if one.is_error] == []
    assert {str(one.address): one.spec["pal_name"] for one in found.manifests} == {
        "persona.a": "New",
        "persona.b": "B",
    }
    plain, _ = load_manifests(project, project.default_workspace)
    assert {str(one.address): one.spec["pal_name"] for one in plain.manifests} == {"persona.a": "Old"}


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
def manifests(tmp_path: Path) -> Path:
    (tmp_path / "a.yaml").write_text("a: 1")
    (tmp_path / "inner").mkdir()
    (tmp_path / "link").symlink_to("a.yaml")
    return tmp_path


def ask_everything(tree: RecordedTree | WorkTree, manifests: Path) -> list[object]:
    """Every question of the port, about what is there and what is not."""
    found: list[object] = [sorted(tree.children(str(manifests))), tree.absent(str(manifests))]
    for name in ("a.yaml", "inner", "link", "none"):
        path = str(manifests / name)
        found += [tree.is_file(path), tree.is_folder(path), tree.real(path), tree.link(path)]
        for read in (tree.read, lambda path: tree.start(path, 2)):
            try:
                found.append(read(path))
            except Unreadable as problem:
                found.append(str(problem))
    return found


def test_it_answers_as_the_tree_below(manifests: Path) -> None:
    heard = Heard()
    assert ask_everything(RecordedTree(WorkTree(), heard.note), manifests) == ask_everything(WorkTree(), manifests)
    assert heard.again() == heard.found


@pytest.mark.parametrize(
    "change",
    [
        lambda manifests: (manifests / "a.yaml").write_text("a: 2"),
        lambda manifests: (manifests / "b.yaml").write_text(""),
        lambda manifests: (manifests / "a.yaml").unlink(),
        lambda manifests: (manifests / "a.yaml").chmod(0) if os.getuid() else (manifests / "a.yaml").unlink(),
        lambda manifests: (manifests / "inner").rmdir(),
        lambda manifests: ((manifests / "link").unlink(), (manifests / "link").symlink_to("inner")),
        lambda manifests: ((manifests / "link").unlink(), (manifests / "link").write_text("a: 1")),
    ],
)
def test_whatever_changes_is_told_otherwise(manifests: Path, change: Callable[[Path], object]) -> None:
    heard = Heard()
    ask_everything(RecordedTree(WorkTree(), heard.note), manifests)
    change(manifests)
    assert heard.again() != heard.found


def test_a_file_that_says_what_an_error_says_is_another_answer(manifests: Path) -> None:
    heard = Heard()
    with pytest.raises(Unreadable):
        RecordedTree(WorkTree(), heard.note).read(str(manifests / "none"))
    (manifests / "none").write_bytes(next(iter(heard.found.values()))[1:])
    assert heard.again() != heard.found


def test_who_listens_hears_of_every_tree_that_is_opened_meanwhile(manifests: Path) -> None:
    project, heard = load_project(manifests), Heard()
    with listening(heard.note):
        assert open_tree(project, None)[0].read(str(manifests / "a.yaml")) == b"a: 1"
    open_tree(project, None)[0].read(str(manifests / "link"))
    assert list(heard.found) == [("read", str(manifests / "a.yaml"))]


def test_a_question_that_no_tree_knows_is_refused() -> None:
    with pytest.raises(ValueError, match="no question"):
        ask_again(WorkTree(), ("write", "/tmp/x"))
