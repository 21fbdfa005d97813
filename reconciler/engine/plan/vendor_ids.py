"""Ids of the vendor's library (faces, voices) that a plan is about to write: known there, and usable?"""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.core.canonical.field_tree import field_at
from reconciler.engine.account_reader import run_parallel
from reconciler.types.address import Address
from reconciler.types.change import Action, Change
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.ports import Provider

MOST = 50
"""Distinct ids that are asked for; a plan that writes more is not held up for the rest."""


def check_libraries(changes: Iterable[Change], provider: Provider, width: int) -> list[Diagnostic]:
    """A warning for each id that the library does not have. Asks once for each id, and only for what is written."""
    named: dict[tuple[str, str], list[tuple[Address, str]]] = {}
    for change in changes:
        if change.action not in (Action.CREATE, Action.UPDATE):
            continue
        for field in change.fields:
            row = field_at(change.kind, field.path)
            if row is not None and row.library and isinstance(field.after, str) and field.after:
                named.setdefault((row.library, field.after), []).append((change.address, field.path))
    asked = sorted(named)[:MOST]
    problems = run_parallel(lambda one: provider.check_library(*one), asked, width)
    return [
        Diagnostic(
            "E-library",
            Severity.WARNING,
            problem,
            hint="the API may refuse it, or calls may fail; look the id up in the vendor's dashboard",
            address=address,
            pointer=pointer,
        )
        for one, problem in zip(asked, problems, strict=True)
        if problem is not None
        for address, pointer in named[one]
    ]
