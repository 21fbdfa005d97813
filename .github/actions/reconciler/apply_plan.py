"""Apply: carry out exactly the plan that a step before has found, and say on the pull request how it went."""

from __future__ import annotations

import bundle
from make_plan import comment
from runner import (
    DONE,
    LOCKED,
    REFUSED,
    STALE,
    add_summary,
    annotate,
    get_input,
    get_workspace,
    is_on,
    make_folder,
    read_report,
    run_program,
    run_url,
    set_output,
    show_annotations,
)
from sticky import Note

NEXT = {
    REFUSED: "A safety rule refused it; nothing was sent. The report says which, and the ways out.",
    LOCKED: "Somebody else holds the state's lock; nothing was sent. Run this job again when they are done.",
    STALE: "The account or the state has moved since the plan was made. Run this workflow by hand for a new plan.",
}


def apply_plan() -> int:
    """The program's own exit code. Raises `StepFailed` (5) for a plan that is not the one whose digest was given."""
    folder, workspace, commenting = make_folder(), get_workspace(), is_on("comment")
    meta = bundle.check_bundle(folder, workspace, get_input("digest"))
    bundle.check_sources(meta)
    report, notes = folder / "applied.md", folder / "annotations.txt"
    words = ["-w", workspace, "apply", str(folder / bundle.PLAN), "--lock-timeout", get_input("lock-timeout", "5m")]
    ended = run_program(
        [*words, "--report", f"markdown={report}", "--report", f"html={folder / 'applied.html'}",
         "--report", f"json={folder / 'applied.json'}", "--report", f"github={notes}"]
    )  # fmt: skip
    show_annotations(notes)
    text = read_report(report, ended)
    kept = bundle.name_reports("applied", workspace)
    set_output(exit_code=ended.code, digest=meta.digest, folder=folder, artifact=kept)
    foot = f"<sub>Plan `sha256:{meta.digest}`, applied by [this run]({run_url()}).</sub>"
    if ended.code != DONE:
        advice = NEXT.get(ended.code, "What was done is in the report; the state knows it, nothing is sent twice.")
        foot = f"**It ended with exit code {ended.code}.** {advice}\n\n{foot}"
        annotate("error", f"apply ended with exit code {ended.code}. {advice}")
    add_summary(f"{text}\n\n{foot}")
    number = get_input("pull-request")
    if number.isascii() and number.isdigit() and commenting:
        comment(int(number), Note("apply", workspace, text, foot))
    return ended.code
