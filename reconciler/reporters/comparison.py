"""Two workspaces side by side, as the formats share it: words, leaves without secrets, and the JSON object."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.secrets.redact_document import is_secret, redact_at
from reconciler.reporters.change_json import ACTIONS
from reconciler.types.json import SENSITIVE, Json, Object
from reconciler.types.kind import KindSpec
from reconciler.types.report import Comparison, DesiredDifference, Side, Standing

SIGNS = {
    Standing.SAME: "=",
    Standing.DIFFERS: "~",
    Standing.ONLY_HERE: "<",
    Standing.ONLY_THERE: ">",
    Standing.NOWHERE: "+",
}


def words(standing: Standing, comparison: Comparison) -> str:
    """What a standing is called beside an address: `only in sandbox`."""
    return {
        Standing.SAME: "same",
        Standing.DIFFERS: "differs",
        Standing.ONLY_HERE: f"only in {comparison.here}",
        Standing.ONLY_THERE: f"only in {comparison.there}",
        Standing.NOWHERE: "in neither yet",
    }[standing]


def counts(comparison: Comparison) -> str:
    """`3 addresses: 1 same, 1 differs, 1 only in sandbox.`"""
    parts = [f"{count:,} {words(standing, comparison)}" for standing, count in comparison.counts().items() if count]
    number = len(comparison.sides)
    return f"{number:,} address{'' if number == 1 else 'es'}" + (f": {', '.join(parts)}." if parts else ".")


def remark(side: Side, comparison: Comparison) -> str:
    """What promoting does to it, in a few words; nothing where it does nothing."""
    if not side.pending:
        return ""
    number = len(side.pending)
    return f"promoting changes {number} field{'' if number == 1 else 's'} in {comparison.there}"


def leaves(side: Side) -> Iterator[DesiredDifference]:
    """What the manifests want differently, without secrets whatever the record holds."""
    for difference in side.desired:
        yield DesiredDifference(
            difference.path,
            _safe(side.kind, difference.path, difference.here),
            _safe(side.kind, difference.path, difference.there),
        )


def _safe(kind: KindSpec, path: str, value: Json) -> Json:
    if (
        isinstance(value, dict)
        and value.keys() in ({"env"}, {"file"})
        and isinstance(next(iter(value.values())), str)
    ):
        return value
    if is_secret(kind, path) and value is not None:
        return SENSITIVE
    return redact_at(kind, path, value)


def comparison_object(comparison: Comparison) -> Object:
    """`{from, to, resources: [{address, standing, desired, pending, action}], summary}`."""
    counted = comparison.counts()
    resources: list[Json] = [
        {
            "address": str(side.address),
            "standing": _word(side.standing),
            "desired": [{"path": leaf.path, "from": leaf.here, "to": leaf.there} for leaf in leaves(side)],
            "pending": list(side.pending),
            "action": ACTIONS[side.action],
        }
        for side in comparison.sides
    ]
    return {
        "from": comparison.here,
        "to": comparison.there,
        "resources": resources,
        "summary": {_word(standing): counted[standing] for standing in Standing},
        "waiting_in_from": comparison.waiting,
    }


def _word(standing: Standing) -> str:
    """The words of the JSON form, which knows `from` and `to`."""
    return {
        Standing.ONLY_HERE: "only_in_from",
        Standing.ONLY_THERE: "only_in_to",
        Standing.NOWHERE: "in_neither",
    }.get(standing, standing.value)
