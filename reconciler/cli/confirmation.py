"""The question before a writing run, and who may be asked."""

from __future__ import annotations

import sys

from reconciler.cli.stdio import is_terminal, say
from reconciler.errors import ReconcilerError, UsageError

YES = "yes"


class Declined(ReconcilerError):
    """The person at the terminal said no; nothing was sent."""


def require_someone(verb: str) -> None:
    """Raise `UsageError` when nobody could answer: known before anything is read."""
    if not is_terminal(sys.stdin):
        raise UsageError(
            f"{verb} asks before it writes, and there is no terminal to ask on",
            hint=f"give --auto-approve, or save a plan (plan --out FILE) and run: reconciler {verb} FILE"
            if verb == "apply"
            else "give --auto-approve",
        )


def ask(question: str, explanation: str) -> bool:
    """Ask on standard error; only the word `yes` approves."""
    say(f"\n{question}")
    say(f"  {explanation}\n  Only '{YES}' will be accepted to approve.\n")
    say("  Enter a value: ", end="")
    try:
        answer = sys.stdin.readline()
    except (OSError, UnicodeDecodeError):
        answer = ""
    say("")
    return answer.strip() == YES
