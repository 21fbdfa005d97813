"""A headless Chromium of this machine: a page opened from a file, a script run in it, what came out of both."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update", "--disable-default-apps",
    "--hide-scrollbars", "--force-device-scale-factor=1", "--disable-dev-shm-usage",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)  # fmt: skip
DARK = "--force-dark-mode"
LIMIT = 90
"""Seconds until a browser that hangs is ended."""

PROBE = """
<script>
  window.problems = [];
  addEventListener('error', (event) => problems.push('error: ' + event.message));
  addEventListener('unhandledrejection', (event) => problems.push('rejection: ' + event.reason));
  addEventListener('securitypolicyviolation', (event) => problems.push('policy: ' + event.violatedDirective));
</script>
"""


def find_chromium() -> str | None:
    """The path of a Chromium or Chrome, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def photograph(browser: str, page: str, *, width: int, height: int) -> bytes:
    """The page as PNG."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "page.html").write_text(page, "utf-8")
        run(browser, folder, f"--window-size={width},{height}", f"--screenshot={folder / 'page.png'}")
        return (folder / "page.png").read_bytes()


def probe(browser: str, page: str, script: str, *flags: str, body: str = "") -> dict[str, Any]:
    """What the object `found` holds after `script` ran at the end of the page, and `problems` that came up.

    `body` is put before the script, for a library that it wants to use.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        end = f"""{body}<script>(async () => {{ const found = {{}};
            try {{ {script} }} catch (error) {{ problems.push('thrown: ' + error); }}
            const out = document.createElement('pre'); out.id = 'found';
            out.textContent = JSON.stringify({{...found, problems}}); document.body.append(out); }})();</script>"""
        made = page.replace("<head>", f"<head>{PROBE}", 1).replace("</body>", f"{end}</body>", 1)
        assert made.count(PROBE) == 1
        assert end in made
        (folder / "page.html").write_text(made, "utf-8")
        done = run(browser, folder, "--dump-dom", "--virtual-time-budget=5000", "--enable-logging=stderr", *flags)
    match = re.search(r'<pre id="found">(.*?)</pre>', done.stdout, re.DOTALL)
    assert match, done.stdout[-2000:] + done.stderr[-2000:]
    found: dict[str, Any] = json.loads(html.unescape(match[1]))
    found["console"] = re.findall(r"CONSOLE[^\n]*", done.stderr)
    return found


def run(browser: str, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Open `page.html` of the folder as a file, with a profile that nobody else has."""
    command = [browser, *FLAGS, f"--user-data-dir={folder / 'profile'}", *words, (folder / "page.html").as_uri()]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT, check=True)
