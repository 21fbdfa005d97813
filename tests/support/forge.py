"""A stand-in of GitHub's REST API on this machine: comments, issues, pull requests and artifacts, in memory."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

REPOSITORY = "northwind/personas"
BOT = {"login": "github-actions[bot]", "type": "Bot"}
TOKEN = "ghs_for_tests"
PLAN_FILE = ".github/workflows/personas.yml"


@dataclass
class StandIn:
    """What GitHub knows, and what it was asked. `trip(method, path)` may answer a status instead (0: hang up).

    A trip marked `after` happens once the write is done: GitHub did it, and the answer was lost.
    """

    url: str = ""
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    issues: dict[int, dict[str, Any]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    merged: dict[str, list[int]] = field(default_factory=dict)
    artifacts: list[dict[str, Any]] = field(default_factory=list)
    archives: dict[int, bytes] = field(default_factory=dict)
    runs: dict[int, dict[str, Any]] = field(default_factory=dict)
    asked: list[tuple[str, str]] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    trips: list[tuple[str, str, int, bool]] = field(default_factory=list)
    numbers: int = 100

    def number(self) -> int:
        self.numbers += 1
        return self.numbers

    def writes(self) -> list[tuple[str, str]]:
        return [one for one in self.asked if one[0] != "GET"]

    def add_comment(self, pull: int, body: str, user: dict[str, str] = BOT, **more: Any) -> dict[str, Any]:
        made = {"id": self.number(), "body": body, "user": user, **more}
        self.comments.setdefault(pull, []).append(made)
        return made

    def add_pull(self, number: int, head: str, *, merged_as: str | None = None, repository: str = REPOSITORY) -> None:
        self.pulls[number] = {
            "number": number, "state": "closed" if merged_as else "open", "body": "",
            "merged_at": "2026-05-01T00:00:00Z" if merged_as else None, "merge_commit_sha": merged_as,
            "head": {"sha": head, "ref": "change", "repo": {"full_name": repository}}, "base": {"ref": "main"},
        }  # fmt: skip
        if merged_as:
            self.merged[merged_as] = [number]

    def keep(self, name: str, head: str, folder: Path, **run: Any) -> dict[str, Any]:
        """An artifact with the files of `folder`, as upload-artifact would make it."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for path in sorted(folder.iterdir()):
                archive.write(path, path.name)
        number = self.number()
        self.archives[number] = packed.getvalue()
        made = {
            "id": number, "name": name, "expired": False,
            "digest": "sha256:" + hashlib.sha256(packed.getvalue()).hexdigest(),
            "archive_download_url": f"{self.url}/repos/{REPOSITORY}/actions/artifacts/{number}/zip",
            "workflow_run": {"id": 7, "head_sha": head, "repository_id": 1, "head_repository_id": 1, **run},
        }  # fmt: skip
        self.runs.setdefault(
            made["workflow_run"]["id"],
            {"path": PLAN_FILE, "head_sha": head, "head_repository": {"full_name": REPOSITORY}},
        )
        self.artifacts.append(made)
        return made

    def tripped(self, method: str, path: str, *, after: bool) -> int | None:
        for one in self.trips:
            if one[0] == method and re.search(one[1], path) and one[3] == after:
                self.trips.remove(one)
                return one[2]
        return None

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        inner = path.removeprefix(f"/repos/{REPOSITORY}/")
        for pattern, verb, act in ROUTES:
            found = re.fullmatch(pattern, inner)
            if verb == method and found:
                return act(self, query, body, *found.groups())
        return 404, {"message": "Not Found"}


Answer = tuple[int, Any]


def page(items: list[Any], query: dict[str, str]) -> list[Any]:
    size, number = int(query.get("per_page", "30")), int(query.get("page", "1"))
    return items[(number - 1) * size : number * size]


def list_comments(hub: StandIn, query: dict[str, str], body: dict[str, Any], pull: str) -> Answer:
    return 200, page(hub.comments.get(int(pull), []), query)


def add_comment(hub: StandIn, query: dict[str, str], body: dict[str, Any], pull: str) -> Answer:
    if len(body["body"]) > 65_536:
        return 422, {"message": "Body is too long"}
    return 201, hub.add_comment(int(pull), body["body"])


def edit_comment(hub: StandIn, query: dict[str, str], body: dict[str, Any], number: str) -> Answer:
    for one in (one for many in hub.comments.values() for one in many if one["id"] == int(number)):
        one["body"] = body["body"]
        return 200, one
    return 404, {"message": "Not Found"}


def drop_comment(hub: StandIn, query: dict[str, str], body: dict[str, Any], number: str) -> Answer:
    for many in hub.comments.values():
        many[:] = [one for one in many if one["id"] != int(number)]
    return 204, None


