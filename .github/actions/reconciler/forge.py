"""GitHub's REST API, as far as the steps need it: JSON in and out, pages, downloads; standard library only."""

from __future__ import annotations

import http.client
import json
import os
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from runner import StepFailed, get_input

TRIES = 4
PAGE = 100
LONGEST_WAIT = 60.0
BIGGEST = 200_000_000
WORKFLOW = "github-actions[bot]"
"""Who writes with the token of a workflow."""


class ForgeRefused(Exception):
    """GitHub said no: the status (0: no answer, so the outcome is unknown) and its words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"GitHub answered {status}: {message}" if status else f"no answer from GitHub: {message}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Forge:
    """One repository, seen with one token."""

    url: str
    repository: str
    token: str

    def get(self, path: str, **query: object) -> Any:
        """One answer of a path below the repository."""
        return self._json("GET", path, None, query)

    def pages(self, path: str, key: str = "", **query: object) -> Iterator[dict[str, Any]]:
        """All items of a list, which stands under `key` or is the answer itself."""
        number = 1
        while True:
            answer = self.get(path, per_page=PAGE, page=number, **query)
            items = answer.get(key, []) if key else answer
            yield from items
            if len(items) < PAGE:
                return
            number += 1

    def send(self, method: str, path: str, body: object = None) -> Any:
        """A write. Only one that can be repeated without harm is (PATCH, PUT, DELETE)."""
        return self._json(method, path, body, {})

    def author(self) -> str:
        """The login under which this token writes: what the step was told, else the person of the token, else the
        workflow's own (whose token, like an app's, may not ask)."""
        if named := get_input("author"):
            return named
        try:
            known = json.loads(self._answer("GET", f"{self.url}/user", None))
        except (ForgeRefused, ValueError):
            return WORKFLOW
        return str(known["login"]) if isinstance(known, dict) and known.get("login") else WORKFLOW

    def download(self, url: str) -> bytes:
        """The bytes behind an address of the API; the token stays behind when it leads to another host."""
        return self._answer("GET", url, None)

    def _json(self, method: str, path: str, body: object, query: dict[str, object]) -> Any:
        words = urllib.parse.urlencode(query)
        url = f"{self.url}/repos/{self.repository}/{path}" + (f"?{words}" if words else "")
        data = None if body is None else json.dumps(body).encode()
        answer = self._answer(method, url, data)
        try:
            return json.loads(answer) if answer else None
        except ValueError as error:
            raise ForgeRefused(0, "the answer is no JSON") from error

    def _answer(self, method: str, url: str, data: bytes | None) -> bytes:
        for left in reversed(range(1 if method == "POST" else TRIES)):
            request = urllib.request.Request(url, data, method=method)  # noqa: S310
            request.add_header("Accept", "application/vnd.github+json")
            request.add_header("X-GitHub-Api-Version", "2022-11-28")
            request.add_header("User-Agent", "reconciler")
            request.add_unredirected_header("Authorization", f"Bearer {self.token}")
            if data is not None:
                request.add_header("Content-Type", "application/json")
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
                    return bytes(answer.read(BIGGEST))
            except urllib.error.HTTPError as error:
                with error:
                    refused = ForgeRefused(error.code, _message(error))
                if not left or not (error.code >= 500 or error.code == 429 or _limited(error)):
                    raise refused from error
                _wait(TRIES - left, error.headers.get("Retry-After"))
            except (OSError, http.client.HTTPException) as error:
                if not left:
                    raise ForgeRefused(0, str(getattr(error, "reason", error))) from error
                _wait(TRIES - left)
        raise AssertionError("the last try answers or raises")


def open_forge() -> Forge:
    """The repository of this run. Raises `StepFailed` where the runner did not say which."""
    repository = os.environ.get("GITHUB_REPOSITORY", "")
    if not repository:
        raise StepFailed("GITHUB_REPOSITORY is not set", "this step runs in GitHub Actions", 64)
    return Forge(
        os.environ.get("GITHUB_API_URL", "https://api.github.com").rstrip("/"), repository, get_input("token")
    )


def wait_seconds() -> float:
    """The first pause between two tries."""
    return float(os.environ.get("RECONCILER_CI_PAUSE", "2"))


def _limited(error: urllib.error.HTTPError) -> bool:
    return error.code == 403 and ("Retry-After" in error.headers or error.headers.get("X-RateLimit-Remaining") == "0")


def _message(error: urllib.error.HTTPError) -> str:
    try:
        return str(json.loads(error.read(100_000)).get("message", error.reason))
    except (ValueError, OSError, AttributeError):
        return str(error.reason)


def _wait(number: int, asked: str | None = None) -> None:
    seconds = float(asked) if asked and asked.isascii() and asked.isdigit() else wait_seconds() * 2 ** (number - 1)
    time.sleep(min(seconds, LONGEST_WAIT))
