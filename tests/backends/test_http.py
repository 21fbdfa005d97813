"""State over HTTP: what is sent where, what each answer means, what a lost answer or a damaged one does."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from reconciler.backends.context import BackendContext
from reconciler.backends.http import make_probe, open_backend, parse_lock, write_lock
from reconciler.backends.http_client import SETTINGS
from reconciler.engine.state.lock_owner import describe_run
from reconciler.errors import StateError, StateLocked, UsageError
from reconciler.manifests.project.plugin_settings import BACKEND_SETTINGS
from reconciler.types.address import SecretRef
from reconciler.types.event import Notice
from reconciler.types.ports import Backend
from reconciler.types.project import BackendSettings
from tests.support import forked
from tests.support.state import Events, JumpingClock
from tests.support.tfserver import TerraformServer, serving

SECRET_TEXT = "t0p-s3cret-value"
HOLDER = {
    "ID": "5f-other", "Operation": "OperationTypeApply", "Info": "", "Who": "ann@laptop", "Version": "1.11.4",
    "Created": "2026-11-21T05:00:00Z", "Path": "",
}  # fmt: skip


@pytest.fixture
def server() -> Iterator[TerraformServer]:
    with serving() as found:
        yield found


def opened(tmp_path: Path, environ: Mapping[str, str] | None = None, **settings: object) -> Backend:
    given = {"retry_wait_min": 0, "retry_wait_max": 0, **settings}
    context = BackendContext(tmp_path / ".reconciler" / "w", "w", environ=environ or {})
    return open_backend(BackendSettings("http", given), context)  # type: ignore[arg-type]


@pytest.fixture
def backend(server: TerraformServer, tmp_path: Path) -> Backend:
    return opened(tmp_path, address=server.address + "/one")


def hold(backend: Backend, events: Events | None = None, timeout: float = 0.0):
    clock = JumpingClock()
    emit = (events if events is not None else Events()).append
    return backend.lock(describe_run("apply", clock.now()), timeout=timeout, clock=clock, emit=emit)


def test_a_run_speaks_the_protocol(backend: Backend, server: TerraformServer) -> None:
    with hold(backend):
        (record,) = server.world.locks.values()
        assert backend.read() is None
        backend.write(b"{}")
    id = json.loads(record)["ID"]
    assert set(json.loads(record)) == {"ID", "Operation", "Info", "Who", "Version", "Created", "Path"}
    assert server.world.seen == [
        ("LOCK", "/one"), ("LOCK", "/one"), ("GET", "/one"), ("POST", f"/one?ID={id}"), ("UNLOCK", "/one"),
    ]  # fmt: skip


def test_a_query_of_the_address_is_kept(server: TerraformServer, tmp_path: Path) -> None:
    backend = opened(tmp_path, address=server.address + "/one?tenant=a%20b")
    with hold(backend):
        backend.write(b"{}")
    posted = [path for method, path in server.world.seen if method == "POST"]
    assert posted[0].startswith("/one?tenant=a+b&ID=")
    assert "tenant" not in backend.describe()


@pytest.mark.parametrize("path", ["/api/v4/projects/7/terraform/state/w", "/api/packages/o/terraform/state/w"])
def test_the_locks_of_gitlab_and_gitea_are_found(server: TerraformServer, tmp_path: Path, path: str) -> None:
    server.world.taken = 409
    backend = opened(tmp_path, address=server.address + path)
    with hold(backend) as lease:
        backend.write(b"{}")
        lease.check()
        with pytest.raises(StateLocked), hold(backend):
            pass
    assert ("POST", f"{path}/lock") in server.world.seen
    assert ("DELETE", f"{path}/lock") in server.world.seen
    assert server.world.locks == {}


def test_other_addresses_and_methods(server: TerraformServer, tmp_path: Path) -> None:
    backend = opened(
        tmp_path, address=server.address + "/one", update_method="PUT", lock_address=server.address + "/one/lock",
        lock_method="POST", unlock_address=server.address + "/one/lock", unlock_method="DELETE",
    )  # fmt: skip
    with hold(backend):
        backend.write(b"{}")
    assert [method for method, _ in server.world.seen] == ["POST", "POST", "PUT", "DELETE"]


def test_terraforms_variables_are_understood(server: TerraformServer, tmp_path: Path) -> None:
    pair = base64.b64encode(f"ann:{SECRET_TEXT}".encode()).decode()
    server.world.authorization = f"Basic {pair}"
    environ = {
        "TF_HTTP_ADDRESS": server.address + "/one", "TF_HTTP_USERNAME": "ann", "TF_HTTP_PASSWORD": SECRET_TEXT,
        "TF_HTTP_UPDATE_METHOD": "PUT", "TF_HTTP_RETRY_MAX": "1",
    }  # fmt: skip
    backend = opened(tmp_path, environ)
    backend.write(b"{}")
    assert backend.read() == b"{}"
    assert server.world.seen[0] == ("PUT", "/one")
    server.world.faults = [("GET", 500), ("GET", 500)]
    with pytest.raises(StateError, match="500"):
        backend.read()
    with pytest.raises(UsageError, match="RETRY_MAX"):
        opened(tmp_path, {**environ, "TF_HTTP_RETRY_MAX": "often"})


def test_credentials_come_from_references_and_are_in_no_message(server: TerraformServer, tmp_path: Path) -> None:
    server.world.authorization = f"Bearer {SECRET_TEXT}"
    environ = {"STATE_TOKEN": SECRET_TEXT, "WRONG": SECRET_TEXT + "x"}
    reference = SecretRef("env", "STATE_TOKEN")
    opened(tmp_path, environ, address=server.address + "/one", token=reference).write(b"{}")
    wrong = opened(tmp_path, environ, address=server.address + "/one", token=SecretRef("env", "WRONG"))
    for act in (wrong.read, lambda: wrong.write(b"{}"), lambda: hold(wrong).__enter__()):
        with pytest.raises(StateError, match="401") as caught:
            act()
        assert SECRET_TEXT not in f"{caught.value.message} {caught.value.hint}"
    with pytest.raises(UsageError, match="MISSING"):
        opened(tmp_path, {}, address=server.address, token=SecretRef("env", "MISSING"))
    with pytest.raises(UsageError, match="not both"):
        opened(tmp_path, environ, address=server.address, token=reference, username="ann")


@pytest.mark.parametrize("address", ["ftp://x/y", "no address", "https://", "http://[::1", "https://ann:pw@h/x"])
def test_strange_addresses_are_refused_without_repeating_them(tmp_path: Path, address: str) -> None:
    with pytest.raises(UsageError) as caught:
        opened(tmp_path, address=address)
    assert "pw" not in str(caught.value.message)


def test_an_address_is_needed(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="address"):
        opened(tmp_path)


def test_the_project_file_knows_the_settings() -> None:
    assert set(BACKEND_SETTINGS["http"]) == {"encryption", *SETTINGS}


@pytest.mark.parametrize("fault", [500, 503, 429, "lost", "cut"])
def test_one_fault_is_tried_again(backend: Backend, server: TerraformServer, fault: object) -> None:
    server.world.faults = [("POST", fault)]
    backend.write(b'{"a": 1}')
    server.world.faults = [("GET", fault)]
    assert backend.read() == b'{"a": 1}'
    server.world.faults = [("LOCK", fault), ("UNLOCK", fault)]
    with hold(backend) as lease:
        lease.check()
    assert server.world.locks == {}


def test_a_damaged_answer_is_no_state(backend: Backend, server: TerraformServer) -> None:
    backend.write(b'{"a": 1}')
    server.world.faults = [("GET", "damaged")]
    with pytest.raises(StateError, match="damaged"):
        backend.read()
    assert backend.read() == b'{"a": 1}'


@pytest.mark.parametrize("status", [302, 401, 403, 400, 418, 500])
def test_a_refusal_is_an_error_that_says_what_to_do(backend: Backend, server: TerraformServer, status: int) -> None:
    for method, act in (("GET", backend.read), ("POST", lambda: backend.write(b"{}")), ("LOCK", backend.holder)):
        server.world.faults = [(method, status)] * 5
        with pytest.raises(StateError, match=str(status)) as caught:
            act()
        assert caught.value.hint
        server.world.faults = []


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_that_does_not_lock_is_said_so(backend: Backend, server: TerraformServer, status: int) -> None:
    server.world.faults = [("LOCK", status)]
    with pytest.raises(StateError, match="does not lock"), hold(backend):
        pass


def test_a_server_that_gives_its_lock_to_everybody_is_refused(backend: Backend, server: TerraformServer) -> None:
    server.world.faults = [("LOCK", 200)] * 2
    with pytest.raises(StateError, match="to everybody"), hold(backend):
        pass
    assert server.world.documents == {}


def test_nobody_there(tmp_path: Path) -> None:
    with serving() as server:
        address = server.address
    backend = opened(tmp_path, address=address + "/one", retry_max=1)
    with pytest.raises(StateError, match="cannot be reached") as caught:
        backend.read()
    assert "run the same command again" in str(caught.value.hint)


def test_a_lock_of_another_program_is_respected(backend: Backend, server: TerraformServer) -> None:
    server.world.locks["/one"] = json.dumps(HOLDER).encode()
    with pytest.raises(StateLocked, match="ann@laptop") as caught, hold(backend, timeout=1):
        pass
    assert caught.value.holder["ID"] == "5f-other"
    holder = backend.holder()
    assert holder is not None
    assert holder.operation == "OperationTypeApply"
    backend.break_lock("5f-other")
    assert backend.holder() is None


@pytest.mark.parametrize("answer", [b"", b"locked", b"[]", b"{}", b'{"ID": ""}', b"\xff"])
def test_a_holder_that_is_not_told_is_still_a_holder(
    backend: Backend, server: TerraformServer, answer: bytes
) -> None:
    server.world.locks["/one"] = answer
    with pytest.raises(StateLocked, match="does not say by whom"), hold(backend):
        pass


def test_a_write_under_the_lock_of_somebody_else_is_a_lost_lock(backend: Backend, server: TerraformServer) -> None:
    with hold(backend):
        server.world.locks["/one"] = json.dumps(HOLDER).encode()
        with pytest.raises(StateLocked) as caught:
            backend.write(b"{}")
        assert caught.value.holder["Who"] == "ann@laptop"
    assert json.loads(server.world.locks["/one"])["ID"] == "5f-other"


def test_a_look_at_the_lock_is_waited_for(backend: Backend, server: TerraformServer) -> None:
    look = make_probe()
    server.world.locks["/one"] = write_lock(look, "").replace(look.host.encode(), b"other-host")

    class Freeing(JumpingClock):
        def sleep(self, seconds: float) -> None:
            super().sleep(seconds)
            server.world.locks.clear()

    clock = Freeing()
    with backend.lock(describe_run("apply", clock.now()), timeout=0, clock=clock, emit=Events().append) as lease:
        lease.check()
    assert len(clock.slept) == 1


def test_a_lock_that_cannot_be_given_back_is_told(backend: Backend, server: TerraformServer) -> None:
    events = Events()
    with hold(backend, events):
        server.world.faults = [("UNLOCK", 500)] * 5
    (notice,) = events.of(Notice)
    assert "could not be given back" in str(notice)


def test_the_record_of_a_lock_round_trips() -> None:
    info = describe_run("apply", "2026-11-21T05:00:00Z", environ={"CI_JOB_URL": "https://ci.example/1"})
    held = parse_lock(write_lock(info, "x"))
    assert held is not None
    assert held.info.record() == {**info.record(), "Expires": ""}
    odd = parse_lock(write_lock(describe_run("apply", "no time"), "x"))
    assert odd is not None
    assert odd.info.since == "no time"


def test_a_killed_server_comes_back_in_mid_run(tmp_path: Path) -> None:
    def start(port: int) -> subprocess.Popen[str]:
        root = Path(__file__).resolve().parents[2]
        return forked.Popen(
            [sys.executable, "-m", "tests.support.tfserver", str(port), str(tmp_path)],
            cwd=root, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    process = start(0)
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        backend = opened(tmp_path, address=address + "/one", retry_max=0)
        with hold(backend) as lease:
            backend.write(b"one")
            process.kill()
            process.communicate()
            with pytest.raises(StateError):
                lease.check()
            with pytest.raises(StateError):
                backend.write(b"two")
            process = start(int(address.rpartition(":")[2]))
            assert process.stdout is not None
            assert process.stdout.readline().strip() == address
            lease.check()
            assert backend.read() == b"one"
            backend.write(b"two")
        assert backend.holder() is None
    finally:
        process.kill()
        process.communicate()


@pytest.mark.skipif(shutil.which("terraform") is None, reason="rare: terraform is not installed")
def test_the_real_terraform_uses_the_same_server(server: TerraformServer, tmp_path: Path, backend: Backend) -> None:
    """What our server accepts from us is what Terraform itself sends, and both see each other's locks."""
    (tmp_path / "main.tf").write_text(
        'terraform {\n  backend "http" {}\n}\noutput "greeting" {\n  value = "hello"\n}\n', encoding="utf-8"
    )
    address = server.address + "/one"
    names = {"ADDRESS": address, "LOCK_ADDRESS": address, "UNLOCK_ADDRESS": address, "RETRY_MAX": "0"}
    environ = {**os.environ, **{f"TF_HTTP_{name}": value for name, value in names.items()}, "CHECKPOINT_DISABLE": "1"}

    def terraform(*words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["terraform", *words], cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=120, check=False
        )

    assert terraform("init", "-no-color").returncode == 0
    with hold(backend):
        refused = terraform("apply", "-auto-approve", "-no-color")
        assert refused.returncode == 1
        assert "Error acquiring the state lock" in refused.stderr
        assert describe_run("apply", "").who in refused.stderr
    done = terraform("apply", "-auto-approve", "-no-color")
    assert done.returncode == 0, done.stderr
    assert json.loads(backend.read() or b"")["outputs"]["greeting"]["value"] == "hello"
    server.world.locks["/one"] = json.dumps(HOLDER).encode()
    freed = terraform("force-unlock", "-force", "5f-other")
    assert freed.returncode == 0, freed.stderr
