"""Standard output and standard error: bytes that were asked for, and lines for a person."""

from __future__ import annotations

import os
import re
import sys
from typing import IO, TYPE_CHECKING

from reconciler.errors import ReconcilerError

if TYPE_CHECKING:
    from reconciler.core.secrets.redact_text import Redactor

_gate: Redactor | None = None
"""What the run of this process knows; None as long as none was opened."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def gate() -> Redactor:
    """What everything that this run shows goes through."""
    global _gate  # noqa: PLW0603
    if _gate is None:
        from reconciler.core.secrets.redact_text import Redactor

        _gate = Redactor()
    return _gate


def close_gate() -> None:
    """Forget what was known: the next run has secrets of its own."""
    global _gate  # noqa: PLW0603
    _gate = None


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
    line = visible(shown(line))
    try:
        stream.write(line + end)
        stream.flush()
    except UnicodeEncodeError:
        stream.write(line.encode("ascii", "backslashreplace").decode("ascii") + end)
        stream.flush()
    except OSError:
        pass


def visible(text: str) -> str:
    """The text with every character that could steer a terminal written as an escape."""
    return CONTROL.sub(lambda match: f"\\x{ord(match[0]):02x}", text)


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
