"""The gate in front of every write: what no request may do, whichever way led to it.

Plans from manifests, rollbacks, replacements, moves, migrations and `destroy` pass it where requests are made, and a
saved plan once more where they are sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.types.change import Action, Block, Change
from reconciler.types.json import within
from reconciler.types.manifest import Lifecycle, Manage

WRITES = (Action.CREATE, Action.UPDATE, Action.DELETE)


def unlawful(change: Change, *, in_scope: bool = True, today: Lifecycle | None = None) -> Iterator[Block]:
    """Why this change may not be written at all. `today`: the lifecycle that counts beside the change's own, where a
    plan is made of something older than the manifests."""
    if change.action not in WRITES:
        return
    lifecycles = (change.lifecycle, *((today,) if today is not None else ()))
    if not in_scope:
        yield Block(
            "scope", "this run was not asked about it", f"leave out the option that excludes {change.address}"
        )
    if any(one.manage is Manage.OBSERVE for one in lifecycles):
        yield Block("observe", "it is only observed: nothing of it is written", "drop manage: observe")
    if change.action is Action.DELETE and any(one.protect for one in lifecycles):
        yield Block(
            "protect", "the object is protected", "set lifecycle.protect: false in its manifest and apply that first"
        )
    if change.action is Action.UPDATE:
        ignore = {pointer for one in lifecycles for pointer in one.ignore}
        for path in (field.path for field in change.fields):
            if any(within(path, pointer) for pointer in ignore):
                yield Block(
                    "ignore",
                    f"{path} is left alone (lifecycle.ignore)",
                    f"take {path} out of lifecycle.ignore, or --exclude {change.address}",
                    path,
                )


def loosened(was: Lifecycle, change: Change) -> tuple[str, ...]:
    """What `change` writes although the state remembers it as left alone: the manifest says otherwise by now. Stands
    among the notes of the change, so that nobody lifts it unseen."""
    found = []
    if was.manage is Manage.OBSERVE and change.lifecycle.manage is not Manage.OBSERVE:
        found.append("it was only observed until now (lifecycle.manage)")
    gone = [pointer for pointer in was.ignore if pointer not in change.lifecycle.ignore]
    paths = [field.path for field in change.fields]
    found += [
        f"{pointer} was left alone until now (lifecycle.ignore)"
        for pointer in gone
        if any(within(path, pointer) or within(pointer, path) for path in paths)
    ]
    return tuple(found)
