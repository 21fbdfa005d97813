"""What of the drift a person may take over."""

from __future__ import annotations

import pytest

from reconciler.core.secrets.redact_document import SENSITIVE
from reconciler.engine.plan.accept_drift import AcceptedValue, Wanted, choose_accepted
from reconciler.errors import NothingFound, ReconcilerError
from reconciler.types.change import Direction
from reconciler.types.json import Json
from reconciler.types.manifest import ManifestSet
from reconciler.types.plan import DriftField
from reconciler.types.state import Entry, State
from tests.support.making import at, manifest

FILES = ManifestSet((manifest("persona.desk", {}), manifest("tool.lookup", {}), manifest("persona.other", {})))
STATE = State(
    "l", 1, "w",
    {
        at("persona.desk"): Entry("p1"), at("tool.lookup"): Entry("t1"), at("tool.gone"): Entry("t2"),
        at("persona.old"): Entry("p2"),
    },
)  # fmt: skip


def moved(path: str, value: Json, **more: bool) -> DriftField:
    return DriftField(path, Direction.LIVE, "before", value, **more)


def choose(*changes: DriftField, wanted: str = "persona.desk") -> list[AcceptedValue]:
    address, slash, pointer = wanted.partition("/")
    return [*choose_accepted({at("persona.desk"): changes}, FILES, STATE, [Wanted(at(address), slash + pointer)])]


GREETING, MODEL = moved("/greeting", "Hi."), moved("/layers/llm/model", "m")
FLOW = moved("/layers/conversational_flow/interruptibility", "low")


@pytest.mark.parametrize(
    ("wanted", "paths"),
    [
        ("persona.desk", ["/greeting", "/layers/llm/model", "/layers/conversational_flow/interruptibility"]),
        ("persona.desk/greeting", ["/greeting"]),
        ("persona.desk/layers", ["/layers/llm/model", "/layers/conversational_flow/interruptibility"]),
        ("persona.desk/layers/llm/model", ["/layers/llm/model"]),
        (
            "persona.desk/layers/conversational_flow/replica_interruptibility",
            ["/layers/conversational_flow/interruptibility"],
        ),
    ],
)
def test_one_field_a_branch_or_everything(wanted: str, paths: list[str]) -> None:
    assert [one.pointer for one in choose(GREETING, MODEL, FLOW, wanted=wanted)] == paths


@pytest.mark.parametrize("wanted", ["persona.desk/greet", "persona.desk/layers/tts"])
def test_a_place_that_nobody_manages_is_an_error(wanted: str) -> None:
    with pytest.raises(ReconcilerError) as caught:
        choose(GREETING, MODEL, FLOW, wanted=wanted)
    assert wanted in caught.value.message


def test_a_place_inside_a_leaf_means_the_leaf() -> None:
    assert [one.pointer for one in choose(moved("/skills", {"a": {}}), wanted="persona.desk/skills/a")] == ["/skills"]


def test_what_waits_in_the_manifest_is_given_up_only_where_it_is_named() -> None:
    edited = DriftField("/greeting", Direction.GIT, None, "Hi.")
    assert choose(edited, MODEL) == choose(MODEL)
    assert [one.value for one in choose(edited, MODEL, wanted="persona.desk/greeting")] == ["Hi."]


def test_asking_twice_is_asking_once() -> None:
    wanted = [Wanted(at("persona.desk")), Wanted(at("persona.desk"), "/greeting")]
    assert len(choose_accepted({at("persona.desk"): (GREETING,)}, FILES, STATE, wanted)) == 1


def test_ids_can_be_written_as_references_to_what_has_a_manifest() -> None:
    (found,) = choose(moved("/tools", ["t1", "t2", "t3"]))
    assert found.ids == {"t1": {"ref": "tool.lookup"}}
    assert choose(GREETING)[0].ids == {}


@pytest.mark.parametrize(
    "secret",
    [
        moved("/layers/llm/api_key", SENSITIVE, sensitive=True),
        moved("/layers/tts/api_key", "clear"),
        moved("/layers/llm/headers/X-Token", "clear"),
    ],
)
def test_secrets_are_refused(secret: DriftField) -> None:
    with pytest.raises(ReconcilerError, match="is a secret"):
        choose(GREETING, secret)
    assert len(choose(GREETING, secret, wanted="persona.desk/greeting")) == 1


def test_an_object_that_is_gone_has_no_value() -> None:
    with pytest.raises(ReconcilerError, match="was deleted in the account"):
        choose(DriftField("", Direction.LIVE, before_unknown=True))


@pytest.mark.parametrize(
    ("wanted", "why"),
    [("persona.other", "never applied"), ("persona.old", "no manifest"), ("tool.gone", "no manifest")],
)
def test_addresses_without_state_or_manifest_are_refused(wanted: str, why: str) -> None:
    with pytest.raises(NothingFound, match=why):
        choose(GREETING, wanted=wanted)


def test_what_did_not_drift_gives_nothing() -> None:
    assert choose(GREETING, wanted="tool.lookup") == []
    assert str(Wanted(at("persona.desk"), "/greeting")) == "persona.desk/greeting"
