"""A kept plan: the plan file, what it was made from, its reports; and whether it still belongs to this commit."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath

from runner import STALE, StepFailed, get_input

PLAN = "personas.plan"
META = "meta.json"
REPORT = "report.md"
PAGE = "report.html"


@dataclass(frozen=True, slots=True)
class Meta:
    """Facts beside the plan: digests are hex SHA-256."""

    workspace: str
    commit: str
    """Head of the pull request, or the commit that was checked out."""
    digest: str
    sources: str
    """Of the listing of the watched paths, blob by blob; empty where git could not tell."""
    changes: bool


def digest_of(data: bytes) -> str:
    """The digest that a plan is known by: hex SHA-256 of the file."""
    return hashlib.sha256(data).hexdigest()


def name_artifact(workspace: str, commit: str) -> str:
    """The artifact's name; of characters that GitHub allows."""
    return f"{name_reports('plan', workspace)}-{commit}"


def name_reports(purpose: str, workspace: str) -> str:
    """The name under which a step's reports are kept."""
    return f"reconciler-{purpose}-{re.sub(r'[^A-Za-z0-9_.-]+', '-', workspace)}"


def watched() -> list[str]:
    """The paths that a plan is made from, from the top of the repository."""
    return get_input("sources").split() or [(PurePosixPath(get_input("directory", ".")) / "manifests").as_posix()]


def digest_sources() -> str:
    """What is checked out under the watched paths: the same for two commits exactly when these files are."""
    done = subprocess.run(
        ["git", "ls-tree", "-r", "-z", "--full-tree", "HEAD", "--", *watched()], capture_output=True, check=False
    )
    return digest_of(done.stdout) if done.returncode == 0 else ""


def write_meta(folder: Path, meta: Meta) -> None:
    """Put the facts beside the plan."""
    (folder / META).write_text(json.dumps(asdict(meta), indent=1) + "\n", "utf-8")


def read_meta(data: bytes) -> Meta:
    """The facts of a kept plan. Raises `StepFailed` for anything else."""
    try:
        known = json.loads(data)
        return Meta(
            str(known["workspace"]), str(known["commit"]), str(known["digest"]), str(known["sources"]),
            known["changes"] is True,
        )  # fmt: skip
    except (ValueError, KeyError, TypeError) as error:
        raise StepFailed("the kept plan has no readable meta.json", "make a new plan", STALE) from error


def check_bundle(folder: Path, workspace: str, expected: str) -> Meta:
    """The plan in `folder` is the one that was reviewed. Raises `StepFailed` (5) where it is not."""
    try:
        plan, meta = (folder / PLAN).read_bytes(), read_meta((folder / META).read_bytes())
    except OSError as error:
        raise StepFailed(f"no plan in {folder}: {error.strerror}", "make a new plan", STALE) from error
    if not expected:
        raise StepFailed(
            "no digest was given for the plan", "hand over the output `digest` of the step that found it", 64
        )
    if digest_of(plan) != expected:
        raise StepFailed("the plan is not the one that was reviewed: its digest differs", "make a new plan", STALE)
    if meta.workspace != workspace:
        raise StepFailed(
            f"the plan is for the workspace {meta.workspace}, this run for {workspace}", "make a new plan", STALE
        )
    return meta


def check_sources(meta: Meta) -> None:
    """This commit holds the files that the plan was made from. Raises `StepFailed` (5) where others came between."""
    here = digest_sources()
    if meta.sources and here and meta.sources != here:
        raise StepFailed(
            f"the files under {' '.join(watched())} are not those that the plan was made from: "
            "something else was merged in between",
            "run this workflow by hand for a new plan; to prevent it, require branches to be up to date before they "
            "are merged",
            STALE,
        )


def this_commit() -> str:
    """The commit that the workflow runs for."""
    return os.environ.get("GITHUB_SHA", "") or "unknown"


def workflow_file() -> str:
    """The workflow file that runs, from the top of the repository; empty where the runner does not say, or where its
    name cannot stand in a comment."""
    place = os.environ.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].split("/", 2)[-1]
    return place if re.fullmatch(r"\.github/workflows/[0-9A-Za-z._-]+", place) else ""
