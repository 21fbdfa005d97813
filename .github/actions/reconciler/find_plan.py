"""Find: the plan that was reviewed on the pull request which this commit was merged from, or a refusal."""

from __future__ import annotations

import io
import os
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import bundle
from forge import Forge, ForgeRefused, open_forge, wait_seconds
from make_plan import write_summary_of
from runner import STALE, StepFailed, add_summary, get_input, get_workspace, is_on, make_folder, say, set_output
from sticky import Note, find_comments, read_facts

BY_HAND = "run this workflow by hand (Actions, Run workflow): it makes a plan, and applies it after approval"
LOOKS = 5
BIGGEST = 100_000_000


def find_plan() -> int:
    """Leave the plan in the folder of the step, with its digest as output. Raises `StepFailed` (5) for a refusal."""
    forge, workspace, folder = open_forge(), get_workspace(), make_folder()
    pull = find_pull(forge, bundle.this_commit())
    number, head = int(pull["number"]), str(pull["head"]["sha"])
    facts = reviewed_facts(forge, number, head, workspace) if is_on("comment") else {}
    expected = facts.get("sha256")
    name = bundle.name_artifact(workspace, head)
    for artifact in artifacts(forge, name, head, plan_files(facts)):
        files = unpack(forge, artifact)
        digest = bundle.digest_of(files[bundle.PLAN])
        if expected in {None, digest}:
            break
    else:
        raise StepFailed(f"no kept plan of #{number} for {head[:12]} (artifact {name})", BY_HAND, STALE)
    for path, data in files.items():
        (folder / path).write_bytes(data)
    meta = bundle.check_bundle(folder, workspace, digest)
    if meta.commit != head:
        raise StepFailed(f"the kept plan of #{number} is of another commit than {head[:12]}", BY_HAND, STALE)
    bundle.check_sources(meta)
    set_output(
        digest=digest,
        changes=str(meta.changes).lower(),
        artifact=name,
        folder=folder,
        pull_request=number,
        exit_code=0,
    )
    write_summary_of(folder)
    add_summary(f"\n<sub>The plan of #{number}, `sha256:{digest}`, as it was reviewed.</sub>")
    say(f"the plan of #{number}: sha256:{digest}")
    return 0


def find_pull(forge: Forge, commit: str) -> dict[str, Any]:
    """The pull request that `commit` was merged from. GitHub may know it a moment after the push only."""
    for look in range(LOOKS):
        if look:
            time.sleep(wait_seconds() * look)
        listed = [one for one in forge.pages(f"commits/{commit}/pulls") if one.get("merged_at")]
        exact = [one for one in listed if one.get("merge_commit_sha") == commit]
        branch = os.environ.get("GITHUB_REF_NAME", "")
        found = exact or [one for one in listed if (one.get("base") or {}).get("ref") == branch]
        if found:
            return found[0]
    raise StepFailed(
        f"commit {commit[:12]} was not merged from a pull request, so nobody has reviewed a plan for it",
        BY_HAND,
        STALE,
    )


def reviewed_facts(forge: Forge, number: int, head: str, workspace: str) -> dict[str, str]:
    """What our comment says of the plan: its digest, the workflow file that made it.

    Raises `StepFailed` (5) for none, or for one of another commit.
    """
    found = find_comments(forge, number, Note("plan", workspace, ""))
    facts = read_facts(str(found[0].get("body"))) if found else {}
    if facts.get("commit") != head or facts.get("sha256", "none") == "none":
        raise StepFailed(f"#{number} has no comment with a plan for its last commit {head[:12]}", BY_HAND, STALE)
    return facts


def plan_files(facts: dict[str, str]) -> set[str]:
    """The workflow files whose artifacts may be plans: the one that our comment names, else the one that the step was
    told, else the one that runs now."""
    named = facts.get("workflow") or get_input("plan-workflow")
    return {named} if named else {bundle.workflow_file()} - {""}


def artifacts(forge: Forge, name: str, head: str, files: set[str]) -> Iterator[dict[str, Any]]:
    """Artifacts of this name, newest first; only of runs of these workflow files, of this repository's own branches,
    on that commit."""
    listed = sorted(forge.pages("actions/artifacts", "artifacts", name=name), key=lambda one: int(one["id"]))
    for one in reversed(listed):
        run = one.get("workflow_run") or {}
        own = run.get("head_repository_id") == run.get("repository_id")
        if one.get("name") == name and own and run.get("head_sha") == head and made_by(forge, run, files, head):
            if one.get("expired"):
                raise StepFailed(f"the kept plan {name} has expired", BY_HAND, STALE)
            yield one


def made_by(forge: Forge, run: dict[str, Any], files: set[str], head: str) -> bool:
    """Whether GitHub says that the run is of one of these workflow files, here and on that commit."""
    try:
        known = forge.get(f"actions/runs/{int(run.get('id') or 0)}")
    except ForgeRefused as error:
        if error.status == 404:
            return False
        raise StepFailed(f"the run of a kept plan is not shown: {error}", "the job needs `actions: read`") from error
    file = str(known.get("path") or "").partition("@")[0]
    home = str((known.get("head_repository") or {}).get("full_name") or "")
    return file in files and home == forge.repository and known.get("head_sha") == head


def unpack(forge: Forge, artifact: dict[str, Any]) -> dict[str, bytes]:
    """The files that we know of in an artifact. Raises `StepFailed` (5) where the plan is not among them."""
    try:
        data = forge.download(str(artifact["archive_download_url"]))
    except ForgeRefused as error:
        raise StepFailed(f"the kept plan could not be fetched: {error}", "run this job again") from error
    given = str(artifact.get("digest") or "")
    if given.startswith("sha256:") and given != f"sha256:{bundle.digest_of(data)}":
        raise StepFailed("the kept plan arrived damaged: its digest differs", "run this job again", STALE)
    wanted = (bundle.PLAN, bundle.META, bundle.REPORT, bundle.PAGE)
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            there = {one.filename: one for one in archive.infolist() if one.file_size <= BIGGEST}
            files = {name: archive.read(there[name]) for name in wanted if name in there}
    except (zipfile.BadZipFile, OSError, RuntimeError) as error:
        raise StepFailed("the kept plan is no readable archive", BY_HAND, STALE) from error
    if bundle.PLAN not in files or bundle.META not in files:
        raise StepFailed(f"the artifact {artifact.get('name')} holds no plan", BY_HAND, STALE)
    return files
