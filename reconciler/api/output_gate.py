"""What goes out to the caller: events whose listeners cannot stop a run, errors without secrets."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from reconciler.core.secrets.redact_text import Redactor, union
from reconciler.types.event import Event

if TYPE_CHECKING:
    from reconciler.types.ports import Emit

C = TypeVar("C", bound=type)

OPEN: WeakSet[Redactor] = WeakSet()
"""Those of the projects that are open in this process: `render` is handed records alone."""


def open_gate() -> Redactor:
    """A redactor for a project that is opened; known to `render` as long as somebody holds it."""
    redactor = Redactor()
    OPEN.add(redactor)
    return redactor


def open_redactors() -> Redactor:
    """What the open projects of this process know."""
    return union([*OPEN])


def redacting(emit: Emit, redactor: Redactor) -> Emit:
    """`emit`, hearing of every event what may be read."""

    def tell(event: Event) -> None:
        emit(redactor.record(event))

    close = getattr(emit, "close", None)
    if close is not None:
        setattr(tell, "close", close)  # noqa: B010
    return tell


def redact_errors(kind: C) -> C:
    """Class decorator: what a public method raises has no secret of `self.session` in it."""
    for name, method in list(vars(kind).items()):
        if callable(method) and not name.startswith("_"):
            setattr(kind, name, _guarded(method))
    return kind


def _guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def call(self: Any, *args: Any, **rest: Any) -> Any:
        try:
            return method(self, *args, **rest)
        except Exception as error:
            self.session.redactor.error(error)
            raise

    return call


def guarded_listener(listener: Callable[[Event], None]) -> Callable[[Event], None]:
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
