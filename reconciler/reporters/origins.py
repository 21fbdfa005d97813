"""Where a value comes from, as text and as JSON."""

from __future__ import annotations

from reconciler.reporters.values import show
from reconciler.types.json import Object
from reconciler.types.manifest import Origin, Why


def why_text(why: Why) -> str:
    """The value, the place that decides it, and what lies below that."""
    first, *below = why.origins
    lines = [f"{why.address} {why.pointer}: {show(why.value, 200)}", f"  said at {_told(first)}"]
    lines += [f"  over    {_told(one)}" for one in below]
    return "\n".join(lines)


def why_document(why: Why) -> Object:
    """`{address, path, value, origins: [{place, layer, through}]}`, the one that decides first."""
    return {
        "address": str(why.address),
        "path": why.pointer,
        "value": why.value,
        "origins": [{"place": one.place, "layer": one.layer, "through": one.through or None} for one in why.origins],
    }


def _told(origin: Origin) -> str:
    through = f", through {origin.through}" if origin.through else ""
    return f"{origin.place} ({origin.layer}{through})"
