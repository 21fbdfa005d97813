"""State in an object store: conditions, stores that ignore them, addresses, and what the settings may say."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconciler.backends.context import BackendContext
from reconciler.backends.s3 import FREE, SETTINGS, S3Backend, open_backend
from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import StateError, StateLocked, UsageError
from reconciler.installation import extra_hint
from reconciler.manifests.project.plugin_settings import BACKEND_SETTINGS
from reconciler.types.address import SecretRef
from reconciler.types.json import Object
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from tests.support.objectstore import careless_server, moto_server
from tests.support.state import Events, JumpingClock

pytest.importorskip("obstore", reason="rare: obstore is not installed")
KEY = "s3-secret-key-value"


@pytest.fixture(scope="module")
def store() -> Iterator[Object]:
    pytest.importorskip("moto", reason="rare: moto is not installed")
    with moto_server() as settings:
        yield settings


def opened(settings: Object, environ: Mapping[str, str] | None = None) -> Backend:
    context = BackendContext(Path(".reconciler") / "w", "w", environ=environ or {})
    return open_backend(BackendSettings("s3", settings), context)


@pytest.fixture
def backend(store: Object, request: pytest.FixtureRequest) -> Backend:
    return opened({**store, "key": f"{request.node.name}/state.json"})


def hold(backend: Backend):
    clock = JumpingClock()
    return backend.lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=Events().append)


def names(backend: Backend) -> list[str]:
    """Keys of all objects of this test."""
    import obstore

    assert isinstance(backend, S3Backend)
    folder = backend._key.rpartition("/")[0]
    found = obstore.list(backend._bucket._store, prefix=folder).collect()
    return sorted(one["path"].removeprefix(folder + "/") for one in found)


def test_a_run_leaves_the_document_and_a_lock_that_names_nobody(backend: Backend) -> None:
    with hold(backend):
        backend.write(b"{}")
        assert names(backend) == ["state.json", "state.json.lock"]
    assert names(backend) == ["state.json", "state.json.lock"]
    assert isinstance(backend, S3Backend)
    found = backend._bucket.read(backend._lock_key)
    assert found is not None
    assert found.data == FREE
    with hold(backend) as lease:
        lease.check()


def test_the_key_is_made_of_the_workspace(store: Object) -> None:
    backend = opened(store)
    assert backend.describe() == "s3://states/reconciler/w/state.json"
    backend.write(b"{}")
    assert opened(store).read() == b"{}"


def test_a_url_with_a_prefix(store: Object) -> None:
    by_url = {key: value for key, value in store.items() if key != "bucket"}
    backend = opened({**by_url, "url": "s3://states/team/", "key": "x.json"})
    backend.write(b"1")
    assert opened({**store, "key": "team/x.json"}).read() == b"1"


def test_stores_that_ignore_conditions_are_refused() -> None:
    with careless_server() as settings:
        backend = opened(settings)
        with pytest.raises(StateError, match="ignores If-None-Match") as caught, hold(backend):
            pass
        assert "another backend" in str(caught.value.hint)
        assert backend.holder() is None
        assert backend.read() is None


def test_a_write_in_between_is_noticed_while_giving_back(backend: Backend, store: Object) -> None:
    assert isinstance(backend, S3Backend)
    with hold(backend):
        holder = backend.holder()
        assert holder is not None
        backend.break_lock(holder.id)
        other = hold(backend)
        other.__enter__()
    second = backend.holder()
    assert second is not None
    assert second.id != holder.id
    other.__exit__(None, None, None)
    assert backend.holder() is None


def test_a_damaged_lock_names_its_object(backend: Backend) -> None:
    assert isinstance(backend, S3Backend)
    backend._bucket.write(backend._lock_key, b"garbage", None)
    with pytest.raises(StateError, match=r"state\.json\.lock is damaged"), hold(backend):
        pass


def test_a_bucket_that_is_not_there(store: Object) -> None:
    backend = opened({**store, "bucket": "nowhere"})
    for act in (lambda: backend.write(b"{}"), lambda: hold(backend).__enter__()):
        with pytest.raises(StateError) as caught:
            act()
        assert not isinstance(caught.value, StateLocked)
        assert caught.value.hint


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({}, "either"),
        ({"bucket": "a", "url": "s3://b"}, "either"),
        ({"bucket": "a", "options": "x"}, "options"),
        ({"bucket": "a", "options": {"no_such_option": "x"}}, "no_such_option"),
        ({"url": "teapot://b"}, "cannot be opened"),
        ({"bucket": "a", "secret_access_key": SecretRef("env", "MISSING")}, "MISSING"),
    ],
)
def test_settings_are_checked(settings: Object, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        opened(settings)


def test_the_project_file_knows_the_settings() -> None:
    assert set(BACKEND_SETTINGS["s3"]) == {"encryption", *SETTINGS}


def test_other_stores_are_named_by_their_address() -> None:
    google = opened({"url": "gs://my-states", "options": {"skip_signature": "true"}})
    assert google.describe() == "gs://my-states/reconciler/w/state.json"
    azure = opened(
        {"url": "az://box", "options": {"account_name": "acct", "account_key": {"env": "AZ"}}}, {"AZ": "a2V5"}
    )
    assert azure.describe() == "az://box/reconciler/w/state.json"


def test_a_secret_is_in_no_message(store: Object) -> None:
    backend = opened(
        {**store, "endpoint": "http://127.0.0.1:1", "secret_access_key": SecretRef("env", "K")}, {"K": KEY}
    )
    assert isinstance(backend, S3Backend)
    backend._bucket._secrets.append("127.0.0.1")
    from reconciler.backends.bucket import _said

    assert _said(ValueError(f"signed with {KEY}\nmore"), [KEY]) == "signed with (sensitive)"
    assert KEY not in backend.describe()


def test_without_obstore_the_command_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.setitem(sys.modules, "obstore.exceptions", None)
    with pytest.raises(UsageError) as caught:
        opened({"bucket": "x"})
    assert caught.value.hint == extra_hint("s3")
    assert "[s3]" in caught.value.hint
