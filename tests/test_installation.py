"""Where the program came from: what installers note, what people write, and what each turns into for pip."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import Requirement

from reconciler.errors import UsageError
from reconciler.installation import (
    PACKAGE,
    Source,
    extra_hint,
    install_command,
    installed_source,
    parse_source,
    read_direct_url,
)

COMMIT = "0123456789abcdef0123456789abcdef01234567"
GIT = Source("git", "https://github.com/acme/reconciler", COMMIT)


def note(**members: object) -> str:
    return json.dumps(members)


@pytest.mark.parametrize(
    ("noted", "source"),
    [
        (None, Source("index", "", "1.2.3")),
        ("", Source("index", "", "1.2.3")),
        ("{not json", Source("index", "", "1.2.3")),
        ("[1]", Source("index", "", "1.2.3")),
        (note(url=7), Source("index", "", "1.2.3")),
        (note(url="file:///srv/a%20clone", dir_info={"editable": True}), Source("folder", "/srv/a clone")),
        (note(url="file:///tmp/x.whl", archive_info={}), Source("archive", "file:///tmp/x.whl")),
        (note(url="https://x.test/y.whl", archive_info={}), Source("archive", "https://x.test/y.whl")),
        (note(url="https://github.com/acme/reconciler", vcs_info={"vcs": "git", "commit_id": COMMIT}), GIT),
        (note(url="https://ann:tok@github.com/acme/reconciler", vcs_info={"vcs": "git", "commit_id": COMMIT}), GIT),
        (
            note(url="ssh://git@git.test/a/b.git", vcs_info={"vcs": "git", "commit_id": COMMIT}),
            Source("git", "ssh://git@git.test/a/b.git", COMMIT),
        ),
    ],
)
def test_what_installers_note(noted: str | None, source: Source) -> None:
    assert read_direct_url(noted, "1.2.3") == source


@given(st.recursive(st.none() | st.integers() | st.text(), lambda inner: st.dictionaries(st.text(), inner)))
def test_any_note_gives_some_source(value: object) -> None:
    assert read_direct_url(json.dumps({"url": value}), "1").kind in {"index", "archive"}


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (f"acme/reconciler@{COMMIT}", GIT),
        ("acme/reconciler@v1.2", Source("git", "https://github.com/acme/reconciler", "v1.2")),
        (f"git+https://github.com/acme/reconciler@{COMMIT}", GIT),
        (f"git+https://ann:tok@github.com/acme/reconciler@{COMMIT}", GIT),
        ("git+ssh://git@git.test/a/b.git@main", Source("git", "ssh://git@git.test/a/b.git", "main")),
        ("https://x.test/persona_reconciler-1-py3-none-any.whl",
         Source("archive", "https://x.test/persona_reconciler-1-py3-none-any.whl")),
        ("==1.2.3", Source("index", "", "1.2.3")),
        ("persona-reconciler==1.2.3", Source("index", "", "1.2.3")),
    ],
)  # fmt: skip
def test_what_people_write(text: str, source: Source) -> None:
    assert parse_source(text) == source
    assert parse_source(f" {text}\n") == source


@pytest.mark.parametrize(
    "text", ["", "acme/reconciler", "git+https://x.test/a/b", "https://x.test", "1.2", "other==1", "git+https://a@b"]
)
def test_what_is_no_source(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_source(text)
    assert "OWNER/REPO@COMMIT" in str(caught.value.hint)


@pytest.mark.parametrize("extras", [(), ("s3",), ("s3", "encryption")])
@pytest.mark.parametrize(
    "source",
    [
        GIT,
        Source("git", "https://github.com/acme/reconciler"),
        Source("git", "git@git.test:a/b.git", "v1"),
        Source("archive", "https://x.test/y.whl"),
        Source("index", "", "1.2.3"),
    ],
)
def test_a_requirement_is_one_for_pip(source: Source, extras: tuple[str, ...]) -> None:
    read = Requirement(source.requirement(*extras))
    assert read.name == PACKAGE
    assert read.extras == set(extras)
    assert source.revision in str(read)


@pytest.mark.parametrize(
    ("location", "repository"),
    [
        ("https://github.com/acme/reconciler", "acme/reconciler"),
        ("https://ghe.test/acme/reconciler.git", "acme/reconciler"),
        ("git@ghe.test:acme/reconciler.git", "acme/reconciler"),
        ("ssh://git@ghe.test/acme/reconciler", "acme/reconciler"),
        ("https://gitlab.test/group/sub/reconciler", None),
        ("file:///srv/reconciler", None),
        ("/srv/acme/reconciler", None),
    ],
)
def test_the_repository_of_a_workflow(location: str, repository: str | None) -> None:
    source = Source("git", location, COMMIT)
    assert source.repository == repository
    assert source.portable == ("file:" not in location and not location.startswith("/"))


def test_only_a_commit_is_pinned() -> None:
    assert GIT.pinned
    assert not any(Source("git", GIT.location, one).pinned for one in ("main", "v1.0.0", COMMIT[:12], ""))
    assert not Source("index", "", "1.2.3").pinned


def test_the_command_is_that_of_the_tool_that_owns_the_environment(tmp_path: Path) -> None:
    wanted = f"'{GIT.requirement('s3')}'"
    assert install_command(GIT, "s3", prefix=str(tmp_path)) == f"pip install {wanted}"
    (tmp_path / "uv-receipt.toml").touch()
    assert install_command(GIT, "s3", prefix=str(tmp_path)) == f"uv tool install --force {wanted}"
    (tmp_path / "pipx_metadata.json").touch()
    assert install_command(GIT, "s3", prefix=str(tmp_path)) == f"pipx install --force {wanted}"


def test_a_hint_names_what_is_installed_here() -> None:
    source = installed_source()
    assert source.kind in {"folder", "index", "git", "archive"}
    assert source.requirement("s3") in extra_hint("s3")


def test_a_checkout_that_is_not_installed_is_a_folder() -> None:
    root = Path(__file__).resolve().parents[1]
    code = "from reconciler.installation import installed_source as s; print(s().kind, s().location)"
    found = subprocess.run(
        [sys.executable, "-S", "-c", code],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(root)},
    )
    assert found.stdout.split() == ["folder", str(root)]
