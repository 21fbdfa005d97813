"""Two accounts side by side: the manifests of both held against each other, and the plan of the second one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from reconciler.core.canonical.canonical_form import is_at_default, json_equal
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.references import parse_reference
from reconciler.core.diff.three_way import is_secret
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Action, Change, Reason
from reconciler.types.json import SENSITIVE, Json
from reconciler.types.kind import Field, KindSpec
from reconciler.types.manifest import Resource
from reconciler.types.plan import Plan
from reconciler.types.report import Comparison, DesiredDifference, Side, Standing

Names = Mapping[tuple[str, str], str]
"""Kind and id of an object in one account -> its address, or what people call it."""


def compare_accounts(
    here: tuple[Plan, Mapping[Address, Resource], Names], there: tuple[Plan, Mapping[Address, Resource], Names]
) -> Comparison:
    """Every address of both. Each side: the plan of its workspace, its resources as the manifests want them, not
    bound to ids, and the names of the objects of its account."""
    mine, theirs = ({change.address: change for change in side[0].changes} for side in (here, there))
    sides = []
    for address in sorted({*here[1], *there[1], *mine, *theirs}):
        resource, other = here[1].get(address), there[1].get(address)
        desired = desired_differences(resource, here[2], other, there[2]) if resource and other else ()
        change = theirs.get(address)
        pending = change if change is not None and (change.is_difference or change.reason is Reason.OBSERVE) else None
        exists = (_exists(resource, mine.get(address)), _exists(other, change))
        sides.append(
            Side(
                address,
                _kind(change, mine.get(address), resource, other),
                _standing(*exists, differs=bool(desired) or _touches(pending)),
                desired,
                tuple(sorted(field.path for field in pending.fields)) if pending and all(exists) else (),
                pending.action if pending else Action.NOOP,
            )
        )
    return Comparison(here[0].workspace, there[0].workspace, tuple(sides), len(here[0].differences))


def digest_literals(value: Json, tell: Callable[[str], str]) -> Json:
    """The same value, with what `tell` makes of the place of each literal secret beside that place: two manifests may
    say different things at one place. Nothing of it is ever shown."""
    if isinstance(value, SecretRef):
        return replace(value, told=tell(value.name)) if value.kind == "literal" else value
    if isinstance(value, dict):
        return {word: digest_literals(member, tell) for word, member in value.items()}
    return [digest_literals(item, tell) for item in value] if isinstance(value, list) else value


def _touches(change: Change | None) -> bool:
    """Whether a change does more than take the object into the state."""
    return change is not None and (change.action is not Action.NOOP or bool(change.fields))


def _kind(*sides: Change | Resource | None) -> KindSpec:
    """That of the object, from whichever side knows it; one of them does."""
    return next(side.kind for side in sides if side is not None)


def _standing(here: bool, there: bool, *, differs: bool) -> Standing:
    if here and there:
        return Standing.DIFFERS if differs else Standing.SAME
    if here or there:
        return Standing.ONLY_HERE if here else Standing.ONLY_THERE
    return Standing.NOWHERE


def _exists(resource: Resource | None, change: Change | None) -> bool:
    """Whether the account has the object: one that is declared has it unless the plan creates it, one that is not
    has it if the plan deletes or lets go of it."""
    if change is not None and change.action is Action.CREATE:
        return change.reason is Reason.REPLACED
    if resource is not None:
        return True
    return change is not None and (change.action is Action.DELETE or change.before is not None)


def desired_differences(
    here: Resource, names_here: Names, there: Resource, names_there: Names
) -> tuple[DesiredDifference, ...]:
    """The leaves that the manifests want differently, ids by the name of their object in their account."""
    spec = here.kind
    found = []
    for path in sorted({*here.leaves, *there.leaves}):
        row = field_at(spec, path)
        wanted_here, wanted_there = here.leaves.get(path), there.leaves.get(path)
        if row is not None and row.ref:
            wanted_here = _by_name(row.ref, wanted_here, names_here)
            wanted_there = _by_name(row.ref, wanted_there, names_there)
        if json_equal(wanted_here, wanted_there) or (_unsaid(row, wanted_here) and _unsaid(row, wanted_there)):
            continue
        hidden = is_secret(row, wanted_here) or is_secret(row, wanted_there)
        found.append(DesiredDifference(path, _shown(wanted_here, hidden=hidden), _shown(wanted_there, hidden=hidden)))
    return tuple(found)


def _unsaid(row: Field | None, value: Json) -> bool:
    """Whether a manifest without the value would mean the same."""
    return value is None or is_at_default(row, value)


def _by_name(target: str, value: Json, names: Names) -> Json:
    """Ids as the addresses that bear them, so that one object of each account counts as the same."""
    if isinstance(value, list):
        named: list[Json] = [_by_name(target, item, names) for item in value]
        return sorted(named, key=str)
    if isinstance(value, str):
        return names.get((target, value), value)
    address = parse_reference(value)
    return str(address) if address is not None else value


def _shown(value: Json, *, hidden: bool) -> Json:
    """Free of secrets: what is given by reference names it, anything else at a secret place is not shown."""
    if isinstance(value, SecretRef):
        return SENSITIVE if value.kind == "literal" else {value.kind: value.name}
    address = parse_reference(value)
    if address is not None:
        return {"ref": str(address)}
    if hidden and value is not None and not isinstance(value, list | dict):
        return SENSITIVE
    if isinstance(value, dict):
        return {word: _shown(member, hidden=hidden) for word, member in value.items()}
    return [_shown(item, hidden=hidden) for item in value] if isinstance(value, list) else value
