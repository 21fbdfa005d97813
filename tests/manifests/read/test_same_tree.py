"""The same tree gives the same manifests by path and by `--ref`: links, submodules, Git LFS, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.gittrees import Repository, repository
from tests.support.manifestfolder import Folder, Loaded

BARE = '{"pipeline_mode": "echo", "pal_name": "%s"}'
PROJECT = "apiVersion: personas/v1\nkind: Project\nmetadata: {name: p}\n"


def outcome(loaded: Loaded) -> object:
    """Everything that a reader of files may say; the words about an absent submodule differ."""
    found = [(item.code, item.severity, str(item.span)) for item in loaded.set.diagnostics]
    return loaded.set.manifests, loaded.set.moved, loaded.set.removed, found


def both(repo: Folder, **options: object) -> Loaded:
    """The manifests by path, which are the same by `--ref`."""
    by_path = repo.load(**options)  # type: ignore[arg-type]
    by_ref = repo.load(ref="HEAD", **options)  # type: ignore[arg-type]
    assert outcome(by_ref) == outcome(by_path)
    if not any(item.is_error for item in by_path.set.diagnostics):
        assert by_ref.set.inputs_digest == by_path.set.inputs_digest
    return by_path


@pytest.fixture
def repo(tmp_path: Path) -> Repository:
    new = repository(tmp_path.resolve() / "repo")
    new.write("manifests/reconciler.yaml", PROJECT)
    return new


def test_links_to_files_and_folders_are_followed(repo: Repository) -> None:
    repo.write("shared/b.json", BARE % "B")
    repo.write("shared/deep/c.json", BARE % "C")
    repo.write("shared/prompt.md", "Be kind.\n")
    repo.link("manifests/b.json", "../shared/b.json")
    repo.link("manifests/linked", "../shared/deep")
    repo.link("chain", "shared")
    repo.link("manifests/prompts", "../chain")
    repo.persona("a", "  system_prompt: {file: prompts/prompt.md}\n", path="manifests/a.yaml")
    repo.commit()
    loaded = both(repo)
    assert loaded.errors == []
    assert sorted(loaded.addresses) == ["persona.a", "persona.b", "persona.c"]
    assert loaded["persona.a"].spec == {"system_prompt": "Be kind."}


@pytest.mark.parametrize(
    ("path", "target", "word"),
    [
        ("dangling.yaml", "none.yaml", "nowhere"),
        ("dangling", "none", "nowhere"),
        ("dangling.txt", "none.txt", "nowhere"),
        ("self.yaml", "self.yaml", "back to itself"),
        ("self", "self", "back to itself"),
        ("out.yaml", "../../../out.yaml", "leaves"),
        ("out", "../../..", "leaves"),
        ("absolute", "/etc", "leaves"),
        ("absolute.yaml", "/etc/passwd", "leaves"),
        ("git", "../.git", "leaves"),
        ("config.yaml", "../.git/config", "leaves"),
    ],
)
def test_links_that_lead_out_or_nowhere_are_errors(repo: Repository, path: str, target: str, word: str) -> None:
    repo.persona("a", path="manifests/a.yaml")
    repo.link(f"manifests/{path}", target)
    repo.commit()
    loaded = both(repo)
    assert loaded.addresses == ["persona.a"]
    assert word in loaded.error.summary
    assert str(loaded.error.span) == f"manifests/{path}:1:1"
    assert loaded.error.hint


@pytest.mark.parametrize("length", [1, 2, 3, 7])
@pytest.mark.parametrize("suffix", ["", ".yaml", ".md", ".txt"])
def test_links_in_a_circle_are_one_finding(repo: Repository, length: int, suffix: str) -> None:
    for number in range(length):
        repo.link(f"manifests/l{number}{suffix}", f"./l{(number + 1) % length}{suffix}")
    repo.persona("a", path="manifests/a.yaml")
    repo.commit()
    loaded = both(repo)
    assert "back to itself" in loaded.error.summary
    assert loaded.addresses == ["persona.a"]


def test_circles_over_folders_and_links_that_lead_into_them(repo: Repository) -> None:
    repo.link("manifests/one", "two/x")
    repo.link("manifests/two", "one/y")
    repo.link("manifests/into", "one")
    repo.link("manifests/other", "other/z")
    repo.persona("a", path="manifests/a.yaml")
    repo.commit()
    words = {str(item.span): item.summary for item in both(repo).errors}
    assert list(words) == ["manifests/into:1:1", "manifests/one:1:1", "manifests/other:1:1"]
    assert ["nowhere" in words[place] for place in words] == [True, False, False]


def test_links_to_what_is_read_anyway_add_nothing(repo: Repository) -> None:
    repo.persona("a", path="manifests/real/a.yaml")
    repo.link("manifests/again", "real")
    repo.link("manifests/other/a.yaml", "../real/a.yaml")
    repo.link("manifests/real/loop", "..")
    repo.commit()
    loaded = both(repo)
    assert loaded.errors == []
    assert [str(one.source.path) for one in loaded.set.manifests] == ["real/a.yaml"]


def test_an_included_file_under_a_link_that_leaves(repo: Repository) -> None:
    (repo.root.parent / "secret.md").write_text("secret")
    repo.link("manifests/prompt.md", "../../secret.md")
    repo.persona("a", "  system_prompt: {file: prompt.md}\n", path="manifests/a.yaml")
    repo.commit()
    loaded = both(repo)
    assert {item.code for item in loaded.errors} == {"E-file"}
    assert "secret" not in str(loaded.set.manifests)


def test_submodules_are_read_at_the_recorded_commit(repo: Repository) -> None:
    inner = repository(repo.root / "manifests/module")
    inner.persona("inner", "  system_prompt: {file: p.md}\n")
    inner.write("p.md", "old")
    inner.commit()
    repo.module("manifests/module", inner)
    repo.commit()
    both(repo)
    repo.absorb()
    assert both(repo)["persona.inner"].spec == {"system_prompt": "old"}
    inner.write("p.md", "new")
    inner.commit()
    assert repo.load(ref="HEAD")["persona.inner"].spec == {"system_prompt": "old"}
    assert repo.load()["persona.inner"].spec == {"system_prompt": "new"}


def test_a_submodule_within_a_submodule(repo: Repository) -> None:
    inner = repository(repo.root / "manifests/one")
    deeper = repository(inner.root / "two")
    deeper.write("c.json", BARE % "C")
    deeper.link("up.json", "../b.json")
    deeper.commit()
    inner.write("b.json", BARE % "B")
    inner.module("two", deeper)
    inner.commit()
    repo.module("manifests/one", inner)
    repo.commit()
    repo.absorb()
    assert sorted(both(repo).addresses) == ["persona.b", "persona.c", "persona.up"]
    # A clone of the outer one that forgot the inner one.
    inner.git("submodule", "deinit", "-f", "two")
    (error,) = repo.load().errors
    assert "not checked out" in error.summary
    assert "git submodule update --init --recursive" in (error.hint or "")
    assert sorted(repo.load(ref="HEAD").addresses) == ["persona.b", "persona.c", "persona.up"]


@pytest.mark.parametrize("named", [True, False])
def test_a_submodule_that_is_not_there_is_an_error(repo: Repository, named: bool) -> None:
    repo.persona("a", path="manifests/a.yaml")
    inner = repository(repo.root / "manifests/module")
    inner.write("b.json", BARE % "B")
    inner.commit()
    if named:
        repo.module("manifests/module", inner)
    repo.commit()
    repo.lose("manifests/module")
    loaded = both(repo)
    assert str(loaded.error.span) == "manifests/module:1:1"
    assert "git submodule update --init --recursive" in (loaded.error.hint or "")


def test_an_absent_submodule_elsewhere_matters_not(repo: Repository) -> None:
    repo.persona("a", path="manifests/a.yaml")
    for place in ("vendor", "manifests/.hidden", "manifests/overlays"):
        inner = repository(repo.root / place)
        inner.write("b.json", BARE % "B")
        inner.commit()
        repo.module(place, inner)
    repo.commit()
    for place in ("vendor", "manifests/.hidden", "manifests/overlays"):
        repo.lose(place)
    assert both(repo).errors == []


def test_lfs_files_are_read_where_they_are(repo: Repository) -> None:
    repo.persona("a", "  system_prompt: {file: p.md}\n", path="manifests/a.yaml")
    repo.large("manifests/p.md", "A long prompt.\n")
    repo.large("manifests/b.json", BARE % "B")
    repo.commit()
    loaded = repo.load()
    assert [(str(item.span), item.hint) for item in loaded.errors if item.code == "E-file"] == [
        ("manifests/a.yaml:6:18", "run `git lfs pull`"),
        ("manifests/b.json:1:1", "run `git lfs pull`"),
    ], "a file that a manifest includes is named where it is included, once"
    repo.smudge("manifests/p.md", "A long prompt.\n")
    repo.smudge("manifests/b.json", BARE % "B")
    assert both(repo)["persona.a"].spec == {"system_prompt": "A long prompt."}


@pytest.mark.parametrize("damage", ["gone", "other"])
def test_an_lfs_file_that_is_not_stored_is_an_error(repo: Repository, damage: str) -> None:
    repo.persona("a", "  system_prompt: {file: p.md}\n", path="manifests/a.yaml")
    repo.large("manifests/p.md", "A long prompt.\n", stored=damage == "other")
    repo.commit()
    for path in (repo.root / ".git/lfs").rglob("*") if damage == "other" else ():
        if path.is_file():
            path.write_text("A lung prompt.\n")
    loaded = repo.load(ref="HEAD")
    assert loaded.errors
    assert all("LFS" in error.summary and "git lfs" in (error.hint or "") for error in loaded.errors)


@pytest.mark.parametrize("linked", ["folder", "file"])
def test_a_project_behind_a_link_that_leaves_is_refused(repo: Repository, linked: str) -> None:
    from reconciler.errors import UsageError
    from tests.support.projects import load_project

    outside = Folder(repo.root.parent / "outside")
    outside.write("reconciler.yaml", PROJECT)
    (repo.root / "manifests/reconciler.yaml").unlink()
    if linked == "folder":
        (repo.root / "manifests").rmdir()
        repo.link("manifests", "../outside")
    else:
        repo.link("manifests/reconciler.yaml", "../../outside/reconciler.yaml")
    repo.commit()
    file = repo.root / "manifests/reconciler.yaml"
    for where in ([repo.root], [repo.root, "manifests"], [file]):
        for ref in (None, "HEAD"):
            with pytest.raises(UsageError):
                load_project(where[0], manifests=where[1:], ref=ref, root=repo.root)  # type: ignore[arg-type]


def test_links_of_the_command_line(repo: Repository) -> None:
    repo.write("shared/b.json", BARE % "B")
    repo.link("manifests/linked", "../shared")
    repo.commit()
    loaded = both(repo, paths=["manifests/linked"])
    assert loaded.set.paths == ("linked",)
    assert loaded.addresses == ["persona.b"]


def test_an_overlay_folder_that_is_a_link_is_no_base(repo: Repository) -> None:
    workspaces = "workspaces:\n  one: {provider: {type: simulator}, overlays: [overlays/one]}\n"
    repo.write("manifests/reconciler.yaml", PROJECT + workspaces)
    repo.persona("a", path="manifests/a.yaml")
    repo.write("manifests/kept/one/a.yaml", "persona_name: Over\n")
    repo.link("manifests/overlays/one", "../kept/one")
    repo.commit()
    loaded = both(repo)
    assert loaded.found() == []
    assert loaded["persona.a"].spec["pal_name"] == "Over"


NAMES = st.sampled_from(["a", "b", "c", "sub", "sub/d", "sub/deep/e", ".h", "overlays/o"])
ENTRY = st.tuples(st.sampled_from(["bare", "large", "lost", "module"]), NAMES)
LINK = st.tuples(
    NAMES,
    st.sampled_from(["", ".json", ".md"]),
    st.sampled_from(["", "../", "../../", "../../../", "/"]),
    st.sampled_from(
        ["a", "sub", "b.json", "sub/d.json", "c/m.json", "manifests/sub", "shared", "shared/s.json", "."]
    ),
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(ENTRY, max_size=6, unique_by=lambda entry: entry[1]),
    st.lists(LINK, max_size=5, unique_by=lambda link: link[0]),
    st.booleans(),
    st.booleans(),
)
def test_any_tree(
    tmp_path_factory: pytest.TempPathFactory, entries: list[tuple[str, str]],
    links: list[tuple[str, str, str, str]], lost: bool, absorbed: bool,
) -> None:  # fmt: skip
    repo = repository(tmp_path_factory.mktemp("any").resolve() / "repo")
    repo.write("manifests/reconciler.yaml", PROJECT)
    repo.write("shared/s.json", BARE % "S")
    smudged: list[str] = []
    modules: list[str] = []
    for kind, name in entries:
        path = f"manifests/{name}.json"
        if any(path.startswith(f"{module}/") for module in modules):
            continue  # it would lie untracked in the submodule
        if kind == "bare":
            repo.write(path, BARE % name)
        elif kind == "module":
            if (repo.root / f"manifests/{name}").exists():
                continue
            inner = repository(repo.root / f"manifests/{name}")
            inner.write("m.json", BARE % name)
            inner.link("up.json", "../b.json")
            inner.commit()
            modules.append(f"manifests/{name}")
        else:
            repo.large(path, BARE % name, stored=kind == "large")
            smudged += [path] if kind == "large" else []
    for name, suffix, up, target in links:
        place = repo.root / f"manifests/{name}{suffix}"
        if any(f"manifests/{name}".startswith(f"{module}/") for module in modules):
            continue
        if not place.exists() and not place.is_symlink() and not any(parent.is_symlink() for parent in place.parents):
            try:
                repo.link(f"manifests/{name}{suffix}", up + target)
            except (FileExistsError, NotADirectoryError):
                continue
    for module in modules:
        repo.module(module, Repository(repo.root / module))
    repo.commit()
    if absorbed and modules:
        repo.absorb()
    for path in smudged:
        repo.smudge(path, BARE % path[len("manifests/") : -len(".json")])
    if lost and modules:
        repo.lose(modules[0])
    both(repo)
