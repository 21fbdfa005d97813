"""The whole edge on one page: what the engine asks of the outside world.

Implementations: platforms/ (Provider), backends/ (Backend, Journal, Seal), reporters/ (Reporter),
manifests/read/secret_resolver.py (Secrets), api/system_clock.py (Clock), cli/progress.py (Emit),
cli/apply_run.py (Confirm).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeAlias

from reconciler.types.address import SecretRef
from reconciler.types.change import Change, Request
from reconciler.types.event import Event
from reconciler.types.json import Json, Object
from reconciler.types.kind import Kinds
from reconciler.types.live import Account, Listing, ListPage, LiveObject
from reconciler.types.state import LockInfo

if TYPE_CHECKING:
    from reconciler.types.report import Report, Style

Emit: TypeAlias = Callable[[Event], None]
Confirm: TypeAlias = Callable[[str], bool]
Gate: TypeAlias = Callable[[int], bool]
"""Asked right before the first byte of attempt n (from 0) of a write. True: it is done already, so nothing is sent.
Raises when nothing may be sent (any more)."""


class Clock(Protocol):
    """Time as the engine sees it; tests hand in one that jumps."""

    def now(self) -> str:
        """UTC as ISO 8601 with seconds, `2026-11-21T05:13:47Z`."""
        ...

    def monotonic(self) -> float:
        """Seconds that never run backwards."""
        ...

    def sleep(self, seconds: float) -> None: ...


@dataclass(frozen=True, slots=True)
class Turns:
    """When requests of an account may leave: the first in `wait` seconds, each further one `gap` seconds later. Less
    than 0: it might have left already."""

    wait: float
    count: int
    gap: float


class SharedRate(Protocol):
    """The requests of an account that several processes send together. Nothing here raises."""

    def take(self, most: int) -> Turns:
        """Turns for up to `most` requests, at least one. Turns that are not used are lost."""
        ...

    def pause(self, seconds: float) -> None:
        """The account asked everybody to wait for so long."""
        ...

    def close(self) -> None:
        """Give connections back; what is asked later makes new ones."""
        ...


class Secrets(Protocol):
    """Resolves references to secrets. Nothing else sees a secret's value but the digest and the wire."""

    def resolve(self, reference: SecretRef) -> str | None:
        """The value; None when it is not available."""
        ...


@dataclass(frozen=True, slots=True)
class Answer:
    """The API's answer to a write. `body` is None for 204, 304 and anything that is not JSON."""

    status: int
    body: Json = None


class Provider(Protocol):
    """Speaks to one account.

    Must: be safe to call from several threads; raise only `ProviderError`s; return bodies as found; list only
    objects of type user; never follow a redirect to another host with the key.
    Must not: compare, normalise, or decide what to write.
    May: refuse writes (`reading=True` when it was made), raising `WriteRefused`.
    """

    kinds: Kinds
    """The kinds this provider can hold."""
    vocabulary: str
    """pal | persona: the words on the wire."""
    timeout: float
    """Seconds that the API may be silent before an attempt is given up."""

    @property
    def requests_sent(self) -> int | None:
        """How many requests of this provider left so far; None where nobody counts."""
        ...

    @property
    def requests_per_second(self) -> float | None:
        """About how many requests a second the account takes; None while no limit was met."""
        ...

    def account(self) -> Account:
        """Base URL, vocabulary, and what is known of the owner so far; costs no request."""
        ...

    def fingerprint(self, digest: Callable[[str], str]) -> str:
        """`digest` of the API key; the key itself never leaves the provider."""
        ...

    def list(self, kind: str) -> Listing:
        """A complete list. Raises `IncompleteList`."""
        ...

    def list_page(self, kind: str, place: int) -> ListPage | None:
        """The one page that holds a place of the list, from 0; one request. None where the list is in no known order,
        or does not say how long it is."""
        ...

    def get(self, kind: str, id: str) -> LiveObject | None:
        """One object by id, in detail; None when the API says 400/404 for that id."""
        ...

    def attached_tools(self, id: str) -> tuple[str, ...]:
        """Ids of the registry tools attached to the persona `id`, sorted."""
        ...

    def part(self, kind: str, id: str, pointer: str) -> Json:
        """What the API keeps in a sub resource: the value at the kind's `parts` pointer, null for none."""
        ...

    def check_library(self, library: str, id: str) -> str | None:
        """What is wrong with an id of the library (face | voice); None where nothing is, or nobody can tell."""
        ...

    def reserved(self, kind: str) -> frozenset[str]:
        """Names that the vendor's own objects of a kind bear; empty where nobody can tell."""
        ...

    def requests(self, change: Change, before: Object | None) -> tuple[Request, ...]:
        """The writes that carry out `change`, in order; pure. `before` is the live body as found (for updates)."""
        ...

    def send(self, request: Request, *, force: bool = False, gate: Gate | None = None) -> Answer:
        """Send one write whose placeholders are filled. 304 is an answer, not an error.

        `gate` is asked right before each attempt, the first one included; what it raises is passed on.

        A create is sent once: when its outcome is unknown, raises `OutcomeUnknown`. Everything else is retried
        with backoff. `force` discards a person's unpublished edits (`--force-maker`).
        Raises `Rejected`, `NotFound`, `MakerConflict`, `AuthRefused`, `Unavailable`, `Interrupted` (see `stop_when`).
        """
        ...

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """From now on waits (limits, pauses, retries) end with `Interrupted` once `stop` says so."""
        ...

    def created_id(self, kind: str, answer: Answer) -> str | None:
        """The id in the answer to a create, whatever its spelling."""
        ...

    def close(self) -> None: ...


