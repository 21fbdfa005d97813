"""A secret at any place, any command and format, before a service that repeats what it was sent: nothing tells it."""

from __future__ import annotations

import base64
import html
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import quote, quote_plus

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.cli.main import run
from reconciler.types.json import Json

PLAIN = "S3NTINELx7Kq29vLm"
ODD = 'S3NT "inel" <é>\\&/x7\tKq\u200b29 vLm'
ENV: Json = {"env": "RECONCILER_SENTINEL"}
LLM = ("layers", "llm")
SPEC: dict[str, Json] = {"persona_name": "Desk", "system_prompt": "Hello.", "default_replica_id": "r90bbd427f71"}
API = ("delivery", "api")
FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    *(
        ("Persona", path)
        for path in (
            ("persona_name",), ("system_prompt",), ("greeting",), ("context",), ("default_replica_id",),
            (*LLM, "api_key"), (*LLM, "base_url"), (*LLM, "model"), (*LLM, "headers", "Authorization"),
            (*LLM, "headers", "X-Organization-ID"), (*LLM, "default_query", "api-version"),
            (*LLM, "default_query", "key"),
            (*LLM, "extra_body", "user"), (*LLM, "extra_body", "deep", "er"), ("layers", "tts", "api_key"),
            ("layers", "tts", "external_voice_id"), ("layers", "tts", "voice_settings", "x"),
            ("layers", "stt", "hotwords"), ("layers", "unheard", "of"), ("unheard_of",),
        )
    ),
    *(
        ("Tool", path)
        for path in (
            ("name",), ("description",), (*API, "url"), (*API, "headers", "X-Any"), (*API, "auth", "token"),
            (*API, "auth", "username"), (*API, "body_template"), ("unheard_of",),
        )
    ),
    *(("Document", (word,)) for word in ("document_name", "document_url", "callback_url", "unheard_of")),
    *(("Guardrail", (word,)) for word in ("guardrail_name", "guardrail_prompt", "callback_url", "unheard_of")),
    *(("Objectives", (word,)) for word in ("unheard_of",)),
    *(("Deployment", (word,)) for word in ("name", "password", "title")),
    *(("PronunciationDictionary", (word,)) for word in ("name", "unheard_of")),
)  # fmt: skip
BODIES: dict[str, dict[str, Json]] = {
    "Persona": SPEC,
    "Tool": {
        "name": "look_up", "description": "Looks up.", "parameters": {"type": "object", "properties": {}},
        "delivery": {"api": {"url": "https://t.example/x", "method": "POST", "auth": {"type": "bearer"}}},
    },
    "Document": {"document_name": "Doc", "document_url": "https://d.example/x.pdf"},
    "Guardrail": {"guardrail_name": "G", "guardrail_prompt": "Never."},
    "Objectives": {"data": [{"objective_name": "o", "objective_prompt": "p"}]},
    "Deployment": {"name": "dep", "persona_id": "p123"},
    "PronunciationDictionary": {"name": "pd", "rules": []},
}  # fmt: skip
PROVIDER = ("api_key", "base_url", "timeout", "max_pages", "unheard_of")
STATE: dict[str, tuple[str, ...]] = {
    "http": ("address", "lock_address", "unlock_address", "username", "password", "token", "update_method",
             "lock_method", "retry_max", "unheard_of"),
    "postgres": ("dsn", "name", "schema", "table", "password"),
    "s3": ("bucket", "key", "region", "endpoint", "url", "access_key_id", "secret_access_key", "session_token"),
    "local": ("path",),
}  # fmt: skip
PLACES = (
    *(("field", kind, path) for kind, path in FIELDS),
    *(("provider", "", (word,)) for word in PROVIDER),
    *(("state", backend, (word,)) for backend, words in STATE.items() for word in words),
)
COMMANDS = (
    ("validate",), ("plan",), ("plan", "--out", "p.plan"), ("apply", "--auto-approve"), ("drift",),
    ("destroy", "--auto-approve"), ("state", "list"), ("state", "history"), ("plan", "--refresh-only"),
    ("plan", "--unmanaged", "--verbose"), ("apply", "--auto-approve", "--json-log"), ("migrate",),
)  # fmt: skip
FORMATS = ("text", "json", "markdown", "html", "ndjson", "junit", "sarif", "openmetrics", "github", "gitlab")


