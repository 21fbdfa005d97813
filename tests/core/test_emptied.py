"""Which parents go whole when what we wrote into them goes."""

from __future__ import annotations

from reconciler.core.emptied import emptied_parents
from reconciler.kinds import kind
from tests.support.making import entry

PERSONA = kind("persona")
FLOW = "/layers/conversational_flow"
PATIENCE = f"{FLOW}/turn_taking_patience"


def emptied(held, *, wanted=(), parents=(FLOW,), gone=(PATIENCE,)):
    document = {"layers": {"conversational_flow": held}}
    return list(emptied_parents(PERSONA, entry("p1", parents=parents), gone, dict.fromkeys(wanted), document))


def test_a_parent_with_only_defaults_left_goes():
    assert emptied({"turn_taking_patience": "high", "voice_isolation": "near"}) == [(FLOW, (PATIENCE,))]


def test_one_that_still_says_something_stays():
    assert emptied({"turn_taking_patience": "high", "wake_phrase": "hello"}) == []


def test_one_that_the_manifest_still_speaks_of_or_that_is_not_ours_stays():
    held = {"turn_taking_patience": "high"}
    assert emptied(held, wanted=(f"{FLOW}/voice_isolation",)) == []
    assert emptied(held, parents=()) == []
    assert emptied(held, gone=("/greeting",)) == []


def test_one_that_is_gone_already_needs_nothing():
    assert emptied(None) == []
