"""The embedded provider keeps its account in a file beside the state, and needs nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from reconciler.errors import ReconcilerError, UsageError, WriteRefused
from reconciler.platforms.base import ProviderContext
from reconciler.platforms.tavus.client.tavus_transport import check_base_url
from reconciler.platforms.tavus.simulator.embedded_provider import BASE_URL, WORLD, open_provider
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
