"""The pictures of the README, made from what the program really does: `python -m tests.support.pictures`.

The terminal is drawn as SVG and holds its text; the page is photographed by a headless Chromium, and the picture
carries the digest of the page.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import sys
import tempfile
import zlib
from pathlib import Path

from reconciler import Plan, Style, open_project, render
from tests.support.chromium import find_chromium, photograph
from tests.support.dashboard import edit_persona, replaced
from tests.support.terminalpicture import draw

ROOT = Path(__file__).resolve().parents[2]
IMAGES = ROOT / ".github" / "images"
COMMAND = "python -m tests.support.pictures"
KEY = b"Page digest"
SIGNATURE = b"\x89PNG\r\n\x1a\n"

TOOL = """\
apiVersion: personas/v1
kind: Tool
metadata: {name: find_room}
spec:
  name: find_room
  description: Tell the way to a room
  parameters: {type: object, properties: {room: {type: string, description: Number on the door}}, required: [room]}
"""


def make_plan(root: Path) -> Plan:
    """The example project, applied to a fresh sandbox; then a prompt, a tool and an edit by hand, and the plan."""
    shutil.copytree(ROOT / "manifests", root / "manifests")
    with open_project("manifests" if Path.cwd() == root else root / "manifests", root=root) as project:
        project.apply()
        edit_persona(root, "Health Coach", replaced("/layers/llm/extra_body/temperature", 1.1))
        prompt = root / "manifests" / "prompts" / "concierge.md"
        text = prompt.read_text("utf-8")
        changed = text.replace("three sentences", "two sentences")
        assert changed != text
        prompt.write_text(changed, "utf-8")
        (root / "manifests" / "tools" / "find_room.yaml").write_text(TOOL)
        return project.plan()


def stable(text: str) -> str:
    """Without what differs from run to run: ids and serials of a fresh account, the commit."""
    text = re.sub(r"\b([a-z])[0-9a-f]{11,14}\b", r"\g<1>0123456789ab", text)
    return re.sub(r" · commit [0-9a-f]+", "", text)


def terminal(plan: Plan) -> str:
    """What a terminal of 96 columns shows, with colours."""
    return stable(render(plan, "text", style=Style(color=True, width=96)))


def page(plan: Plan) -> str:
    """The HTML report."""
    return stable(render(plan, "html"))


def digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def sign(png: bytes, value: str) -> bytes:
    """`png` with `value` as a text chunk right after its header."""
    body = b"tEXt" + KEY + b"\0" + value.encode("ascii")
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return png[:33] + chunk + png[33:]


def signature(png: bytes) -> str | None:
    """What `sign` put there; None where nothing is."""
    assert png.startswith(SIGNATURE)
    found = re.search(rb"tEXt" + KEY + rb"\0([0-9a-f]{64})", png[:300])
    return found[1].decode() if found else None


def main() -> int:
    """Make both pictures. Returns an exit code."""
    browser = find_chromium()
    if browser is None:
        print("no chromium on this machine: the picture of the report is left as it is", file=sys.stderr)
    with tempfile.TemporaryDirectory() as name:
        plan = make_plan(Path(name))
        IMAGES.mkdir(exist_ok=True)
        (IMAGES / "plan.svg").write_text(draw(terminal(plan), "reconciler plan"), "utf-8")
        if browser is not None:
            # The first change unfolded, as a reader would do.
            opened = page(plan).replace('<details class="item', '<details open class="item', 1)
            png = photograph(browser, opened, width=1000, height=900)
            (IMAGES / "report.png").write_bytes(sign(png, digest(page(plan))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
