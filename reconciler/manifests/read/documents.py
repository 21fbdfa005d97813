"""The documents of one file, whatever its spelling: YAML, JSON, or Markdown with front matter."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, replace
from hashlib import sha256

from reconciler.manifests.read.yaml_reader import parse_yaml
from reconciler.manifests.tree.decode import conflict, decode
from reconciler.manifests.tree.problems import YAML, Findings
from reconciler.types.diagnostic import Diagnostic, Span
from reconciler.types.json import Json

FENCE = "---"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a file."""

    value: Json
    number: int = 0
    """Position in the file, from 0; empty documents count."""
    body: str | None = None
    """Markdown: the text below the front matter. None in YAML and JSON."""
    unread: str | None = None
    """What the file looks like and what to do, where it was read as nothing at all."""


@dataclass(frozen=True, slots=True)
class FrontMatter:
    """A Markdown file taken apart."""

    yaml: str
    """The text between the fences after one line end, so that lines count as in the file."""
    body: str
    """What follows the closing fence, less one leading and one final newline."""
    line: int
    """Line of the closing fence, from 1."""


class KnownDocuments:
    """Documents of files as they were read last: for a process that reads the same files again, for another workspace
    or in another round. A file is parsed again once its bytes are others. What is handed out is a copy: references
    are resolved in place, and what they lead to may be another text by the next reading."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, list[Document], list[Diagnostic]]] = {}

    def read(self, data: bytes, path: str, findings: Findings) -> list[Document]:
        """As `read_documents`."""
        digest = sha256(data).digest()
        known = self._known.get(path)
        if known is None or known[0] != digest:
            problems = Findings()
            known = self._known[path] = (digest, read_documents(data, path, problems), problems.items)
        findings.items += known[2]
        return [replace(document, value=deepcopy(document.value)) for document in known[1]]


def read_documents(data: bytes, path: str, findings: Findings) -> list[Document]:
    """The documents that are not empty. What is wrong goes to `findings`; never raises."""
    suffix = path[path.rfind(".") :].lower()
    text = decode(data, path, findings, merged=suffix != ".md")
    if text is None:
        return []
    if suffix == ".md":
        return _markdown(text, path, findings)
    if suffix == ".json":
        from reconciler.manifests.read.json_text import parse_json

        return [Document(value, number) for number, value in parse_json(text, path, findings)]
    before = len(findings.items)
    documents = [Document(value, number) for number, value in parse_yaml(text, path, findings)]
    if len(findings.items) > before and text.lstrip()[:1] in {"{", "["}:
        # JSON under a YAML name: its escapes (surrogate pairs) are not all YAML.
        from reconciler.manifests.read.json_text import parse_json

        retry = Findings()
        again = parse_json(text, path, retry)
        if not retry.items:
            del findings.items[before:]
            return [Document(value, number) for number, value in again]
    return documents


def _markdown(text: str, path: str, findings: Findings) -> list[Document]:
    if re.search(r"^kind:", text, re.MULTILINE) and conflict(text) is not None:
        decode(text.encode(), path, findings)
        return []
    front = split_front_matter(text)
    if front is None:
        if text.split("\n", 1)[0].rstrip() == FENCE and "\nkind:" in text.replace("\r\n", "\n"):
            findings.error(
                YAML, "front matter that is never closed", span=Span(path, 1, 1), hint="add a line of three dashes"
            )
            return []
        return [Document(None, unread=text)]
    said = len(findings.items)
    quiet = findings if "kind" in front.yaml else Findings()
    documents = parse_yaml(front.yaml, path, quiet)
    if len(documents) != 1 or not isinstance(documents[0][1], dict):
        return [] if len(findings.items) > said else [Document(None, unread=text)]
    return [Document(documents[0][1], documents[0][0], front.body)]


def split_front_matter(text: str) -> FrontMatter | None:
    """The two parts of a Markdown file; None where it has no front matter. CRLF becomes LF."""
    if not text.startswith(FENCE):
        return None
    text = text.replace("\r\n", "\n")
    lines = text.split("\n")
    if lines[0].rstrip() != FENCE:
        return None
    for number in range(1, len(lines)):
        if lines[number].rstrip() == FENCE:
            body = "\n".join(lines[number + 1 :])
            body = body.removeprefix("\n").removesuffix("\n")
            return FrontMatter("\n" + "\n".join(lines[1:number]), body, number + 1)
    return None
