"""One law for many small things in one test: a test of its own for each would cost more than the law."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def hold_for_each(law: Callable[..., object], things: Iterable[tuple[str, tuple[object, ...]]]) -> None:
    """`law` for all that is named; what does not hold is raised together, each with the name of the thing."""
    wrong: list[Exception] = []
    for name, arguments in things:
        try:
            law(*arguments)
        except Exception as error:
            error.add_note(f"for {name}")
            wrong.append(error)
    if wrong:
        raise ExceptionGroup(f"{len(wrong)} times", wrong)