class Lease(Protocol):
    """A lock that is held, as long as `check` says so."""

    def check(self) -> None:
        """Ask the store. Raise `StateLocked` when the lock was broken or taken over: nothing more may be sent."""
        ...

    def confirm(self, seconds: float) -> None:
        """Make sure that the lock stays ours for `seconds` by a clock that counts suspended time, with a request to
        the store only where less is left. Raises as `check`, and `StateError` when the store does not answer."""
        ...


class Journal(Protocol):
    """Lines appended since the document was written: what makes a record cost one line, not the whole document."""

    def read(self) -> Iterable[bytes]:
        """Lines appended since the last `clear`, a torn last line left out."""
        ...

    def append(self, *lines: bytes) -> None:
        """Append lines (without newline), all or none, and make them durable before returning. Called from several
        threads."""
        ...

    def clear(self) -> None: ...


class Seal(Protocol):
    """What the documents of a backend are wrapped in."""

    def close(self, data: bytes) -> bytes:
        """A document as it is stored."""
        ...

    def open(self, data: bytes, where: str) -> bytes:
        """The inverse; `where` says in messages where the bytes come from. Raises `StateUnreadable`."""
        ...


class Backend(Protocol):
    """Moves bytes and locks; the format of the state lives above, once (`core.state.state_document`).

    Must: write atomically; survive kill -9 at any moment with either the old or the new bytes.
    Must not: look into the bytes.
    """

    @property
    def journal(self) -> Journal | None:
        """None where the store can only replace a document: the session then rewrites it as it goes."""
        ...

    @property
    def seal(self) -> Seal | None:
        """None where documents are stored as they are."""
        ...

    @property
    def shows_holder(self) -> bool:
        """Whether `holder` only looks. Where not, it takes the lock for a moment to find out: readers do not ask."""
        ...

    def read(self) -> bytes | None:
        """The document, None when there is none yet."""
        ...

    def write(self, data: bytes) -> None: ...

    def lock(self, info: LockInfo, *, timeout: float, clock: Clock, emit: Emit) -> AbstractContextManager[Lease]:
        """Take the lock or raise `StateLocked` with its holder; waits with `clock`.

        A dead process's lock on the same host is taken over at once (with a `Notice`), any other after its lease.
        While held, the lease is renewed.
        """
        ...

    def holder(self) -> LockInfo | None:
        """Who holds the lock now, None when nobody does (a dead holder counts as nobody)."""
        ...

    def break_lock(self, id: str) -> None:
        """Remove the lock with this id. Raises `StateError` when another or none is held."""
        ...

    def describe(self) -> str:
        """Where the state lives, for messages: a path or a URL without credentials."""
        ...

    def neighbours(self) -> Sequence[str]:
        """Names of other projects that keep a state of this workspace in the same store, where the place is named
        after the project and the store tells; a project that was renamed is one of them under its earlier name."""
        ...

    def stop_when(self, stop: Callable[[], bool]) -> None:
        """From now on pauses between two tries end with `Interrupted` once `stop` says so; every method may raise
        it then."""
        ...

    def close(self) -> None:
        """Give connections back; the next method makes a new one."""
        ...


class Reporter(Protocol):
    """Report -> text of one format; pure."""

    def __call__(self, report: Report, style: Style) -> str: ...
