"""Mutated answers of the API under whole runs: plan, apply and export end well or with an error of ours.

Run as a program it tries many: `python -m tests.properties.test_hostile_answers 10000 SEED`.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import traceback
from collections import Counter
from collections.abc import Callable

import httpx
import pytest

from reconciler.core.serialization.checked_json import MB
from reconciler.engine.export_account import ExportChoice, export_account
from reconciler.errors import ReconcilerError
from reconciler.platforms.tavus.client.tavus_provider import TavusProvider
from reconciler.types.json import Json
from reconciler.types.options import Limits
from tests.support.lab import BASE, Lab, as_set
from tests.support.making import manifest

PERSONA = {
    "pal_name": "Coach",
    "system_prompt": "p",
    "default_face_id": "rfe12d8b9597",
    "layers": {"llm": {"model": "gpt"}, "tts": {"voice_settings": {"speed": 1}}},
}
WANTED = (
    manifest("tool.look_up", {"name": "look_up", "description": "Looks it up", "origin": "llm"}),
    manifest("guardrail.calm", {"guardrail_name": "calm", "guardrail_prompt": "Be calm."}),
    manifest("persona.coach", {**PERSONA, "tools": ["look_up"]}),
)
LATER = (*WANTED[:2], manifest("persona.coach", {**PERSONA, "system_prompt": "new", "tools": []}))
STRANGE: tuple[Json, ...] = (
    None, True, False, 0, -1, 1.5, 2**64, 10**30, "", "x", "\ud800", "a\x1b[2J", "9" * 5000, "x" * 300, [], {}, [[]],
    [None], [1], ["x"], [{}], {"": {}}, {"id": 1}, {"a": [{"b": None}]}, {"$secret": {"env": "KEY"}},
    {"$ref": "tool.x"}, {"error": {"message": [1]}}, {"data": [{}]},
)  # fmt: skip
DEEP = (b"[" * 3000, b'{"a":' * 3000, b"[" * 90 + b"]" * 90)
RAW = (b"", b"{", b"\xff", b"null", b"NaN", b"<html>", b'"x"', b"1e999", *DEEP)


class Mutating(httpx.BaseTransport):
    """Hands requests to the simulator and changes some of its answers."""

    def __init__(self, inner: httpx.BaseTransport, chance: random.Random, rate: float) -> None:
        self._inner, self._chance, self._rate = inner, chance, rate
        self.changed = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        answer.read()
        if self._chance.random() >= self._rate:
            return answer
        self.changed += 1
        status = answer.status_code if self._chance.random() < 0.8 else self._chance.choice(STATUSES)
        return httpx.Response(status, content=mutate(answer.content, self._chance), headers=odd_headers(self._chance))


STATUSES = (200, 201, 204, 299, 304, 400, 401, 404, 409, 418, 422, 500, 501, 599)


def odd_headers(chance: random.Random) -> dict[str, str]:
    name = chance.choice(["", "content-type", "retry-after", "date", "x-odd"])
    return {name: chance.choice(["", "text/html", "application/json", "inf", "nan", "-5", "9" * 400])} if name else {}


def mutate(content: bytes, chance: random.Random) -> bytes:
    """Another answer: cut, noise, or the document with some members replaced, doubled, or taken away."""
    if chance.random() < 0.1:
        return chance.choice(RAW)
    if chance.random() < 0.05:
        return content[: chance.randrange(len(content) + 1)]
    try:
        document: Json = json.loads(content)
    except ValueError:
        return chance.choice(RAW)
    for _ in range(chance.choice([1, 1, 1, 2, 4])):
        document = _changed(document, chance)
    return json.dumps(document).encode()


def _changed(value: Json, chance: random.Random) -> Json:
    if isinstance(value, dict) and value and chance.random() < 0.9:
        word = chance.choice(list(value))
        if chance.random() < 0.1:
            return {key: member for key, member in value.items() if key != word}
        return {**value, word: _changed(value[word], chance)}
    if isinstance(value, list) and value and chance.random() < 0.9:
        place = chance.randrange(len(value))
        if chance.random() < 0.15:
            return [*value, value[place]]
        return [*value[:place], _changed(value[place], chance), *value[place + 1 :]]
    return chance.choice(STRANGE)


def attempt(seed: int, told: Callable[[str], None] = lambda line: None) -> int:
    """One account under one stream of mutated answers; how many were changed. Raises what is no error of ours."""
    chance = random.Random(seed)
    lab = Lab()
    lab.apply(*WANTED)
    mutating = Mutating(lab.transport, chance, chance.choice([0.1, 0.3, 0.7]))

    def hostile(*, reading: bool = False) -> TavusProvider:
        return TavusProvider(
            api_key="our-own-key", base_url=BASE, reading=reading, transport=mutating, parallelism=1,
            clock=lab.clock, random=lambda: 0.5, limits=Limits(answer=MB, pages=20),
        )  # fmt: skip

    lab.provider = hostile  # type: ignore[method-assign]
    for name, run in {
        "plan": lambda: lab.plan(*LATER),
        "drift": lambda: lab.plan(drift_only=True),
        "export": lambda: export_account(as_set(()), lab.state, lab.setting(reading=True), ExportChoice()),
        "apply": lambda: lab.apply(*LATER),
    }.items():
        try:
            run()
            told(f"{name}: well")
        except ReconcilerError as error:
            assert error.message.isprintable() or "\n" in error.message
            told(f"{name}: {type(error).__name__}")
    return mutating.changed


@pytest.mark.parametrize("seed", range(1, 7))
def test_no_answer_makes_a_bug(seed):
    assert attempt(seed) >= 0


def main() -> int:
    """Tries answers until the given number was changed; prints counts, what was no error of ours, and peak memory."""
    wanted, seed = int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0
    counts: Counter[str] = Counter()
    bugs: Counter[str] = Counter()
    done = 0
    while done < wanted:
        seed += 1
        try:
            done += attempt(seed, lambda line: counts.update([line]))
        except Exception as error:
            frame = traceback.extract_tb(error.__traceback__)[-1]
            bugs[f"{type(error).__name__} at {frame.filename}:{frame.lineno} {str(error)[:60]} (seed {seed})"] += 1
            done += 5
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    for line, count in sorted(counts.items()):
        print(f"{count:6} {line}")
    for line, count in bugs.most_common():
        print(f"{count:6} BUG {line}")
    print(f"{done} answers changed, {sum(bugs.values())} bugs, {peak} MB at most")
    return 1 if bugs else 0


if __name__ == "__main__":
    sys.exit(main())
