"""The cache of reading runs, in whatever state it is: with it and without it they say the same."""

from __future__ import annotations

import copy
import random
import shutil
from dataclasses import replace
from pathlib import Path

from reconciler.api.render import render
from reconciler.errors import ReconcilerError
from tests.properties.world.machine import Gone, Kind, Step, Violated, World
from tests.properties.world.steps_account import propose_touch, touch
from tests.properties.world.steps_files import edit, propose_edit
from tests.properties.world.steps_runs import workspace_of

IN_SYNC = 0.5
"""So often all of it is tried on a project in sync as well."""
HARM = ("none", "none", "none", "delete", "tear", "flip", "mix", "foreign", "copy")


def propose_cached(world: World, rnd: random.Random) -> Step | None:
    return {
        "workspace": workspace_of(rnd),
        "harm": rnd.choice(HARM),
        "at": rnd.random(),
        "narrow": rnd.random() < 0.2,
        "edited": propose_edit(world, rnd) if rnd.random() < 0.5 else None,
        "touched": propose_touch(world, rnd) if rnd.random() < 0.3 else None,
    }


def cached(
    world: World, workspace: str, harm: str, at: float, narrow: bool,
    edited: Step | None = None, touched: Step | None = None,
) -> None:  # fmt: skip
    """A plan and a drift are the same to the byte with and without the cache, and again with what that one left; then
    a plan after one file and one object of the account were edited."""
    world.project.write()
    spoil(world.project.folder / ".reconciler" / "cache", harm, at)
    chosen = sorted(world.project.docs)[:1] if narrow else []
    for verb in ("plan", "drift"):
        plain = said(world, workspace, verb, chosen, cache=False)
        for reading in ("the cache as it was", "what the run before left"):
            if said(world, workspace, verb, chosen, cache=True) != plain:
                raise Violated("a cache changes what is said", f"{verb}: {reading}")
    for change, what in ((edit, edited), (touch, touched)):
        if what is not None:
            change(world, **what)
            world.project.write()
            if said(world, workspace, "plan", chosen, cache=True) != said(
                world, workspace, "plan", chosen, cache=False
            ):
                raise Violated("a cache changes what is said", f"plan after {change.__name__} {what}")
    if at < IN_SYNC:
        look_again(world, workspace, random.Random(at))


def look_again(world: World, workspace: str, rnd: random.Random) -> None:
    """The same on the side, where all is applied first: what was found in sync is known, whatever moves beside it."""
    count, twin = world.count, world.fork()
    twin.clock = copy.deepcopy(world.clock)
    twin.apply(workspace, allow_deletes=True, allow_mass_change=True)
    said(twin, workspace, "plan", [], cache=True)
    for propose, change in rnd.choices([(propose_edit, edit), (propose_touch, touch)], k=3):
        what = propose(twin, rnd)
        if what is None:
            continue
        try:
            change(twin, **what)
        except Gone:
            continue
        twin.project.write()
        for verb in ("plan", "drift"):
            if said(twin, workspace, verb, [], cache=True) != said(twin, workspace, verb, [], cache=False):
                raise Violated("a cache changes what is said", f"{verb} in sync but for {change.__name__} {what}")
    shutil.rmtree(twin.folder)
    world.count = count


def said(world: World, workspace: str, verb: str, targets: list[str], *, cache: bool) -> str:
    """Everything that a reading run tells, the error that ends it too."""
    project = world.open(workspace, cache=cache)
    try:
        found = project.plan(targets=targets) if verb == "plan" else project.drift(targets=targets)
    except ReconcilerError as error:
        return f"{error!r} {error.hint} {getattr(error, 'diagnostics', ())}"
    if not found.serial:  # there is no state, so the lineage is made up anew by each run
        found = replace(found, lineage="")
    return f"{render(found, 'json')}\n{found!r}"


def spoil(folder: Path, harm: str, at: float) -> None:
    """What fate may do to the files of the cache."""
    files = sorted(folder.glob("*")) if folder.exists() else []
    for file in files:
        data = file.read_bytes()
        place = int(at * len(data))
        match harm:
            case "delete":
                file.unlink()
            case "tear":
                file.write_bytes(data[:place])
            case "flip":
                file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :] if data else b"")
            case "foreign":
                file.write_bytes(data.replace(b"cache 1", b"cache 0", 1))
    if files and harm == "mix":
        texts = [file.read_bytes() for file in files]
        for file, text in zip(files, [*texts[1:], texts[0]], strict=True):
            file.write_bytes(text)
    if files and harm == "copy":
        for file in files:
            (folder / f"{file.name}0").write_bytes(file.read_bytes())


STEPS = {"cached": Kind(5, propose_cached, cached)}
