"""`reconciler demo | simulator`: the tour, which runs the real commands; the simulated API served here."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import LazyGroup, command
from reconciler.cli.output import write
from reconciler.cli.settings import Settings
from reconciler.errors import ReconcilerError, UsageError

EXAMPLES = """
reconciler demo                               in a temporary folder
reconciler demo --dir tour                    ... that stays, to play on
reconciler demo --manifests manifests         the same with manifests of yours
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One command of the tour: what it shows, and the exit code that proves it."""

    title: str
    words: tuple[str, ...]
    expected: int


PLAN = Step(
    "What would an apply do? Nothing exists yet.",
    ("plan", "--out", "tour.plan", "--detailed-exitcode"),
    exit_codes.DIFFERENCES,
)
APPLY = Step("Do it: exactly the plan that was saved.", ("apply", "tour.plan"), exit_codes.DONE)
SETTLED = Step("A second plan finds nothing to do.", ("plan", "--detailed-exitcode"), exit_codes.DONE)
DRIFT = Step("The nightly report finds the edit, and whose it was.", ("drift",), exit_codes.DIFFERENCES)
HEAL = Step("Apply puts back what git says, with one small patch.", ("apply", "--auto-approve"), exit_codes.DONE)
CLEAN = Step("And everything is as the manifests say.", ("drift",), exit_codes.DONE)


@command("demo", examples=EXAMPLES)
@click.option("--dir", "folder", metavar="DIR", help="Work in this folder and keep it [default: a temporary one].")
def demo(settings: Settings, folder: str | None) -> int:
    """Two minutes: plan, apply, an edit by hand, drift, and the way back. No key, no network."""
    from reconciler.api.paths import STATE_FOLDER

    with place_for(folder) as root:
        manifests = manifests_for(root, settings)
        workspace = sandbox_of(root, manifests, settings.workspace)
        words = ["-C", str(root), "-w", workspace, *(word for path in manifests for word in ("-m", path))]
        if settings.no_color:
            words.append("--no-color")
        before = [SETTLED] if (root / STATE_FOLDER).exists() else [PLAN, APPLY, SETTLED]
        # The tour has a sandbox of its own, wherever the manifests come from.
        (root / STATE_FOLDER / workspace).mkdir(parents=True, exist_ok=True)
        for step in before:
            take(step, words)
        say_title("Now somebody edits the account by hand, past git.")
        write(f"{by_hand(root, workspace, manifests)}\n")
        for step in (DRIFT, HEAL, CLEAN):
            take(step, words)
        write("\nThat was the tour. Start a project of your own: reconciler init\n")
        if folder is not None:
            write(f"The folder stays: {root}\n")
    return exit_codes.DONE


@contextmanager
def place_for(folder: str | None) -> Iterator[Path]:
    """The folder of the tour; a temporary one is gone afterwards."""
    if folder is not None:
        root = Path(folder).resolve()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ReconcilerError(f"cannot use {folder}: {error.strerror}") from error
        yield root
        return
    with tempfile.TemporaryDirectory(prefix="reconciler-demo-", ignore_cleanup_errors=True) as name:
        yield Path(name).resolve()


def manifests_for(root: Path, settings: Settings) -> tuple[str, ...]:
    """The manifests given, as absolute paths; else a small project is written into the folder."""
    from reconciler.api.paths import write_file
    from reconciler.api.scaffold import new_project

    if settings.manifests:
        return tuple(str(Path(path).resolve()) for path in settings.manifests)
    if not (root / "manifests").exists():
        for path, text in new_project("demo").items():
            write_file(root / path, text.encode())
    return ()


def sandbox_of(root: Path, manifests: tuple[str, ...], wanted: str | None) -> str:
    """The workspace to use: one with the embedded simulator, never a real account."""
    from reconciler.manifests.project.project_file import load_project
    from reconciler.platforms import PLATFORMS

    project = load_project(root, PLATFORMS, manifests=manifests or None, upward=False)
    embedded = [name for name, workspace in project.workspaces.items() if workspace.embedded]
    if wanted is not None and wanted not in embedded:
        raise UsageError(f"the tour works on the embedded simulator only, and {wanted!r} is none")
    if not embedded:
        raise UsageError("none of the workspaces uses the embedded simulator", hint="add provider: {type: simulator}")
    return wanted or (project.default_workspace if project.default_workspace in embedded else embedded[0])


def take(step: Step, words: list[str]) -> None:
    """Session one command of the tour. Raises `ReconcilerError` when it ends otherwise than it should."""
    from reconciler.cli.main import run

    say_title(step.title)
    write(f"$ reconciler {' '.join(step.words)}\n\n")
    code = run([*words, *step.words])
    if code != step.expected:
        raise ReconcilerError(
            f"the tour ends here: `{' '.join(step.words)}` exited with {code}, not with {step.expected}",
            hint="what went wrong is above",
        )


def say_title(text: str) -> None:
    """A headline of the tour."""
    write(f"\n=== {text}\n")


def by_hand(root: Path, workspace: str, manifests: tuple[str, ...]) -> str:
    """Edit one persona through the API, as the vendor's web page would; a line that says what was done."""
    from reconciler.api.scaffold import edit_by_hand
    from reconciler.cli.composition import open_session

    session = open_session(Settings(workspace=workspace, chdir=str(root), manifests=manifests), root=root)
    edit = edit_by_hand(session)
    return f"{edit.address}: {edit.path} is now {edit.value!r}"


