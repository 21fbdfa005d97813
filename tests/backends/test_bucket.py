"""The object store behind the state: credentials that a pipeline got by its own identity."""

from __future__ import annotations

import contextlib
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from reconciler.backends.bucket import OPTIONS, SERVICE_KEY, open_bucket
from reconciler.backends.context import BackendContext
from reconciler.backends.s3 import open_backend
from reconciler.errors import NotTrusted, ReconcilerError, UsageError
from reconciler.types.address import SecretRef
from reconciler.types.json import Json
from reconciler.types.options import Limits
from reconciler.types.project import BackendSettings

pytest.importorskip("obstore", reason="rare: obstore is not installed")


def test_an_access_token_of_google_is_the_bearer_of_every_request() -> None:
    asked: list[tuple[str, str | None]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append((self.path, self.headers["Authorization"]))
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    place = {
        "gcs_base_url": f"http://127.0.0.1:{server.server_port}", "disable_oauth": True,
        "client_email": "", "private_key": "", "private_key_id": "",
    }  # fmt: skip
    options = {"google_service_account_key": json.dumps(place)}
    try:
        bucket = open_bucket("gs://states", options, allow_http=True, limits=Limits(), token="of-the-job")
        assert bucket.read("personas") is None
    finally:
        server.shutdown()
        server.server_close()
    assert asked == [("/states/personas", "Bearer of-the-job")]


class Files:
    """What `{file}` and `{env}` in settings stand for."""

    def __init__(self, files: dict[str, str], environ: dict[str, str]) -> None:
        self._held = {"file": files, "env": environ}

    def resolve(self, reference: SecretRef) -> str | None:
        return self._held[reference.kind].get(reference.name)


def opened(
    options: dict[str, Json] | None = None,
    environ: dict[str, str] | None = None,
    files: dict[str, str] | None = None,
    **settings: Json,
) -> str:
    given: dict[str, Json] = {"bucket": "states", "region": "us-east-1", **settings}
    if options:
        given["options"] = options
    given = {name: value for name, value in given.items() if value is not None}
    environ = environ or {}
    secrets = Files(files, environ) if files else None
    context = BackendContext(Path(".reconciler") / "w", "w", environ=environ, secrets=secrets)  # type: ignore[arg-type]
    return open_backend(BackendSettings("s3", given), context).describe()


def test_s3_on_aws_needs_no_trust() -> None:
    assert opened() == "s3://states/reconciler/w/state.json"
    assert opened(endpoint="https://s3.us-east-1.amazonaws.com")


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"])
def test_neither_does_the_endpoint_of_the_environment(name: str) -> None:
    environ = {name: "http://minio.example:9000"}
    assert opened(environ=environ)
    assert opened(environ=environ, endpoint="http://minio.example:9000")
    with pytest.raises(NotTrusted):
        opened(environ=environ, endpoint="http://minio.example:9001")


@pytest.mark.parametrize(
    "name",
    ["endpoint", "endpoint_url", "aws_endpoint", "AWS_ENDPOINT_URL", "aws_endpoint_url_s3", "sts_endpoint",
     "metadata_endpoint", "azure_msi_endpoint", "azure_authority_host", "google_base_url"],
)  # fmt: skip
def test_an_address_among_the_options_is_one(name: str) -> None:
    with pytest.raises(NotTrusted):
        opened({name: "https://evil.example"})


@pytest.mark.parametrize(
    "name",
    ["proxy_url", "proxy_ca_certificate", "allow_invalid_certificates", "root_certificate", "default_headers",
     "google_service_account", "application_credentials", "web_identity_token_file", "azure_use_azure_cli",
     "azure_federated_token_file", "container_credentials_full_uri", "anything_new"],
)  # fmt: skip
def test_proxies_certificates_files_and_programs_are_not_the_repositorys(name: str) -> None:
    with pytest.raises(UsageError, match=name):
        opened({name: "https://evil.example"})


@pytest.mark.parametrize("name", ["google_service_account_key", "service_account_key", "GOOGLE_SERVICE_ACCOUNT_KEY"])
@pytest.mark.parametrize("written", ["literal", "file"])
def test_the_address_inside_a_key_of_google_is_one(name: str, written: str) -> None:
    """Where it leads, the token of `GOOGLE_OAUTH_ACCESS_TOKEN` would follow."""
    key = json.dumps({"gcs_base_url": "https://evil.example", "disable_oauth": True, "client_email": "x"})
    given: Json = key if written == "literal" else {"file": "key.json"}
    environ = {"GOOGLE_OAUTH_ACCESS_TOKEN": "of-the-job"}
    with pytest.raises(NotTrusted, match=r"evil\.example"):
        opened({name: given}, environ, {"key.json": key}, bucket=None, region=None, url="gs://states")


def test_what_the_operators_key_of_google_says_is_the_operators() -> None:
    place: dict[str, Json] = {"client_email": "", "private_key": "", "private_key_id": "", "disable_oauth": True}
    key = json.dumps({**place, "gcs_base_url": "https://emulator.example"})
    near = json.dumps({**place, "gcs_base_url": "http://127.0.0.1:9"})
    for given in ({"env": "SERVICE_KEY"}, near, json.dumps(place)):
        environ = {"SERVICE_KEY": key}
        assert opened({SERVICE_KEY: given}, environ, bucket=None, region=None, url="gs://states")
    with pytest.raises(NotTrusted):
        opened(
            {SERVICE_KEY: {"env": "CI_COMMIT_MESSAGE"}}, {"CI_COMMIT_MESSAGE": key}, bucket=None, region=None,
            url="gs://states",
        )  # fmt: skip


LONG_NUMBER = '{"n": ' + "1" * 5000 + ', "gcs_base_url": "https://evil.example"}'


@pytest.mark.parametrize("key", ["{", "[]", LONG_NUMBER, "[" * 9000], ids=lambda key: key[:4])
def test_a_key_of_google_that_only_the_store_can_read_is_none(key: str) -> None:
    with pytest.raises(UsageError, match=SERVICE_KEY):
        opened({SERVICE_KEY: key}, bucket=None, region=None, url="gs://states")


@pytest.mark.parametrize("url", ["s3://states", "gs://states", "az://states"])
@pytest.mark.parametrize("name", sorted(OPTIONS))
def test_no_option_ends_in_a_panic_of_the_library(name: str, url: str) -> None:
    for text in ("true", "30 seconds", "x"):
        with contextlib.suppress(ReconcilerError):
            assert opened({name: text, "account_name": "a"}, bucket=None, region=None, url=url).startswith(url)


def test_options_of_the_connection_reach_it() -> None:
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.headers["User-Agent"])
            self.send_response(404)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    options = {
        "region": "r", "access_key_id": "a", "secret_access_key": "b", "AWS_USER_AGENT": "ours",
        "endpoint": f"http://127.0.0.1:{server.server_port}",
    }  # fmt: skip
    try:
        open_bucket("s3://states", options, allow_http=True, limits=Limits()).read("personas")
    finally:
        server.shutdown()
        server.server_close()
    assert asked == ["ours"]


@pytest.mark.parametrize("settings", [{"region": "x@evil.example/"}, {"bucket": "x.evil.example/#"}])
def test_no_word_becomes_a_host(settings: dict[str, Json]) -> None:
    with pytest.raises(UsageError):
        opened(**settings)


@pytest.mark.parametrize("endpoint", ["no url", "http://", "https://[", "::", "http://a b", "\x00", "evil.example"])
def test_an_endpoint_that_is_no_address_is_an_error_of_ours(endpoint: str) -> None:
    for settings in ({"endpoint": endpoint}, {"endpoint": {"env": "WHERE"}}):
        with pytest.raises(ReconcilerError) as caught:
            opened(environ={"WHERE": endpoint}, **settings)  # type: ignore[arg-type]
        assert caught.value.exit_code in (3, 64)
