"""What pipelines know of a project: keys of their own for each account, and every variable that is named anywhere."""

from __future__ import annotations

import pytest

from reconciler.engine.scaffold.project_facts import ALWAYS, PipelineFacts, accounts_of
from reconciler.platforms.tavus.kinds import KINDS
from reconciler.types.project import BackendSettings, ProviderSettings, Workspace
from tests.support.pipelinefacts import FACTS, SOURCE, TWO
from tests.support.projects import load_project


def workspace(tmp_path, text):
    (tmp_path / "reconciler.yaml").write_text(
        "apiVersion: personas/v1\nkind: Project\nmetadata: {name: x}\nworkspaces:\n" + text
    )
    return load_project(tmp_path, upward=False).workspaces.values()


def test_two_accounts_with_variables_of_their_own(tmp_path):
    found = accounts_of(
        workspace(
            tmp_path,
            "  box: {provider: {type: simulator}}\n"
            "  a: {provider: {type: tavus, api_key: {env: A_API_KEY}}, state: {backend: s3, bucket: b}}\n"
            "  b: {provider: {type: tavus, api_key: {env: B_KEY}}, state: {backend: postgres, dsn: {env: DSN}}}\n",
        ),
        {},
        "TAVUS_API_KEY",
    )
    assert [(one.workspace, one.key, one.reading, one.state, one.cloud) for one in found] == [
        ("a", "A_API_KEY", "A_READ_KEY", "s3", "aws"),
        ("b", "B_KEY", "B_READ_KEY", "postgres", ""),
    ]
    assert [one.variables for one in found] == [(), ("DSN",)]


def test_accounts_that_share_a_variable_get_reading_keys_of_their_own(tmp_path):
    found = accounts_of(
        workspace(
            tmp_path,
            "  eu.west: {provider: {type: tavus, api_key: {env: TAVUS_API_KEY}}}\n"
            "  us: {provider: {type: tavus, api_key: {env: TAVUS_API_KEY}}}\n",
        ),
        {},
        "TAVUS_API_KEY",
    )
    assert [one.reading for one in found] == ["TAVUS_READ_KEY_EU_WEST", "TAVUS_READ_KEY_US"]


@pytest.mark.parametrize(
    ("settings", "cloud"),
    [
        ({"bucket": "b"}, "aws"),
        ({"url": "s3://b"}, "aws"),
        ({"url": "gs://b"}, "google"),
        ({"url": "az://c"}, "azure"),
        ({"bucket": "b", "endpoint": "https://minio.test"}, ""),
        ({"bucket": "b", "access_key_id": "x"}, ""),
    ],
)
def test_the_cloud_whose_identity_a_job_needs(settings, cloud):
    one = Workspace("a", ProviderSettings("tavus", {}), KINDS, BackendSettings("s3", settings))
    assert [found.cloud for found in accounts_of([one], {}, "TAVUS_API_KEY")] == [cloud]


def test_every_variable_is_found_and_those_of_every_run_are_not_repeated(tmp_path):
    (found,) = accounts_of(
        workspace(
            tmp_path,
            "  a: {provider: {type: tavus, api_key: {env: K}, base_url: {env: RECONCILER_URL}}}\n",
        ),
        {"a": [{"x": [{"y": "z", "env": "written out"}]}], "other": []},
        "TAVUS_API_KEY",
    )
    assert found.variables == ("RECONCILER_URL",)
    assert not set(found.variables) & {*ALWAYS, "K"}


def test_the_key_of_an_encrypted_state_is_found(tmp_path):
    (found,) = accounts_of(
        workspace(
            tmp_path,
            "  a: {provider: {type: tavus}, state: {backend: s3, bucket: b, encryption: {key: {env: SEAL}, "
            "old_keys: {before: {env: OLD}}}}}\n",
        ),
        {},
        "TAVUS_API_KEY",
    )
    assert found.variables == ("OLD", "SEAL")


def test_what_the_states_need():
    assert FACTS.extras == ()
    assert TWO.extras == ("s3",)
    assert PipelineFacts(SOURCE, TWO.accounts, encrypted=True).extras == ("encryption", "s3")
    assert TWO.unshared == ()
