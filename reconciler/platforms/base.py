"""What every entry of the providers table looks like, and what it is handed when a run opens it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, runtime_checkable

from reconciler.core.secrets.redact_text import Redactor
from reconciler.core.settings.operator_trust import Trusted
from reconciler.platforms.pace import Budget, Pace, Paces, account_name
from reconciler.types.ports import Clock, Emit, Provider, Secrets
from reconciler.types.project import ProviderSettings


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
    paces: Paces = field(default_factory=Paces)
    """One for each account. Handed from run to run where several of one process are to share the accounts' limits."""
    answers: Answers | None = None
    """Hears of every answer to a GET."""
    keyless: str = ""
    """A workspace of the same project that needs no key; empty where there is none."""

    def pace(self, base_url: str, key: str) -> Pace:
        """The pace of the account that `key` opens at `base_url`, in common with all who use the same."""
        account = account_name(base_url, key)
        return self.paces.of(account, self.clock, self.max_requests_per_second, self.budget)


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


class OpenProvider(Protocol):
    """An entry of the table.

    Must: raise `UsageError` for settings it does not know, `AuthRefused` for a key that is not there,
    `NotTrusted` for a host that the key may not go to.
    Must not: send anything.
    """

    def __call__(self, settings: ProviderSettings, context: ProviderContext) -> Provider: ...
