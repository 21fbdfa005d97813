"""Secrets stay comparable, whatever becomes of the key that they are digested with and of their values."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.errors import SecretMissing
from reconciler.types.address import Address
from reconciler.types.plan import Obstacle
from tests.engine.plan.test_plan_rollback import custom, persona
from tests.support.chronicle import Chronicle
from tests.support.making import manifest

PATH = "/layers/llm/api_key"
DESK = custom("c")
AT = DESK.address


class Keyed(Chronicle):
    """A lab whose digest keys can be changed between runs."""

    def keys(self, key: str | None = None, previous: str | None = None) -> None:
        made = type(self.lab).setting

        def setting(**how):
            pair = [one.encode() if one else None for one in (key, previous)]
            return replace(made(self.lab, **how), digest_key=pair[0], previous_key=pair[1])

        self.lab.setting = setting  # type: ignore[method-assign]

    def value(self, text: str | None) -> None:
        self.lab.vault.values = {} if text is None else {"KEY": text}

    def plan(self, *manifests):
        from reconciler.engine.plan.make_plan import make_plan
        from reconciler.types.options import PlanOptions
        from tests.support.lab import as_set

        return make_plan(
            as_set(manifests), self.state(), PlanOptions(record=True), self.lab.setting(reading=True)
        ).plan

    def recorded(self) -> str:
        return self.state().resources[AT].sent[PATH].partition(":")[0]

    def sent(self) -> int:
        return len([one for one in self.lab.writes() if one[0] == "PATCH"])


@pytest.fixture
def world(tmp_path) -> Keyed:
    found = Keyed(tmp_path / "state")
    found.keys()
    found.value("sk-first")
    found.apply(DESK)
    return found


def obstacles(plan) -> list[tuple[Obstacle, str]]:
    return [(one.obstacle, one.path) for one in plan.incomplete]


def test_a_key_that_comes_hides_no_rotation(world):
    """The old digests can be made again: compared first, renewed by the next apply."""
    assert world.recorded() == "scrypt"
    world.keys("A")
    assert world.plan(DESK).differences == ()
    world.value("sk-second")
    assert [field.path for field in world.plan(DESK).differences[0].fields] == [PATH]
    world.value("sk-first")
    world.apply(DESK)
    assert world.sent() == 0
    assert world.recorded().startswith("hmac.")
    assert world.state().digest_key == world.recorded().removeprefix("hmac.")
    world.value("sk-second")
    world.apply(DESK)
    assert world.sent() == 1
    assert world.plan(DESK).differences == ()


def test_the_key_before_bridges_to_the_next(world):
    world.keys("A")
    world.apply(DESK)
    first = world.recorded()
    world.keys("B", previous="A")
    assert world.plan(DESK).differences == ()
    world.apply(DESK)
    assert world.sent() == 0
    assert world.recorded() not in (first, "scrypt")
    world.keys("B")
    assert world.plan(DESK).differences == ()
    world.value("sk-second")
    assert len(world.plan(DESK).differences) == 1


def test_another_key_sends_again_what_it_cannot_compare(world):
    world.keys("A")
    world.apply(DESK)
    world.keys("B")
    plan = world.plan(DESK)
    assert [field.path for field in plan.differences[0].fields] == [PATH]
    assert any("digest key changed: sent again" in note for note in plan.differences[0].notes)
    assert plan.incomplete == ()
    world.apply(DESK)
    assert world.sent() == 1
    assert world.plan(DESK).differences == ()


def test_a_run_without_the_key_compares_nothing_and_writes_no_digest(world):
    world.keys("A")
    world.apply(DESK)
    before = world.recorded()
    world.keys()
    world.value("sk-second")
    plan = world.plan(DESK)
    assert plan.differences == ()
    assert obstacles(plan) == [(Obstacle.DIGEST_KEY, PATH)]
    other = persona("d", greeting="Hi")
    world.apply(DESK, other)
    assert world.recorded() == before
    assert world.state().digest_key == before.removeprefix("hmac.")
    writes = len(world.lab.writes())
    new = manifest("persona.e", {**DESK.spec, "pal_name": "E"})
    with pytest.raises(SecretMissing, match="made with a key that is not here") as refused:
        world.apply(DESK, other, new)
    assert "persona.e: /layers/llm/api_key" in refused.value.message
    assert "RECONCILER_DIGEST_KEY" in str(refused.value.hint)
    assert len(world.lab.writes()) == writes
    world.keys("A")
    assert len(world.plan(DESK, other).differences) == 1, "the rotation was not lost"


@pytest.mark.parametrize("keys", [("A", None), ("B", "A"), ("B", None), (None, None)])
def test_a_value_that_is_not_here_is_no_change(world, keys):
    world.keys("A")
    world.apply(DESK)
    before = world.state().resources[AT]
    world.keys(*keys)
    world.value(None)
    plan = world.plan(DESK)
    assert plan.differences == ()
    assert obstacles(plan) == [(Obstacle.SECRET_MISSING, PATH)]
    world.apply(DESK)
    assert world.state().resources[AT] == before


def test_a_secret_that_was_not_here_at_import_is_written_once_it_is(world):
    address = Address.parse(str(AT))
    from reconciler.engine.state.state_operations import StateAccess, remove_entries

    remove_entries(StateAccess(world.backend, "lab", world.lab.clock, world.events.append), [address])
    world.value(None)
    world.apply(DESK)
    assert world.sent() == 0
    assert obstacles(world.plan(DESK)) == [(Obstacle.SECRET_MISSING, PATH)]
    world.value("sk-second")
    plan = world.plan(DESK)
    assert [field.path for field in plan.differences[0].fields] == [PATH]
    world.apply(DESK)
    assert world.sent() == 1
    assert world.state().resources[AT].assumed == ()
    assert world.plan(DESK).differences == ()
