"""What makes a release: the script refuses what does not fit together, and builds what users get; who may do what."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

VERSION = "9.8.7"
GIT = ("git", "-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false")


@pytest.fixture
def copied(tmp_path: Path, repository: Path) -> Path:
    """The files of this repository as a commit of their own, at a version of which the changelog speaks."""
    folder = tmp_path / "copy"
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=repository, capture_output=True, check=True,
    ).stdout  # fmt: skip
    folder.mkdir()
    archive = ["tar", "-cf", "-", "--null", "--ignore-failed-read", "-T", "-"]
    packed = subprocess.run(archive, cwd=repository, input=listed, capture_output=True, check=True).stdout
    subprocess.run(["tar", "-xf", "-", "-C", str(folder)], input=packed, check=True)
    (folder / "reconciler" / "version.py").write_text(f'"""The version."""\n\n__version__ = "{VERSION}"\n')
    log = folder / "CHANGELOG.md"
    log.write_text(
        log.read_text("utf-8").replace("## Unreleased", f"## {VERSION}\n\n- Told.\n\n## 9.8.6", 1), "utf-8"
    )
    subprocess.run(["git", "init", "-q"], cwd=folder, check=True)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    subprocess.run(["git", "add", "-A"], cwd=folder, check=True)
    subprocess.run([*GIT, "commit", "-qm", "all"], cwd=folder, check=True)


def release(folder: Path, tag: str, out: Path) -> subprocess.CompletedProcess[str]:
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [folder / ".ci" / "release", tag, str(out)], capture_output=True, text=True, check=False, env=environ
    )


@pytest.mark.parametrize("tag", ["v9.8.6", "9.8.7", "v9.8.7rc1", ""])
def test_a_tag_that_is_not_the_version_is_no_release(copied: Path, tmp_path: Path, tag: str) -> None:
    done = release(copied, tag, tmp_path / "out")
    assert done.returncode == 1
    assert VERSION in done.stderr
    assert list((tmp_path / "out").iterdir()) == []


def test_a_version_of_which_the_changelog_does_not_speak_is_no_release(copied: Path, tmp_path: Path) -> None:
    log = copied / "CHANGELOG.md"
    for text in (
        log.read_text("utf-8").replace(f"## {VERSION}", "## 9.8.70"),
        f"# Log\n\n## {VERSION}\n\n## 1\n\n- x\n",
    ):
        log.write_text(text, "utf-8")
        done = release(copied, f"v{VERSION}", tmp_path / "out")
        assert (done.returncode, "CHANGELOG.md" in done.stderr) == (1, True)


def test_what_lies_there_is_not_mixed_with_a_release(copied: Path, tmp_path: Path) -> None:
    (tmp_path / "other.whl").write_bytes(b"")
    done = release(copied, f"v{VERSION}", tmp_path)
    assert (done.returncode, "not empty" in done.stderr) == (1, True)


@pytest.mark.rare
@pytest.mark.skipif("CI" not in os.environ, reason="makes three environments from a registry; on CI and in the night")
def test_a_release_is_made_twice_the_same_and_named_by_its_sums(copied: Path, tmp_path: Path) -> None:
    sums = []
    for number in ("first", "again"):
        done = release(copied, f"v{VERSION}", tmp_path / number)
        assert done.returncode == 0, done.stderr
        sums.append((tmp_path / number / "SHA256SUMS").read_text())
    made = {path.name: path for path in (tmp_path / "again").iterdir()}
    base = f"persona_reconciler-{VERSION}"
    files = {f"{base}-py3-none-any.whl", f"{base}.tar.gz", f"{base}.cdx.json"}
    assert made.keys() == {*files, "NOTES.md", "SHA256SUMS"}
    assert made["NOTES.md"].read_text("utf-8").split() == ["-", "Told."]
    told = dict(reversed(line.split()) for line in sums[1].splitlines())
    assert told == {name: hashlib.sha256(made[name].read_bytes()).hexdigest() for name in files}
    packages = [[line for line in text.splitlines() if ".cdx." not in line] for text in sums]
    assert packages[0] == packages[1]
    bill = json.loads(made[f"{base}.cdx.json"].read_text("utf-8"))
    assert bill["metadata"]["component"]["version"] == VERSION
    assert {"click", "httpx", "jsonpatch", "deepdiff"} <= {part["name"] for part in bill["components"]}
    with zipfile.ZipFile(made[f"{base}-py3-none-any.whl"]) as archive:
        assert VERSION in archive.read("reconciler/version.py").decode()


@pytest.fixture
def jobs(repository: Path) -> dict[str, Any]:
    found = yaml.safe_load((repository / ".github" / "workflows" / "release.yml").read_text("utf-8"))
    assert found["permissions"] == {}
    assert found[True] == {"push": {"tags": ["v[0-9]+.[0-9]+.[0-9]+*"]}}  # `on` is a boolean to this reader
    jobs: dict[str, Any] = found["jobs"]
    return jobs


def test_who_may_write_runs_nothing_of_the_repository(jobs: dict[str, Any]) -> None:
    """The job that builds has no rights, and those with rights publish what it made; the image is built where it is
    pushed from, for its registry takes no file."""
    rights = {
        name: {key for key, value in job["permissions"].items() if value == "write"} for name, job in jobs.items()
    }
    assert rights == {
        "build": set(),
        "attest": {"attestations", "id-token"},
        "publish": {"id-token"},
        "image": {"packages", "attestations", "id-token"},
        "release": {"contents"},
    }
    checked_out = {
        name
        for name, job in jobs.items()
        if any("actions/checkout@" in step.get("uses", "") for step in job["steps"])
    }
    assert checked_out == {"build", "image"}
    assert jobs["publish"]["environment"]["name"] == "pypi"


def test_nothing_is_published_before_it_was_built_tried_and_attested(jobs: dict[str, Any]) -> None:
    def before(name: str) -> set[str]:
        needs = jobs[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else {*needs}
        return direct.union(*(before(one) for one in direct))

    assert before("publish") == before("image") == {"build", "attest"}
    assert before("release") == {"build", "attest", "publish", "image"}
    (built,) = [step["run"] for step in jobs["build"]["steps"] if "run" in step]
    assert built == '.ci/release "$TAG" dist'
