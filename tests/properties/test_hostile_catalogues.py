"""Mutated catalogues under whole commands: a project's own models, statuses and successors make no bug.

Run as a program it tries many: `python -m tests.properties.test_hostile_catalogues 1000 SEED`.
"""

from __future__ import annotations

import contextlib
import json
import random
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest
import yaml

from reconciler.cli.main import run
from reconciler.types.json import Json, Object
from tests.properties.test_hostile_answers import RAW, _changed
from tests.properties.test_hostile_states import _listening

MANIFESTS = """\
apiVersion: personas/v1
kind: Persona
metadata: {name: coach}
spec:
  persona_name: Coach
  system_prompt: You coach.
  default_replica_id: r90bbd427f71
  layers:
    llm: {model: tavus-llama, speculative_inference: true}
    perception: {perception_model: raven-0}
    stt: {stt_engine: tavus-turbo, smart_turn_detection: true}
    tts: {tts_engine: cartesia, tts_model_name: sonic}
---
apiVersion: personas/v1
kind: Persona
metadata: {name: plain}
spec: {persona_name: Plain, system_prompt: You help., default_replica_id: r90bbd427f71, layers: {llm: {model: own}}}
"""
PROJECT = """\
apiVersion: personas/v1
kind: Project
metadata: {name: p}
catalogue: models.yaml
workspaces: {w: {provider: {type: simulator}}}
"""
COMMANDS = (
    ("models",), ("models", "--verbose"), ("models", "--format", "json"), ("validate",), ("plan",),
    ("plan", "--migrate"), ("migrate",), ("migrate", "--check"), ("migrate", "--write"), ("export", "out"),
    ("export", "--target", "livekit", "agents"), ("apply", "--migrate", "--auto-approve"), ("drift",),
)  # fmt: skip
PACKAGED: Object = yaml.safe_load(
    files("reconciler.platforms.tavus").joinpath("catalogue.yaml").read_text(encoding="utf-8")
)


def _leaves(value: Json) -> list[Json]:
    """Every text and number in it, and every list."""
    if isinstance(value, dict):
        return [leaf for key, member in value.items() for leaf in (key, *_leaves(member))]
    if isinstance(value, list):
        return [value, *(leaf for item in value for leaf in _leaves(item))]
    return [value]


LEAVES = _leaves(PACKAGED)
LIKELY: tuple[Json, ...] = (
    "all", "2026-08", "2025-09", "default", "removed", "deprecated", "tavus-llama", "own", "raven-0", "sonic",
    "tavus-llama-4", "documented", {"all": "removed"}, {"all": "default"},
    {"id": "own", "reason": "", "basis": "guess"},
    {"status": {"all": "removed"}, "successor": {"id": "own", "reason": "x", "basis": "guess"}},
)  # fmt: skip


def mutated(chance: random.Random) -> bytes:
    """Some members of the catalogue that ships, each changed or not, as a project would lay them over it."""
    if chance.random() < 0.04:
        return chance.choice(RAW)
    document: Json = {
        name: json.loads(json.dumps(member)) for name, member in PACKAGED.items() if chance.random() < 0.4
    }
    for _ in range(chance.choice([1, 1, 2, 5])):
        document = _replaced(document, chance)
    data = json.dumps(document).encode()
    return data[: chance.randrange(len(data))] if chance.random() < 0.03 else data


def _replaced(value: Json, chance: random.Random) -> Json:
    """One change, as often to something that could stand there as to something that could not."""
    if isinstance(value, dict) and value and chance.random() < 0.93:
        word = chance.choice(list(value))
        if chance.random() < 0.1:
            return {**value, str(chance.choice(["own", "tavus-llama", "x", ""])): value[word]}
        return {**value, word: _replaced(value[word], chance)}
    if chance.random() < 0.8 and not isinstance(value, dict):
        return chance.choice([one for one in LEAVES if type(one) is type(value)] or [value])
    return chance.choice(LIKELY) if chance.random() < 0.5 else _changed(value, chance)


Bug = tuple[str, BaseException]


def attempt(folder: Path, seed: int, commands: int, told: Callable[[str], None] = lambda line: None) -> list[Bug]:
    """Some commands in a project with a catalogue that is not quite right: the first that ended as a bug, and how."""
    chance = random.Random(seed)
    manifests = folder / "manifests"
    manifests.mkdir(parents=True)
    (manifests / "reconciler.yaml").write_text(PROJECT, encoding="utf-8")
    (manifests / "models.yaml").write_bytes(mutated(chance))
    with contextlib.chdir(folder), _listening() as heard:
        for _ in range(commands):
            (manifests / "all.yaml").write_text(MANIFESTS, encoding="utf-8")
            words = chance.choice(COMMANDS)
            told(f"{' '.join(words[:2])}: {run(list(words))}")
            if heard:
                return [(" ".join(words), heard[0])]
            for made in ("out", "agents", ".reconciler"):
                shutil.rmtree(folder / made, ignore_errors=True)
    return []


@pytest.mark.parametrize("seed", range(1, 7))
def test_no_catalogue_makes_a_bug(tmp_path: Path, seed: int) -> None:
    assert attempt(tmp_path / "p", seed, 3) == []


def main() -> int:
    """Tries so many catalogues; prints counts, and what was no error of ours."""
    wanted, first = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    counts: Counter[str] = Counter()
    bugs: Counter[str] = Counter()
    for seed in range(first, first + wanted):
        with tempfile.TemporaryDirectory() as home:
            for command, error in attempt(Path(home) / "p", seed, 5, lambda line: counts.update([line])):
                frames = [one for one in traceback.extract_tb(error.__traceback__) if "reconciler/" in one.filename]
                where = f"{frames[-1].filename.rpartition('/reconciler/')[2]}:{frames[-1].lineno}"
                bugs[f"{type(error).__name__} at {where} {str(error)[:60]!a} (seed {seed}: {command})"] += 1
    for line, count in sorted(counts.items()):
        print(f"{count:6} {line}")
    for line, count in bugs.most_common():
        print(f"{count:6} BUG {line}")
    return 1 if bugs else 0


if __name__ == "__main__":
    sys.exit(main())
