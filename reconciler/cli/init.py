"""`reconciler init`: a small project to start from, and pipelines for the project that is there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from reconciler.cli.click_commands import command
from reconciler.cli.settings import Settings

EXAMPLES = """
reconciler init
reconciler init my-personas --ci github
reconciler init --ci github                a pipeline for the project that is here; again to update it
reconciler init --ci gitlab --source OWNER/REPO@COMMIT   where jobs install this program from
"""
PROJECTS = ("manifests/reconciler.yaml", "manifests/reconciler.yml", "reconciler.yaml", "reconciler.yml")
NEXT = (
    ("{where} plan", "what would be created in the embedded sandbox"),
    ("{where} apply", "do it"),
    (" explain persona", "which fields there are"),
)


class System(click.Choice[str]):
    """A CI system; of others it says where their lines stand."""

    def get_invalid_choice_message(self, value: str, ctx: click.Context | None) -> str:
        known = super().get_invalid_choice_message(value, ctx)
        return (
            f"{known} Lines for Azure Pipelines, Bitbucket and Jenkins stand in .github/PIPELINES.md of this program."
        )


@command("init", examples=EXAMPLES)
@click.argument("folder", default=".", metavar="[FOLDER]")
@click.option(
    "--ci",
    type=System(["github", "gitlab", "none"]),
    default="none",
    help="Add a CI pipeline, or bring it up to date; in a project that is there already, only that.",
)
@click.option("--name", metavar="NAME", help="The project's name [default: the folder's].")
@click.option(
    "--source",
    metavar="SOURCE",
    help="Where the pipeline installs this program from: OWNER/REPO@COMMIT, git+URL@COMMIT, the URL of a wheel, or "
    "==VERSION [default: `source` of the project file, else where it was installed from here].",
)
def init(settings: Settings, folder: str, ci: str, name: str | None, source: str | None) -> int:
    """Scaffold a project: project file, a persona, its prompt, a tool. Overwrites nothing.

    In a folder that has a project file, `--ci` writes only the pipeline, from what the project says: workspaces,
    keys, variables, the state's store, the branch. Run again, it brings what it wrote up to date, and keeps what you
    changed.
    """
    from reconciler.api.scaffold import new_project, pipeline_path
    from reconciler.cli.output import write
    from reconciler.engine.scaffold.new_project import project_name
    from reconciler.errors import ReconcilerError, UsageError
    from reconciler.reporters.messages import choice_lines

    root = Path(folder)
    if source is not None and ci == "none":
        raise UsageError("--source says where a pipeline installs from; it needs --ci")
    there = [path for path in PROJECTS if (root / path).exists() or (root / path).is_symlink()]
    if there and ci != "none":
        write_pipeline(root, ci, source)
        return 0
    wanted = new_project(project_name(name or root.resolve().name), None if ci == "none" else ci)
    taken = [root / path for path in (*there, *wanted)] + ([] if ci == "none" else [pipeline_path(root, ci)])
    for path in taken:
        if path.exists() or path.is_symlink():
            raise ReconcilerError(
                f"{path} exists already; nothing was written",
                hint="choose another folder; or add only a pipeline to what is there: "
                f"init --ci {'github' if ci == 'none' else ci}",
            )
    place(root, wanted)
    if ci != "none":
        write_pipeline(root, ci, source)
    where = "" if folder == "." else f" -C {folder}"
    commands = {f"reconciler{words.format(where=where)}  ": told for words, told in NEXT}
    write("\nNext:\n")
    for line in choice_lines(commands):
        write(f"{line}\n")
    return 0


def write_pipeline(root: Path, ci: str, source: str | None) -> None:
    """Write the CI pipeline of a project that is there, or bring it up to date, and say what is still to be done."""
    from reconciler.api.scaffold import plan_pipeline
    from reconciler.cli.output import write

    made = plan_pipeline(root, ci, source)
    if made.before == made.text:
        write(f"{made.path} is up to date\n")
    else:
        place(root, {str(made.path): made.text}, verb="wrote" if made.before is None else "updated")
    for part in made.kept:
        write(f"  {part}: kept as you changed it; a new file would differ here\n")
    for part in made.left_out:
        write(f"  {part}: left out, as you removed it\n")
    requests = "merge requests" if ci == "gitlab" else "pull requests"
    write(f"It plans and applies {', '.join(made.workspaces)}; {requests} go into the branch {made.branch}.\n")
    write("\nBefore the first run:\n")
    for number, (text, run) in enumerate(made.steps, 1):
        write(f"  {number}. {text}\n" + (f"       {run}\n" if run else ""))


def place(root: Path, texts: Mapping[str, str], verb: str = "wrote") -> None:
    """Write files, and the line of `.gitignore` beside the project, saying so."""
    from reconciler.api.paths import write_file
    from reconciler.cli.output import write
    from reconciler.engine.scaffold.new_project import ignore_line

    for path, text in texts.items():
        write_file(root / path, text.encode("utf-8", "surrogateescape"))
        write(f"{verb} {root / path}\n")
    ignored = ignore_line(ignore_text(root / ".gitignore"))
    if ignored is not None:
        write_file(root / ".gitignore", ignored.encode("utf-8", "surrogateescape"))
        write(f"wrote {root / '.gitignore'}\n")


def ignore_text(path: Path) -> str | None:
    """What stands in `.gitignore`, None where there is none."""
    from reconciler.api.paths import read_file

    return read_file(path).decode("utf-8", "surrogateescape") if path.exists() else None
