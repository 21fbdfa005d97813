"""Whatever ended a run, told to a person: one line that says what is wrong, one that says what to do next."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING

import click

from reconciler.cli import exit_codes
from reconciler.cli.output import say, silence
from reconciler.errors import DiagnosticsError, ReconcilerError, StateLocked

if TYPE_CHECKING:
    from reconciler.types.diagnostic import Diagnostic


def show(error: BaseException, args: Sequence[str] = (), commands: Collection[str] = ()) -> int:
    """Tell standard error about `error` and return the exit code that it stands for; `commands` are the program's."""
    if isinstance(error, ReconcilerError):
        for line in told(error):
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
    say(f"Error: this is a bug in reconciler: {type(error).__name__} at {place(error)}")
    say(f"Please report it and attach {keep(error, args, commands)} (it holds no names and no values of yours).")
    return exit_codes.ERROR


def told(error: ReconcilerError) -> Iterator[str]:
    """The lines that show one deliberate error: its findings first, its message and its hint last."""
    if isinstance(error, DiagnosticsError):
        for diagnostic in error.diagnostics:
            yield from finding(diagnostic)
    yield f"Error: {error.message}"
    if isinstance(error, StateLocked):
        for name, value in error.holder.items():
            yield f"  {name + ':':<11} {value}"
    if error.hint:
        yield f"  {error.hint}"


def finding(diagnostic: Diagnostic) -> Iterator[str]:
    """`Error: file:line:column: what is wrong [code]`, then detail and hint, indented."""
    where = ""
    if diagnostic.span is not None:
        where = f"{diagnostic.span}: "
    elif diagnostic.source is not None:
        where = f"{diagnostic.source.path}: "
    about = " ".join(str(part) for part in (diagnostic.address, diagnostic.pointer) if part)
    yield f"{diagnostic.severity.value.capitalize()}: {where}{diagnostic.summary} [{diagnostic.code}]"
    if about:
        yield f"  at {about}"
    for text in (diagnostic.detail, diagnostic.hint):
        if text:
            yield from (f"  {line}" for line in text.splitlines())


def place(error: BaseException) -> str:
    """`file:line` of the innermost frame of ours, without folders above the package."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if "reconciler" in frame.filename]
    if not frames:
        return "an unknown place"
    inner = frames[-1]
    return f"{inner.filename.rpartition('reconciler')[1]}{inner.filename.rpartition('reconciler')[2]}:{inner.lineno}"


def keep(error: BaseException, args: Sequence[str], commands: Collection[str]) -> str:
    """Write where it happened to a file and return its path: frames and types; no messages, locals or arguments."""
    import platform
    import tempfile

    from reconciler.version import __version__

    words = [word for word in args if word in commands]
    lines = [f"reconciler {__version__}", f"python {platform.python_version()} on {platform.system()}"]
    lines.append(f"command: {words[0] if words else 'unknown'}")
    link: BaseException | None = error
    while link is not None:
        lines.append(f"\n{type(link).__module__}.{type(link).__qualname__}")
        for frame in traceback.extract_tb(link.__traceback__):
            lines.append(f"  {frame.filename}:{frame.lineno} in {frame.name}")
        link = link.__cause__ or link.__context__
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="reconciler-crash-", suffix=".txt", delete=False, encoding="utf-8", errors="backslashreplace"
        ) as file:
            file.write("\n".join(lines) + "\n")
        return file.name
    except OSError:
        for line in lines:
            say(line)
        return "the lines above"
