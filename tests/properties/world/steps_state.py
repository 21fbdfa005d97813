"""What happens to the state: entries moved, forgotten and lost."""

from __future__ import annotations

import random
import shutil

from tests.properties.world.machine import Gone, Kind, Step, World
from tests.properties.world.steps_account import target


def propose_forget(world: World, rnd: random.Random) -> Step | None:
    at = target(world, rnd)
    return at and {"workspace": at[0], "address": at[1]}


def forget(world: World, workspace: str, address: str) -> None:
    """`state rm`: the live object stays."""
    if address not in world.memory[workspace]:
        raise Gone
    world.open(workspace).state.forget(address)
    del world.memory[workspace][address]


def propose_lose(world: World, rnd: random.Random) -> Step | None:
    return {"workspace": "sandbox"} if world.memory["sandbox"] and rnd.random() < 0.5 else None


def lose(world: World, workspace: str) -> None:
    """The folder of the state is lost."""
    shutil.rmtree(world.project.folder / ".reconciler" / workspace, ignore_errors=True)
    world.memory[workspace] = {}


STEPS = {"forget": Kind(2, propose_forget, forget), "lose": Kind(1, propose_lose, lose)}
