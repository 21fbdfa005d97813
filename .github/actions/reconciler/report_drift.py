"""Drift: one issue per workspace, opened when somebody edited the account, kept current, closed when all is well."""

from __future__ import annotations

from bundle import name_reports
from forge import ForgeRefused, open_forge
from runner import (
    DIFFERENCES,
    DONE,
    StepFailed,
    add_summary,
    annotate,
    extra_arguments,
    get_input,
    get_workspace,
    is_on,
    make_folder,
    read_report,
    run_program,
    run_url,
    say,
    set_output,
)
from sticky import Note, close_issues, write_issue

ADVICE = (
    "Keep an edit: take it into the manifests. Undo it: the next apply puts the manifests' values back. "
    "Leave a field to people: `lifecycle.ignore`."
)


def report_drift() -> int:
    """0 when GitHub knows what there is to know (2 with `fail-on-drift`), else the program's exit code."""
    folder, workspace = make_folder(), get_workspace()
    filing, failing = is_on("issue"), is_on("fail-on-drift", "false")
    report = folder / "drift.md"
    ended = run_program(
        ["-w", workspace, "drift", "--report", f"markdown={report}", "--report", f"html={folder / 'drift.html'}",
         "--report", f"json={folder / 'drift.json'}", *extra_arguments()]
    )  # fmt: skip
    text = read_report(report, ended)
    set_output(
        exit_code=ended.code, drifted=str(ended.code == DIFFERENCES).lower(), folder=folder,
        artifact=name_reports("drift", workspace),
    )  # fmt: skip
    add_summary(text)
    if ended.code not in {DONE, DIFFERENCES}:
        # Not knowing is neither drift nor its end: the issue stays as it is.
        annotate("error", f"drift ended with exit code {ended.code}; any open issue was left as it is.")
        return ended.code
    if filing:
        file_issue(workspace, text, drifted=ended.code == DIFFERENCES)
    return DIFFERENCES if ended.code == DIFFERENCES and failing else DONE


def file_issue(workspace: str, text: str, *, drifted: bool) -> None:
    """Open, update or close the issue. Raises `StepFailed` where GitHub refuses."""
    forge = open_forge()
    try:
        if drifted:
            labels = [one.strip() for one in get_input("labels").split(",") if one.strip()]
            note = Note("drift", workspace, text, f"{ADVICE}\n\n<sub>Kept current by the drift workflow.</sub>")
            done, number = write_issue(forge, note, f"Drift in {workspace}: the account was edited by hand", labels)
            say(f"issue #{number}: {done}")
            set_output(issue=number)
            return
        gone = f"No drift any more, says [this run]({run_url()})."
        for number in close_issues(forge, Note("drift", workspace, gone)):
            say(f"issue #{number}: closed")
    except ForgeRefused as error:
        raise StepFailed(f"the issue could not be written: {error}", "the job needs `issues: write`") from error
