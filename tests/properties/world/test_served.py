"""A few sequences over real connections, with faults and processes that are really killed."""

from __future__ import annotations

import os
import random

import pytest

from tests.properties.world.machine import draw, is_pending
from tests.properties.world.served import ServedWorld
from tests.support.nightly import REPEATABLE, tried

SEQUENCES = int(os.environ.get("WORLD_SERVED", tried(2, 20)))
LENGTH = 10
SORTS = {"new", "edit", "drop", "spell", "secret", "overlay", "lifecycle", "apply", "fault", "touch", "foreign",
         "narrow", "rename", "destroy", "crowd", "stir", "plant", "attach", "delete"}  # fmt: skip
FIXED = 20261130


def others(world, name, step):
    """What is not done over the wire, or not done yet."""
    return name not in SORTS or is_pending(world, name, step)


@pytest.mark.parametrize("number", range(SEQUENCES))
@pytest.mark.parametrize("kind", ["fixed", "fresh"])
def test_the_same_laws_over_real_connections(kind, number):
    fresh = FIXED + SEQUENCES if REPEATABLE else random.SystemRandom().randrange(10**9)
    seed = (FIXED if kind == "fixed" else fresh) + number
    print(f"seed {seed}")
    _, failure = draw(seed, LENGTH, others, make=ServedWorld, often=("fault", "new"))
    if failure:
        pytest.fail(f"seed {seed}: {failure}", pytrace=False)
