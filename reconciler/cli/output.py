"""What a command puts out: bytes on standard output, lines for a person on standard error, reports in files."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, TypeVar

from reconciler.errors import DiagnosticsError, ReconcilerError, UsageError

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.cli.settings import Settings
    from reconciler.core.secrets.redact_text import Redactor, Shown
    from reconciler.types.json import Json
    from reconciler.types.report import Report, Style

T = TypeVar("T", bound=str)

_gate: Redactor | None = None
"""What the run of this process knows; None as long as none was opened."""
_workspace = ""
"""The workspace of the run; empty as long as none was chosen."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")

CI_SYSTEMS = ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")
"""Variables of those that obey lines of a log: `::error::`, `##vso[task.setvariable ...]`, `##teamcity[...]`."""
CI_COMMANDS = re.compile(r"^([ \t]*):(?=:)|#(?=#(?:vso|teamcity)?\[)", re.MULTILINE)


def gate() -> Redactor:
    """What everything that this run shows goes through."""
    global _gate  # noqa: PLW0603
    if _gate is None:
        from reconciler.core.secrets.redact_text import Redactor

        _gate = Redactor()
    return _gate


def close_gate() -> None:
    """Forget what was known: the next run has secrets and a workspace of its own."""
    global _gate, _workspace
    _gate, _workspace = None, ""


def choose_workspace(name: str) -> None:
    """What a run that fails from here on was about, for reports of it."""
    global _workspace  # noqa: PLW0603
    _workspace = name


def shown(text: str) -> str:
    """The text without the secrets of this run; a `Shown` one as it is."""
    from reconciler.core.secrets.redact_text import Shown

    return text if isinstance(text, Shown) else gate().hide(text)


def write(text: str) -> None:
    """Write to standard output, as UTF-8 unless a terminal wants something else; without the secrets of this run.

    A reader who went away (`| head`) is no error. Raises `ReconcilerError` when the bytes cannot be written.
    """
    stream = sys.stdout
    if stream is None:
        return
    text = shown(text)
    try:
        buffer = getattr(stream, "buffer", None)
        if buffer is None:
            stream.write(text)
        else:
            stream.flush()
            encoding = stream.encoding if stream.isatty() else "utf-8"
            buffer.write(text.encode(encoding or "utf-8", "backslashreplace"))
        stream.flush()
    except BrokenPipeError:
        silence()
    except OSError as error:
        silence()
        raise ReconcilerError(f"cannot write to standard output: {error.strerror}") from error


def say(line: str, *, end: str = "\n") -> None:
    """Write one line for a person to standard error; control characters that are no line breaks are made visible."""
    stream = sys.stderr
    if stream is None:
        return
    line = harmless(visible(shown(line)))
    try:
        stream.write(line + end)
        stream.flush()
    except UnicodeEncodeError:
        stream.write(line.encode("ascii", "backslashreplace").decode("ascii") + end)
        stream.flush()
    except OSError:
        pass


def say_in_signal_handler(line: str) -> None:
    """Write a line that names nothing of the user's to standard error, past the buffers of its stream.

    A handler may run while the stream is in the middle of a write; writing through it again raises `RuntimeError`.
    """
    try:
        os.write(sys.stderr.fileno(), f"{line}\n".encode())
    except (OSError, ValueError, AttributeError):  # closed, or no file: a stream of whoever embeds this program
        say(line)


def home_of(session: Session) -> str:
    """`Report.home`: the folder of the manifests, seen from that of the run."""
    from reconciler.manifests.tree.file_tree import relative

    home = relative(session.project.home, session.project.root)
    return "" if home == "." else home


def visible(text: str) -> str:
    """The text with every character that could steer a terminal written as an escape."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


def harmless(text: T) -> T:
    """Text for people without what the log of a CI system would obey: a prompt or a name may be a stranger's."""
    if not any(os.environ.get(name) for name in CI_SYSTEMS):
        return text
    return type(text)(CI_COMMANDS.sub(lambda match: f"{match[1]}\\x3a" if match[1] is not None else "\\x23", text))


def write_as(name: str, text: str) -> None:
    """Write what was rendered in the format `name`; what is for machines stays as it is."""
    write(harmless(text) if name == TEXT else text)


def silence() -> None:
    """Let whatever is still written to standard output vanish, also at the end of the process."""
    try:
        hole = os.open(os.devnull, os.O_WRONLY)
        os.dup2(hole, sys.stdout.fileno())
        os.close(hole)
    except (OSError, ValueError, AttributeError):
        pass


def flush() -> None:
    """Flush both streams; what cannot be delivered any more is dropped quietly."""
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except (OSError, ValueError):
            silence()


def is_terminal(stream: IO[str] | None) -> bool:
    """Whether a person sits at the other end."""
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


TEXT = "text"


YES = "yes"


def ask(question: str, explanation: str) -> bool:
    """Ask on standard error; only the word `yes` approves."""
    say(f"\n{question}")
    say(f"  {explanation}")
    say(f"  Only '{YES}' will be accepted to approve.\n")
    say("  Enter a value: ", end="")
    try:
        answer = sys.stdin.readline()
    except (OSError, UnicodeDecodeError):
        answer = ""
    say("")
    return answer.strip() == YES


def deliver(report: Report, settings: Settings) -> int:
    """Write the report everywhere it was asked for; the report's exit code.

    Every file is tried before the first failure is raised as `ReconcilerError`, standard output first.
    """
    from reconciler.api.render import render_report as render

    report = _with_heading(report, settings)
    name = settings.format or TEXT
    write_as(name, render(report, name, style(settings), gate()))
    deliver_files(report, settings)
    return report.exit_code


