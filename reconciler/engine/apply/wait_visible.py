"""Looking whether the account shows a write, again and again for a while; and what to say when it does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.core.canonical.canonical_form import keyed_parent, leaf_at
from reconciler.core.canonical.vocabulary import live_document
from reconciler.core.planning.read_back import Judgement
from reconciler.errors import Rejected
from reconciler.types.change import Change, Request
from reconciler.types.json import Json
from reconciler.types.ports import Clock, Provider

READ_AGAIN = (0.2, 0.4, 0.8, 1.4, 2.2)
"""Pauses between readings while the account does not show a write yet: five times, five seconds in all."""


def read_intervals(clock: Clock) -> Iterator[None]:
    """One turn at once, and one more after each pause, for as long as an account may lag behind a write."""
    yield
    for pause in READ_AGAIN:
        clock.sleep(pause)
        yield


def wait_until_attached(change: Change, wanted: set[Json], provider: Provider, clock: Clock) -> None:
    """Make sure that the tools are there before a patch takes their inline copies away. Raises `Rejected`."""
    missing = wanted
    for _ in read_intervals(clock):
        missing = wanted - set(provider.attached_tools(change.id or ""))
        if not missing:
            return
    raise Rejected(
        f"{change.address}: {', '.join(map(str, sorted(missing, key=str)))} was attached and is not there",
        hint="its inline tools were left in place; run apply again",
    )


def wait_until_patched(change: Change, sent: Sequence[Request], provider: Provider, clock: Clock) -> None:
    """Make sure that inline tools are there before a registry tool of that work is detached. Raises `Rejected`."""
    spec = change.kind
    inline = [field.path for field in change.fields if keyed_parent(spec, field.path) and field.after is not None]
    if not inline or sent[-1].purpose == "detach" or change.id is None:
        return
    for _ in read_intervals(clock):
        live = provider.get(spec.name, change.id)
        if live is not None and all(leaf_at(spec, live_document(spec, live), path) for path in inline):
            return
    raise Rejected(
        f"{change.address}: {', '.join(inline)} was written and is not there",
        hint="its registry tools were left attached; run the same command again",
    )


def refuse(change: Change, id: str, verdict: Judgement | None, *, drafted: bool) -> Rejected:
    """Why a write counts as failed: what the readings after it say, with the way on."""
    if verdict is None:
        return Rejected(f"{change.address} ({id}) cannot be read after the write")
    if verdict.vanished:
        return Rejected(
            f"the write of {change.address} made the account lose {', '.join(verdict.vanished)}",
            hint="what it was stands in the plan; run plan again to restore what the manifests hold",
        )
    if verdict.draft or drafted:
        return Rejected(
            f"the write of {change.address} went into an unpublished draft",
            hint="publish or discard the draft in the vendor's editor, then run apply again",
        )
    return Rejected(
        f"the account does not show the write of {change.address} at {', '.join(verdict.pending)}",
        hint="run plan again; if it stays, the API ignores this field: remove it or add it to lifecycle.ignore",
    )
