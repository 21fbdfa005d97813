"""The pictures of the README, made from what the program really does: `python -m tests.support.pictures`.

The terminal is drawn as SVG and holds its text; the page and the comment are photographed by a headless Chromium, and
the pictures carry the digest of what they show.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import struct
import sys
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path

from reconciler import Plan, Report, Style, open_project, render
from reconciler.types.report import Provenance
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
    """Without what differs from run to run: ids and serials of a fresh account, the time of the edit."""
    text = re.sub(r"(last edited )[-0-9]+ [:0-9]+ UTC", r"\g<1>2026-12-01 09:12 UTC", text)
    return re.sub(r"\b([a-z])[0-9a-f]{11,14}\b", r"\g<1>0123456789ab", text)


def terminal(plan: Plan) -> str:
    """What a terminal of 96 columns shows, with colours."""
    return stable(render(plan, "text", style=Style(color=True, width=96)))


def page(plan: Plan) -> str:
    """The HTML report."""
    return stable(render(plan, "html"))


def comment(plan: Plan) -> str:
    """The comment on a pull request, as Markdown."""
    made = Provenance("4f2a9c1e0b7d" + "0" * 28, "Ann Example", "2026-12-01 09:30 UTC", "ann-example")
    report = Report("plan", plan.workspace, replace(plan, commit=None), made=made)
    return stable(render(report, "markdown", style=Style(detail="")))


FORGE = """<!doctype html><meta charset="utf-8"><style>
body { margin: 24px; font: 14px/1.5 -apple-system, "Segoe UI", "Liberation Sans", Arial, sans-serif; color: #1f2328 }
main { border: 1px solid #d1d9e0; border-radius: 6px; padding: 4px 16px 12px }
header { margin: 0 -16px; padding: 8px 16px; background: #f6f8fa; border-bottom: 1px solid #d1d9e0; color: #59636e }
h3 { font-size: 1.25em; margin: 16px 0 8px } h4 { font-size: 1em; margin: 16px 0 8px } p { margin: 8px 0 }
code, pre { font: 12px/1.5 "Liberation Mono", Consolas, monospace; background: #eff1f3; border-radius: 6px }
code { padding: .2em .4em } pre { padding: 12px; overflow: hidden; white-space: pre-wrap } pre code { padding: 0 }
ins { background: #dafbe1; text-decoration: none } del { background: #ffebe9 }
summary { cursor: pointer } blockquote { border-left: 4px solid #d1d9e0; margin: 8px 0; padding: 0 12px }
sub { font-size: 12px; color: #59636e; vertical-align: baseline }
</style><main><header><b>personas</b> bot commented</header>%s</main>"""
"""A page that looks as forges show comments."""


def comment_page(plan: Plan) -> str:
    """The comment as a forge renders it."""
    from markdown_it import MarkdownIt

    return FORGE % MarkdownIt("commonmark", {"html": True}).enable("table").render(comment(plan))


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
    """Make the pictures. Returns an exit code."""
    browser = find_chromium()
    if browser is None:
        print(
            "no chromium on this machine: the pictures of the report and the comment are left as they are",
            file=sys.stderr,
        )
    with tempfile.TemporaryDirectory() as name:
        plan = make_plan(Path(name))
        IMAGES.mkdir(exist_ok=True)
        (IMAGES / "plan.svg").write_text(draw(terminal(plan), "reconciler plan"), "utf-8")
        if browser is not None:
            png = photograph(browser, page(plan), width=1000, height=900)
            (IMAGES / "report.png").write_bytes(sign(png, digest(page(plan))))
            png = photograph(browser, comment_page(plan), width=1000, height=800)
            (IMAGES / "comment.png").write_bytes(sign(png, digest(comment(plan))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
