"""What one run works with: workspace, account, secrets, clock, listener, and the store of its state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.serialization.digest import SecretDigests, key_fingerprint
from reconciler.engine.state.lock_owner import Rescue
from reconciler.types.event import Notice
from reconciler.types.ports import Backend, Clock, Emit, Provider, Secrets
from reconciler.types.project import Workspace
from reconciler.types.state import State
from reconciler.waits import StoppableClock

if TYPE_CHECKING:
    from reconciler.core.planning.resource_verdicts import ResourceVerdicts
    from reconciler.types.catalogue import Catalogue
    from reconciler.types.manifest import ManifestSet

SETTLE_SECONDS = 3.0
"""How long a create whose outcome is unknown may still be on its way through the service: a second look for what it
made is not taken earlier. The vendor states no bound; creates are answered well within a second."""


@dataclass(frozen=True, slots=True)
class RunContext:
    """Workspace, account, secrets and environment of one run; constant while it lasts."""

    workspace: Workspace
    provider: Provider
    secrets: Secrets
    clock: Clock
    project: str = "project"
    digest_key: bytes | None = None
    """From RECONCILER_DIGEST_KEY: secrets are then digested with HMAC instead of scrypt."""
    catalogue: Callable[[], Catalogue] | None = None
    """The model catalogue, read when first needed: a run in which nothing differs needs none."""
    settle: Callable[[str], None] = lambda why: None
    """Wait before a second look for an object that the state knows and the account does not show, and say why.
    A request in flight when its run was killed may take effect after the first look, and an account with several
    servers may lag. Runs that only read do not wait."""
    previous_key: bytes | None = None
    """From RECONCILER_DIGEST_KEY_PREVIOUS: what was digested with the key before can still be compared."""
    identity: str | None = None
    """The project's name as its states bear it; None where no project file gives one."""
    backend: Backend | None = None
    """Where the state is kept; a run that only reads is handed the state itself, and needs none."""
    emit: Emit = lambda event: None
    stop: Callable[[], bool] = lambda: False
    """True once the user asked to stop: running requests finish, no new one starts."""
    verdicts: ResourceVerdicts | None = None
    """What stands in the manifests and in the state for resources that an earlier run found in sync."""
    reread: Callable[[], tuple[ManifestSet, State]] | None = None
    """Both once more, after verdicts were dropped; goes with `verdicts`."""
    rescue: Rescue = Rescue()
    """Where a state that could not be stored is saved."""

    @property
    def store(self) -> Backend:
        """The backend of a run that writes. Raises `TypeError` where none was given: a mistake in the program."""
        if self.backend is None:
            raise TypeError("a run without a backend writes no state")
        return self.backend

    def fingerprint(self, state: State) -> str:
        """Salted digest of the API key, by which a later run recognises the account."""
        return self.provider.fingerprint(lambda key: key_fingerprint(state.salt, key))

    def book(self, state: State) -> SecretBook:
        """The secrets of this run, digested with the salt and key of this state."""
        digests = SecretDigests(state.salt, self.digest_key, previous=self.previous_key, recorded=state.digest_key)
        return SecretBook(digests, self.secrets.resolve)

    def for_writing(self) -> RunContext:
        """This context for a plan that will be applied: the provider stops waiting on `stop`, and an object that may
        still be in flight is awaited instead of created twice."""
        self.provider.stop_when(self.stop)

        def wait(why: str) -> None:
            self.emit(Notice(why))
            StoppableClock(self.clock, self.stop, "the account to show what it holds").sleep(SETTLE_SECONDS)

        return replace(self, settle=wait)
