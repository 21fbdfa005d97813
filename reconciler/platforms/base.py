"""What the entries of the providers table look like, what they are handed, and a provider to inherit from."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable
from urllib.parse import quote, unquote

from reconciler.core.canonical.vocabulary import to_wire
from reconciler.core.diff.request_body import create_body, merge_patch_body, with_markers
from reconciler.core.operator_trust import Trusted
from reconciler.core.secrets.redact_text import Redactor
from reconciler.errors import Rejected, WriteRefused
from reconciler.platforms.rate_limiter import Budget, RateLimiter, RateLimiters, account_name
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Request
from reconciler.types.json import Json, Object, lookup
from reconciler.types.kind import Kinds, KindSpec
from reconciler.types.live import Account, Listing, ListPage, LiveObject
from reconciler.types.ports import Answer, Clock, Emit, Gate, Provider, Secrets
from reconciler.types.project import ProviderSettings
from reconciler.types.state import State


class Answers(Protocol):
    """Hears what the account answers to a run that reads, and may know an answer already."""

    def known(self, request: str) -> bytes | None:
        """The answer to a request that was sent for this run before it began; given out once."""
        ...

    def heard(self, request: str, answer: bytes) -> None: ...

    def refused(self) -> None:
        """A request had no answer that counts, or what was read did not stand still."""
        ...


@runtime_checkable
class Repeats(Protocol):
    """A provider whose reading requests can be sent again without a word of what they are about."""

    def repeat(self, request: str) -> bytes:
        """The answer to a request, as `Answers` heard of it, unread. Raises `ProviderError`."""
        ...


@dataclass(frozen=True, slots=True)
class ProviderContext:
    """The surroundings of one run, gathered by the composition root."""

    workspace: str
    state_folder: str
    """Folder of this workspace's own files, `.reconciler/<workspace>`; an embedded world lives in it."""
    clock: Clock
    secrets: Secrets
    random: Callable[[], float]
    """Uniform in [0, 1); spreads retries."""
    environ: Mapping[str, str]
    trusted: Callable[[], Trusted] = Trusted
    """What the user trusts this project file with, beyond what the environment says."""
    redactor: Redactor = field(default_factory=Redactor)
    """Learns every credential, and hides them in what the service answers."""
    emit: Emit | None = None
    reading: bool = False
    """The run only reads: whatever is no GET is refused by the transport."""
    parallelism: int = 10
    max_requests_per_second: float | None = None
    """An upper bound; below it the rate is learned."""
    give_up_after: float = 600.0
    """Seconds in which the account lets nothing through, after which a request that was turned away is given up."""
    budget: Budget | None = None
    """What the account may take by the project file; None where it has no name there."""
    paces: RateLimiters = field(default_factory=RateLimiters)
    """One for each account. Handed from run to run where several of one process are to share the accounts' limits."""
    paced: list[RateLimiter] = field(default_factory=list)
    """Those that were asked for."""
    answers: Answers | None = None
    """Hears of every answer to a GET."""
    files: Mapping[str, Path] = field(default_factory=dict)
    """The files that settings of the provider name, by setting."""
    keyless: str = ""
    """A workspace of the same project that needs no key; empty where there is none."""

    def pace(self, base_url: str, key: str) -> RateLimiter:
        """The pace of the account that `key` opens at `base_url`, in common with all who use the same."""
        account = account_name(base_url, key)
        pace = self.paces.of(account, self.clock, self.max_requests_per_second, self.budget)
        self.paced.append(pace)
        return pace


