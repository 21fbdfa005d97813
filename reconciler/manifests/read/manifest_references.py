"""References in a body (env, file, ref, value, join) become what they stand for; literal secrets leave it."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from copy import deepcopy
from hashlib import sha256

from reconciler.core.canonical.field_tree import UNKNOWN, Node, build_field_tree
from reconciler.core.canonical.references import JOIN, LITERAL, NULL, VALUE, child_in_any_vocabulary, reference_word
from reconciler.core.credential_detection import has_url_credentials, is_credential
from reconciler.core.serialization.checked_json import DEEPEST, MB
from reconciler.manifests.read.raw_manifest import RawManifest
from reconciler.manifests.read.secrets_in_manifests import (
    ENV_NAME,
    LiteralSecrets,
    is_mask,
    reference_for,
    unusable_secret,
)
from reconciler.manifests.tree.decode import decode
from reconciler.manifests.tree.file_tree import Tree, Unreadable, relative
from reconciler.manifests.tree.problems import FILE, LITERAL_SECRET, MASK, REF, Findings, suggest
from reconciler.manifests.tree.repository import LinkBoundary, inside
from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.diagnostic import Severity
from reconciler.types.json import Json, Object, escape, split
from reconciler.types.kind import Kinds

SECRET = "secret"
MOST_VALUES = 20_000
"""Values that one manifest may take in, those that stand in others counted each time: a few lines of values that hold
each other stand for more than any machine has."""
MOST_JOINED = 16 * MB
"""Characters that one manifest may put together."""


class Literal(dict[str, Json]):
    """A mapping of data that an overlay replaces whole."""


def is_whole(value: Json) -> bool:
    """Whether a value of an overlay replaces another one instead of being merged into it."""
    return isinstance(value, Literal)


class Included:
    """The files that manifests include; each is read once, and none outside of `boundaries`."""

    def __init__(
        self, tree: Tree, folder: str, boundaries: tuple[str, ...], reach: LinkBoundary, digests: dict[str, bytes]
    ) -> None:
        """Paths may lead anywhere inside `boundaries`, and links from there into `reach`."""
        self.tree = tree
        self.reach = reach
        self.folder = folder
        self.boundaries = boundaries
        self.digests = digests
        self._texts: dict[str, str | None] = {}
        self._problems: dict[str, tuple[str, str | None]] = {}
        self.reader: Address | None = None
        """Whose manifest is read."""
        self.used: dict[Address | None, dict[str, None]] = {}
        """The files (relative to the folder of the project) that a manifest includes."""

    @property
    def unread(self) -> Collection[str]:
        """Absolute paths of the files that could not be read."""
        return self._problems.keys()

    def place(self, path: str, base: str) -> str | None:
        """The absolute path of `path` seen from the folder `base`, None when it leaves the project."""
        if os.path.isabs(path) or "\0" in path:  # noqa: PTH117
            return None
        target = os.path.normpath(os.path.join(base, path))  # noqa: PTH118
        named = any(inside(target, boundary) for boundary in self.boundaries)
        return target if named and self.reach.holds(self.tree.real(target)) else None

    def text(self, path: str) -> tuple[str | None, tuple[str, str | None]]:
        """The text less one final newline (CRLF is LF), or None, why not and what to do."""
        self.used.setdefault(self.reader, {})[relative(path, self.folder)] = None
        if path not in self._texts:
            self._texts[path] = self._read(path)
        return self._texts[path], self._problems.get(path, ("", None))

    def digest(self, path: str) -> bytes | None:
        """Of a file that an earlier run included (relative to the folder); None where that cannot be now."""
        target = os.path.normpath(os.path.join(self.folder, path))  # noqa: PTH118
        if not self.reach.holds(self.tree.real(target)) or self.text(target)[0] is None:
            return None
        return self.digests[path]

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
        self.digests[relative(path, self.folder)] = sha256(data).digest()
        findings = Findings()
        text = decode(data, path, findings)
        if text is None:
            self._problems[path] = (f"cannot be used: {findings.items[0].summary}", findings.items[0].hint)
            return None
        return text.replace("\r\n", "\n").removesuffix("\n")


class References:
    """Resolves the references of drafts, in place."""

    def __init__(
        self,
        included: Included,
        literals: LiteralSecrets,
        findings: Findings,
        kinds: Kinds,
        *,
        allow_literals: bool,
        values: Mapping[str, Json] | None = None,
    ) -> None:
        self.values = values or {}
        """What `{value: name}` stands for."""
        self.kinds = kinds
        self.included = included
        self.literals = literals
        self.findings = findings
        self.referring: set[Address] = set()
        """Who refers to something."""
        self.met: set[str] = set()
        """The words of references in the draft that was resolved last, and `SECRET` for a secret in clear."""
        self.words: dict[Address, set[str]] = {}
        """The same of all drafts, by address."""
        self._taken = self._joined = 0
        """Values and characters of joins in this draft so far."""
        self.literal_severity = Severity.WARNING if allow_literals else Severity.ERROR

    def resolve(self, draft: RawManifest, folder: str, *, overlay: bool = False) -> None:
        """Replace every reference in `draft.body`; `folder` is the absolute folder of its file. In an `overlay` a
        literal null sets null, where null itself would delete.

        A reference is a mapping of one key with a text (`core.canonical.references`).
        """
        self.met.clear()
        self._taken = self._joined = 0
        self.included.reader = draft.address
        draft.body = _Walk(self, draft, folder, overlay=overlay).members(build_field_tree(draft.kind), draft.body, "")
        if self.met:
            self.words.setdefault(draft.address, set()).update(self.met)

    def spend(self, *, values: int = 0, characters: int = 0) -> tuple[bool, bool]:
        """Whether so much more may be taken in, and whether it could until now."""
        could = self._taken <= MOST_VALUES and self._joined <= MOST_JOINED
        self._taken += values
        self._joined += characters
        return self._taken <= MOST_VALUES and self._joined <= MOST_JOINED, could


class _Walk:
    def __init__(
        self,
        references: References,
        draft: RawManifest,
        folder: str,
        *,
        overlay: bool,
        inside: tuple[str, ...] = (),
    ) -> None:
        self.inside = inside
        """The values that the walk is in."""
        self.overlay = overlay
        self.all = references
        self.findings = references.findings
        self.draft = draft
        self.folder = folder

    def members(self, node: Node, body: Object, path: str, *, free: bool = False, schema: bool = False) -> Object:
        """`free`: names of others stand here, in an object of free keys or a tool's parameters (`schema`)."""
        renames, children, star = node.renames, node.children, node.star
        for word, member in body.items():
            name = renames.get(word, word) if renames else word
            child = children.get(name) or (star and node.child(name))
            if isinstance(member, dict | list):
                within = free or child is None
                ids = within and word in self.all.kinds.kinds_by_id_member
                here = f"{path}/{escape(name)}"
                body[word] = self.value(child or UNKNOWN, member, here, free=within, ids=ids, schema=schema)
            elif _may_be_secret(child) or (not schema and isinstance(member, str) and has_url_credentials(member)):
                body[word] = self.text(child or UNKNOWN, member, f"{path}/{escape(name)}")
        return body

    def value(self, node: Node, value: Json, path: str, *, free: bool, ids: bool, schema: bool = False) -> Json:
        row = node.row
        schema = schema or (row is not None and (row.verbatim or row.keyed))
        free = free or schema
        if isinstance(value, list):
            for index, item in enumerate(value):
                if isinstance(item, dict | list):
                    value[index] = self.value(UNKNOWN, item, f"{path}/{index}", free=free, ids=ids, schema=schema)
            return value
        if not isinstance(value, dict):
            return value
        word = reference_word(node, value, free=free, ids=ids)
        if word is not None:
            self.all.met.add(word)
        if word == LITERAL and value[word] is None and self.overlay:
            return {NULL: True}
        if word == LITERAL:
            return self.taken(node, value[word], path, schema=schema)
        if word == VALUE:
            return self.named(node, str(value[word]), path, free=free, ids=ids, schema=schema)
        if word == JOIN:
            return self.joined(node, value[word], path)
        if word is not None:
            return self.reference(node, word, str(value[word]), path)
        return self.members(node, value, path, free=free, schema=schema)

    def named(self, node: Node, name: str, path: str, *, free: bool, ids: bool, schema: bool) -> Json:
        """What the project file gives as a value of that name; references in it lead on from the project file."""
        held = self.all.values
        if name not in held or name in self.inside:
            if name in self.inside:
                summary, hint = f"the value {name!r} leads back to itself", "write the text into one of them"
            else:
                summary = f"no value is called {name!r} in this workspace"
                hint = suggest(name, held) or "add it to the project file, under `values:` or in the workspace's own"
            self.error(REF, summary, path, f"{hint} (data is written as {{literal: {{value: ...}}}})")
            return None
        too_deep = len(self.inside) + path.count("/") > DEEPEST
        if not self.affords(path, values=MOST_VALUES + 1 if too_deep else 1):
            return ""
        value = deepcopy(held[name])
        walk = _Walk(self.all, self.draft, self.all.included.folder, overlay=False, inside=(*self.inside, name))
        if isinstance(value, dict | list):
            return walk.value(node, value, path, free=free, ids=ids, schema=schema)
        secret = _may_be_secret(node) or (not schema and isinstance(value, str) and has_url_credentials(value))
        return walk.text(node, value, path) if secret else value

    def joined(self, node: Node, items: Json, path: str) -> Json:
        """Texts put together as they are, nothing between them."""
        parts: list[str] = []
        for index, item in enumerate(items if isinstance(items, list) else ()):
            part = self.part(item, f"{path}/{JOIN}/{index}")
            if part is None:
                hint = "a part is a text, a number, {file: ...}, {value: ...} or another {join: [...]}"
                self.error(REF, f"part {index + 1} of the join is no text", path, hint)
                return ""
            parts.append(part)
        if not self.affords(path, characters=sum(map(len, parts))):
            return ""
        text = "".join(parts)
        return self.text(node, text, path) if _may_be_secret(node) or has_url_credentials(text) else text

    def affords(self, path: str, **more: int) -> bool:
        """Whether so much more may be taken in. That it may not is said once; what is left out is then empty."""
        can, could = self.all.spend(**more)
        if could and not can:
            most = f"{MOST_VALUES:,} values, {DEEPEST} of them inside each other, and {MOST_JOINED // MB} MB"
            hint = f"a manifest takes in up to {most}; write the text out"
            self.error(REF, "what is joined and named here expands to too much", path, hint)
        return can

    def part(self, item: Json, path: str) -> str | None:
        """One part as text; None for what is none. What is wrong with a reference is said, and leaves nothing."""
        if isinstance(item, dict):
            before = len(self.findings.items)
            item = self.value(UNKNOWN, dict(item), path, free=False, ids=False)
            if item is None and len(self.findings.items) > before:
                return ""
        return str(item) if isinstance(item, str) or _is_number(item) else None

    def taken(self, node: Node, value: Json, path: str, *, schema: bool) -> Json:
        """A literal: as it stands, whatever it looks like. A secret in it is one all the same."""
        if isinstance(value, dict):
            held: Object = {
                word: self.taken(child_in_any_vocabulary(node, word), member, f"{path}/{escape(word)}", schema=schema)
                for word, member in value.items()
            }
            return Literal(held)
        is_secret = _may_be_secret(node) or (not schema and isinstance(value, str) and has_url_credentials(value))
        return self.text(node, value, path) if is_secret else value

    def text(self, node: Node, value: Json, path: str) -> Json:
        """What stands at a secret place and is no reference."""
        is_text = isinstance(value, str) or _is_number(value)
        return self.literal(node, split(path)[-1], str(value), path) if is_text else value

    def reference(self, node: Node, word: str, target: str, path: str) -> Json:
        """What stands in the body instead. A wrong reference leaves a text there, so that it is reported once."""
        if word == "env":
            if not ENV_NAME.fullmatch(target):
                hint = "letters, digits and _, not starting with a digit"
                self.error(REF, f"{target!r} is not the name of an environment variable", path, hint)
            return SecretRef("env", target)
        if word == "ref":
            return self.address(target, path)
        place = self.all.included.place(target, self.folder)
        if place is None:
            hint = "give a path relative to this file, inside the project folder"
            self.error(FILE, f"the file {target} lies outside the project", path, hint)
            return ""
        if _may_be_secret(node):
            problem = unusable_secret(place)
            if problem is not None:
                self.error(FILE, f"the file {target} {problem}", path, "save the value as UTF-8 text")
            return SecretRef("file", relative(place, self.all.included.folder))
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
        if address.kind not in self.all.kinds:
            hint = suggest(address.kind, self.all.kinds) or f"known kinds: {', '.join(self.all.kinds)}"
            self.error(REF, f"unknown kind {address.kind!r} in {target}", path, hint)
            return target
        self.all.referring.add(self.draft.address)
        return ResourceRef(target)

    def literal(self, node: Node, name: str, value: str, path: str) -> Json:
        """A literal at a secret place: kept in memory only, with a reference in its stead, unless it is harmless."""
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
        self.all.met.add(SECRET)
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
        return SecretRef("literal", where)

    def error(self, code: str, summary: str, path: str, hint: str) -> None:
        self.findings.error(
            code, summary, source=self.draft.source, pointer=path, hint=hint, address=self.draft.address
        )


def _may_be_secret(node: Node | None) -> bool:
    return node is not None and node.row is not None and (node.row.secret or node.row.by_look != "")


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