def spellings(secret: str) -> set[str]:
    data = secret.encode()
    plain = "".join(one for one in secret if one.isprintable())
    cores = {base64.b64encode(b"\0" * shift + data)[4 * (shift > 0) : -4].decode() for shift in range(3)}
    return {
        secret, plain, json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], quote(secret, safe=""),
        quote_plus(secret), html.escape(secret),
        html.escape(json.dumps(secret)[1:-1]), quote(json.dumps(secret)[1:-1]), repr(secret)[1:-1], *cores,
        secret[:8], *(core.translate(str.maketrans("+/", "-_")) for core in cores),
    }  # fmt: skip


class Echo(BaseHTTPRequestHandler):
    """Repeats the request in the error that it answers, in every spelling; reads are answered if `lists` is set."""

    lists = True

    def answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode()
        if self.command == "GET" and type(self).lists:
            self.reply(200, {"data": [], "total_count": 0})
            return
        request = f"{self.command} {self.path} {self.headers.items()} {body}"
        texts = [one for one in _texts(json.loads(body or "null")) if len(one) > 7]
        echoes = [request, *texts, html.escape(request), quote(request), base64.b64encode(request.encode()).decode(),
                  *(base64.b64encode(f"u:{one}".encode()).decode() for one in texts),
                  *(one[: len(one) * 2 // 3] + "..." for one in texts)]  # fmt: skip
        self.reply(
            400, {"error": "bad: " + " | ".join(echoes[1:] + echoes[:1]), "request": json.loads(body or "null")}
        )

    do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = answer

    def reply(self, status: int, document: Json) -> None:
        data = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *rest: object) -> None:
        """Say nothing."""


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    for member in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from _texts(member)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}/v2"
    server.shutdown()
    server.server_close()


def put(spec: dict[str, Json], path: tuple[str, ...], value: Json) -> dict[str, Json]:
    inner = spec.get(path[0])
    member = value if len(path) == 1 else put(dict(inner) if isinstance(inner, dict) else {}, path[1:], value)
    return {**spec, path[0]: member}


def project(root: Path, place: tuple[str, str, tuple[str, ...]], address: str) -> None:
    sort, what, path = place
    provider: dict[str, Json] = {"type": "tavus", "base_url": address}
    state: dict[str, Json] = {"backend": what if sort == "state" else "local"}
    if what == "http":
        state["address"] = f"{address}/state"
    if sort == "provider":
        provider[path[0]] = ENV
    if sort == "state":
        state[path[0]] = ENV
    folder = root / "manifests"
    folder.mkdir(exist_ok=True)
    box: Json = {"provider": provider, "state": state}
    document = {
        "apiVersion": "personas/v1",
        "kind": "Project",
        "metadata": {"name": "nothing"},
        "workspaces": {"box": box},
    }
    (root / "reconciler.yaml").write_text(yaml.safe_dump({**document, "default_workspace": "box"}))
    kind = what if sort == "field" else "Persona"
    spec = put(BODIES[kind], path, ENV) if sort == "field" else SPEC
    one = {"apiVersion": "personas/v1", "kind": kind, "metadata": {"name": "desk"}, "spec": spec}
    (folder / "desk.yaml").write_text(yaml.safe_dump(one))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    place=st.sampled_from(PLACES), commands=st.lists(st.sampled_from(COMMANDS), min_size=1, max_size=2),
    formats=st.lists(st.sampled_from(FORMATS), min_size=2, max_size=2), secret=st.sampled_from([PLAIN, ODD]),
    lists=st.booleans(),
)  # fmt: skip
def test_no_output_tells_a_secret(
    place: tuple[str, str, tuple[str, ...]], commands: list[tuple[str, ...]], formats: list[str], secret: str,
    lists: bool, address: str, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    root = tmp_path_factory.mktemp("told")
    monkeypatch.chdir(root)
    monkeypatch.setenv("RECONCILER_SENTINEL", secret)
    monkeypatch.setenv("TAVUS_API_KEY", f"key-{PLAIN}")
    monkeypatch.setattr(Echo, "lists", lists)
    project(root, place, address)
    capfd.readouterr()
    for words in commands:
        run([*words, "--format", formats[0], "--report", f"{formats[1]}=report.txt"])
        captured = capfd.readouterr()
        report = root / "report.txt"
        shown = captured.out + captured.err + (report.read_text("utf-8", "replace") if report.exists() else "")
        assert "this is a bug" not in shown, shown
        told = [one for one in spellings(secret) | spellings(PLAIN) if one in shown]
        assert not told, (told, shown)
