"""The object store behind the state: credentials that a pipeline got by its own identity."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from reconciler.backends.bucket import open_bucket
from reconciler.backends.context import BackendContext
from reconciler.backends.s3 import open_backend
from reconciler.errors import NotTrusted, ReconcilerError, UsageError
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


def opened(options: dict[str, Json] | None = None, environ: dict[str, str] | None = None, **settings: Json) -> str:
    given: dict[str, Json] = {"bucket": "states", "region": "us-east-1", **settings}
    if options:
        given["options"] = options
    context = BackendContext(Path(".reconciler") / "w", "w", environ=environ or {})
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
