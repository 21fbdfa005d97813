"""Whatever ended a run, told to a person: one line that says what is wrong, one that says what to do next."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Collection, Sequence

import click

from reconciler.cli import exit_codes
from reconciler.cli.output import say, silence
from reconciler.errors import ReconcilerError


def show(error: BaseException, args: Sequence[str] = (), commands: Collection[str] = ()) -> int:
    """Tell standard error about `error` and return the exit code that it stands for; `commands` are the program's."""
    if isinstance(error, ReconcilerError):
        from reconciler.reporters.messages import error_lines

        for line in error_lines(error):
            say(line)
        return error.exit_code
    if isinstance(error, click.UsageError):
        error.show()
        return exit_codes.USAGE
    if isinstance(error, click.Abort | KeyboardInterrupt):
        say("Interrupted.")
        return exit_codes.INTERRUPTED
    if isinstance(error, click.ClickException):
        say(f"Error: {error.format_message()}")
        return exit_codes.ERROR
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else exit_codes.ERROR if error.code else exit_codes.DONE
    if isinstance(error, OSError) and error.errno == errno.EPIPE:
        silence()
        return exit_codes.ERROR
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EMFILE}:
        where = f": {error.filename}" if error.filename else ""
        say(f"Error: {error.strerror}{where}")
        return exit_codes.ERROR
    say(f"Error: this is a bug in reconciler: {type(error).__name__} at {innermost_frame(error)}")
    report = save_crash_report(error, args, commands)
    say(f"Please report it and attach {report} (it holds no names and no values of yours).")
    return exit_codes.ERROR


def innermost_frame(error: BaseException) -> str:
    """`file:line` of the innermost frame of ours, without folders above the package."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "reconciler" in frame.filename]
    if not frames:
        return "an unknown place"
    inner = frames[-1]
    return f"{inner.filename.rpartition('reconciler')[1]}{inner.filename.rpartition('reconciler')[2]}:{inner.lineno}"


def save_crash_report(error: BaseException, args: Sequence[str], commands: Collection[str]) -> str:
    """Write where it happened to a file and return its path: frames and types; no messages, locals or arguments."""
    import platform
    import tempfile

    from reconciler.reporters.messages import crash_text
    from reconciler.version import __version__

    words = [word for word in args if word in commands]
    facts = (
        f"reconciler {__version__}",
        f"python {platform.python_version()} on {platform.system()}",
        f"command: {words[0] if words else 'unknown'}",
    )
    text = crash_text(error, facts)
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="reconciler-crash-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write(text)
        return file.name
    except OSError:
        for line in text.splitlines():
            say(line)
        return "the lines above"
