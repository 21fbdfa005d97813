"""Filling the placeholders of a planned request: ids, secrets, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.core.canonical.references import bind, reference_texts
from reconciler.core.secrets.secret_book import SecretBook, markers
from reconciler.core.state.entry_records import digests_to_write
from reconciler.errors import PlanStale, SecretMissing
from reconciler.types.address import Address
from reconciler.types.change import Change, Request
from reconciler.types.diagnostic import Diagnostic, Severity, Source
from reconciler.types.json import Json
from reconciler.types.state import State

PLACEHOLDER = re.compile(r"\{([a-z_]+\.[A-Za-z0-9_.-]+)\}")


def fill_request(request: Request, ids: Mapping[Address, str], book: SecretBook) -> Request:
    """The request as it goes on the wire.

    Raises `PlanStale` when an id is still unknown, `SecretMissing` when a secret is not available.
    """

    def known(match: re.Match[str]) -> str:
        address = Address.parse(match.group(1))
        if address not in ids:
            raise PlanStale(f"the id of {address} is not known: it was not created")
        return ids[address]

    body = bind(request.body, ids)
    unknown = next(reference_texts(body), None)
    if unknown is not None:
        raise PlanStale(f"the id of {unknown} is not known: it was not created")
    missing = book.missing(body)
    if missing:
        raise SecretMissing(f"{request.address} needs a secret that is not available: {', '.join(missing)}")
    return replace(request, path=PLACEHOLDER.sub(known, request.path), body=_fill(body, book))


def _fill(body: Json, book: SecretBook) -> Json:
    return book.fill(body) if next(markers(body), None) is not None else body


def check_secrets(changes: tuple[Change, ...], book: SecretBook) -> None:
    """Every secret that a planned write needs must be there before the first write is sent.

    Raises `SecretMissing` naming every missing reference and the resource that needs it.
    """
    lines: list[str] = []
    for change in changes:
        missing = _missing(change, book)
        if missing:
            where = f" ({change.source})" if change.source else ""
            lines.append(f"{change.address}{where} needs {', '.join(missing)}")
    if lines:
        raise SecretMissing(
            "secrets that this plan needs are not available, nothing was sent:\n  " + "\n  ".join(lines),
            hint="set the environment variables or provide the files named above, and run the same command again",
        )


def check_digest_key(changes: Iterable[Change], state: State, book: SecretBook) -> None:
    """Nothing may be written whose digest would be made without the key that the state's digests are made with.

    Raises `SecretMissing` naming the places.
    """
    if not book.digests.lacks_key:
        return
    lines = [
        f"{change.address}: {path}"
        for change in changes
        for path in digests_to_write(change, state.resources.get(change.previous or change.address), book)
    ]
    if lines:
        raise SecretMissing(
            "the digests of this state are made with a key that is not here, and this apply would write digests of "
            "secrets; nothing was sent:\n  " + "\n  ".join(lines),
            hint="set RECONCILER_DIGEST_KEY as in the run before, and run the same command again",
        )


def missing_secrets(changes: Iterable[Change], book: SecretBook) -> list[Diagnostic]:
    """The same as warnings of a plan: it may well be applied where the secrets are."""
    return [
        Diagnostic(
            "E-secret",
            Severity.WARNING,
            f"{change.address} needs {', '.join(missing)}, which is not available here; apply would stop before its "
            "first write",
            hint="set the environment variables or provide the files named above before apply",
            address=change.address,
            pointer=next((path for path, value in (change.managed or {}).items() if book.missing(value)), None),
            source=Source(change.source) if change.source else None,
        )
        for change in changes
        if (missing := _missing(change, book))
    ]


def _missing(change: Change, book: SecretBook) -> list[str]:
    return sorted({name for request in change.requests for name in book.missing(request.body)})