def _with_heading(report: Report, settings: Settings) -> Report:
    """The report, where it will be read later, with its commit, date and who asked for it."""
    from reconciler.api.render import READ_LATER, with_provenance
    from reconciler.api.session import SystemClock

    if report.made is not None or not {settings.format, *(name for name, _ in settings.reports)} & {*READ_LATER}:
        return report
    return with_provenance(report, os.environ, SystemClock().now())


def deliver_files(report: Report, settings: Settings) -> None:
    """Write the files of `--report`."""
    from reconciler.api.paths import write_file
    from reconciler.api.render import render_report as render

    problems = []
    report = _with_heading(report, settings)
    for name, path in settings.reports:
        try:
            write_file(
                path,
                render(report, name, _of_file(settings, name), gate()).encode("utf-8", "backslashreplace"),
            )
        except ReconcilerError as error:
            problems.append(error)
    if problems:
        raise problems[0]


def style(settings: Settings) -> Style:
    """Colours and width for standard output: only a terminal that has not said no gets colours."""
    import shutil

    from reconciler.types.report import Style

    terminal = is_terminal(sys.stdout)
    plain = settings.no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    # In a pipe COLUMNS and LINES count, as a pager sets them.
    width, rows = shutil.get_terminal_size((100, 60))
    return Style(
        color=terminal and not plain, width=width, verbose=settings.verbose, quiet=settings.quiet,
        detail=settings.detail or ("full" if settings.verbose else "auto"), rows=rows,
        folder=seen_from(settings, settings.format or TEXT),
    )  # fmt: skip


def _of_file(settings: Settings, name: str) -> Style:
    """How a file of `--report` is written: whole, or as the command line says."""
    from reconciler.types.report import Style

    return Style(verbose=settings.verbose, folder=seen_from(settings, name), detail=settings.detail or "")


def seen_from(settings: Settings, name: str) -> str:
    """The folder of the run as `Style.folder`: machines and pages of a forge want it from the top of the repository,
    a person from where the program was called."""
    from reconciler.manifests.tree.file_tree import relative
    from reconciler.manifests.tree.repository import top_of

    here = os.path.realpath(".")
    top = None if name == TEXT else top_of(here)
    if top is None:
        return called_from(settings)
    below = relative(here, os.path.realpath(top))
    return "" if below == "." else below


def called_from(settings: Settings) -> str:
    """The folder of `-C` as `Style.folder`; empty where it does not lie below the one the program was called in."""
    folder = os.path.normpath(settings.chdir or ".").replace(os.sep, "/")
    return "" if folder == "." or folder.startswith("/") or folder.split("/")[0] == ".." else folder


@contextmanager
def reporting(verb: str, settings: Settings) -> Iterator[None]:
    """Whatever ends the run early is also written in the formats for machines that were asked for, with the workspace
    as far as it is known: who watches for its name has to see that the run failed.

    Raises `UsageError` before anything else for a report file that is a folder.
    """
    from reconciler.api.render import render_report as render
    from reconciler.types.report import Style

    for _, path in settings.reports:
        if os.path.isdir(path):  # noqa: PTH112
            raise UsageError(f"--report: {path} is a folder", hint="name a file in it")
    try:
        yield
    except UsageError:
        raise
    except ReconcilerError as error:
        report = failed(verb, error, _workspace or settings.workspace or "")
        if settings.format not in {None, TEXT}:
            how = Style(folder=seen_from(settings, settings.format or TEXT))
            write(render(report, settings.format or TEXT, how, gate()))
        try:
            deliver_files(report, settings)
        except ReconcilerError as second:
            raise error from second
        raise


def failed(verb: str, error: ReconcilerError, workspace: str = "") -> Report:
    """The report of a run that ended with `error`: its findings, or the error itself as one."""
    from reconciler.types.diagnostic import Diagnostic, Severity
    from reconciler.types.report import Report

    findings = error.diagnostics if isinstance(error, DiagnosticsError) else ()
    if not any(finding.is_error for finding in findings):
        code = f"E-{type(error).__name__}"
        findings = (*findings, Diagnostic(code, Severity.ERROR, error.message, hint=error.hint))
    return Report(verb, workspace, diagnostics=findings, exit_code=error.exit_code, reached=False)


def emit_document(
    settings: Settings, *, text: Callable[[], str], document: Callable[[], Json], exact: bool = False
) -> int:
    """The answer of a command that is no run over resources: text or JSON. `exact`: a program reads the text, too.

    Raises `UsageError` for any other format.
    """
    from reconciler.core.secrets.redact_text import Shown
    from reconciler.core.text import visible
    from reconciler.reporters.plan_json import dump

    def rendered(name: str) -> Shown:
        if name == TEXT:
            lines = visible(shown(text())).rstrip("\n")
            return Shown(lines + "\n" if lines else "")
        if name == "json":
            return Shown(dump(gate().record(document())) + "\n")
        raise UsageError(f"this command speaks text and json, not {name}")

    from reconciler.api.paths import write_file

    name = settings.format or TEXT
    if exact:
        write(rendered(name))
    else:
        write_as(name, rendered(name))
    for name, path in settings.reports:
        write_file(path, rendered(name).encode("utf-8", "backslashreplace"))
    return 0
