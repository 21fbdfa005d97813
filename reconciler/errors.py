"""Every error that the tool raises on purpose, with its exit code and a hint.

The tree (exit code in brackets):

    ReconcilerError [1]
    ├── UsageError [64]            wrong flags or settings on the command line
    ├── ManifestError [1]          manifests or project file are not valid; carries all diagnostics
    ├── PlanBlocked [3]            a safety rule or policy refuses the plan
    ├── NotTrusted [3]             a project file wants a host, a command or a variable that is not the operator's
    ├── PlanStale [5]              a saved plan no longer fits the state or the account
    ├── PlanUnreadable [5]         a saved plan was edited, damaged or made by another format
    ├── StateError [1]
    │   ├── StateLocked [4]        somebody else holds the lock; carries the holder
    │   ├── StateMoved [5]         the state was written by somebody else in the meantime
    │   └── StateUnreadable [1]    damaged, or newer than this version
    ├── NothingFound [1]           nothing to look at: no manifests and no state, or no state to compare with
    │   └── UnknownAddress         an address, or a place under it, that is not there
    ├── SourceAway [1]             the repository to fetch manifests from does not answer
    ├── SecretMissing [1]          a planned write needs a secret that is not there
    ├── ProviderError [1]
    │   ├── AuthRefused            401 / 403
    │   ├── Rejected               any other 4xx: the request is wrong, a retry will not help
    │   │   ├── NotFound           404, or the 400 that means "unknown id"
    │   │   └── MakerConflict      409: a person is editing this object in the vendor's editor
    │   ├── Unavailable            no answer, or 5xx / 429 after all retries
    │   │   ├── Unreachable        nothing could be sent: no connection, no name, a failing proxy
    │   │   └── OutcomeUnknown     the same for a create: it may or may not have happened
    │   ├── IncompleteList         a list never became complete
    │   └── WriteRefused           a reading command tried to write: a bug, stopped by construction
    └── Interrupted [130]          Ctrl-C

Exceptions of libraries (httpx, yaml, pydantic) never leave the module that calls the library. A collected list of
what is wrong with the input is a list of `Diagnostic` records; an exception means "cannot go on".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from reconciler.error_base import ReconcilerError as ReconcilerError  # noqa: PLC0414 - to be had from here, too
from reconciler.error_base import UsageError as UsageError  # noqa: PLC0414

if TYPE_CHECKING:
    from reconciler.types.diagnostic import Diagnostic
    from reconciler.types.plan import Plan


class DiagnosticsError(ReconcilerError):
    """An error that is a list of diagnostics; all of them are shown."""

    def __init__(self, message: str, diagnostics: Sequence[Diagnostic], *, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = tuple(diagnostics)


class ManifestError(DiagnosticsError):
    """Manifests or the project file are not valid."""


class NothingFound(DiagnosticsError):
    """There is nothing to look at: probably the wrong folder, so this is never a success. `diagnostics` are what was
    said about the files that were passed over."""


class UnknownAddress(NothingFound):
    """An address, or a place under it, that is not there: a typo, or something that was never applied."""

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message, (), hint=hint)


class PlanError(DiagnosticsError):
    """No plan can be made: ambiguous names, dangling references, objects that are not ours."""


class PlanBlocked(DiagnosticsError):
    """A safety rule or a policy refuses the plan; nothing was sent. `plan` is what was refused."""

    exit_code = 3
    plan: Plan | None = None


class NotTrusted(ReconcilerError):
    """A project file wants credentials sent to a host, or a command run, that is not known as the operator's; nothing
    was sent or run. `host` (`host:port`) or `command` is what `reconciler trust` takes; None for a variable."""

    exit_code = 3

    def __init__(
        self, message: str, *, hint: str | None = None, host: str | None = None, command: str | None = None
    ) -> None:
        super().__init__(message, hint=hint)
        self.host = host
        self.command = command


class PlanStale(ReconcilerError):
    """The state, the account or a live object moved since the plan was made; nothing was sent."""

    exit_code = 5


class PlanUnreadable(PlanStale):
    """The plan file was edited, is damaged, or has a format that this version does not read."""


class StateError(ReconcilerError):
    """The state cannot be read or written."""


class StateLocked(StateError):
    """Somebody else holds the lock. `holder` is the lock record as shown to the user."""

    exit_code = 4

    def __init__(self, message: str, *, holder: Mapping[str, str], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.holder = dict(holder)


class StateMoved(StateError):
    """The serial in the backend is not the one this run started from."""

    exit_code = 5


class StateUnreadable(StateError):
    """Damaged bytes, or a format newer than this version."""


class SourceAway(ReconcilerError):
    """The repository that manifests are fetched from could not be reached; what was fetched last is still there."""


class SecretMissing(ReconcilerError):
    """A planned write needs secrets that are not available; nothing was sent."""


class ProviderError(ReconcilerError):
    """The API refused or did not answer. `retryable` says whether the same request may help later."""

    retryable = False

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        hint: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message, hint=hint)
        self.status = status
        self.retry_after = retry_after


class AuthRefused(ProviderError):
    """401 or 403: the key is missing, wrong, or not allowed from here."""


NOT_SERVED = frozenset({404, 405, 410, 501})
"""What a server answers that does not know a place."""


class Rejected(ProviderError):
    """The request is wrong in the API's eyes; sending it again will not help."""

    @property
    def not_served(self) -> bool:
        """Whether a list or a part that was asked for is none of this server's. Any other refusal says nothing about
        what there is."""
        return self.status in NOT_SERVED


class NotFound(Rejected):
    """404, or the 400 that the API answers for an unknown or foreign id."""


class MakerConflict(Rejected):
    """409 `maker_changes`: a person has unpublished edits of this object in the vendor's editor."""


class Unavailable(ProviderError):
    """No answer, a broken answer, or 429/5xx after all retries."""

    retryable = True


class Unreachable(Unavailable):
    """Nothing could be sent: the address, the network or a proxy stands in the way of every request alike."""


class OutcomeUnknown(Unavailable):
    """A create was sent and its outcome is unknown: look the object up before sending it again."""


class IncompleteList(ProviderError):
    """A list endpoint never returned a complete list."""


class WriteRefused(ProviderError):
    """A reading command tried to send something other than GET."""


class Interrupted(ReconcilerError):
    """Ctrl-C: running requests were finished, the rest was not started."""

    exit_code = 130
