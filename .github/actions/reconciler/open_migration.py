"""Migrate: the rewritten manifests as one pull request, kept current; closed when nothing is left to do."""

from __future__ import annotations

import base64
import os
import subprocess
from typing import Any

from bundle import name_reports
from forge import Forge, ForgeRefused, open_forge
from runner import (
    DONE,
    StepFailed,
    add_summary,
    annotate,
    extra_arguments,
    get_input,
    get_workspace,
    make_folder,
    read_report,
    run_program,
    say,
    set_output,
)
from sticky import Note, is_ours, written_by

TITLE = "Move personas off what was deprecated"
AUTHOR = ("reconciler", "41898282+github-actions[bot]@users.noreply.github.com")
FOOT = (
    "<sub>Written by `reconciler migrate --write`. The branch is made anew at each run: take over what you want to "
    "keep, and add commits elsewhere.</sub>"
)


def open_migration() -> int:
    """0 when the pull request says what there is to do; the program's exit code where it failed."""
    folder = make_folder()
    if git("status", "--porcelain", "--untracked-files=no"):
        raise StepFailed("the working tree has changes before the migration", "run it on a fresh checkout")
    before = set(git("ls-files", "--others", "--exclude-standard", "-z").split("\0"))
    report = folder / "migration.md"
    ended = run_program(
        ["-w", get_workspace(), "migrate", "--write", "--report", f"markdown={report}", *extra_arguments()]
    )
    text = read_report(report, ended)
    add_summary(text)
    set_output(exit_code=ended.code, folder=folder, artifact=name_reports("migration", get_workspace()))
    if ended.code != DONE:
        annotate("error", f"migrate ended with exit code {ended.code}; no pull request was touched.")
        return ended.code
    made = set(git("ls-files", "--others", "--exclude-standard", "-z").split("\0")) - before - {""}
    git("add", "--update")
    if made:
        git("add", "--", *sorted(made))
    changed = bool(git("diff", "--cached", "--name-only"))
    set_output(changes=str(changed).lower())
    branch, base = get_input("branch", "reconciler/migrate"), os.environ.get("GITHUB_REF_NAME", "main")
    note = Note("migrate", "files", text, FOOT)
    try:
        forge = open_forge()
        ours = pulls_of(forge, branch, base)
        if changed:
            push(branch)
            publish(forge, ours, note, branch, base)
        else:
            withdraw(forge, written_by(forge, [one for one in ours if is_ours(one.get("body"), note.mark)]))
    except ForgeRefused as error:
        raise StepFailed(
            f"the pull request could not be written: {error}",
            "the job needs `contents: write` and `pull-requests: write`, and the repository must allow Actions to "
            "create pull requests (Settings, Actions, General)",
        ) from error
    return DONE


def pulls_of(forge: Forge, branch: str, base: str) -> list[dict[str, Any]]:
    """Open pull requests from our branch."""
    owner = forge.repository.partition("/")[0]
    listed = forge.pages("pulls", state="open", head=f"{owner}:{branch}", base=base)
    return [
        one
        for one in listed
        if one["head"]["ref"] == branch and ((one["head"].get("repo") or {}).get("full_name") == forge.repository)
    ]


def publish(forge: Forge, ours: list[dict[str, Any]], note: Note, branch: str, base: str) -> None:
    """Open the pull request, or bring its text up to date."""
    body = note.render()
    if not ours:
        try:
            made = forge.send("POST", "pulls", {"title": TITLE, "head": branch, "base": base, "body": body})
        except ForgeRefused as error:
            if error.status and error.status < 500:
                raise
            # Whether it was opened is unknown: look.
            ours = pulls_of(forge, branch, base)
            if not ours:
                raise
            made = ours[0]
        say(f"pull request #{made['number']}: opened")
        set_output(pull_request=made["number"])
        return
    number = ours[0]["number"]
    set_output(pull_request=number)
    if str(ours[0].get("body") or "").replace("\r\n", "\n").strip() != body.strip():
        forge.send("PATCH", f"pulls/{number}", {"body": body})
        say(f"pull request #{number}: updated")


def withdraw(forge: Forge, ours: list[dict[str, Any]]) -> None:
    """Close what has nothing to say any more."""
    for one in ours:
        number = one["number"]
        forge.send("POST", f"issues/{number}/comments", {"body": "Nothing is left to migrate on the base branch."})
        forge.send("PATCH", f"pulls/{number}", {"state": "closed"})
        say(f"pull request #{number}: closed")


def push(branch: str) -> None:
    """One commit on top of what is checked out, as the whole of our branch; not again where it is there already."""
    name, mail = AUTHOR
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (("NAME", name), ("EMAIL", mail))
    }
    git("commit", "--quiet", "--no-verify", "-m", TITLE, env=who)
    token = get_input("token")
    secret = base64.b64encode(f"x-access-token:{token}".encode()).decode()
    # Through the environment: arguments are seen by every process of the machine.
    header = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "http.extraheader",
        "GIT_CONFIG_VALUE_0": f"AUTHORIZATION: basic {secret}",
    }
    known = git("ls-remote", "origin", f"refs/heads/{branch}", env=header if token else None).partition("\t")[0]
    if known and same_commit(known, header if token else None):
        say(f"branch {branch}: unchanged")
        return
    lease = f"--force-with-lease=refs/heads/{branch}:{known}"
    git("push", "--quiet", lease, "origin", f"HEAD:refs/heads/{branch}", env=header if token else None)
    say(f"branch {branch}: pushed")


def same_commit(known: str, env: dict[str, str] | None) -> bool:
    """Whether the branch holds the same files on the same parent: then it stays, with its reviews."""
    try:
        git("fetch", "--quiet", "--depth", "2", "origin", known, env=env)
        theirs = git("rev-parse", f"{known}^{{tree}}", f"{known}^")
    except StepFailed:
        return False
    return theirs == git("rev-parse", "HEAD^{tree}", "HEAD^")


def git(*words: str, env: dict[str, str] | None = None) -> str:
    """What git prints. Raises `StepFailed` with what it says."""
    done = subprocess.run(
        ["git", *words], env={**os.environ, **(env or {})}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise StepFailed(f"git {words[0]}: {done.stderr.strip()[-500:]}", "see the message of git")
    return done.stdout.strip("\n")
