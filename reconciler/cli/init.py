"""`reconciler init`: a small project to start from."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.group import command
from reconciler.cli.settings import Settings

EXAMPLES = """
reconciler init
reconciler init my-personas --ci github
"""
NEXT = """
Next:
  reconciler{where} plan              what would be created in the embedded sandbox
  reconciler{where} apply             do it
  reconciler explain persona   which fields there are
"""


@command("init", examples=EXAMPLES)
@click.argument("folder", default=".", metavar="[FOLDER]")
@click.option("--ci", type=click.Choice(["github", "gitlab", "none"]), default="none", help="Add a CI workflow.")
@click.option("--name", metavar="NAME", help="The project's name [default: the folder's].")
def init(settings: Settings, folder: str, ci: str, name: str | None) -> int:
    """Scaffold a project: project file, a persona, its prompt, a tool. Overwrites nothing."""
    from reconciler.api.files import write_file
    from reconciler.cli.streams import write
    from reconciler.engine.initialise import ignore_line, project_name, scaffold
    from reconciler.errors import ReconcilerError

    root = Path(folder)
    wanted = scaffold(project_name(name or root.resolve().name), None if ci == "none" else ci)
    for path in ("manifests/reconciler.yml", "reconciler.yaml", "reconciler.yml", *wanted):
        if (root / path).exists() or (root / path).is_symlink():
            raise ReconcilerError(f"{root / path} exists already; nothing was written", hint="choose another folder")
    for path, text in wanted.items():
        write_file(root / path, text.encode())
        write(f"wrote {root / path}\n")
    ignored = ignore_line(ignore_text(root / ".gitignore"))
    if ignored is not None:
        write_file(root / ".gitignore", ignored.encode("utf-8", "surrogateescape"))
        write(f"wrote {root / '.gitignore'}\n")
    write(NEXT.format(where="" if folder == "." else f" -C {folder}"))
    return 0


def ignore_text(path: Path) -> str | None:
    """What stands in `.gitignore`, None where there is none."""
    from reconciler.api.files import read_file

    return read_file(path).decode("utf-8", "surrogateescape") if path.exists() else None
