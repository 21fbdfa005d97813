"""The object store behind the state: credentials that a pipeline got by its own identity."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from reconciler.backends.s3.bucket import open_bucket
from reconciler.types.answer_limits import Limits

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
