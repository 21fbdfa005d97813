"""`{env: X}`, `{file: p}` and `{ref: kind.name}` in a body become markers or text; literal secrets leave it."""

from __future__ import annotations

import os
from hashlib import sha256

from reconciler.core.credentials import has_url_credentials, is_credential
from reconciler.core.shape import Node, shape
from reconciler.kinds import KINDS
from reconciler.kinds.base import Type
from reconciler.loader.decode import decode
from reconciler.loader.drafts import Draft
from reconciler.loader.files import Tree, Unreadable, relative
from reconciler.loader.findings import FILE, LITERAL_SECRET, MASK, REF, Findings, suggest
from reconciler.loader.literals import ENV_NAME, is_mask, reference_for
from reconciler.loader.repository import Reach, inside
from reconciler.loader.secrets import LiteralSecrets, unusable_secret
from reconciler.types.address import Address
from reconciler.types.diagnostic import Severity
from reconciler.types.json import REF as REF_MARKER
from reconciler.types.json import SECRET, Json, Object, escape, split

WORDS = frozenset({"env", "file", "ref"})
RESERVED = frozenset({SECRET, REF_MARKER})


class Included:
    """The files that manifests include; each is read once, and none outside of `boundaries`."""

    def __init__(
        self, tree: Tree, folder: str, boundaries: tuple[str, ...], reach: Reach, digests: dict[str, bytes]
    ) -> None:
        """Paths may lead anywhere inside `boundaries`, and links from there into `reach`."""
        self.tree = tree
        self.reach = reach
        self.folder = folder
        self.boundaries = boundaries
        self._digests = digests
        self._texts: dict[str, str | None] = {}
        self._problems: dict[str, tuple[str, str | None]] = {}

    def place(self, path: str, base: str) -> str | None:
        """The absolute path of `path` seen from the folder `base`, None when it leaves the project."""
        if os.path.isabs(path) or "\0" in path:  # noqa: PTH117
            return None
        target = os.path.normpath(os.path.join(base, path))  # noqa: PTH118
        named = any(inside(target, boundary) for boundary in self.boundaries)
        return target if named and self.reach.holds(self.tree.real(target)) else None

    def text(self, path: str) -> tuple[str | None, tuple[str, str | None]]:
        """The text less one final newline (CRLF is LF), or None, why not and what to do."""
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path], self._problems.get(path, ("", None))

    def _read(self, path: str) -> str | None:
        if not self.tree.is_file(path):
            is_folder = self.tree.is_folder(path)
            self._problems[path] = ("is a folder" if is_folder else "does not exist", None)
            return None
        try:
            data = self.tree.read(path)
        except Unreadable as problem:
            self._problems[path] = (f"cannot be read: {problem}", problem.hint)
            return None
        self._digests[relative(path, self.folder)] = sha256(data).digest()
        findings = Findings()
        text = decode(data, path, findings)
        if text is None:
            self._problems[path] = (f"cannot be used: {findings.items[0].summary}", findings.items[0].hint)
            return None
        return text.replace("\r\n", "\n").removesuffix("\n")


class References:
    """Resolves the references of drafts, in place."""

    def __init__(
        self, included: Included, literals: LiteralSecrets, findings: Findings, *, allow_literals: bool
    ) -> None:
        self.included = included
        self.literals = literals
        self.findings = findings
        self.referring: set[Address] = set()
        """Who refers to something."""
        self.targets: set[str] = set()
        """What is referred to; whatever else looks like a marker is a schema's own `$ref`."""
        self.literal_severity = Severity.WARNING if allow_literals else Severity.ERROR

    def resolve(self, draft: Draft, folder: str) -> None:
        """Replace every reference in `draft.body`; `folder` is the absolute folder of its file.

        A reference is a mapping of one key with a text, except inside schemas (`verbatim`, `keyed`) and where the
        field itself is an object of free keys.
        """
        draft.body = _Walk(self, draft, folder).members(shape(draft.kind), draft.body, "")


