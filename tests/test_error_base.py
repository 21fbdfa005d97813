"""What every deliberate error is: a message, a hint, an exit code."""

from __future__ import annotations

from reconciler import errors
from reconciler.error_base import ReconcilerError, UsageError


def test_an_error_says_what_is_wrong_and_what_to_do() -> None:
    error = UsageError("no such kind", hint="did you mean 'tool'?")
    assert (error.message, error.hint, str(error)) == ("no such kind", "did you mean 'tool'?", "no such kind")
    assert ReconcilerError("x").hint is None
    assert (ReconcilerError.exit_code, UsageError.exit_code) == (1, 64)


def test_they_are_to_be_had_where_the_others_are() -> None:
    assert errors.ReconcilerError is ReconcilerError
    assert errors.UsageError is UsageError
