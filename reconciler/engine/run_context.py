"""Where a run takes place: everything that stays the same from its start to its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.core.secrets.secret_book import SecretBook
from reconciler.core.serialization.digest import SecretDigests, key_fingerprint
from reconciler.types.catalogue import Catalogue
from reconciler.types.ports import Provider, Secrets
from reconciler.types.project import Workspace
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Setting:
    """One workspace, its account, and the secrets at hand."""

    workspace: Workspace
    provider: Provider
    secrets: Secrets
    project: str = "project"
    digest_key: bytes | None = None
    """From RECONCILER_DIGEST_KEY: secrets are then digested with HMAC instead of scrypt."""
    catalogue: Callable[[], Catalogue] | None = None
    """The model catalogue, read when first needed: a run in which nothing differs needs none."""
    wait_for_creates: Callable[[], None] = lambda: None
    """Called between two looks for what an open create made: a request that was on its way when its run was killed
    may be carried out after the first. Runs that only read do not wait."""

    previous_key: bytes | None = None
    """From RECONCILER_DIGEST_KEY_PREVIOUS: what was digested with the key before can still be compared."""
    identity: str | None = None
    """The project's name as its states bear it; None where no project file gives one."""

    def fingerprint(self, state: State) -> str:
        """Salted digest of the API key, by which this account is known again."""
        return self.provider.fingerprint(lambda key: key_fingerprint(state.salt, key))

    def book(self, state: State) -> SecretBook:
        """The secrets of this run, digested the way this state does it."""
        digests = SecretDigests(state.salt, self.digest_key, previous=self.previous_key, recorded=state.digest_key)
        return SecretBook(digests, self.secrets.resolve)
