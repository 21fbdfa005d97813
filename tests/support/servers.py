"""Real servers as processes: SeaweedFS and rclone as object stores, PgBouncer before PostgreSQL, Temporal."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from reconciler.types.json import Object
from tests.support.objectstore import BUCKET, settings_for
from tests.support.postgres import Postgres, free_port, reserve, unprivileged_user

READY_SECONDS = 120.0


def find_program(name: str) -> str | None:
    """Beside this Python (the `servers` extra puts it there), or on the path."""
    beside = Path(sys.executable).parent / name
    return str(beside) if beside.exists() else shutil.which(name) or shutil.which(name, path="/usr/sbin")


def missing(name: str, origin: str) -> str | None:
    """Why a server cannot be started here; None where it can."""
    return None if find_program(name) else f"rare: {name} is not installed ({origin})"


class ObjectServer:
    """A process that serves S3 on this machine; killed and started again on what it had stored."""

    def __init__(self, port: int, words: list[str], folder: Path, **environ: str) -> None:
        self.port = port
        self._words = words
        self._folder = folder
        self._environ = environ
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def settings(self) -> Object:
        return settings_for(f"http://127.0.0.1:{self.port}")

    def start(self) -> None:
        """Return once it takes objects."""
        with (self._folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                self._words, cwd=self._folder, env={**os.environ, **self._environ}, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT,
            )  # fmt: skip
        end = time.monotonic() + READY_SECONDS
        while not takes_objects(self.settings):
            if self._process.poll() is not None or time.monotonic() > end:
                log_text = (self._folder / "log").read_text(errors="replace")
                raise RuntimeError(f"{self._words[0]} does not come up:\n{log_text[-2000:]}")
            self._process_wait(0.2)

    def kill(self) -> None:
        """As a power cut."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def _process_wait(self, seconds: float) -> None:
        assert self._process is not None
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            pass


def takes_objects(settings: Object) -> bool:
    """Whether the store makes the bucket and takes an object: some answer long before they do."""
    import obstore
    from obstore.exceptions import BaseError
    from obstore.store import S3Store

    address = str(settings["endpoint"])
    host, _, port = address.removeprefix("http://").partition(":")
    try:
        connection = http.client.HTTPConnection(host, int(port), timeout=5)
        connection.request("PUT", f"/{BUCKET}", headers=sign_bucket(host, int(port)))
        connection.getresponse().read()
        connection.close()
        store = S3Store(
            BUCKET, endpoint=address, region="us-east-1", access_key_id=str(settings["access_key_id"]),
            secret_access_key=str(settings["secret_access_key"]), client_options={"allow_http": True},
            retry_config={"max_retries": 0},
        )  # fmt: skip
        obstore.put(store, "ready", b"x", use_multipart=False)
    except (OSError, http.client.HTTPException, BaseError):
        return False
    return True


def sign_bucket(host: str, port: int) -> dict[str, str]:
    """Headers for making the bucket: obstore makes none, so botocore signs, which moto brings."""
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    request = AWSRequest("PUT", f"http://{host}:{port}/{BUCKET}")
    SigV4Auth(Credentials("test-key-id", "test-secret-key"), "s3", "us-east-1").add_auth(request)
    return dict(request.headers.items())


@contextmanager
def seaweed() -> Iterator[ObjectServer]:
    """SeaweedFS: minds conditions; stores on disk."""
    program = find_program("weed")
    assert program is not None
    with _folder("rec-weed-") as folder:
        ports = weed_ports()
        key = {"accessKey": "test-key-id", "secretKey": "test-secret-key"}
        identity = {"name": "test", "credentials": [key], "actions": ["Admin", "Read", "Write", "List", "Tagging"]}
        (folder / "s3.json").write_text(json.dumps({"identities": [identity]}), encoding="utf-8")
        (folder / "data").mkdir()
        words = [
            program, "-logtostderr=true", "server", f"-dir={folder / 'data'}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1",
            "-s3", f"-s3.port={ports[0]}", f"-s3.config={folder / 's3.json'}", f"-master.port={ports[1]}",
            f"-volume.port={ports[2]}", "-filer", f"-filer.port={ports[3]}", "-volume.max=20",
            "-master.volumeSizeLimitMB=64", *(f"-{name}=0" for name in _fixed_ports(program)),
        ]  # fmt: skip
        server = ObjectServer(ports[0], words, folder, WEED_S3_SSE_KEY="00" * 32)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@cache
