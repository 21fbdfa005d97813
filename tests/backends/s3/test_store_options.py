"""Options of the object store that a project file may set, and those that only the environment may."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.backends.context import BackendContext
from reconciler.backends.s3.s3_backend import open_backend
from reconciler.errors import NotTrusted, ReconcilerError, UsageError
from reconciler.types.json import Json
from reconciler.types.project import BackendSettings

pytest.importorskip("obstore", reason="rare: obstore is not installed")


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
