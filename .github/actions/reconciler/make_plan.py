"""Plan: on a pull request with one comment, from a fork as a check of the files only, else for a run by hand."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import bundle
from forge import ForgeRefused, open_forge
from runner import (
    DIFFERENCES,
    DONE,
    add_summary,
    annotate,
    extra_arguments,
    get_input,
    get_workspace,
    is_on,
    make_folder,
    read_event,
    read_report,
    run_program,
    run_url,
    say,
    set_output,
    show_annotations,
)
from sticky import Note, write_comment


def make_plan() -> int:
    """Exit code of the step: 0 with a plan (changes or none), else the program's own."""
    pull = read_event().get("pull_request")
    if isinstance(pull, dict) and not is_trusted(pull):
        return check_only()
    folder, workspace, commenting = make_folder(), get_workspace(), is_on("comment")
    commit = str(pull["head"]["sha"]) if isinstance(pull, dict) else bundle.this_commit()
    report, notes = folder / bundle.REPORT, folder / "annotations.txt"
    # Written before the plan: whoever finds this file finds what the plan was made from.
    sources = bundle.digest_sources()
    ended = run_program(
        ["-w", workspace, "plan", "--out", str(folder / bundle.PLAN), "--detailed-exitcode",
         "--report", f"markdown={report}", "--report", f"html={folder / bundle.PAGE}",
         "--report", f"json={folder / 'plan.json'}", "--report", f"github={notes}", *extra_arguments()]
    )  # fmt: skip
    made = ended.code in {DONE, DIFFERENCES} and (folder / bundle.PLAN).is_file()
    show_annotations(notes)
    notes.unlink(missing_ok=True)
    text = read_report(report, ended)
    changes = made and ended.code == DIFFERENCES
    digest = bundle.digest_of((folder / bundle.PLAN).read_bytes()) if made else ""
    if made:
        bundle.write_meta(folder, bundle.Meta(workspace, commit, digest, sources, changes))
    name = bundle.name_artifact(workspace, commit)
    set_output(
        exit_code=ended.code, changes=str(changes).lower(), digest=digest, artifact=name if made else "",
        folder=folder,
    )  # fmt: skip
    foot = describe(made, changes, digest, commit, name)
    add_summary(f"{text}\n\n{foot}")
    if isinstance(pull, dict) and commenting:
        facts = (("sha256", digest or "none"), ("commit", commit), ("workflow", bundle.workflow_file()))
        comment(int(pull["number"]), Note("plan", workspace, text, foot, facts))
    return DONE if made else ended.code or 1


def describe(made: bool, changes: bool, digest: str, commit: str, artifact: str) -> str:
    """The last lines of the comment: what a merge will do, and where everything is."""
    where = f"[this run]({run_url()})"
    if not made:
        return f"<sub>No plan for {commit[:12]}: it failed, see {where}. Merging now would apply nothing.</sub>"
    then = "Merging applies exactly this plan, or refuses." if changes else "Merging applies nothing."
    return (
        f"<sub>Plan `sha256:{digest}` of {commit[:12]}, kept with its HTML report as artifact `{artifact}` of "
        f"{where}. {then}</sub>"
    )


def is_trusted(pull: dict[str, Any]) -> bool:
    """Whether the branch is one of this repository.

    The files of a pull request say where the key is sent (`base_url`), so those of a fork get none, even where
    the repository is set to hand secrets to forks. Dependabot's runs have no secrets.
    """
    head = (pull.get("head") or {}).get("repo") or {}
    if head.get("full_name") != os.environ.get("GITHUB_REPOSITORY"):
        return False
    return bool(get_input("api-key")) or os.environ.get("GITHUB_ACTOR") != "dependabot[bot]"


def check_only() -> int:
    """Validate the files, offline and without any secret."""
    for name in ("INPUT_API_KEY", "INPUT_ENVIRONMENT", "TAVUS_API_KEY"):
        os.environ.pop(name, None)
    folder = make_folder()
    report, notes = folder / bundle.REPORT, folder / "annotations.txt"
    ended = run_program(
        ["-w", get_workspace(), "validate", "--report", f"markdown={report}", "--report", f"github={notes}"]
    )
    show_annotations(notes)
    add_summary(read_report(report, ended))
    add_summary(
        "\n<sub>Without secrets (a fork, or Dependabot) the files were validated and nothing was planned. A "
        "maintainer sees the plan after pushing the branch to this repository.</sub>"
    )
    set_output(exit_code=ended.code, changes="false", digest="", artifact="", folder=folder)
    return ended.code


def comment(number: int, note: Note) -> None:
    """Write the comment; where GitHub does not let us, the plan still stands in the summary."""
    try:
        say(f"comment on #{number}: {write_comment(open_forge(), number, note)}")
    except ForgeRefused as error:
        annotate("warning", f"The comment on #{number} could not be written ({error}); the plan is in the summary.")


def write_summary_of(folder: Path) -> None:
    """Show a kept report again, on the page of this run."""
    path = folder / bundle.REPORT
    if path.is_file():
        add_summary(path.read_text("utf-8"))
