"""`no_deprecated: true`: no model, engine or field that is on its way out."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.fields.outdated import Outdated, outdated_field, outdated_name, outdated_place
from reconciler.core.kind_table import kind
from reconciler.core.policies.policy import PolicyRule, Situation, Subject, Violation
from reconciler.types.catalogue import Catalogue
from reconciler.types.json import Json, split
from reconciler.types.kind import KindSpec


def judge(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """What rule L32 warns of; a comment that keeps it for the linter does not lift the policy."""
    catalogue = situation.catalogue() if situation.catalogue is not None else None
    spec = kind(subject.address.kind)
    for pointer, value in subject.leaves.items():
        found = _outdated(spec, pointer, value, catalogue)
        if found is not None:
            advice = found.advice or "`reconciler migrate` may know what follows it"
            yield Violation(pointer, f"{found.summary}, and the project allows nothing deprecated", advice)


def _outdated(spec: KindSpec, pointer: str, value: Json, catalogue: Catalogue | None) -> Outdated | None:
    found = outdated_place(pointer, value)
    if found is None and catalogue is not None:
        found = outdated_name(pointer, value, catalogue)
    tokens = split(pointer)
    for depth in range(len(tokens), 0, -1):
        if found is not None:
            break
        place = "/".join(pointer.split("/")[: depth + 1])
        row = field_at(spec, place)
        # Above the leaf the value is an object with this leaf in it: it says something.
        found = outdated_field(place, value if place == pointer else True, row) if row is not None else None
    return found


RULE = PolicyRule(
    "no_deprecated",
    "Nothing that is on its way out is written.",
    values=judge,
    active=lambda policy: policy.no_deprecated,
)
