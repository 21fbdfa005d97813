"""Credentials by a job's own identity: kept for the owner alone, and asked for only where something needs them."""

from __future__ import annotations

import importlib.util
import json
import stat
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

ACTION = Path(__file__).resolve().parents[2] / ".github" / "actions" / "reconciler"


@pytest.fixture
def identity(monkeypatch):
    monkeypatch.syspath_prepend(str(ACTION))
    for name in ("runner", "identity"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    spec = importlib.util.spec_from_file_location("identity", ACTION / "identity.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def issuer():
    """Hands out `token for AUDIENCE`, and Google's two answers; notes what was asked, and with which bearer."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def answer(self, status, value):
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            asked.append((self.path, self.headers["Authorization"]))
            self.answer(200, {"value": "token for " + self.path.partition("audience=")[2]})

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            asked.append((self.path, self.headers["Authorization"], body))
            if self.path.startswith("/refused"):
                self.answer(403, {})
            else:
                self.answer(
                    200, {"access_token": "exchanged"} if self.path == "/sts" else {"accessToken": "of the account"}
                )

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    environ = {"ACTIONS_ID_TOKEN_REQUEST_URL": f"{url}/token?api=1", "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "bearer"}
    yield url, environ, asked
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    ("known", "variable", "audience"),
    [
        ({"AWS_ROLE_ARN": "arn:x"}, "AWS_WEB_IDENTITY_TOKEN_FILE", "sts.amazonaws.com"),
        (
            {"AZURE_CLIENT_ID": "x", "AZURE_TENANT_ID": "y"},
            "AZURE_FEDERATED_TOKEN_FILE",
            "api%3A%2F%2FAzureADTokenExchange",
        ),
    ],
)
def test_a_token_in_a_file_of_the_owner(identity, issuer, tmp_path, capsys, known, variable, audience):
    _, environ, asked = issuer
    for _ in range(2):
        added = dict(known)
        identity.add_identity(added, environ, tmp_path / "identity")
        file = Path(added[variable])
        assert file.read_text() == f"token for {audience}"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert added.items() > known.items()
    assert asked == [(f"/token?api=1&audience={audience}", "Bearer bearer")] * 2
    assert f"::add-mask::token for {audience}" in capsys.readouterr().out


def test_google_gets_an_access_token_of_the_account(identity, issuer, tmp_path, monkeypatch):
    url, environ, asked = issuer
    token = identity.google_token(
        "mine", "projects/1/p", "s@x.test", exchange=f"{url}/sts", accounts=f"{url}/accounts"
    )
    assert token == "of the account"
    assert asked[0][2]["subjectToken"] == "mine"
    assert asked[0][2]["audience"] == "//iam.googleapis.com/projects/1/p"
    assert asked[1][:2] == ("/accounts/s@x.test:generateAccessToken", "Bearer exchanged")
    assert identity.google_token("mine", "p", "", exchange=f"{url}/sts") == "exchanged"
    known = {"GOOGLE_WORKLOAD_IDENTITY_PROVIDER": "projects/1/p", "GOOGLE_SERVICE_ACCOUNT_EMAIL": "s@x.test"}
    monkeypatch.setattr(identity, "google_token", lambda *given: " ".join(given))
    identity.add_identity(known, environ, tmp_path)
    assert known["GOOGLE_OAUTH_ACCESS_TOKEN"].startswith(
        "token for https%3A%2F%2Fiam.googleapis.com%2Fprojects%2F1%2Fp"
    )


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"AWS_REGION": "eu-central-1"},
        {"AWS_ROLE_ARN": "arn:x", "AWS_ACCESS_KEY_ID": "there already"},
        {"AZURE_CLIENT_ID": "x", "AZURE_CLIENT_SECRET": "there already"},
        {"GOOGLE_WORKLOAD_IDENTITY_PROVIDER": "p", "GOOGLE_APPLICATION_CREDENTIALS": "there already"},
    ],
)
def test_nothing_is_asked_for_that_nobody_needs(identity, issuer, tmp_path, known):
    _, environ, asked = issuer
    added = dict(known)
    identity.add_identity(added, environ, tmp_path)
    assert (added, asked) == (known, [])


def test_without_the_right_the_job_says_which(identity, tmp_path):
    with pytest.raises(identity.StepFailed) as caught:
        identity.add_identity({"AWS_ROLE_ARN": "arn:x"}, {}, tmp_path)
    assert "id-token: write" in caught.value.hint


def test_a_refusal_names_the_host_and_no_token(identity, issuer):
    url, _, _ = issuer
    with pytest.raises(identity.StepFailed) as caught:
        identity.google_token("mine", "p", "", exchange=f"{url}/refused")
    assert "403" in caught.value.message
    assert "mine" not in caught.value.message
