"""Whoever listens to a run cannot stop it: what a listener raises is a warning, once."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable

from reconciler.types.event import Event


def heard(listener: Callable[[Event], None]) -> Callable[[Event], None]:
    """`listener`, its exceptions as a `RuntimeWarning` (the first one); a request that was sent is recorded all the
    same."""
    told = threading.Event()

    def emit(event: Event) -> None:
        try:
            listener(event)
        except Exception as error:  # whatever somebody else's code raises
            if not told.is_set():
                told.set()
                warnings.warn(
                    f"on_event raised {type(error).__name__}: {error}; the run goes on", RuntimeWarning, stacklevel=2
                )

    close = getattr(listener, "close", None)
    if close is not None:
        setattr(emit, "close", close)  # noqa: B010
    return emit
