"""A fake of the list and nothing else: pages are made before the first request, so the server costs next to none.

GET /count answers with the number of requests since it was asked last.
"""

from __future__ import annotations

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from time import sleep
from urllib.parse import parse_qs, urlsplit

import yaml

PAGE = 100


def main(folder: str, latency: str) -> None:
    """Serve the personas of `folder` as an account; prints its base URL. `latency` in seconds for each answer."""
    objects = []
    for number, path in enumerate(sorted(Path(folder).rglob("p*.yaml"))):
        spec = yaml.load(path.read_bytes(), yaml.CSafeLoader)["spec"]
        objects.append({"pal_id": f"p{number:012x}", **spec, "updated_at": "2026-11-21T00:00:00Z"})
    pages = [
        json.dumps({"data": objects[start : start + PAGE], "total_count": len(objects)}).encode()
        for start in range(0, max(len(objects), 1), PAGE)
    ]
    nothing = json.dumps({"data": [], "total_count": len(objects)}).encode()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        asked = 0

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            if url.path == "/count":
                self.answer(str(Handler.asked).encode())
                Handler.asked = 0
                return
            Handler.asked += 1
            sleep(float(latency))
            number = int(parse_qs(url.query).get("page", ["1"])[0])
            known = url.path == "/v2/pals" and 1 <= number <= len(pages)
            self.answer(pages[number - 1] if known else nothing)

        def answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    print(f"http://127.0.0.1:{server.server_port}/v2", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main(*sys.argv[1:])