def _fixed_ports(program: str) -> tuple[str, ...]:
    """The options of services that listen at a port of their own: two stores at a time could not both start."""
    told = subprocess.run([program, "server", "-h"], capture_output=True, text=True, check=False)
    return tuple(name for name in ("s3.port.iceberg", "s3.port.lance") if f"-{name} " in told.stdout + told.stderr)


@contextmanager
def rclone() -> Iterator[ObjectServer]:
    """`rclone serve s3`: says yes to every conditional write."""
    program = find_program("rclone")
    assert program is not None
    with _folder("rec-rclone-") as folder:
        port = free_port()
        (folder / "data" / BUCKET).mkdir(parents=True)
        words = [
            program, "serve", "s3", "--addr", f"127.0.0.1:{port}", "--auth-key", "test-key-id,test-secret-key",
            "--config", str(folder / "none.conf"), str(folder / "data"),
        ]  # fmt: skip
        server = ObjectServer(port, words, folder)
        try:
            server.start()
            yield server
        finally:
            server.kill()


@contextmanager
def pgbouncer(server: Postgres) -> Iterator[str]:
    """A pooler in transaction mode before `server`, with two sessions for everybody; its dsn."""
    program = find_program("pgbouncer")
    assert program is not None
    with _folder("rec-pool-") as folder:
        port = free_port()
        (folder / "pool.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port} user=postgres\n[pgbouncer]\n"
            f"listen_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n"
            "pool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 100\n",
            encoding="utf-8",
        )
        user = unprivileged_user()
        if user is not None:
            shutil.chown(folder, user)
        process = subprocess.Popen(
            [program, "-q", str(folder / "pool.ini")], cwd=folder, user=user,
            extra_groups=() if user else None, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            wait_for_port(process, port)
            yield f"host=127.0.0.1 port={port} user=postgres dbname=postgres connect_timeout=5"
        finally:
            process.terminate()
            process.wait()


@contextmanager
def temporal() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Temporal's own server: its address, and its process. It answers clients and lists workflows by then."""
    program = find_program("temporal")
    assert program is not None
    server, port = _start_temporal(program)
    try:
        yield f"127.0.0.1:{port}", server
    finally:
        server.kill()
        server.wait()


def _start_temporal(program: str) -> tuple[subprocess.Popen[bytes], int]:
    """Parts of it speak over ports that it picks itself, and it ends where one was taken: started anew then."""
    for _ in range(3):
        port = free_port()
        words = [program, "server", "start-dev", "--ip", "127.0.0.1", "--port", str(port), "--headless"]
        server = subprocess.Popen(
            [*words, "--log-level", "never"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + READY_SECONDS
        while server.poll() is None and time.monotonic() < end:
            if asyncio.run(answers_clients(f"127.0.0.1:{port}")):
                return server, port
            try:
                server.wait(0.2)
            except subprocess.TimeoutExpired:
                pass
        server.kill()
        server.wait()
    raise RuntimeError("Temporal does not come up")


async def answers_clients(address: str) -> bool:
    """Whether Temporal takes a client, has the namespace `default` and can list what runs there: its port is open
    long before."""
    from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
    from temporalio.client import Client
    from temporalio.service import RPCError

    try:
        client = await Client.connect(address)
        await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace="default"))
        async for _ in client.list_workflows("ExecutionStatus = 'Running'"):
            pass
    except (RuntimeError, RPCError):
        return False
    return True


def wait_for_port(process: subprocess.Popen[bytes], port: int) -> None:
    """Return once somebody listens there; raises when the process ended instead."""
    end = time.monotonic() + READY_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=5).close()
        except OSError:
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"nobody listens on {port}") from None
        else:
            return


def weed_ports() -> list[int]:
    """Four free ports whose numbers plus 10,000 are free too: that is where its parts speak to each other."""
    found: list[int] = []
    for port in range(10_000 + os.getpid() % 4_000, 22_000):
        if reserve(port) and reserve(port + 10_000):
            found.append(port)
        if len(found) == 4:
            return found
    raise RuntimeError("no ports are free")


@contextmanager
def _folder(prefix: str) -> Iterator[Path]:
    # Below the private folder of a test another user could not reach it.
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