def list_issues(hub: StandIn, query: dict[str, str], body: dict[str, Any]) -> Answer:
    return 200, page([one for one in hub.issues.values() if one["state"] == query.get("state", "open")], query)


def add_issue(hub: StandIn, query: dict[str, str], body: dict[str, Any]) -> Answer:
    number = hub.number()
    hub.issues[number] = {"number": number, "state": "open", "user": BOT, **body}
    return 201, hub.issues[number]


def edit_issue(hub: StandIn, query: dict[str, str], body: dict[str, Any], number: str) -> Answer:
    hub.issues[int(number)].update(body)
    return 200, hub.issues[int(number)]


def list_pulls(hub: StandIn, query: dict[str, str], body: dict[str, Any]) -> Answer:
    wanted = query.get("head", "").partition(":")[2]
    found = [one for one in hub.pulls.values() if one["state"] == "open" and one["head"]["ref"] == wanted]
    return 200, page(found, query)


def add_pull(hub: StandIn, query: dict[str, str], body: dict[str, Any]) -> Answer:
    number = hub.number()
    hub.add_pull(number, "0" * 40)
    hub.pulls[number].update(title=body["title"], body=body["body"], base={"ref": body["base"]}, user=BOT)
    hub.pulls[number]["head"]["ref"] = body["head"]
    return 201, hub.pulls[number]


def edit_pull(hub: StandIn, query: dict[str, str], body: dict[str, Any], number: str) -> Answer:
    hub.pulls[int(number)].update(body)
    return 200, hub.pulls[int(number)]


def pulls_of(hub: StandIn, query: dict[str, str], body: dict[str, Any], commit: str) -> Answer:
    return 200, page([hub.pulls[number] for number in hub.merged.get(commit, [])], query)


def list_artifacts(hub: StandIn, query: dict[str, str], body: dict[str, Any]) -> Answer:
    found = [one for one in hub.artifacts if one["name"] == query.get("name")]
    return 200, {"total_count": len(found), "artifacts": page(found, query)}


def show_run(hub: StandIn, query: dict[str, str], body: dict[str, Any], number: str) -> Answer:
    return (200, hub.runs[int(number)]) if int(number) in hub.runs else (404, {"message": "Not Found"})


ROUTES: list[tuple[str, str, Callable[..., Answer]]] = [
    (r"issues/(\d+)/comments", "GET", list_comments),
    (r"issues/(\d+)/comments", "POST", add_comment),
    (r"issues/comments/(\d+)", "PATCH", edit_comment),
    (r"issues/comments/(\d+)", "DELETE", drop_comment),
    (r"issues", "GET", list_issues),
    (r"issues", "POST", add_issue),
    (r"issues/(\d+)", "PATCH", edit_issue),
    (r"pulls", "GET", list_pulls),
    (r"pulls", "POST", add_pull),
    (r"pulls/(\d+)", "PATCH", edit_pull),
    (r"commits/(\w+)/pulls", "GET", pulls_of),
    (r"actions/artifacts", "GET", list_artifacts),
    (r"actions/runs/(\d+)", "GET", show_run),
]


def handler(hub: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def serve(self) -> None:
            parts = urlsplit(self.path)
            size = int(self.headers.get("Content-Length") or 0)
            body = json.loads(self.rfile.read(size) or b"{}")
            hub.asked.append((self.command, parts.path))
            if parts.path.startswith("/store/"):
                # Another host in real life: the token must not arrive here.
                if self.headers.get("Authorization"):
                    hub.leaked.append(self.path)
                return self.reply(200, hub.archives[int(parts.path.rpartition("/")[2])])
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                return self.reply(401, {"message": "Bad credentials"})
            status = hub.tripped(self.command, parts.path, after=False)
            if status is None:
                zipped = re.fullmatch(r"/repos/.+/artifacts/(\d+)/zip", parts.path)
                if zipped:
                    port = self.server.server_address[1]
                    return self.reply(302, b"", Location=f"http://localhost:{port}/store/{zipped[1]}")
                query = {name: values[0] for name, values in parse_qs(parts.query).items()}
                code, answer = hub.answer(self.command, parts.path, query, body)
                status = hub.tripped(self.command, parts.path, after=True)
                if status is None:
                    return self.reply(code, answer)
            if status:
                return self.reply(status, {"message": "tripped"})
            self.close_connection = True
            return None

        def reply(self, status: int, answer: Any, **headers: str) -> None:
            data = answer if isinstance(answer, bytes) else b"" if answer is None else json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *arguments: Any) -> None:
            """Nothing: the tests look at `asked`."""

        do_GET = do_POST = do_PATCH = do_DELETE = serve

    return Handler


@contextmanager
def standing_in() -> Iterator[StandIn]:
    """A stand-in that listens on a free port until the block ends."""
    hub = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler(hub))
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    hub.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
