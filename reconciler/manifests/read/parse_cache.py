"""Files that are parsed once: by one process for several readings, and by one run for those after it."""

from __future__ import annotations

import marshal
from contextlib import suppress
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Protocol

from reconciler.manifests.read.envelope import Document, read_documents
from reconciler.manifests.read.raw_manifest import Knowledge, RawManifest
from reconciler.manifests.tree.problems import Findings
from reconciler.types.diagnostic import Diagnostic

PLAIN, FITS = 1, 2


class Documents:
    """Reads the documents of files; this one parses each file whenever it is asked."""

    def read(self, data: bytes, path: str, digest: bytes, findings: Findings) -> list[Document]:
        """The documents of the file at `path`; `digest` is the SHA-256 of its bytes. What is handed out is the
        caller's own: references are resolved in place."""
        return read_documents(data, path, findings)

    def expect(self, path: str, drafts: int) -> None:
        """How many manifests the file at `path` declares, each of which may be judged; 0 where it holds anything
        else beside them."""

    def judge(self, draft: RawManifest, found: Knowledge | None) -> None:
        """What the words of the file decide about a draft; None: it is to be read anew each time."""


class KnownDocuments(Documents):
    """Documents of files as they were read last: for a process that reads the same files again, for another workspace
    or in another round. A file is parsed again once its bytes are others."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[bytes, list[Document], list[Diagnostic]]] = {}

    def read(self, data: bytes, path: str, digest: bytes, findings: Findings) -> list[Document]:
        """As `Documents.read`."""
        known = self._known.get(path)
        if known is None or known[0] != digest:
            problems = Findings()
            known = self._known[path] = (digest, read_documents(data, path, problems), problems.items)
        findings.items += known[2]
        return [replace(document, value=deepcopy(document.value)) for document in known[1]]


class Entries(Protocol):
    """Small pieces that are kept from one run to the next. What is handed out is what was put in, or nothing."""

    def get(self, key: bytes) -> bytes | None: ...
    def put(self, key: bytes, content: bytes) -> None: ...


@dataclass(slots=True)
class _Waiting:
    """A file that is kept once all of its drafts were judged."""

    key: bytes
    documents: bytes
    before: Knowledge | None
    """What was kept of it; None: nothing."""
    drafts: int = 0
    plain: bool = True
    fits: bool = True


class StoredDocuments(Documents):
    """Documents of files as an earlier run read them, by the bytes of the file. Only files are kept that hold
    manifests and nothing else, with nothing wrong in their text and no secret in it."""

    def __init__(self, entries: Entries) -> None:
        """`entries` were put in by this very program, for manifests of the same platform."""
        self._entries = entries
        self._waiting: dict[str, _Waiting] = {}

    def read(self, data: bytes, path: str, digest: bytes, findings: Findings) -> list[Document]:
        """As `Documents.read`."""
        key = path[path.rfind(".") :].lower().encode("utf-8", "surrogateescape") + digest
        kept = self._entries.get(key)
        if kept is not None:
            known = Knowledge(plain=bool(kept[0] & PLAIN), fits=bool(kept[0] & FITS))
            if not (known.plain and known.fits):
                self._waiting[path] = _Waiting(key, kept[1:], known)
            documents = marshal.loads(memoryview(kept)[1:])  # noqa: S302 - what this program wrote, and signed
            return [Document(value, number, body, known=known) for value, number, body in documents]
        before = len(findings.items)
        found = read_documents(data, path, findings)
        if len(findings.items) == before and all(one.unread is None for one in found):
            with suppress(ValueError):  # nested too deep to be kept
                documents = marshal.dumps([(one.value, one.number, one.body) for one in found])
                self._waiting[path] = _Waiting(key, documents, None)
        return found

    def expect(self, path: str, drafts: int) -> None:
        """As `Documents.expect`."""
        if drafts and path in self._waiting:
            self._waiting[path].drafts = drafts
        else:
            self._waiting.pop(path, None)

    def judge(self, draft: RawManifest, found: Knowledge | None) -> None:
        """As `Documents.judge`."""
        waiting = self._waiting.get(draft.source.path)
        if waiting is None:
            return
        if found is None:
            del self._waiting[draft.source.path]
            return
        waiting.drafts -= 1
        waiting.plain &= found.plain
        waiting.fits &= found.fits
        if not waiting.drafts:
            del self._waiting[draft.source.path]
            if waiting.before != Knowledge(waiting.plain, waiting.fits):
                flags = PLAIN * waiting.plain | FITS * waiting.fits
                self._entries.put(waiting.key, bytes([flags]) + waiting.documents)
