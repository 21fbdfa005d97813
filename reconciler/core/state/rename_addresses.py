"""Objects and open creates get other addresses, all at once: entries, what refers to them, and intents.

A move names the object that moves, so that the same moves twice are the same as once, exchanges of two addresses too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.types.address import Address
from reconciler.types.state import Entry, Intent, Move, State


def renamed(state: State, moves: Iterable[Move]) -> State:
    """`state` after `moves`."""
    moves = tuple(moves)
    if not moves:
        return state
    pending = renamed_intents({intent.address: intent for intent in state.pending}, moves)
    resources = renamed_entries(state.resources, moves)
    return replace(state, resources=resources, pending=tuple(pending.values()))


def renamed_entries(resources: Mapping[Address, Entry], moves: Iterable[Move]) -> dict[Address, Entry]:
    """The entries at their new addresses, and every reference to one of them as well."""
    done = {
        move.before: move.after
        for move in moves
        if (entry := resources.get(move.before)) is not None and entry.id == move.id
    }
    if not done:
        return dict(resources)
    texts = {str(before): str(after) for before, after in done.items()}
    left = {address: entry for address, entry in resources.items() if address not in done}
    come = {after: resources[before] for before, after in done.items()}
    return {address: _pointed(entry, texts, done) for address, entry in {**left, **come}.items()}


def renamed_intents(pending: Mapping[Address, Intent], moves: Iterable[Move]) -> dict[Address, Intent]:
    """Open creates at their new addresses."""
    done = {move.before: move.after for move in moves if move.before in pending}
    left = {address: intent for address, intent in pending.items() if address not in done}
    return left | {after: replace(pending[before], address=after) for before, after in done.items()}


def _pointed(entry: Entry, texts: Mapping[str, str], done: Mapping[Address, Address]) -> Entry:
    successor = entry.gives_way_to
    if successor not in done and not any(used in texts for used in entry.refs):
        return entry
    refs = tuple(texts.get(used, used) for used in entry.refs)
    return replace(entry, refs=refs, gives_way_to=done.get(successor, successor) if successor else None)
