"""No secret in a step's summary, log, outputs or reports, whatever a branch or an editor of the account does."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote

import pytest

from reconciler.core.planning.plan_file import TYPE
from tests.pipelines.conftest import PERSONA, PROJECT

KEY = "sk-live+0f/9d8c7b6a5e4d3c2b"
ACCOUNT = "account-key-5f4e3d2c1b0a"
SPELLINGS = {
    spelling
    for value in (KEY, ACCOUNT)
    for spelling in (value, quote(value, safe=""), base64.b64encode(value.encode()).decode()[:24])
}
PLAN = f'"type": "{TYPE}"'
OWN_MODEL = "{model: m, base_url: 'https://llm.example.com/v1', api_key: {env: DESK_KEY}}"
CUSTOM = PERSONA.replace("{model: tavus-gpt-oss}", OWN_MODEL)
BRANCHES = {
    "a text": CUSTOM.replace("greeting: Hello.", "greeting: {env: DESK_KEY}"),
    "a name": CUSTOM.replace("persona_name: Desk", "persona_name: {env: DESK_KEY}"),
    "joined": CUSTOM.replace("greeting: Hello.", "greeting: {join: [\"key \", {env: DESK_KEY}]}"),
    "an address": CUSTOM.replace("'https://llm.example.com/v1'", "{env: DESK_KEY}"),
    "a broken file": CUSTOM + "\n  {env: DESK_KEY\n",
}  # fmt: skip
PROJECTS = {
    "a bucket": "state: {backend: s3, bucket: {env: DESK_KEY}, region: r}",
    "an address of a store": "state: {backend: http, address: {env: DESK_KEY}}",
    "a dsn": "state: {backend: postgres, dsn: {env: DESK_KEY}}",
}


def inputs() -> dict[str, str]:
    return {"environment": f"DESK_KEY={KEY}\nRECONCILER_DIGEST_KEY=quick", "api-key": ACCOUNT}


def check(done, *, live: bool = False) -> None:
    """Neither the summary, nor the log, nor what the next step gets; but a plan holds what stands in the account
    already (`live`) as it is, or it could not be compared."""
    kept = [path.read_text("utf-8", "replace") for path in done.folder.rglob("*") if path.is_file()]
    kept = [text for text in kept if not live or PLAN not in text]
    for told in (done.summary, done.log, json.dumps(done.outputs), *kept):
        assert not [one for one in SPELLINGS if one in told], told
    assert done.summary.strip(), "a step says how it went"


@pytest.mark.parametrize("branch", BRANCHES)
def test_no_manifest_of_a_branch_brings_a_secret_into_the_summary(checkout, branch: str) -> None:
    checkout.write("manifests/desk.yaml", BRANCHES[branch])
    checkout.commit()
    check(checkout.step("plan", **inputs(), comment="false"))


@pytest.mark.parametrize("project", PROJECTS)
def test_no_project_file_of_a_branch_does_either(checkout, project: str) -> None:
    settings = f"{{provider: {{type: simulator}}, {PROJECTS[project]}}}"
    checkout.write("manifests/reconciler.yaml", PROJECT.replace("{provider: {type: simulator}}", settings))
    checkout.commit()
    check(checkout.step("plan", **inputs(), comment="false"))
    check(checkout.step("drift", **inputs(), issue="false"))


def test_no_editor_of_the_account_does_who_repeats_a_secret(checkout) -> None:
    checkout.environment = {"DESK_KEY": KEY, "RECONCILER_DIGEST_KEY": "quick"}
    checkout.write("manifests/desk.yaml", CUSTOM)
    checkout.commit()
    assert checkout.program("apply", "--auto-approve") == 0
    checkout.edit_by_hand("Hello.", f"Hello, {' or '.join(sorted(SPELLINGS))} is it.")
    check(checkout.step("plan", **inputs(), comment="false"), live=True)
    check(checkout.step("drift", **inputs(), issue="false"), live=True)
