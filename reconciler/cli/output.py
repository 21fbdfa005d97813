"""A finished run's Report, delivered: to standard output in one format and to any number of files in others."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.api.render import render_report as render
from reconciler.cli.global_settings import Settings
from reconciler.cli.stdio import gate, is_terminal, shown, write
from reconciler.core.secrets.redact_text import Shown
from reconciler.errors import DiagnosticsError, ReconcilerError, UsageError
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.report import Report, Style

if TYPE_CHECKING:
    from reconciler.types.json import Json

TEXT = "text"


def deliver(report: Report, settings: Settings) -> int:
    """Write the report everywhere it was asked for; the report's exit code.

    Every file is tried before the first failure is raised as `ReconcilerError`, standard output first.
    """
    write(render(report, settings.format or TEXT, style(settings), gate()))
    deliver_files(report, settings)
    return report.exit_code


def deliver_files(report: Report, settings: Settings) -> None:
    """Write the files of `--report`."""
    from reconciler.api.output_files import write_file

    problems = []
    for name, path in settings.reports:
        try:
            write_file(
                path,
                render(report, name, Style(verbose=settings.verbose, folder=called_from(settings)), gate()).encode(
                    "utf-8", "backslashreplace"
                ),
            )
        except ReconcilerError as error:
            problems.append(error)
    if problems:
        raise problems[0]


def style(settings: Settings) -> Style:
    """Colours and width for standard output: only a terminal that has not said no gets colours."""
    terminal = is_terminal(sys.stdout)
    plain = settings.no_color or bool(os.environ.get("NO_COLOR")) or os.environ.get("TERM") == "dumb"
    width = shutil.get_terminal_size((100, 24)).columns if terminal else 100
    return Style(
        color=terminal and not plain, width=width, verbose=settings.verbose, quiet=settings.quiet,
        folder=called_from(settings),
    )  # fmt: skip


def called_from(settings: Settings) -> str:
    """The folder of `-C` as `Style.folder`; empty where it does not lie below the one the program was called in."""
    folder = os.path.normpath(settings.chdir or ".").replace(os.sep, "/")
    return "" if folder == "." or folder.startswith("/") or folder.split("/")[0] == ".." else folder


@contextmanager
def reporting(verb: str, settings: Settings, workspace: str = "") -> Iterator[None]:
    """Whatever ends the run early is also written in the formats for machines that were asked for.

    Raises `UsageError` before anything else for a report file that is a folder.
    """
    for _, path in settings.reports:
        if os.path.isdir(path):  # noqa: PTH112
            raise UsageError(f"--report: {path} is a folder", hint="name a file in it")
    try:
        yield
    except UsageError:
        raise
    except ReconcilerError as error:
        if settings.format not in {None, TEXT}:
            how = Style(folder=called_from(settings))
            write(render(failed(verb, error, workspace), settings.format or TEXT, how, gate()))
        try:
            deliver_files(failed(verb, error, workspace), settings)
        except ReconcilerError as second:
            raise error from second
        raise


def failed(verb: str, error: ReconcilerError, workspace: str = "") -> Report:
    """The report of a run that ended with `error`: its findings, or the error itself as one."""
    findings = error.diagnostics if isinstance(error, DiagnosticsError) else ()
    if not any(one.is_error for one in findings):
        code = f"E-{type(error).__name__}"
        findings = (*findings, Diagnostic(code, Severity.ERROR, error.message, hint=error.hint))
    return Report(verb, workspace, diagnostics=findings, exit_code=error.exit_code, reached=False)


def emit_document(settings: Settings, *, text: Callable[[], str], document: Callable[[], Json]) -> int:
    """The answer of a command that is no run over resources: text or JSON.

    Raises `UsageError` for any other format.
    """
    import json

    def rendered(name: str) -> Shown:
        if name == TEXT:
            lines = shown(text()).rstrip("\n")
            return Shown(lines + "\n" if lines else "")
        if name == "json":
            return Shown(json.dumps(gate().record(document()), ensure_ascii=False, indent=2) + "\n")
        raise UsageError(f"this command speaks text and json, not {name}")

    from reconciler.api.output_files import write_file

    write(rendered(settings.format or TEXT))
    for name, path in settings.reports:
        write_file(path, rendered(name).encode("utf-8", "backslashreplace"))
    return 0
