"""The one comment, and the one issue, that a workspace has: found by a hidden mark, written, kept below the limit."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from forge import Forge, ForgeRefused

LIMIT = 65_536
"""Characters of a comment or an issue. Counted as UTF-16 units, the strictest reading."""
CUT = "\n\n> The rest did not fit here; the whole report is in the artifact of the run.\n\n"
_FIELD = re.compile(r"^<!-- reconciler-data (?P<data>[0-9a-zA-Z:=./ _-]*) -->$")


@dataclass(frozen=True, slots=True)
class Note:
    """What is to be written: the mark that it is found by, facts for the next step, the text, and its last lines."""

    purpose: str
    workspace: str
    text: str
    foot: str = ""
    facts: tuple[tuple[str, str], ...] = ()

    @property
    def mark(self) -> str:
        return f"<!-- reconciler:{self.purpose}:{re.sub(r'[^A-Za-z0-9_.]+', '-', self.workspace)} -->"

    def render(self) -> str:
        """The whole body; only the text is cut, at the end of a folded part."""
        facts = " ".join(f"{name}={value}" for name, value in self.facts)
        head = f"{self.mark}\n" + (f"<!-- reconciler-data {facts} -->\n" if facts else "")
        foot = f"\n\n{self.foot}\n" if self.foot else "\n"
        room = LIMIT - width(head) - width(foot)
        return f"{head}{shorten(self.text, room)}{foot}"


def width(text: str) -> int:
    """Length in UTF-16 units."""
    return len(text) + sum(1 for letter in text if ord(letter) > 0xFFFF)


def shorten(text: str, room: int) -> str:
    """`text`, cut to `room` units behind the last part that fits whole, with a sentence that says so."""
    if width(text) <= room:
        return text
    left = room - width(CUT)
    end = 0
    for letter in text:
        left -= 2 if ord(letter) > 0xFFFF else 1
        if left < 0:
            break
        end += 1
    kept = text[:end]
    whole = kept.rfind("</details>")
    if whole > 0:
        kept = kept[: whole + len("</details>")]
    elif "\n" in kept:
        kept = kept.rsplit("\n", 1)[0]
    fence = "\n```" if kept.count("```") % 2 else ""
    return kept + fence + CUT


def is_ours(body: str | None, mark: str) -> bool:
    """Whether a body begins with the mark: text further down is somebody's quotation."""
    return (body or "").lstrip("\ufeff").replace("\r\n", "\n").split("\n", 1)[0].strip() == mark


def read_facts(body: str) -> dict[str, str]:
    """The facts on the second line."""
    lines = body.replace("\r\n", "\n").split("\n", 2)
    match = _FIELD.match(lines[1].strip()) if len(lines) > 1 else None
    return dict(part.split("=", 1) for part in match["data"].split() if "=" in part) if match else {}


def find_comments(forge: Forge, pull: int, note: Note) -> list[dict[str, Any]]:
    """Our comments of this purpose, oldest first. Only those that we wrote: anybody can write the mark, other
    programs too."""
    found = [one for one in forge.pages(f"issues/{pull}/comments") if is_ours(one.get("body"), note.mark)]
    return written_by(forge, found)


def write_comment(forge: Forge, pull: int, note: Note) -> str:
    """Create the comment, or bring it up to date: `created`, `updated` or `unchanged`. Raises `ForgeRefused`."""
    body = note.render()
    found = find_comments(forge, pull, note)
    if not found:
        try:
            forge.send("POST", f"issues/{pull}/comments", {"body": body})
        except ForgeRefused as error:
            # Whether it was written is unknown: look, and do not write it twice.
            if error.status and error.status < 500:
                raise
            found = find_comments(forge, pull, note)
            if not found:
                raise
        else:
            return "created"
    for twin in found[1:]:
        forge.send("DELETE", f"issues/comments/{twin['id']}")
    if found[0].get("body", "").replace("\r\n", "\n").strip() == body.strip():
        return "unchanged"
    forge.send("PATCH", f"issues/comments/{found[0]['id']}", {"body": body})
    return "updated"


def find_issues(forge: Forge, note: Note) -> list[dict[str, Any]]:
    """Our open issues of this purpose, oldest first."""
    listed = forge.pages("issues", state="open", sort="created", direction="asc")
    found = [one for one in listed if "pull_request" not in one and is_ours(one.get("body"), note.mark)]
    return written_by(forge, found)


def write_issue(forge: Forge, note: Note, title: str, labels: list[str]) -> tuple[str, int]:
    """Open the issue, or bring the open one up to date: what was done, and its number."""
    body = note.render()
    found = find_issues(forge, note)
    if not found:
        try:
            made = forge.send("POST", "issues", {"title": title, "body": body, "labels": labels})
            return "opened", int(made["number"])
        except ForgeRefused as error:
            if error.status and error.status < 500:
                raise
            found = find_issues(forge, note)
            if not found:
                raise
    number = int(found[0]["number"])
    if found[0].get("body", "").replace("\r\n", "\n").strip() == body.strip() and found[0].get("title") == title:
        return "unchanged", number
    forge.send("PATCH", f"issues/{number}", {"title": title, "body": body})
    return "updated", number


def close_issues(forge: Forge, note: Note) -> list[int]:
    """Close every open issue of this purpose, after a last word; their numbers."""
    closed = []
    for issue in find_issues(forge, note):
        number = int(issue["number"])
        forge.send("POST", f"issues/{number}/comments", {"body": note.text})
        forge.send("PATCH", f"issues/{number}", {"state": "closed", "state_reason": "completed"})
        closed.append(number)
    return closed


def written_by(forge: Forge, found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Those that were written under our own login."""
    author = forge.author() if found else ""
    return [one for one in found if (one.get("user") or {}).get("login") == author]
