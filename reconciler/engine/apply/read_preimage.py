"""The pre-image of one change, taken right before its first request: from what was read, and by reading the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from reconciler.core.history.preimage import preimage
from reconciler.core.kind_table import kind
from reconciler.engine.account_reader import read_apart
from reconciler.types.change import Action, Change
from reconciler.types.live import LiveObject
from reconciler.types.ports import Provider
from reconciler.types.preimage import Preimage
from reconciler.types.state import Entry


def before_change(
    change: Change,
    entry: Entry | None,
    fresh: LiveObject | None,
    known: Mapping[tuple[str, str], LiveObject],
    provider: Provider,
) -> Preimage | None:
    """What `change` is about to change. `fresh` is the object where it was read a moment ago.

    None for the delete that ends a replacement: the create before it kept that object. An object that goes is read
    whole, with everything that the API keeps apart from it; of one that changes, what the change touches.
    """
    if change.action is Action.DELETE and change.gives_way_to is not None:
        return None
    goes = change.action is Action.DELETE or change.replaces is not None
    id = change.id if change.replaces is None else entry.id if entry is not None else None
    if id is None or not (goes or change.action is Action.UPDATE):
        return preimage(change, None, entry)
    name = change.address.kind
    held = known.get((name, id))
    live = fresh or held
    if goes and (live is None or not live.detailed):
        live = provider.get(name, id)
    if live is None:
        return preimage(change, None, entry)
    if held is not None and live is not held:
        live = replace(live, tools=held.tools if live.tools is None else live.tools, parts=held.parts)
    apart = set(kind(name).apart)
    return preimage(change, read_apart(provider, live, apart if goes else apart & _touched(change)), entry)


def _touched(change: Change) -> set[str]:
    return {field.path for field in change.fields}
