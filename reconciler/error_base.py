"""What every deliberate error is, and the one that tables raise: below the records; `errors` has all of them."""

from __future__ import annotations


class ReconcilerError(Exception):
    """Base of all deliberate errors: `message` says what is wrong, `hint` what to do next."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ReconcilerError):
    """Wrong flags, arguments or settings."""

    exit_code = 64
