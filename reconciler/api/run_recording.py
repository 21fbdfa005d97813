"""Everything that a reading run asks of files, secrets, state and account, heard with the answers."""

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
"""Whom a run asks."""


@dataclass(frozen=True, slots=True)
class Recording:
    """Hears everything that a run reads, and hands out answers that were read already."""

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
        return _HeardSecrets(secrets, self.trace)

    def read_state(self, backend: Backend, stored: bytes | None) -> None:
        """`stored` is the document as the backend has it now."""
        journal = backend.journal
        lines = repr((backend.describe(), [] if journal is None else [*journal.read()])).encode()
        self.trace.note((STATE,), lines, b"!" if stored is None else b"=", stored or b"")

    def connected(self, provider: Provider) -> None:
        """Who the account is, as far as its address and key tell."""
        told = provider.account()
        self.trace.note((ACCOUNT,), repr((told.base_url, told.vocabulary)).encode())

        def note_key(key: str) -> str:
            self.trace.note((ACCOUNT, "key"), key.encode())
            return ""

        provider.fingerprint(note_key)

    def emit(self, emit: Callable[[Event], None]) -> Callable[[Event], None]:
        """`emit`; what is said to people while a run goes on cannot be said again."""

        def hear(event: Event) -> None:
            if isinstance(event, Notice):
                self.trace.exact = False
            emit(event)

        return hear


class _HeardSecrets:
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
