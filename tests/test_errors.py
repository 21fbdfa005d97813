"""The errors: each has an exit code that is documented, a message, and a hint that says what to do next."""

from __future__ import annotations

import inspect
import re

import pytest

from reconciler import errors
from reconciler.errors import (
    DiagnosticsError,
    OutcomeUnknown,
    ProviderError,
    ReconcilerError,
    Rejected,
    StateLocked,
    Unavailable,
)
from reconciler.types.diagnostic import Diagnostic, Severity

ALL = [error for _, error in inspect.getmembers(errors, inspect.isclass) if issubclass(error, ReconcilerError)]

BASES = (errors.DiagnosticsError, errors.PlanError)  # errors that carry a list; not drawn


def drawn() -> dict[str, str]:
    """Name -> the number in brackets, as the tree in the module's docstring has them."""
    lines = re.findall(r"(?:├──|└──|^ *)\s*(\w+)(?: \[(\d+)\])?", errors.__doc__ or "", re.MULTILINE)
    return dict(lines)


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_an_error_is_in_the_drawing_with_its_exit_code(error: type[ReconcilerError]) -> None:
    tree = drawn()
    assert error.__name__ in tree or error in BASES
    number = tree.get(error.__name__)
    assert not number or int(number) == error.exit_code


@pytest.mark.parametrize("error", ALL, ids=lambda error: error.__name__)
def test_an_error_says_when_it_happens(error: type[ReconcilerError]) -> None:
    assert inspect.getdoc(error)
    assert error.exit_code in {1, 3, 4, 5, 64, 130}


def test_message_and_hint_are_kept() -> None:
    error = ReconcilerError("it broke", hint="mend it")
    assert (str(error), error.message, error.hint) == ("it broke", "it broke", "mend it")
    assert ReconcilerError("alone").hint is None


def test_diagnostics_travel_whole() -> None:
    found = [Diagnostic("L03", Severity.ERROR, "one"), Diagnostic("L18", Severity.WARNING, "two")]
    error = DiagnosticsError("two findings", found)
    found.clear()
    assert [diagnostic.code for diagnostic in error.diagnostics] == ["L03", "L18"]


def test_a_held_lock_names_its_holder() -> None:
    error = StateLocked("locked", holder={"Who": "ada@host"}, hint="wait")
    assert error.holder == {"Who": "ada@host"}
    assert error.exit_code == 4


def test_whether_to_try_again_is_a_matter_of_type() -> None:
    assert Unavailable("down").retryable
    assert OutcomeUnknown("lost").retryable
    assert not Rejected("wrong", status=400).retryable
    assert not ProviderError("other").retryable


def test_a_providers_error_keeps_status_and_pause() -> None:
    error = Unavailable("slow down", status=429, retry_after=2.5)
    assert (error.status, error.retry_after) == (429, 2.5)


def test_a_lost_create_is_not_confused_with_a_refused_one() -> None:
    assert not issubclass(OutcomeUnknown, Rejected)
    assert issubclass(OutcomeUnknown, Unavailable)
