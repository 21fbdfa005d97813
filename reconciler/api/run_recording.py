"""Recording of all inputs of a reading run: what it read of files, secrets, state and account."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.core.planning.run_trace import Trace
from reconciler.types.event import Notice

if TYPE_CHECKING:
    from reconciler.core.planning.resource_verdicts import ResourceVerdicts
    from reconciler.types.address import SecretRef
    from reconciler.types.event import Event
    from reconciler.types.ports import Backend, Provider, Secrets

TREE, SECRET, STATE, ACCOUNT, ANSWER = "tree", "secret", "state", "account", "answer"
"""The first item of every key of a trace: where the input came from."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Records every input of a run in `trace`, and serves answers of the account that were read before it."""

    trace: Trace
    answers: dict[str, bytes] = field(default_factory=dict)
    verdicts: ResourceVerdicts | None = None
    """About what an earlier run found in sync."""

    def known(self, request: str) -> bytes | None:
        return self.answers.pop(request, None)

    def heard(self, request: str, answer: bytes) -> None:
        self.trace.note((ANSWER, request), answer)

    def refused(self) -> None:
        self.trace.exact = False

    def asked_tree(self, question: tuple[str, ...], *answer: bytes) -> None:
        self.trace.note((TREE, *question), *answer)

    def secrets(self, secrets: Secrets) -> Secrets:
        return _RecordedSecrets(secrets, self.trace)

    def read_state(self, backend: Backend, stored: bytes | None) -> None:
        """`stored` is the document as the backend has it now."""
        journal = backend.journal
        lines = repr((backend.describe(), [] if journal is None else [*journal.read()])).encode()
        self.trace.note((STATE,), lines, b"!" if stored is None else b"=", stored or b"")

    def connected(self, provider: Provider) -> None:
        """Record which account this is: its base URL, its vocabulary, and its API key as a digest."""
        account = provider.account()
        self.trace.note((ACCOUNT,), repr((account.base_url, account.vocabulary)).encode())

        def note_key(key: str) -> str:
            self.trace.note((ACCOUNT, "key"), key.encode())
            return ""

        provider.fingerprint(note_key)

    def emit(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """`emit` that marks the trace as inexact once a notice was shown: a cached run could not show it again."""

        def record(event: Event) -> None:
            if isinstance(event, Notice):
                self.trace.exact = False
            emit(event)

        return record


class _RecordedSecrets:
    def __init__(self, secrets: Secrets, trace: Trace) -> None:
        self._secrets = secrets
        self._trace = trace

    def resolve(self, reference: SecretRef) -> str | None:
        found = self._secrets.resolve(reference)
        if reference.kind == "literal":
            self._trace.exact = False  # whoever hides it in texts has to read the manifest for it
        answer = b"!" if found is None else b"=" + found.encode("utf-8", "surrogatepass")
        self._trace.note((SECRET, reference.kind, reference.name), answer)
        return found
