"""Whose hosts, commands and variables are: what the environment and the trust file make the operator's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.fields.web_addresses import Endpoint, parse_endpoint
from reconciler.core.operator_trust import Operator, Trusted, name_of
from reconciler.errors import UsageError
from reconciler.platforms.tavus.platform import PLATFORM


def place(address: str) -> Endpoint:
    found = parse_endpoint(address)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "https://tavusapi.com/v2"),
        ({}, "https://TavusApi.com.:443/v2"),
        ({}, "https://eu.tavusapi.com/v2"),
        ({}, "http://127.0.0.1:1/x"),
        ({}, "http://[::1]:1/x"),
        ({}, "https://localhost/x"),
        ({"RECONCILER_ALLOWED_HOSTS": "a.example, state.example"}, "https://state.example:8443/x"),
        ({"RECONCILER_ALLOWED_HOSTS": "state.example:8443"}, "https://state.example:8443/x"),
        ({"RECONCILER_ALLOWED_HOSTS": "state.example:443"}, "https://state.example/x"),
        ({"RECONCILER_ALLOWED_HOSTS": "*.corp.example"}, "https://a.b.corp.example/x"),
        ({"RECONCILER_ALLOWED_HOSTS": "10.0.0.5:9000"}, "http://10.0.0.5:9000"),
        ({"TAVUS_PUBLIC_API_BASE_URL": "https://gate.example/v2"}, "https://gate.example/v2"),
        ({"TF_HTTP_ADDRESS": "http://state.example:81/a"}, "http://state.example:81/b"),
        ({"TF_HTTP_LOCK_ADDRESS": "https://state.example/a"}, "https://state.example/b"),
        ({"AWS_ENDPOINT_URL": "http://minio.example:9000"}, "http://minio.example:9000/"),
        ({"AWS_ENDPOINT_URL_S3": "https://minio.example"}, "https://minio.example:443"),
        ({"CI_API_V4_URL": "https://gitlab.example/api/v4"}, "https://gitlab.example/api/v4/projects/1"),
        ({"PGHOST": "db.example"}, "postgresql://db.example:6432"),
    ],
)
def test_what_is_the_operators(environ: dict[str, str], address: str) -> None:
    assert Operator(environ, vendor=PLATFORM.vendor).owns(place(address))


@pytest.mark.parametrize(
    ("environ", "address"),
    [
        ({}, "https://evil.example"),
        ({}, "http://tavusapi.com/v2"),
        ({}, "http://tavusapi.com:443/v2"),
        ({}, "https://tavusapi.com:8443/v2"),
        ({}, "https://tavusapi.com.evil.example/v2"),
        ({}, "https://eviltavusapi.com/v2"),
        ({}, "https://127.0.0.1.nip.io/"),
        ({}, "https://localhost.evil.example/"),
        ({}, "https://0.0.0.0/"),
        ({}, "https://2130706433/"),
        ({}, "https://s3.eu-central-1.amazonaws.com/bucket"),
        ({"RECONCILER_ALLOWED_HOSTS": "*.corp.example"}, "https://corp.example/"),
        ({"RECONCILER_ALLOWED_HOSTS": "*.corp.example"}, "https://evilcorp.example/"),
        ({"RECONCILER_ALLOWED_HOSTS": "state.example:8443"}, "https://state.example/"),
        ({"RECONCILER_ALLOWED_HOSTS": "state.example"}, "https://a.state.example/"),
        ({"RECONCILER_ALLOWED_HOSTS": ""}, "https://state.example/"),
        ({"TF_HTTP_ADDRESS": "https://state.example/a"}, "http://state.example/a"),
        ({"TF_HTTP_ADDRESS": "https://state.example/a"}, "https://state.example:8443/a"),
        ({"PGHOST": "db.example"}, "https://db.example/"),
        ({"PGHOST": "db.example"}, "postgresql://other.example"),
        ({"LLM_URL": "https://llm.example"}, "https://llm.example/"),
    ],
)
def test_what_is_not(environ: dict[str, str], address: str) -> None:
    assert not Operator(environ, vendor=PLATFORM.vendor).owns(place(address))


@pytest.mark.parametrize("entry", ["*", "https://a.example/x", "a@b", "a.*.example", "a b"])
def test_a_list_of_hosts_that_cannot_be_read_is_an_error_and_no_permission(entry: str) -> None:
    with pytest.raises(UsageError, match="RECONCILER_ALLOWED_HOSTS"):
        Operator({"RECONCILER_ALLOWED_HOSTS": entry}).owns(place("https://evil.example"))


@pytest.mark.parametrize(
    "host",
    [
        "s3.amazonaws.com", "s3.eu-central-1.amazonaws.com", "s3-eu-west-1.amazonaws.com",
        "my.bucket.s3.us-gov-west-1.amazonaws.com", "b.s3.dualstack.us-east-1.amazonaws.com",
        "s3.cn-north-1.amazonaws.com.cn", "storage.googleapis.com", "b.storage.googleapis.com",
        "acct.blob.core.windows.net", "acct.dfs.core.windows.net",
    ],
)  # fmt: skip
def test_stores_of_the_clouds_take_their_own_credentials_and_nothing_else(host: str) -> None:
    assert Operator().owns(place(f"https://{host}/x"), store=True)
    assert not Operator().owns(place(f"https://{host}/x"))
    assert not Operator().owns(place(f"http://{host}/x"), store=True)


@pytest.mark.parametrize(
    "host",
    [
        "ec2-1-2-3-4.eu-central-1.compute.amazonaws.com", "x.execute-api.us-east-1.amazonaws.com",
        "s3-1234.us-east-1.elb.amazonaws.com", "s3.evil.elb.us-east-1.amazonaws.com", "s3.amazonaws.com.evil.example",
        "storage.googleapis.com.evil.example", "evil.cloudfunctions.net", "evil.azurewebsites.net",
        "run.googleapis.com", "evil.westeurope.cloudapp.azure.com",
    ],
)  # fmt: skip
def test_machines_of_anybody_in_the_clouds_are_not_stores(host: str) -> None:
    assert not Operator().owns(place(f"https://{host}/x"), store=True)


labels = st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), min_size=1, max_size=4)


@given(labels, st.sampled_from(["", ":444", ":443"]))
def test_no_host_is_the_operators_by_looking_like_one(parts: list[str], port: str) -> None:
    environ = {"RECONCILER_ALLOWED_HOSTS": "state.example,*.corp.example"}
    host = ".".join([*parts, "test"])
    for built in (host, f"state.example.{host}", f"{parts[0]}state.example", f"tavusapi.com.{host}"):
        assert not Operator(environ).owns(place(f"https://{built}{port}/")), built


def test_the_trust_file_is_exact_about_hosts_and_commands() -> None:
    one = Operator({}, lambda: Trusted(("state.example:443",), ("pass show key",)))
    assert one.owns(place("https://state.example/x"))
    assert not one.owns(place("https://state.example:8443/x"))
    assert not one.owns(place("http://state.example/x"))
    assert one.runs("pass show key")
    assert not one.runs("pass show key; curl evil.example")
    assert not one.runs("pass  show key")


def test_commands_of_the_environment_are_whole_lines() -> None:
    one = Operator({"RECONCILER_ALLOWED_COMMANDS": "pass show key\n\nvault read -field=key x\n"})
    assert one.runs("vault read -field=key x")
    assert not one.runs("vault")
    assert not one.runs("")


@pytest.mark.parametrize(
    ("variable", "lent"),
    [
        ("RECONCILER_BUCKET", True), ("RECONCILER_REGION", True), ("LISTED", True), ("listed", False),
        ("AWS_SECRET_ACCESS_KEY", False), ("TAVUS_API_KEY", False), ("HOME", False),
        ("RECONCILER_DIGEST_KEY", False), ("RECONCILER_DIGEST_KEY_PREVIOUS", False), ("RECONCILER_PLAN_KEY", False),
        ("RECONCILER_ENVIRONMENT", False), ("RECONCILER_STATE_PASSWORD", False),
    ],
)  # fmt: skip
def test_variables_that_may_become_names(variable: str, lent: bool) -> None:
    assert Operator({"RECONCILER_ALLOWED_ENV": "OTHER, LISTED"}).lends(variable) is lent


@pytest.mark.parametrize(
    "variable",
    ["CI_COMMIT_MESSAGE", "CI_MERGE_REQUEST_TITLE", "GITHUB_HEAD_REF", "GITHUB_REF_NAME", "CHANGE_TITLE",
     "BUILD_SOURCEVERSIONMESSAGE", "BITBUCKET_BRANCH", "CI_COMMIT_REF_NAME"],
)  # fmt: skip
def test_no_address_comes_out_of_an_authors_words(variable: str) -> None:
    assert not Operator().names_places(variable)
    assert Operator({"RECONCILER_ALLOWED_ENV": variable}).names_places(variable)


def test_hosts_are_named_with_their_port() -> None:
    assert name_of(place("https://a.example/x")) == "a.example:443"
    assert name_of(place("https://[fe80::1]/x")) == "[fe80::1]:443"
