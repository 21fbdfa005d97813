"""Short-lived credentials of a cloud's store by the job's own identity (OpenID Connect): AWS, Azure, Google Cloud.

AWS and Azure take the job's token out of a file, which their own clients know (`AWS_WEB_IDENTITY_TOKEN_FILE`,
`AZURE_FEDERATED_TOKEN_FILE`). Google's is exchanged here for an access token (`GOOGLE_OAUTH_ACCESS_TOKEN`).
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

from runner import StepFailed

URL, TOKEN = "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"
AWS_AUDIENCE = "sts.amazonaws.com"
AZURE_AUDIENCE = "api://AzureADTokenExchange"
EXCHANGE = "https://sts.googleapis.com/v1/token"
ACCOUNTS = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts"
SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"
SECONDS = 30.0


def add_identity(known: MutableMapping[str, str], environ: Mapping[str, str], folder: Path) -> None:
    """Add to `known`, the program's variables, the credential that the others of it ask for; `environ` is the job's.

    Nothing is asked for where a credential is there already. Raises `StepFailed` where the job may have no token.
    """
    if known.get("AWS_ROLE_ARN") and not known.keys() & {"AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"}:
        known["AWS_WEB_IDENTITY_TOKEN_FILE"] = _keep(folder / "aws.token", job_token(AWS_AUDIENCE, environ))
    if known.get("AZURE_CLIENT_ID") and not known.keys() & {"AZURE_CLIENT_SECRET", "AZURE_FEDERATED_TOKEN_FILE"}:
        known["AZURE_FEDERATED_TOKEN_FILE"] = _keep(folder / "azure.token", job_token(AZURE_AUDIENCE, environ))
    provider = known.get("GOOGLE_WORKLOAD_IDENTITY_PROVIDER", "").strip("/")
    if provider and not known.keys() & {"GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_OAUTH_ACCESS_TOKEN"}:
        token = job_token(f"https://iam.googleapis.com/{provider}", environ)
        known["GOOGLE_OAUTH_ACCESS_TOKEN"] = google_token(
            token, provider, known.get("GOOGLE_SERVICE_ACCOUNT_EMAIL", "")
        )


def job_token(audience: str, environ: Mapping[str, str]) -> str:
    """The token by which `audience` knows this job. Raises `StepFailed`."""
    url, bearer = environ.get(URL), environ.get(TOKEN)
    if not url or not bearer:
        raise StepFailed(
            f"the job may not ask for a token for {audience}",
            "give it the right `id-token: write`, in the caller, too",
        )
    separator = "&" if "?" in url else "?"
    answer = _ask(f"{url}{separator}audience={urllib.parse.quote(audience, safe='')}", None, bearer)
    return _text(answer, "value", audience)


def google_token(
    token: str, provider: str, account: str, *, exchange: str = EXCHANGE, accounts: str = ACCOUNTS
) -> str:
    """An access token for Google Cloud Storage: of the service account, or without one of the job itself."""
    body = {
        "audience": f"//iam.googleapis.com/{provider}",
        "grantType": "urn:ietf:params:oauth:grant-type:token-exchange",
        "requestedTokenType": "urn:ietf:params:oauth:token-type:access_token",
        "scope": "https://www.googleapis.com/auth/cloud-platform" if account else SCOPE,
        "subjectTokenType": "urn:ietf:params:oauth:token-type:jwt",
        "subjectToken": token,
    }
    own = _text(_ask(exchange, body, None), "access_token", "Google Cloud")
    if not account:
        return own
    name = urllib.parse.quote(account, safe="@")
    answer = _ask(f"{accounts}/{name}:generateAccessToken", {"scope": [SCOPE], "lifetime": "3600s"}, own)
    return _text(answer, "accessToken", "Google Cloud")


def _ask(url: str, body: Mapping[str, Any] | None, bearer: str | None) -> Any:
    request = urllib.request.Request(  # noqa: S310 - the runner's own address, or Google's
        url,
        data=None if body is None else json.dumps(body).encode(),
        headers={"Accept": "application/json", "Content-Type": "application/json"}
        | ({"Authorization": f"Bearer {bearer}"} if bearer else {}),
    )
    host = urllib.parse.urlsplit(url).hostname
    try:
        with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
            return json.loads(answer.read(1_000_000))
    except urllib.error.HTTPError as error:
        raise StepFailed(
            f"{host} gives this job no credential (status {error.code})",
            "look at the trust policy: it has to name this repository, branch or environment",
        ) from error
    except (OSError, ValueError) as error:
        raise StepFailed(
            f"{host} gives this job no credential: {type(error).__name__}", "run the job again"
        ) from error


def _text(answer: Any, name: str, audience: str) -> str:
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str) or not value:
        raise StepFailed(f"no token came back for {audience}", "run the job again")
    sys.stdout.write(f"::add-mask::{value}\n")
    sys.stdout.flush()
    return value


def _keep(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
    return str(path)
