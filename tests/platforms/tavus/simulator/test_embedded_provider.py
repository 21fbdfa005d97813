"""The embedded provider keeps its account in a file beside the state, and needs nothing else."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.errors import ReconcilerError, UsageError, WriteRefused
from reconciler.platforms.base import ProviderContext
from reconciler.platforms.tavus.client.tavus_transport import check_base_url
from reconciler.platforms.tavus.simulator.embedded_provider import BASE_URL, WORLD, SimulatorTransport, open_provider
from reconciler.platforms.tavus.simulator.faults import parse_faults
from reconciler.types.address import Address, SecretRef
from reconciler.types.change import Action
from reconciler.types.project import ProviderSettings
from tests.support.records import change_of

TOOL = Address("tool", "lookup")
BODY: Any = {"name": "lookup", "description": "Find it", "parameters": {}}


class StandingClock:
    def now(self) -> str:
        return "2026-11-21T05:13:47Z"

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        pytest.fail("nothing here has to wait")


class NoSecrets:
    def resolve(self, reference: SecretRef) -> str | None:
        pytest.fail("nothing here is secret")


def context(folder: Path, **options: Any) -> ProviderContext:
    return ProviderContext(
        workspace="sandbox",
        state_folder=str(folder),
        clock=StandingClock(),
        secrets=NoSecrets(),
        random=lambda: 0.5,
        environ={},
        **options,
    )


def open_in(folder: Path, vocabulary: str = "pal", **options: Any) -> Any:
    return open_provider(ProviderSettings("simulator", {}, vocabulary), context(folder, **options))


def create_tool(provider: Any) -> str:
    (request,) = provider.requests(change_of(TOOL, Action.CREATE, after=BODY), None)
    return str(provider.created_id("tool", provider.send(request)))


def test_what_was_made_is_there_the_next_time(tmp_path: Path) -> None:
    first = open_in(tmp_path)
    id = create_tool(first)
    first.close()
    assert (tmp_path / WORLD).is_file()
    second = open_in(tmp_path)
    assert list(second.list("tool").objects) == [id]
    second.close()


def test_a_world_that_is_named_is_one_account_for_all_who_name_it(tmp_path: Path) -> None:
    def opened(folder: str, world: str) -> Any:
        (tmp_path / folder).mkdir(exist_ok=True)
        chosen = context(tmp_path / folder / ".reconciler" / "sandbox", files={"world": tmp_path / folder / world})
        return open_provider(ProviderSettings("simulator", {"world": world}), chosen)

    one = opened("one", "../account.json")
    id = create_tool(one)
    one.close()
    assert (tmp_path / "account.json").is_file() and not (tmp_path / "one" / ".reconciler").exists()
    other = opened("other", "../account.json")
    assert list(other.list("tool").objects) == [id]
    other.close()


@pytest.mark.parametrize("world", ["", 5, "../.profile", "folder/"])
def test_a_world_is_the_path_of_a_json_file(tmp_path: Path, world: Any) -> None:
    with pytest.raises(UsageError, match=r"provider\.world is"):
        open_provider(ProviderSettings("simulator", {"world": world}), context(tmp_path))


def test_two_workspaces_are_two_accounts(tmp_path: Path) -> None:
    one, two = open_in(tmp_path / "one"), open_in(tmp_path / "two")
    create_tool(one)
    assert two.list("tool").objects == {}
    one.close()
    two.close()


def test_reading_makes_nothing(tmp_path: Path) -> None:
    reader = open_in(tmp_path, reading=True)
    with pytest.raises(WriteRefused):
        create_tool(reader)
    assert reader.list("tool").objects == {}
    reader.close()


def test_the_words_are_those_of_the_workspace(tmp_path: Path) -> None:
    provider = open_in(tmp_path, "persona")
    assert provider.account().vocabulary == "persona"
    assert provider.requests(change_of(Address("persona", "x"), Action.CREATE, after={}), None)[0].path == "/personas"
    provider.close()


def test_the_address_cannot_leave_this_machine() -> None:
    assert check_base_url(BASE_URL) == BASE_URL


@pytest.mark.parametrize("settings", [{"api_key": "x"}, {"base_url": "https://tavusapi.com/v2"}, {"world": "w"}])
def test_it_has_no_settings(tmp_path: Path, settings: Any) -> None:
    with pytest.raises(UsageError, match=next(iter(settings))):
        open_provider(ProviderSettings("simulator", settings), context(tmp_path))


def test_a_damaged_world_is_an_error_with_a_way_out(tmp_path: Path) -> None:
    (tmp_path / WORLD).write_text(json.dumps("no world"))
    with pytest.raises(ReconcilerError) as caught:
        open_in(tmp_path).list("persona")
    assert WORLD in caught.value.message


SIMULATOR_TRANSPORT_BODY = {"system_prompt": "hi"}


def faulty(open_api: Any, **rule: Any) -> Any:
    return open_api(faults={"rules": [{"method": "POST", **rule}]})


@pytest.mark.parametrize("point", ["before", "after"])
def test_a_dropped_connection_is_a_read_error(open_api: Any, point: str) -> None:
    api = faulty(open_api, drop=point)
    with pytest.raises(httpx.ReadError):
        api.post("/personas", SIMULATOR_TRANSPORT_BODY)
    assert api.get("/personas", persona_type="user")["total_count"] == (point == "after")


def test_a_broken_body_is_a_protocol_error(open_api: Any) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        faulty(open_api, body="truncated").post("/personas", SIMULATOR_TRANSPORT_BODY)


def test_garbage_is_no_json(open_api: Any) -> None:
    answer = faulty(open_api, body="garbage").post("/personas", SIMULATOR_TRANSPORT_BODY)
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


def test_a_long_latency_is_a_read_timeout(open_api: Any) -> None:
    api = faulty(open_api, latency=3600)
    with pytest.raises(httpx.ReadTimeout):
        api("POST", "/personas", json=SIMULATOR_TRANSPORT_BODY, timeout=0.001)
    assert api.get("/personas", persona_type="user")["total_count"] == 1


def test_requests_are_recorded(open_api: Any) -> None:
    api = open_api()
    api.pal()
    api("GET", "/pals/pnone", params={"a": "b"})
    assert [(seen.method, seen.path, seen.status) for seen in api.transport.requests] == [
        ("POST", "/v2/pals", 200),
        ("GET", "/v2/pals/pnone", 400),
    ]


def test_a_world_outlives_its_transport(open_api: Any, tmp_path: Path) -> None:
    world = tmp_path / "w" / "world.json"
    id = open_api(world=world).pal(pal_name="Kept")
    assert open_api(world=world).live(id)["pal_name"] == "Kept"


def test_no_secret_is_ever_in_the_file(open_api: Any, tmp_path: Path, custom: dict[str, str]) -> None:
    world = tmp_path / "world.json"
    api = open_api(world=world, secrets="echo", headers="echo")
    id = api.pal(layers={"llm": {**custom, "api_key": "sk-1-clear", "headers": {"A": "h-clear"}}})
    auth = {"type": "basic", "username": "u", "password": "p-clear"}
    api.tool(delivery={"api": {"url": "https://x.example", "auth": auth, "headers": {"X": "x-clear"}}})
    api.patch(f"/pals/{id}", [{"op": "add", "path": "/layers/llm/api_key", "value": "sk-2-clear"}])
    assert api.live(id)["layers"]["llm"]["api_key"] == "sk-2-clear"
    assert "-clear" not in world.read_text()
    assert open_api(world=world, secrets="echo").live(id)["layers"]["llm"]["api_key"] == "********"


def test_the_same_key_is_no_change_for_another_process(open_api: Any, tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    id = open_api(world=world).pal(layers={"tts": {"api_key": "el-1"}})
    api = open_api(world=world)
    operation = {"op": "add", "path": "/layers/tts/api_key", "value": "el-1"}
    assert api.patch(f"/pals/{id}", [operation]).status_code == 304
    assert api.patch(f"/pals/{id}", [{**operation, "value": "el-2"}]).status_code == 200


def test_many_threads_one_client(open_api: Any, tmp_path: Path) -> None:
    api = open_api(world=tmp_path / "world.json")
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda number: api.pal(pal_name=f"n{number}"), range(80)))
    assert len(set(ids)) == 80
    listed = [item["pal_id"] for item in api.get("/pals", pal_type="user", limit=100)["data"]]
    assert sorted(listed) == sorted(ids)


def test_ids_in_memory_are_the_same_every_time(open_api: Any) -> None:
    assert open_api().pal() == open_api().pal()


def test_a_damaged_world_is_an_error_for_people(tmp_path: Path) -> None:
    world = tmp_path / "world.json"
    world.write_text("{")
    with pytest.raises(ReconcilerError, match=r"world\.json is not valid JSON") as caught:
        SimulatorTransport(world)
    assert caught.value.hint


def test_keyword_arguments() -> None:
    transport = SimulatorTransport(None, faults=parse_faults({"mood": {"get": "wrapped"}}), clock=lambda: "now")
    with httpx.Client(transport=transport, base_url="http://x/v2", headers={"X-API-Key": "k"}) as client:
        assert client.post("/personas", json=SIMULATOR_TRANSPORT_BODY).json()["created_at"] == "now"
        assert "data" in client.get("/personas/p5317866").json()


@pytest.mark.parametrize("text", ["\\ud800", "\\u0000", "é", "\\u2028"])
def test_any_text_comes_back(open_api: Any, tmp_path: Path, text: str) -> None:
    api = open_api(world=tmp_path / "world.json")
    id = api("POST", "/personas", content=f'{{"system_prompt": "{text}"}}'.encode()).json()["persona_id"]
    assert json.loads(api("GET", f"/pals/{id}").content)["system_prompt"] == json.loads(f'"{text}"')


@pytest.mark.parametrize("number", ["1e999", "-1e999", "Infinity", "NaN"])
def test_numbers_that_json_does_not_have_are_refused(open_api: Any, number: str) -> None:
    text = f'{{"system_prompt": "hi", "x": {number}}}'.encode()
    assert open_api()("POST", "/personas", content=text).status_code == 400