class _Walk:
    def __init__(self, references: References, draft: Draft, folder: str) -> None:
        self.all = references
        self.findings = references.findings
        self.draft = draft
        self.folder = folder

    def members(self, node: Node, body: Object, path: str) -> Object:
        renames, children, star = node.renames, node.children, node.star
        for word, member in body.items():
            name = renames.get(word, word) if renames else word
            child = children.get(name) or star
            if isinstance(member, str):
                if (child is not None and child.row is not None and child.row.secret) or has_url_credentials(member):
                    body[word] = self.literal(child or _NOWHERE, name, member, f"{path}/{escape(name)}")
            elif isinstance(member, dict | list):
                body[word] = self.value(child or _NOWHERE, member, f"{path}/{escape(name)}")
            elif _is_number(member) and child is not None and child.row is not None and child.row.secret:
                body[word] = self.literal(child, name, str(member), f"{path}/{escape(name)}")
        return body

    def value(self, node: Node, value: Json, path: str) -> Json:
        row = node.row
        if isinstance(value, list):
            if row is not None and (row.verbatim or row.keyed):
                return value
            for index, item in enumerate(value):
                if isinstance(item, dict | list):
                    value[index] = self.value(_NOWHERE, item, f"{path}/{index}")
            return value
        if not isinstance(value, dict) or (row is not None and (row.verbatim or row.keyed)):
            return value
        if len(value) == 1 and not (row is not None and row.type is Type.OBJECT):
            ((word, target),) = value.items()
            if word in WORDS and isinstance(target, str):
                return self.reference(node, word, target, path)
            if word in RESERVED:
                hint = "write {env: NAME}, {file: path} or {ref: kind.name}"
                self.error(REF, f"{word} is reserved", path, hint)
                return ""
        return self.members(node, value, path)

    def reference(self, node: Node, word: str, target: str, path: str) -> Json:
        """What stands in the body instead. A wrong reference leaves a text there, so that it is reported once."""
        if word == "env":
            if not ENV_NAME.fullmatch(target):
                hint = "letters, digits and _, not starting with a digit"
                self.error(REF, f"{target!r} is not the name of an environment variable", path, hint)
            return {SECRET: {"env": target}}
        if word == "ref":
            return self.address(target, path)
        place = self.all.included.place(target, self.folder)
        if place is None:
            hint = "give a path relative to this file, inside the project folder"
            self.error(FILE, f"the file {target} lies outside the project", path, hint)
            return ""
        if node.row is not None and node.row.secret:
            problem = unusable_secret(place)
            if problem is not None:
                self.error(FILE, f"the file {target} {problem}", path, "save the value as UTF-8 text")
            return {SECRET: {"file": relative(place, self.all.included.folder)}}
        text, (problem, way_out) = self.all.included.text(place)
        if text is None:
            self.error(FILE, f"the file {target} {problem}", path, way_out or "the path is relative to this file")
            return ""
        return text

    def address(self, target: str, path: str) -> Json:
        try:
            address = Address.parse(target)
        except ValueError:
            self.error(REF, f"{target!r} is not an address", path, "write kind.name, for example tool.lookup_policy")
            return target
        if address.kind not in KINDS:
            hint = suggest(address.kind, KINDS) or f"known kinds: {', '.join(KINDS)}"
            self.error(REF, f"unknown kind {address.kind!r} in {target}", path, hint)
            return target
        self.all.referring.add(self.draft.address)
        self.all.targets.add(target)
        return {REF_MARKER: target}

    def literal(self, node: Node, name: str, value: str, path: str) -> Json:
        """A literal at a secret place: kept in memory only, with a marker in its stead, unless it is harmless."""
        if is_mask(value):
            hint = (
                f"this is how the API shows a hidden value; write {reference_for(path, '', str(self.draft.address))}"
            )
            self.error(MASK, f"a mask stands in place of the secret {name}", path, hint)
            return None
        parent = next((token for token in reversed(split(path)[:-1])), "")
        is_free = node.row is not None and node.row.path.endswith("*")
        if not value or (is_free and not is_credential(name, value)):
            return value
        label = f"{parent} {name}" if is_free else name
        self.findings.add(
            self.all.literal_severity,
            LITERAL_SECRET,
            f"a secret stands in the manifest in clear ({label})",
            source=self.draft.source,
            pointer=path,
            address=self.draft.address,
            hint=f"write {reference_for(path, value, str(self.draft.address))}, or pass --allow-literal-secrets",
        )
        where = f"{self.draft.address}{path}"
        self.all.literals[where] = value
        return {SECRET: {"literal": where}}

    def error(self, code: str, summary: str, path: str, hint: str) -> None:
        self.findings.error(
            code, summary, source=self.draft.source, pointer=path, hint=hint, address=self.draft.address
        )


_NOWHERE = Node()


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