class Serve(Protocol):
    """Serves a platform's simulated API on this machine until it is told to stop; `ready` gets its base URL."""

    def __call__(
        self,
        host: str,
        port: int,
        *,
        world: Path | None,
        seed: Path | None,
        faults: Path | None,
        verbose: bool,
        ready: Callable[[str], None],
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class HandEdit:
    """What somebody changed in the account past us."""

    address: Address
    path: str
    value: str


@dataclass(frozen=True, slots=True)
class Starter:
    """What a platform gives newcomers: a project to start with, and something for `drift` to find."""

    files: Callable[[str], dict[str, str]]
    """From the name of a project to the paths and texts of its files; `manifests/reconciler.yaml` is one of them."""
    edit_by_hand: Callable[[Provider, State], HandEdit]
    """Changes one managed text in the account past us, as a colleague in a hurry would. Raises `ReconcilerError`
    where nothing that is managed has one."""


class OpenProvider(Protocol):
    """An entry of the table.

    Must: raise `UsageError` for settings it does not know, `AuthRefused` for a key that is not there,
    `NotTrusted` for a host that the key may not go to.
    Must not: send anything.
    """

    def __call__(self, settings: ProviderSettings, context: ProviderContext) -> Provider: ...


class CollectionProvider(ABC):
    """An account whose kinds are collections of objects with ids.

    A platform writes `read_all`, `read_one` and `write`. Ids and names are found by the kind's `id_members` and
    `name_field`; a create is a POST to the kind's collection, an update a PATCH (a partial object where the kind says
    `merge_patch`, else RFC 6902 operations), a delete a DELETE. An API with attachments, sub resources or ids of a
    library overrides what of `types.ports.Provider` it has.
    """

    kinds: Kinds
    vocabulary = ""
    timeout = 30.0

    def __init__(self, base_url: str, clock: Clock, *, key: str = "", reading: bool = False) -> None:
        """`reading`: refuse every write. `key` tells one account from another, and is never shown."""
        self._base_url = base_url
        self._clock = clock
        self._key = key
        self._reading = reading
        self._stop: Callable[[], bool] = lambda: False

    # --- what a platform writes ------------------------------------------------------------------------------------

    @abstractmethod
    def read_all(self, kind: KindSpec) -> Iterable[Object]:
        """The bodies of all objects of the account. Raises `IncompleteList`, `AuthRefused`, `Unavailable`."""

    @abstractmethod
    def read_one(self, kind: KindSpec, id: str) -> Object | None:
        """The body of one object; None where the API does not know the id."""

    @abstractmethod
    def write(self, request: Request, kind: KindSpec, id: str) -> Answer:
        """Send one write; `id` is that of its object, empty for a create. Raises `ProviderError`s."""

    # --- the port --------------------------------------------------------------------------------------------------

    @property
    def requests_sent(self) -> int | None:
        return None

    @property
    def requests_per_second(self) -> float | None:
        return None

    def account(self) -> Account:
        return Account(self._base_url, self.vocabulary)

    def fingerprint(self, digest: Callable[[str], str]) -> str:
        return digest(self._key)

    def list(self, kind: str) -> Listing:
        spec = self.kinds.get(kind)
        found = (self._live(spec, body) for body in self.read_all(spec))
        return Listing(kind, {live.id: live for live in found if live is not None})

    def list_page(self, kind: str, place: int) -> ListPage | None:
        return None

    def get(self, kind: str, id: str) -> LiveObject | None:
        spec = self.kinds.get(kind)
        body = self.read_one(spec, id) if id else None
        return None if body is None else self._live(spec, body, detailed=True)

    def attached_tools(self, id: str) -> tuple[str, ...]:
        return ()

    def part(self, kind: str, id: str, pointer: str) -> Json:
        return None

    def check_library(self, library: str, id: str) -> str | None:
        return None

    def reserved(self, kind: str) -> frozenset[str]:
        return frozenset()

    def requests(self, change: Change, before: Object | None) -> tuple[Request, ...]:
        spec = change.kind
        if change.action is Action.CREATE:
            document = with_markers(spec, change.after or {}, change.managed or {})
            body = to_wire(spec, create_body(spec, document), self.vocabulary)
            return (Request("POST", f"/{spec.name}", change.address, body, "create"),)
        id = change.id or change.importing
        path = f"/{spec.name}/{quote(id, safe='') if id else f'{{{change.address}}}'}"
        if change.action is Action.DELETE:
            return (Request("DELETE", path, change.address, purpose="delete"),)
        if change.action is not Action.UPDATE or not change.patch:
            return ()
        patch: Json = [op.to_json() for op in change.patch]
        body_sent = merge_patch_body(spec, self.vocabulary, change, before) if spec.merge_patch else patch
        return (Request("PATCH", path, change.address, body_sent, "update"),)

    def send(self, request: Request, *, force: bool = False, gate: Gate | None = None) -> Answer:
        if self._reading:
            raise WriteRefused(f"{request.method} {request.path}: this run only reads")
        kind, _, id = request.path.strip("/").partition("/")
        if "{" in unquote(id):
            raise Rejected(f"{request.method} {request.path} still holds a placeholder")
        if gate is not None and gate(0):
            return Answer(304)
        return self.write(request, self.kinds.get(kind), unquote(id))

    def stop_when(self, stop: Callable[[], bool]) -> None:
        self._stop = stop

    def created_id(self, kind: str, answer: Answer) -> str | None:
        return self.id_of(self.kinds.get(kind), answer.body)

    def close(self) -> None:  # noqa: B027 - most have nothing open
        """Give connections back."""

    def id_of(self, kind: KindSpec, body: Json) -> str | None:
        """The id in a body; None where it has none."""
        members = body if isinstance(body, dict) else {}
        found = next((members[word] for word in kind.id_members if members.get(word)), None)
        return None if found is None else str(found)

    def _live(self, kind: KindSpec, body: Object, *, detailed: bool = False) -> LiveObject | None:
        id, name = self.id_of(kind, body), lookup(body, kind.name_field)
        if id is None:
            return None
        shown = name if isinstance(name, str) else None
        return LiveObject(kind, id, shown, body, detailed, read_at=self._clock.monotonic())
