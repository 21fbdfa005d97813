"""The boundary of the Python API: plain values -> options; events and errors out, without secrets."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import wraps
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar, Unpack
from weakref import WeakSet

from reconciler.core.secrets.redact_text import Redactor, union
from reconciler.errors import UsageError
from reconciler.types.address import Address
from reconciler.types.event import Event
from reconciler.types.options import EXCLUSIONS, IMPLIED, PLAN_FLAGS, PlanOptions, Value

if TYPE_CHECKING:
    from reconciler.types.ports import Emit


class Choice(TypedDict, total=False):
    """Which resources; everything absent is all of them."""

    targets: Iterable[str | Address]
    excludes: Iterable[str | Address]
    selector: Mapping[str, str]
    strict_complete: bool
    allow_empty: bool


class PlanFlags(Choice, total=False):
    """The flags of `reconciler plan`, with underscores; all of them default to what the command does without them."""

    replace: Iterable[str | Address]
    destroy: bool
    refresh_only: bool
    allow_deletes: bool
    allow_mass_change: bool
    accept_account: bool
    resend_secrets: bool
    migrate: bool
    unmanaged: bool
    since: float


class BackFlags(TypedDict, total=False):
    """The flags of `reconciler state rollback`, with underscores."""

    targets: Iterable[str | Address]
    excludes: Iterable[str | Address]
    allow_deletes: bool
    allow_mass_change: bool
    accept_account: bool
    resend_secrets: bool


def parse_address(value: str | Address) -> Address:
    """`kind.name` as an address of a kind that exists. Raises `UsageError` with what may have been meant."""
    if isinstance(value, Address):
        return value
    try:
        address = Address.parse(value)
    except ValueError as error:
        raise UsageError(str(error)) from error
    _require_kind(address.kind, value)
    return address


def _require_kind(kind: str, value: str) -> None:
    """Raise `UsageError` where no platform has the kind that the address or pattern `value` begins with."""
    from difflib import get_close_matches

    from reconciler.platforms import PLATFORMS

    known = PLATFORMS.kind_names()
    if kind not in known:
        close = get_close_matches(kind, known, n=1)
        meant = f"; did you mean {close[0]}.{value.partition('.')[2]}?" if close else f"; kinds: {', '.join(known)}"
        raise UsageError(f"{value!r} names no kind{meant}")


def parse_pattern(value: str | Address) -> Address:
    """The same, and `persona.front-*`, `persona.*` or `*` for every address that it fits."""
    if isinstance(value, Address) or "*" not in value:
        if value == "all":
            raise UsageError("'all' is not an address; '*' is everything, 'KIND.*' all of one kind")
        return parse_address(value)
    kind, dot, name = value.partition(".")
    if dot and "*" not in kind:
        _require_kind(kind, value)
    return Address(kind, name) if dot else Address("*", "*")


def plan_options(*, record: bool = False, **flags: Unpack[PlanFlags]) -> PlanOptions:
    """The options of a plan, checked. Raises `UsageError` for those that exclude each other and unknown kinds,
    `TypeError` for a flag that is none."""
    given: dict[str, Any] = dict(flags)
    if unknown := sorted(given.keys() - PLAN_FLAGS.keys()):
        raise TypeError(f"no flag of a plan: {', '.join(unknown)}; known: {', '.join(PLAN_FLAGS)}")
    for first, second in EXCLUSIONS:
        if given.get(first) and given.get(second):
            raise UsageError(f"{PLAN_FLAGS[first].name} and {PLAN_FLAGS[second].name} exclude each other")
    for name, value in given.items():
        if PLAN_FLAGS[name].value is Value.ADDRESSES:
            given[name] = tuple(map(parse_pattern, value))
        elif PLAN_FLAGS[name].value is Value.LABELS:
            given[name] = dict(value or {})
    both = sorted(set(given.get("targets", ())) & set(given.get("excludes", ())))
    if both:
        raise UsageError(f"{both[0]} is both a --target and an --exclude")
    for name, brought in IMPLIED.items():
        given |= dict.fromkeys(brought, True) if given.get(name) else {}
    return PlanOptions(**given, record=record)


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
