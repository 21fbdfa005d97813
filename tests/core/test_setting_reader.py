"""Settings are read by what they are for: sixty out of the environment, and no value where it does not belong."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import reconciler
from reconciler.backends.bucket import OPTIONS
from reconciler.core import operator_trust
from reconciler.core.operator_trust import Operator
from reconciler.core.setting_reader import ROLES, Role, SettingsReader, read_limits
from reconciler.errors import NotTrusted, ReconcilerError, UsageError
from reconciler.manifests.project.plugin_settings import BACKEND_SETTINGS
from reconciler.platforms.tavus.platform import PLATFORM
from reconciler.types.address import SecretRef
from reconciler.types.json import Json
from reconciler.types.options import MB, Limits

ELSEWHERE = {"RECONCILER_SOURCE", "RECONCILER_ENVIRONMENT", "RECONCILER_REPOSITORY", "RECONCILER_COMMIT"}
"""Of pipelines, not of the program."""
VALUE = "v4lue-of-somebody-else/with spaces"


def test_the_table_has_every_variable_that_the_package_reads() -> None:
    read = {
        word
        for file in Path(reconciler.__file__).parent.rglob("*.py")
        for word in re.findall(r"\bRECONCILER_[A-Z_]*[A-Z]\b", file.read_text("utf-8"))
        if not word.startswith(operator_trust.CAPS)
    }
    assert read - ELSEWHERE == {*operator_trust.HANDED_ON, operator_trust.WORKSPACE}


def test_nothing_set_gives_the_usual_caps():
    assert read_limits({}, {}) == Limits(64 * MB, 1024 * MB, 10_000, 120.0)


def test_the_environment_wins_over_the_project_file():
    found = read_limits({"max_answer_mb": 2, "max_pages": 7}, {"RECONCILER_MAX_ANSWER_MB": "0.5"})
    assert (found.answer, found.pages) == (MB // 2, 7)


@pytest.mark.parametrize("value", ["many", "nan", "inf", "-1", "0"])
def test_what_is_no_cap_is_refused(value):
    with pytest.raises(UsageError):
        read_limits({}, {"RECONCILER_MAX_PAGES": value})


def test_the_whole_is_four_timeouts_and_never_more_than_the_cap():
    assert Limits().seconds(30) == 120
    assert Limits().seconds(1) == 4
    assert Limits(whole=5).seconds(30) == 5


def every_setting() -> Iterator[tuple[str, str, Role]]:
    for type, names in BACKEND_SETTINGS.items():
        for name in names:
            if name not in {"encryption", "options"}:
                yield type, name, ROLES.get(type, {}).get(name, Role.TEXT)
    for type, roles in PLATFORM.settings.items():
        for name, role in roles.items():
            yield type, name, role
    for name, role in OPTIONS.items():
        yield "options", name, role


SETTINGS = list(every_setting())


def reader(name: str, role: Role, value: Json, environ: dict[str, str], **options: bool) -> SettingsReader:
    files = {"keys/one": "https://evil.example/x"}

    def resolve(reference: SecretRef) -> str | None:
        return (environ if reference.kind == "env" else files).get(reference.name)

    return SettingsReader("state backend 'x'", {name: role}, {name: value}, Operator(environ), resolve, **options)


def test_there_are_more_than_sixty() -> None:
    assert len(SETTINGS) > 60


@pytest.mark.parametrize(("type", "name", "role"), SETTINGS, ids=str)
def test_a_variable_stands_only_where_its_kind_belongs(type: str, name: str, role: Role) -> None:
    read = reader(name, role, SecretRef("env", "AWS_SECRET_ACCESS_KEY"), {"AWS_SECRET_ACCESS_KEY": VALUE})
    if role in (Role.CREDENTIAL, Role.DSN):
        assert read.text(name) == VALUE
        return
    with pytest.raises(ReconcilerError) as caught:
        read.text(name)
    assert caught.value.exit_code in (3, 64)
    assert VALUE[:8] not in caught.value.message + str(caught.value.hint)
    assert "AWS_SECRET_ACCESS_KEY" in caught.value.message


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("shape", ["as written", "read"])
def test_variables_of_our_own_stand_everywhere(role: Role, shape: str) -> None:
    places = {Role.ADDRESS: "https://mine.example", Role.STORE: "https://mine.example", Role.HOST: "mine.example:1"}
    value = places.get(role, "mine")
    written: Json = {"env": "RECONCILER_X"}
    read = reader(
        "x", role, SecretRef("env", "RECONCILER_X") if shape == "read" else written, {"RECONCILER_X": value}
    )
    assert read.text("x") == value


@pytest.mark.parametrize("role", [Role.ADDRESS, Role.STORE])
def test_an_address_is_trusted_whole_out_of_the_environment_only(role: Role) -> None:
    environ = {"WHERE": "https://evil.example/x", "CI_COMMIT_MESSAGE": "https://evil.example/x"}
    assert reader("x", role, {"env": "WHERE"}, environ).text("x") == environ["WHERE"]
    for value in ({"env": "CI_COMMIT_MESSAGE"}, {"file": "keys/one"}, "https://evil.example/x"):
        with pytest.raises(NotTrusted) as caught:
            reader("x", role, value, environ).text("x")  # type: ignore[arg-type]
        assert caught.value.exit_code == 3
    assert caught.value.host == "evil.example:443"
    assert "RECONCILER_ALLOWED_HOSTS=evil.example" in str(caught.value.hint)
    assert "reconciler trust evil.example:443" in str(caught.value.hint)
    assert reader("x", role, "https://evil.example/x", {}, own=True).text("x")


@pytest.mark.parametrize(
    "address",
    [
        "https://tavusapi.com\\@evil.example/", "https://tavusapi.com%2eevil.example/", "https://tavus\tapi.com/",
        "https://tavusapi\u3002com/", "https://tavusapi.com\u2100.evil.example/", "ftp://tavusapi.com/",
        "tavusapi.com", "//tavusapi.com", "https://", "https://\ttavusapi.com", "https://a@b@tavusapi.com/",
        "https://stra\u00dfe.example/",
    ],
)  # fmt: skip
def test_addresses_that_programs_read_in_two_ways_are_none(address: str) -> None:
    with pytest.raises(UsageError):
        reader("x", Role.ADDRESS, address, {"RECONCILER_ALLOWED_HOSTS": "strasse.example"}).text("x")


@pytest.mark.parametrize("word", ["x@evil.example/", "evil.example#", "a/b", "a:80", "a b", "-x", "a\u002f"])
def test_no_word_becomes_another_host(word: str) -> None:
    with pytest.raises(UsageError):
        reader("region", Role.WORD, word, {}).text("region")


@pytest.mark.parametrize(
    "url", ["s3://my-bucket", "gs://my.bucket", "az://box", "abfss://box@acct.dfs.core.windows.net/"]
)
def test_stores_by_their_own_scheme_need_no_trust(url: str) -> None:
    assert reader("url", Role.STORE, url, {}).text("url") == url


@pytest.mark.parametrize("url", ["abfss://box@evil.example/", "az://a@evil.example", "https://evil.example/b"])
def test_stores_elsewhere_do(url: str) -> None:
    with pytest.raises(NotTrusted):
        reader("url", Role.STORE, url, {}).text("url")


def test_a_file_stands_only_for_credentials_and_addresses() -> None:
    assert reader("x", Role.CREDENTIAL, {"file": "keys/one"}, {}).text("x")
    for role in (Role.TEXT, Role.WORD, Role.DSN):
        with pytest.raises(UsageError):
            reader("x", role, {"file": "keys/one"}, {}).text("x")
