"""demo: which field of which object the tour edits behind our back, and the request that does it."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.errors import ReconcilerError
from reconciler.types.address import Address
from reconciler.types.change import Request
from reconciler.types.json import Json, lookup
from reconciler.types.ports import Provider
from reconciler.types.state import State

EDITABLE = ("/greeting", "/system_prompt")
"""Plain texts that are spelt alike in both vocabularies, the shortest first."""
WORDS = "Hey! (edited by hand, in the vendor's web page)"


@dataclass(frozen=True, slots=True)
class HandEdit:
    """What somebody changed in the account."""

    address: Address
    path: str
    value: str


def edit_by_hand(provider: Provider, state: State) -> HandEdit:
    """Change one managed text of one persona in the account, past us, as a colleague in a hurry would.

    Raises `ReconcilerError` where nothing that is managed has such a text.
    """
    for path in EDITABLE:
        for address, entry in sorted(state.resources.items()):
            if address.kind != "persona" or path not in entry.sent:
                continue
            live = provider.get(address.kind, entry.id)
            if live is None or not isinstance(lookup(live.body, path), str):
                continue
            collection = "pals" if provider.vocabulary == "pal" else "personas"
            body: Json = [{"op": "replace", "path": path, "value": WORDS}]
            provider.send(Request("PATCH", f"/{collection}/{entry.id}", address, body))
            return HandEdit(address, path, WORDS)
    raise ReconcilerError("no persona here has a greeting or a prompt to edit", hint="give other --manifests")
