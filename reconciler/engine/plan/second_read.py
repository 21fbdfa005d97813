"""Which live objects a plan has to look at once more, beyond the lists, and which of them are of no use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reconciler.core.canonical.field_tree import unlisted
from reconciler.core.kind_table import kind
from reconciler.core.resource_diff.records import Binding, ResourcePlan
from reconciler.engine.plan.wait_ready import failure, remedy, standing
from reconciler.types.address import Address
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.live import LiveObject
from reconciler.types.resource import Resource
from reconciler.types.state import State


@dataclass(frozen=True, slots=True)
class Known:
    """What a run knows once its lists are read."""

    wanted: Mapping[Address, Binding]
    """The resources in scope."""
    resources: Mapping[Address, Resource]
    state: State
    live: Mapping[tuple[str, str], LiveObject]
    """By kind and id; it fills up as the run looks at objects."""

    def live_of(self, address: Address) -> LiveObject | None:
        """The live object of a wanted resource, None where there is none yet."""
        id = self.wanted[address].id
        return self.live.get((address.kind, id)) if id is not None else None


def partly_listed(known: Known) -> list[LiveObject]:
    """Objects of which a manifest or the state speaks of something that lists leave out."""
    found: list[LiveObject] = []
    for address, binding in known.wanted.items():
        live = known.live_of(address)
        rows = unlisted(kind(address.kind))
        if rows and live is not None and not live.detailed:
            ours = {*known.resources[address].leaves, *(binding.entry.sent if binding.entry else ())}
            if any(live.body.get(pointer[1:]) is None for pointer in rows & ours):
                found.append(live)
    return found


def spoken_of(known: Known) -> dict[tuple[str, str], set[str]]:
    """The live objects of which a manifest or the state speaks of something that is kept apart, and of what."""
    found: dict[tuple[str, str], set[str]] = {}
    for address, entry in known.state.resources.items():
        if ours := set(kind(address.kind).apart) & entry.sent.keys():
            found.setdefault((address.kind, entry.id), set()).update(ours)
    for address, binding in known.wanted.items():
        ours = set(kind(address.kind).apart) & known.resources[address].leaves.keys()
        if ours and binding.id is not None:
            found.setdefault((address.kind, binding.id), set()).update(ours)
    return found


def told_of_failures(planned: Mapping[Address, ResourcePlan], known: Known) -> list[Diagnostic]:
    """Objects of ours that the vendor could not process: in sync, and of no use."""
    found: list[Diagnostic] = []
    for address, result in planned.items():
        live = known.live_of(address)
        now = standing(live) if live is not None else None
        if now is not None and now.failed:
            summary, hint = failure(str(address), now), remedy(result.change)
            source = known.resources[address].source
            found.append(Diagnostic("E-failed", Severity.WARNING, summary, hint=hint, address=address, source=source))
    return found