TABLE = {
    "serve": ("reconciler.cli.demo:serve", "Serve the simulated API on 127.0.0.1."),
    "edit": ("reconciler.cli.demo:edit", "Edit a persona of a sandbox by hand, as a colleague would."),
}
SIMULATOR_EXAMPLES = """
reconciler simulator serve --port 8765
TAVUS_PUBLIC_API_BASE_URL=http://127.0.0.1:8765/v2 TAVUS_API_KEY=any reconciler -w tavus plan
"""
SERVE_EXAMPLES = """
reconciler simulator serve                                  in memory, on a free port
reconciler simulator serve --port 8765 --world world.json   kept in a file
reconciler simulator serve --seed account.json --faults faults.yaml --verbose
"""

simulator = LazyGroup(
    "simulator", help="The simulated API, with its quirks and faults.", examples=SIMULATOR_EXAMPLES, table=TABLE,
    no_args_is_help=True,
)  # fmt: skip


@command("serve", examples=SERVE_EXAMPLES)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0 takes a free one. [default: 0]")
@click.option("--host", default="127.0.0.1", metavar="ADDRESS", help="Loopback only. [default: 127.0.0.1]")
@click.option("--world", metavar="FILE", help="Keep the account in this file; without it, it lives in memory.")
@click.option("--seed", metavar="FILE", help="Start with the objects of this file.")
@click.option("--faults", metavar="FILE", help="Misbehave as this file says.")
def serve(settings: Settings, port: int, host: str, world: str | None, seed: str | None, faults: str | None) -> int:
    """Serve the simulated API until Ctrl-C; the first line on standard output is its base URL."""
    from reconciler.cli.output import write
    from reconciler.errors import UsageError
    from reconciler.manifests.tree.repository import check_way
    from reconciler.platforms import simulators

    if host not in {"127.0.0.1", "localhost", "::1"}:
        raise UsageError(f"the simulator listens on this machine only, not on {host}", hint="leave --host away")
    if world:
        check_way(world)
    served = simulators()
    served.get(next(iter(served)))(
        host,
        port,
        world=Path(world) if world else None,
        seed=Path(seed) if seed else None,
        faults=Path(faults) if faults else None,
        verbose=settings.verbose,
        ready=lambda url: write(f"{url}\n"),
    )
    return 0


@command("edit", examples="\nreconciler simulator edit\nreconciler simulator edit -w sandbox\n")
def edit(settings: Settings) -> int:
    """Change one text of one persona in a simulated account, past the manifests: something for `drift`, `plan` and
    `watch` to find."""
    from reconciler.api.scaffold import edit_by_hand
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import write
    from reconciler.errors import UsageError

    session = open_session(settings)
    if not session.workspace.embedded:
        raise UsageError(
            f"{session.workspace.name!r} is a real account, and only a simulated one is edited like this",
            hint="choose a sandbox with -w NAME",
        )
    done = edit_by_hand(session)
    write(f"Edited {done.address} by hand: {done.path} is now {done.value!r}.\n")
    return 0
