"""Opening the provider from settings and environment."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.errors import AuthRefused, NotFound, Unavailable, UsageError
from reconciler.platforms.base import ProviderContext
from reconciler.platforms.tavus.client.open_provider import BASE_URL, check_face, check_voice, open_provider
from reconciler.types.address import SecretRef
from reconciler.types.json import Json
from reconciler.types.project import ProviderSettings


class Known:
    """Resolves references to environment variables and files out of two dictionaries."""

    def __init__(self, env: Mapping[str, str], files: Mapping[str, str]) -> None:
        self.env, self.files = env, files

    def resolve(self, reference: SecretRef) -> str | None:
        return (self.env if reference.kind == "env" else self.files).get(reference.name)


@pytest.fixture
def open_with(clock: Any) -> Any:
    def make(settings: Any = None, *, env: Any = None, vocabulary: str = "pal", **options: Any) -> Any:
        environ = env or {}
        context = ProviderContext(
            workspace="production",
            state_folder="unused",
            clock=clock,
            secrets=Known(environ, {"keys/tavus": "from-file\n"}),
            random=lambda: 0.5,
            environ=environ,
            **options,
        )
        return open_provider(ProviderSettings("tavus", settings or {}, vocabulary), context)

    return make


def key_of(provider: Any) -> str:
    return str(provider.fingerprint(lambda key: key))


@pytest.mark.parametrize(
    ("settings", "env", "key"),
    [
        ({}, {"TAVUS_API_KEY": "plain"}, "plain"),
        ({}, {"TAVUS_API_KEY": " spaces \n"}, "spaces"),
        ({"api_key": SecretRef("env", "OTHER")}, {"OTHER": "other", "TAVUS_API_KEY": "plain"}, "other"),
        ({"api_key": {"env": "OTHER"}}, {"OTHER": "other"}, "other"),
        ({"api_key": SecretRef("file", "keys/tavus")}, {}, "from-file"),
    ],
)
def test_where_the_key_comes_from(open_with: Any, settings: Any, env: Any, key: str) -> None:
    assert key_of(open_with(settings, env=env)) == key


@pytest.mark.parametrize(
    ("settings", "env", "named"),
    [
        ({}, {}, "TAVUS_API_KEY"),
        ({}, {"TAVUS_API_KEY": "  "}, "TAVUS_API_KEY"),
        ({"api_key": SecretRef("env", "OTHER")}, {"TAVUS_API_KEY": "plain"}, "OTHER"),
        ({"api_key": SecretRef("file", "keys/none")}, {}, "keys/none"),
    ],
)
def test_a_key_that_is_not_there(open_with: Any, settings: Any, env: Any, named: str) -> None:
    with pytest.raises(AuthRefused, match=named) as caught:
        open_with(settings, env=env)
    assert named in (caught.value.hint or "")


@pytest.mark.parametrize("key", ["two words", "new\nline", "käse", "tab\there"])
def test_a_key_that_cannot_be_one_is_not_shown(open_with: Any, key: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_with(env={"TAVUS_API_KEY": key})
    assert key not in caught.value.message + str(caught.value.hint)


@pytest.mark.parametrize(
    ("settings", "env", "url"),
    [
        ({}, {}, BASE_URL),
        ({}, {"TAVUS_PUBLIC_API_BASE_URL": "http://127.0.0.1:1/v2"}, "http://127.0.0.1:1/v2"),
        (
            {"base_url": "https://a.example/v2/"},
            {"TAVUS_PUBLIC_API_BASE_URL": "https://b.example", "RECONCILER_ALLOWED_HOSTS": "a.example"},
            "https://a.example/v2",
        ),
        ({"base_url": SecretRef("env", "URL")}, {"URL": "http://localhost:1/v2"}, "http://localhost:1/v2"),
    ],
)
def test_where_the_address_comes_from(open_with: Any, settings: Any, env: Any, url: str) -> None:
    assert open_with(settings, env={"TAVUS_API_KEY": "k", **env}).account().base_url == url


@pytest.mark.parametrize(
    ("settings", "hint"),
    [
        ({"api_kye": "x"}, "did you mean 'api_key'"),
        ({"colour": "x"}, "known: api_key"),
        ({"base_url": "http://tavusapi.com/v2"}, "https://"),
        ({"base_url": 7}, "text"),
        ({"timeout": 0}, None),
        ({"timeout": "long"}, None),
        ({"timeout": True}, None),
    ],
)
def test_settings_that_are_wrong(open_with: Any, settings: Any, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        open_with(settings, env={"TAVUS_API_KEY": "k"})
    assert hint is None or hint in (caught.value.hint or "")


def test_an_unknown_vocabulary(open_with: Any) -> None:
    with pytest.raises(UsageError, match="replica"):
        open_with(env={"TAVUS_API_KEY": "k"}, vocabulary="replica")


def test_what_the_provider_says_of_itself(open_with: Any) -> None:
    one = open_with({"timeout": 5}, env={"TAVUS_API_KEY": "k"}, vocabulary="persona", reading=True)
    assert one.vocabulary == "persona"
    assert one.account().vocabulary == "persona"
    assert one.account().owner is None
    assert {"persona", "tool"} <= set(one.kinds)


def over(answers: Mapping[str, object]):
    def read(path: str, query: Mapping[str, str]) -> Json:
        answer = answers.get(path + query.get("page", ""), NotFound("no"))
        if isinstance(answer, Exception):
            raise answer
        return answer  # type: ignore[return-value]

    return read


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"/faces/r1": {"face_id": "r1", "status": "completed"}}, None),
        ({"/faces/r1": {"data": {"face_id": "r1"}}}, None),
        ({"/faces/r1": {"status": "error"}}, "training"),
        ({"/faces/r1": {"status": "started"}}, "training"),
        ({"/faces": {"data": [{"face_id": "r2"}]}}, "no face"),
        ({"/faces": {"data": []}}, None),
        ({}, None),
        ({"/faces/r1": Unavailable("down")}, None),
    ],
)
def test_faces(answers: Mapping[str, object], wrong: str | None) -> None:
    found = check_face(over(answers), "pal", "r1")
    assert (found is None) if wrong is None else (found is not None and wrong in found)


def test_faces_are_replicas_in_the_older_words() -> None:
    assert check_face(over({"/replicas": {"data": [{"replica_id": "r2"}]}}), "persona", "r1") is not None


@pytest.mark.parametrize(
    ("answers", "wrong"),
    [
        ({"/voices1": {"data": [{"voice_id": "v1"}]}}, False),
        ({"/voices1": {"data": [{"voice_id": "v2"}]}}, True),
        ({"/voices1": {"data": [{"voice_name": "anna"}]}}, False),
        ({"/voices1": {"data": []}}, False),
        ({}, False),
    ],
)
def test_voices(answers: Mapping[str, object], wrong: bool) -> None:
    assert (check_voice(over(answers), "v1") is not None) is wrong


def test_voices_on_a_later_page() -> None:
    page = {"data": [{"voice_id": f"w{number}"} for number in range(100)]}
    assert check_voice(over({"/voices1": page, "/voices2": {"data": [{"voice_id": "v1"}]}}), "v1") is None
    assert check_voice(over({"/voices1": page, "/voices2": page}), "v1") is not None
