"""`reconciler init`: a small project to start from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from reconciler.cli.group import command
from reconciler.cli.settings import Settings

EXAMPLES = """
reconciler init
reconciler init my-personas --ci github
reconciler init --ci github                a pipeline for the project that is here already
"""
PROJECTS = ("manifests/reconciler.yaml", "manifests/reconciler.yml", "reconciler.yaml", "reconciler.yml")
NEXT = """
Next:
  reconciler{where} plan              what would be created in the embedded sandbox
  reconciler{where} apply             do it
  reconciler explain persona   which fields there are
"""


@command("init", examples=EXAMPLES)
@click.argument("folder", default=".", metavar="[FOLDER]")
@click.option(
    "--ci",
    type=click.Choice(["github", "gitlab", "none"]),
    default="none",
    help="Add a CI workflow; in a project that is there already, only that.",
)
@click.option("--name", metavar="NAME", help="The project's name [default: the folder's].")
def init(settings: Settings, folder: str, ci: str, name: str | None) -> int:
    """Scaffold a project: project file, a persona, its prompt, a tool. Overwrites nothing.

    In a folder that has a project file, `--ci` adds only the workflow.
    """
    from reconciler.cli.streams import write
    from reconciler.engine.initialise import project_name, scaffold
    from reconciler.errors import ReconcilerError

    root = Path(folder)
    there = [path for path in PROJECTS if (root / path).exists() or (root / path).is_symlink()]
    if there and ci != "none":
        return add_pipeline(root, ci)
    wanted = scaffold(project_name(name or root.resolve().name), None if ci == "none" else ci)
    for path in (*there, *wanted):
        if (root / path).exists() or (root / path).is_symlink():
            raise ReconcilerError(
                f"{root / path} exists already; nothing was written",
                hint="choose another folder; or add only a pipeline to what is there: init --ci github",
            )
    place(root, wanted)
    write(NEXT.format(where="" if folder == "." else f" -C {folder}"))
    return 0


def add_pipeline(root: Path, ci: str) -> int:
    """Only the CI workflow, for a project that is there. Raises `ReconcilerError` where its file exists."""
    from reconciler.cli.streams import write
    from reconciler.engine.initialise import pipeline
    from reconciler.errors import ReconcilerError
    from reconciler.loader.project import load_project

    workspaces = load_project(root, upward=False).workspaces
    real = [name for name, one in workspaces.items() if one.provider.type != "simulator"]
    workspace = "production" if "production" in workspaces or not real else real[0]
    path, text = pipeline(ci, workspace)
    if (root / path).exists() or (root / path).is_symlink():
        raise ReconcilerError(f"{root / path} exists already; nothing was written", hint="compare it with a new one")
    place(root, {path: text})
    write(f"\nIts first lines say what to set up. It plans and applies workspace {workspace!r}.\n")
    if workspace not in workspaces:
        write("That workspace is not in the project file yet.\n")
    return 0


def place(root: Path, texts: Mapping[str, str]) -> None:
    """Write new files and the line of `.gitignore`, saying so."""
    from reconciler.api.files import write_file
    from reconciler.cli.streams import write
    from reconciler.engine.initialise import ignore_line

    for path, text in texts.items():
        write_file(root / path, text.encode())
        write(f"wrote {root / path}\n")
    ignored = ignore_line(ignore_text(root / ".gitignore"))
    if ignored is not None:
        write_file(root / ".gitignore", ignored.encode("utf-8", "surrogateescape"))
        write(f"wrote {root / '.gitignore'}\n")


def ignore_text(path: Path) -> str | None:
    """What stands in `.gitignore`, None where there is none."""
    from reconciler.api.files import read_file

    return read_file(path).decode("utf-8", "surrogateescape") if path.exists() else None
