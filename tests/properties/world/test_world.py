"""The laws over random mixtures of everything: fixed and fresh seeds, recorded scenarios, and the machine itself.

`WORLD_SEQUENCES=5000` runs longer than the build does; `WORLD_SEED=17` starts the fresh ones at a chosen seed.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from tests.properties.world.machine import Failure, draw, replay, shrink
from tests.properties.world.wire import Wire
from tests.support.nightly import REPEATABLE, tried

SCENARIOS = sorted((Path(__file__).parent / "scenarios").glob("*.json"))
LENGTH = 15
CHUNKS = 12
SEQUENCES = int(os.environ.get("WORLD_SEQUENCES", tried(240, 6000)))
FIXED = 20261129


def play(first: int, count: int) -> None:
    """Sequences one after the other; the first failure, made small, is what a person reads."""
    for seed in range(first, first + count):
        _, failure = draw(seed, LENGTH)
        if failure:
            pytest.fail(f"seed {seed}: {tell(failure)}", pytrace=False)


def tell(failure: Failure) -> str:
    """A failure and what to do with it."""
    small = shrink(failure)
    return f"{small}\nmend it, and keep it: scenarios/<what-it-shows>.json\n{json.dumps(list(small.steps), indent=1)}"


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_fixed_seeds(chunk):
    play(FIXED + chunk * 1000, SEQUENCES // 2 // CHUNKS)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_fresh_seeds(chunk):
    chosen = os.environ.get("WORLD_SEED")
    base = int(chosen) if chosen else FIXED + CHUNKS * 1000 if REPEATABLE else random.SystemRandom().randrange(10**9)
    first = base + chunk * 1000
    print(f"seeds from {first}")
    play(first, SEQUENCES // 2 // CHUNKS)


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_scenarios(path):
    """What once went wrong."""
    failure = replay(json.loads(path.read_text("utf-8")))
    assert failure is None, str(failure)


def test_a_sequence_is_the_same_again():
    """The same seed plays the same steps, and a recorded run needs no seed."""
    steps, failure = draw(FIXED, LENGTH)
    again, _ = draw(FIXED, LENGTH)
    assert steps == again
    assert failure is None
    assert replay(json.loads(json.dumps(steps))) is None


def test_the_machine_has_teeth(monkeypatch):
    """An account that loses a field at every change is noticed, and a few steps show it."""
    honest = Wire.handle_request

    def careless(self, request):
        answer = honest(self, request)
        id = request.url.path.rpartition("/")[2]
        if request.method == "PATCH" and id in self.world.objects["pals"]:
            body = self.world.objects["pals"][id]
            self.world.put("pals", id, {key: value for key, value in body.items() if key != "default_face_id"})
        return answer

    monkeypatch.setattr(Wire, "handle_request", careless)
    failure = next(found for seed in range(40) if (found := draw(seed, LENGTH)[1]))
    assert len(shrink(failure).steps) <= 4
