"""Every entry of the providers table goes through the whole port, from an empty account to an empty account."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import NotFound, Rejected, UsageError, WriteRefused
from reconciler.platforms import providers
from reconciler.platforms.base import ProviderContext
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.platforms.tavus.simulator.http_server import SimulatorServer
from reconciler.platforms.tavus.simulator.service import Service
from reconciler.platforms.tavus.simulator.world_store import Store
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Action, Change, Direction, FieldChange, PatchOp
from reconciler.types.ports import Provider
from reconciler.types.project import ProviderSettings
from tests.support.platforms import port_gaps
from tests.support.records import change_of

Open = Callable[..., Any]

DESK = Address("persona", "claims-desk")
TOOL = Address("tool", "lookup_policy")
BODY = {
    "pal_name": "Claims Desk",
    "system_prompt": "You handle first notice of loss.",
    "default_face_id": "r90bbd427f71",
    "context": None,
    "layers": {"llm": {"model": "tavus-gpt-oss"}, "conversational_flow": {"interruptibility": "low"}},
}
TOOL_BODY = {
    "name": "lookup_policy",
    "description": "Find a policy",
    "parameters": {"type": "object", "properties": {}},
}


class StandingClock:
    """Time that passes only by sleeping."""

    seconds = 0.0

    def now(self) -> str:
        return "2026-11-21T05:13:47Z"

    def monotonic(self) -> float:
        return self.seconds

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class NoSecrets:
    def resolve(self, reference: SecretRef) -> str | None:
        return None


@pytest.fixture
def served() -> Iterator[str]:
    """A simulated account behind a real port."""
    service = Service(Store(None))
    server = SimulatorServer("127.0.0.1", 0, service)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield server.url
    server.shutdown()
    server.server_close()
    thread.join()
    service.close()


@pytest.fixture(params=list(providers()))
def entry(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=["pal", "persona"])
def vocabulary(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def open_it(entry: str, vocabulary: str, served: str, tmp_path: Path) -> Iterator[Open]:
    made: list[Provider] = []

    def make(**options: Any) -> Provider:
        context = ProviderContext(
            workspace="sandbox",
            state_folder=str(tmp_path),
            clock=StandingClock(),
            secrets=NoSecrets(),
            random=lambda: 0.5,
            environ={"TAVUS_API_KEY": "key", "TAVUS_PUBLIC_API_BASE_URL": served},
            **options,
        )
        made.append(providers().get(entry)(ProviderSettings(entry, {}, vocabulary), context))
        return made[-1]

    yield make
    for one in made:
        one.close()


def carry_out(provider: Provider, change: Change) -> str:
    """Send what the provider wants sent; the id of the object."""
    live = provider.get(change.address.kind, change.id) if change.id else None
    id = change.id or ""
    for request in provider.requests(change, live.body if live else None):
        answer = provider.send(request)
        assert answer.status < 300 or answer.status == 304
        if request.purpose == "create":
            id = provider.created_id(change.address.kind, answer) or ""
    assert id
    return id


def create(provider: Provider, address: Address, body: Any) -> str:
    return carry_out(provider, change_of(address, Action.CREATE, after=body, name="x"))


def test_an_entry_has_the_whole_port(open_it: Open) -> None:
    assert port_gaps(open_it()) == []


def test_opening_sends_nothing_and_knows_its_kinds(open_it: Open, vocabulary: str) -> None:
    provider = open_it()
    assert provider.vocabulary == vocabulary
    assert provider.account().vocabulary == vocabulary
    assert set(provider.kinds) <= set(KINDS)
    assert {"persona", "tool"} <= set(provider.kinds)


def test_every_kind_has_a_list_of_our_own(open_it: Open) -> None:
    provider = open_it()
    for name in provider.kinds:
        listing = provider.list(name)
        assert listing.kind == name
        assert listing.objects == {}


def test_the_life_of_a_persona(open_it: Open) -> None:
    provider = open_it()
    id = create(provider, DESK, BODY)
    listed = provider.list("persona").objects
    assert list(listed) == [id]
    assert listed[id].name == "Claims Desk"
    live = provider.get("persona", id)
    assert live is not None
    assert live.detailed
    assert live.body["system_prompt"] == BODY["system_prompt"]

    op = PatchOp("replace", "/system_prompt", "New.")
    carry_out(provider, change_of(DESK, Action.UPDATE, id=id, patch=(op,)))
    again = provider.get("persona", id)
    assert again is not None
    assert again.body["system_prompt"] == "New."
    (request,) = provider.requests(change_of(DESK, Action.UPDATE, id=id, patch=(op,)), again.body)
    assert provider.send(request).status == 304

    carry_out(provider, change_of(DESK, Action.DELETE, id=id))
    assert provider.get("persona", id) is None
    assert provider.list("persona").objects == {}


def test_the_life_of_a_tool(open_it: Open) -> None:
    provider = open_it()
    id = create(provider, TOOL, TOOL_BODY)
    change = change_of(
        TOOL,
        Action.UPDATE,
        id=id,
        patch=(PatchOp("replace", "/description", "Find any policy"),),
        after={**TOOL_BODY, "description": "Find any policy"},
    )
    carry_out(provider, change)
    live = provider.get("tool", id)
    assert live is not None
    assert live.body["description"] == "Find any policy"
    assert live.body["parameters"] == TOOL_BODY["parameters"]
    carry_out(provider, change_of(TOOL, Action.DELETE, id=id))
    assert provider.get("tool", id) is None


def test_attaching_and_detaching(open_it: Open) -> None:
    provider = open_it()
    persona, tool = create(provider, DESK, BODY), create(provider, TOOL, TOOL_BODY)
    assert provider.attached_tools(persona) == ()
    on = FieldChange("/tools", Direction.GIT, [], [tool])
    carry_out(provider, change_of(DESK, Action.UPDATE, id=persona, fields=(on,)))
    carry_out(provider, change_of(DESK, Action.UPDATE, id=persona, fields=(on,)))  # attaching twice is attaching once
    assert provider.attached_tools(persona) == (tool,)
    off = change_of(DESK, Action.UPDATE, id=persona, fields=(FieldChange("/tools", Direction.GIT, [tool], []),))
    carry_out(provider, off)
    assert provider.attached_tools(persona) == ()
    with pytest.raises(NotFound):
        carry_out(provider, off)


def test_conferencing_is_patched_alone(open_it: Open) -> None:
    provider = open_it()
    id = create(provider, DESK, BODY)
    patch = (PatchOp("add", "/layers/conferencing", {"username": "claims"}), PatchOp("replace", "/greeting", "Hi"))
    live = provider.get("persona", id)
    assert live is not None
    if "greeting" not in live.body:
        patch = (patch[0], PatchOp("add", "/greeting", "Hi"))
    requests = provider.requests(change_of(DESK, Action.UPDATE, id=id, patch=patch), live.body)
    assert [request.purpose for request in requests] == ["update", "conferencing"]
    for request in requests:
        provider.send(request)
    after = provider.get("persona", id)
    assert after is not None
    assert after.body["greeting"] == "Hi"
    assert after.body["layers"]["conferencing"]["username"] == "claims"  # type: ignore[index,call-overload]


def test_names_need_not_be_unique_but_ids_are(open_it: Open) -> None:
    provider = open_it()
    ids = {create(provider, DESK, BODY) for _ in range(3)}
    assert len(ids) == 3
    assert {live.name for live in provider.list("persona").objects.values()} == {"Claims Desk"}


def test_a_list_longer_than_a_page(open_it: Open) -> None:
    provider = open_it()
    made = [create(provider, DESK, {**BODY, "pal_name": f"n{number}"}) for number in range(103)]
    listed = provider.list("persona").objects
    assert sorted(listed) == sorted(made)


@pytest.mark.parametrize("kind", ["persona", "tool"])
def test_an_unknown_id(open_it: Open, kind: str) -> None:
    provider = open_it()
    assert provider.get(kind, "x404") is None
    (request,) = provider.requests(change_of(Address(kind, "x"), Action.DELETE, id="x404"), None)
    with pytest.raises(NotFound):
        provider.send(request)


def test_a_body_that_is_wrong_is_rejected_with_its_reason(open_it: Open) -> None:
    provider = open_it()
    with pytest.raises(Rejected) as caught:
        create(provider, DESK, {**BODY, "pipeline_mode": "sideways"})
    assert "pipeline_mode" in caught.value.message
    assert provider.list("persona").objects == {}


def test_a_reading_provider_cannot_write(open_it: Open) -> None:
    writer, reader = open_it(), open_it(reading=True)
    id = create(writer, DESK, BODY)
    reader.list("persona")
    for change in (
        change_of(DESK, Action.CREATE, after=BODY),
        change_of(DESK, Action.UPDATE, id=id, patch=(PatchOp("replace", "/system_prompt", "x"),)),
        change_of(DESK, Action.DELETE, id=id),
    ):
        with pytest.raises(WriteRefused):
            reader.send(reader.requests(change, None)[0])


def test_unknown_settings_are_refused(entry: str, tmp_path: Path) -> None:
    context = ProviderContext(
        workspace="sandbox",
        state_folder=str(tmp_path),
        clock=StandingClock(),
        secrets=NoSecrets(),
        random=lambda: 0.5,
        environ={"TAVUS_API_KEY": "key"},
    )
    with pytest.raises(UsageError, match="colour"):
        providers().get(entry)(ProviderSettings(entry, {"colour": "red"}), context)


def test_the_key_comes_out_only_as_a_digest(open_it: Open) -> None:
    provider = open_it()
    assert provider.fingerprint(lambda key: f"digest of {len(key)}").startswith("digest of ")
