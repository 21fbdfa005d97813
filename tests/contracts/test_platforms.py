"""Every platform: its record is whole, and its simulated account takes a whole life of each of its kinds through the
port. Its rules and migrations have suites of their own."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.core.migration import Migration
from reconciler.core.platform import Platform
from reconciler.engine.scaffold.new_project import PROJECT_FILE
from reconciler.errors import NotFound, Rejected, UsageError, WriteRefused
from reconciler.manifests.project.read_catalogue import load_catalogue
from reconciler.platforms.base import ProviderContext, Starter
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, PatchOp
from reconciler.types.json import Json, Object, split
from reconciler.types.kind import KindSpec, Type
from reconciler.types.ports import Provider
from reconciler.types.project import ProviderSettings
from tests.support.platforms import EVERY, port_gaps

PLATFORMS = list(EVERY.values())
KINDS = [(one, kind) for one in PLATFORMS for kind in one.kinds.all().values()]
PLAIN = [(one, kind) for one, kind in KINDS if one.embedded and kind.exported]
EXAMPLES: dict[Type, Json] = {Type.STRING: "example", Type.BOOLEAN: True, Type.INTEGER: 3, Type.NUMBER: 2.5}


def label(value: object) -> str:
    return str(getattr(value, "name", None) or getattr(value, "code", value))


class StandingClock:
    """Time that does not pass."""

    def now(self) -> str:
        return "2026-11-21T05:13:47Z"

    def monotonic(self) -> float:
        return 0.0

    def sleep(self, seconds: float) -> None:
        pass


class NoSecrets:
    def resolve(self, reference: object) -> None:
        return None


def open_account(platform: Platform, folder: Path, **options: Any) -> Provider:
    """The simulated account of a platform, whose files lie in `folder`."""
    module, _, name = platform.providers[platform.embedded].partition(":")
    context = ProviderContext(
        workspace="sandbox", state_folder=str(folder), clock=StandingClock(), secrets=NoSecrets(),
        random=lambda: 0.5, environ={}, **options,
    )  # fmt: skip
    found: Provider = getattr(import_module(f"{platform.package}.{module}"), name)(
        ProviderSettings(platform.embedded), context
    )
    return found


@pytest.fixture(params=PLAIN, ids=lambda pair: f"{pair[0].name}-{pair[1].name}")
def case(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Provider, KindSpec]]:
    platform, kind = request.param
    provider = open_account(platform, tmp_path)
    yield provider, kind
    provider.close()


def example(kind: KindSpec, name: str) -> Object:
    """The least that the API takes of a new object."""
    body: Object = {}
    for row in kind.fields:
        if row.required and not row.server_owned and row.path.count("/") == 1:
            value = row.example if row.example is not None else row.default
            body[row.path[1:]] = EXAMPLES.get(row.type, {}) if value is None else value
    for need in kind.conditional_requirements:
        usual = next((row.default for row in kind.fields if row.path == need.when), None)
        if None in need.values or usual in need.values:
            body |= {pointer[1:]: "example" for pointer in need.members}
    return {**body, kind.name_field[1:]: name}


def change(kind: KindSpec, action: Action, **members: Any) -> Change:
    return Change(Address(kind.name, "one"), kind, action, **members)


def carry_out(provider: Provider, wanted: Change) -> str:
    """Send what the provider wants sent; the id of the object."""
    kind = wanted.address.kind
    live = provider.get(kind, wanted.id) if wanted.id else None
    id = wanted.id or ""
    for request in provider.requests(wanted, live.body if live else None):
        answer = provider.send(request)
        if request.purpose == "create":
            id = provider.created_id(kind, answer) or ""
    assert id
    return id


@pytest.mark.parametrize("one", PLATFORMS, ids=label)
class TestRecord:
    def test_its_tables_open(self, one: Platform) -> None:
        assert [spec.name for spec in one.kinds.all().values()] == list(one.kinds)
        assert [rule.code for rule in one.rules.all().values()] == list(one.rules)
        assert [migration.id for migration in one.migrations.all().values()] == list(one.migrations)
        for entry in (*one.providers.values(), *filter(None, [one.simulator])):
            module, _, name = entry.partition(":")
            assert callable(getattr(import_module(f"{one.package}.{module}"), name))

    def test_it_speaks_of_its_own_providers_only(self, one: Platform) -> None:
        assert one.providers
        assert set(one.settings) <= set(one.providers)
        assert one.embedded in {"", *one.providers}
        assert {each.type for each in one.workspaces.values()} <= set(one.providers)
        assert one.word_migration in {"", *(each.name for each in one.migrations.all().values())}

    def test_what_newcomers_are_given_is_a_project_of_its_kinds(self, one: Platform) -> None:
        if not one.starter:
            return
        module, _, name = one.starter.partition(":")
        starter: Starter = getattr(import_module(f"{one.package}.{module}"), name)
        files = starter.files("museum")
        documents = {path: yaml.safe_load(text) for path, text in files.items() if path.endswith(".yaml")}
        project = documents.pop(PROJECT_FILE)
        assert project["metadata"]["name"] == "museum"
        assert {each["provider"]["type"] for each in project["workspaces"].values()} <= set(one.providers)
        assert {document["kind"] for document in documents.values()} <= set(one.kinds.by_manifest_kind)

    def test_its_catalogue_can_be_read(self, one: Platform) -> None:
        assert load_catalogue(one).current()

    def test_its_names_are_nobody_elses(self, one: Platform) -> None:
        for other in PLATFORMS:
            if other is not one:
                assert not set(one.providers) & set(other.providers)
                assert not set(one.rules) & set(other.rules)
                assert not set(one.migrations) & set(other.migrations)
                assert not set(one.workspaces) & set(other.workspaces)

    def test_unknown_settings_are_refused(self, one: Platform, tmp_path: Path) -> None:
        for name, entry in one.providers.items():
            module, _, function = entry.partition(":")
            context = ProviderContext("w", str(tmp_path), StandingClock(), NoSecrets(), lambda: 0.5, {})
            with pytest.raises(UsageError, match="colour"):
                getattr(import_module(f"{one.package}.{module}"), function)(
                    ProviderSettings(name, {"colour": "red"}), context
                )


@pytest.mark.parametrize(
    ("one", "migration"), [(one, each) for one in PLATFORMS for each in one.migrations.all().values()], ids=label
)
def test_a_migration_is_of_its_platform(one: Platform, migration: Migration) -> None:
    assert set(migration.kinds) <= set(one.kinds)


def test_an_account_has_the_whole_port(case: tuple[Provider, KindSpec]) -> None:
    assert port_gaps(case[0]) == []


def test_an_empty_account(case: tuple[Provider, KindSpec]) -> None:
    provider, kind = case
    assert provider.list(kind.name).objects == {}
    assert provider.get(kind.name, "x404") is None
    assert kind.name in provider.kinds


def test_the_life_of_an_object(case: tuple[Provider, KindSpec]) -> None:
    provider, kind = case
    id = carry_out(provider, change(kind, Action.CREATE, after=example(kind, "first"), name="first"))
    (listed,) = provider.list(kind.name).objects.values()
    assert (listed.id, listed.name, listed.kind) == (id, "first", kind)
    live = provider.get(kind.name, id)
    assert live is not None
    assert live.detailed
    (word,) = split(kind.name_field)
    op = PatchOp("replace", f"/{word}", "second")
    after = {**example(kind, "first"), word: "second"}
    carry_out(provider, change(kind, Action.UPDATE, id=id, patch=(op,), after=after))
    again = provider.get(kind.name, id)
    assert again is not None
    assert again.name == "second"
    carry_out(provider, change(kind, Action.DELETE, id=id))
    assert provider.get(kind.name, id) is None
    (request,) = provider.requests(change(kind, Action.DELETE, id=id), None)
    with pytest.raises(NotFound):
        provider.send(request)


def test_a_gate_that_says_done_sends_nothing(case: tuple[Provider, KindSpec]) -> None:
    provider, kind = case
    id = carry_out(provider, change(kind, Action.CREATE, after=example(kind, "first"), name="first"))
    asked: list[int] = []

    def gate(attempt: int) -> bool:
        asked.append(attempt)
        return True

    (request,) = provider.requests(change(kind, Action.DELETE, id=id), None)
    provider.send(request, gate=gate)
    assert asked == [0]
    assert provider.get(kind.name, id) is not None


def test_placeholders_are_never_sent(case: tuple[Provider, KindSpec]) -> None:
    provider, kind = case
    (request,) = provider.requests(change(kind, Action.DELETE), None)
    with pytest.raises(Rejected, match="placeholder"):
        provider.send(request)


@pytest.mark.parametrize("one", [one for one in PLATFORMS if one.embedded], ids=label)
def test_a_reading_account_refuses_every_write(one: Platform, tmp_path: Path) -> None:
    provider = open_account(one, tmp_path, reading=True)
    kind = next(kind for kind in one.kinds.all().values() if kind.exported)
    for wanted in (
        change(kind, Action.CREATE, after=example(kind, "x"), name="x"),
        change(kind, Action.DELETE, id="x1"),
    ):
        with pytest.raises(WriteRefused):
            provider.send(provider.requests(wanted, None)[0])
    provider.close()
