"""What an export target is: a pure function from personas to files; its records, and the ledger of a conversion.

A target takes values out through it, so what nobody asked for is known at the end: nothing is lost without a word.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from reconciler.core.canonical.canonical_form import leaves, normalize
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.export.exported_manifests import variable_name
from reconciler.types.address import Address, SecretRef
from reconciler.types.catalogue import Catalogue
from reconciler.types.json import Json, Object, lookup, within
from reconciler.types.kind import KindSpec

OPEN = "sha256:" + "0" * 64
"""What a generated text has in the place of its seal; the first one counts."""
HEAD_BYTES = 2000
"""Where the seal of a generated file and what made it stand."""
_SEAL = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class AttachedTool:
    """A tool of the registry that a persona has."""

    name: str
    """What the persona calls it: a name, an address or an id."""
    spec: Object | None
    """The tool's body in canonical words; None where nobody knows it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """One persona to be written, wherever it was read."""

    address: Address
    kind: KindSpec
    spec: Object
    """The body in canonical words, markers for secrets and references."""
    id: str | None = None
    """The id in the account, where known."""
    tools: tuple[AttachedTool, ...] = ()
    """In the order of the body."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One field that does not arrive as it was."""

    path: str
    """Canonical pointer into the persona, or `tool.name` and a pointer into the tool."""
    reason: str
    instead: str = ""
    """The nearest way in the target, for what is not carried over."""
    value: Json = field(default=None, compare=False)
    """What stands there, without secrets: so that it is not lost with the persona."""

    def as_json(self) -> Object:
        """`{path, reason}`, with `instead` and `value` where there are such."""
        found: Object = {"path": self.path, "reason": self.reason}
        if self.instead:
            found["instead"] = self.instead
        return found if self.value is None else {**found, "value": self.value}


@dataclass(frozen=True, slots=True)
class TargetFile:
    """One file, relative to the folder of the export, with forward slashes."""

    path: str
    text: str
    user_owned: bool = False
    """Made once for a person to fill in, never written again."""


@dataclass(frozen=True, slots=True)
class Generated:
    """What became of one persona."""

    address: Address
    files: tuple[TargetFile, ...] = ()
    model: str = ""
    """The language model it uses in the target, as the target writes it."""
    not_carried: tuple[Remark, ...] = ()
    adjusted: tuple[Remark, ...] = ()
    """Carried over as something near."""
    environment: tuple[str, ...] = ()
    """Variables that have to be set before it runs."""
    handlers: tuple[str, ...] = ()
    """Names of the tools that need a person's code."""
    skipped: str = ""
    """Why there is nothing to write; empty where there is."""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What a target may look up, and the language it writes."""

    catalogue: Catalogue
    models: frozenset[str] | None = None
    """The models that the installed package of the target lists; None where it is not installed."""
    source: str = ""
    """What `models` was read from, for messages."""
    language: str = ""
    """One of the target's; empty for its first."""


Generate: TypeAlias = Callable[[Sequence[Subject], Knowledge], Sequence[Generated]]


@dataclass(frozen=True, slots=True)
class Target:
    """One export target.

    `generate` must: take any body; give the same files for the same input, whatever the order of the personas; name
    in `not_carried` or `adjusted` whatever does not arrive as it was. Must not: write a secret's value.
    """

    name: str
    description: str
    """One line for the help text."""
    folder: str
    """Where the files go when nobody says."""
    generate: Generate
    kind: str
    """The kind whose objects it writes."""
    languages: tuple[str, ...] = ()
    """Programming languages that it can write, the usual one first. Files of one never have the path of another's."""
    package: str = ""
    """The package that the files are for, as people install it."""
    installed: Callable[[], frozenset[str] | None] | None = None
    """The models that the installed package lists, None where it is not installed."""
    next_steps: tuple[str, ...] = ()
    """Lines that say what to do with the files."""


def summarize_value(value: Json) -> str:
    """A value in a sentence: short, on one line."""
    text = str(value)
    text = "".join(character if character.isprintable() else " " for character in text)
    return text if len(text) <= 60 else text[:57] + "..."


def with_seal(text: str) -> str:
    """`text` with its first `OPEN` made a seal. Raises `ValueError` where it has none."""
    if OPEN not in text:
        raise ValueError("the text has no place for a seal")
    return text.replace(OPEN, _seal(text), 1)


def is_untouched(data: bytes) -> bool:
    """Whether the seal of a file fits: nobody changed it since it was generated."""
    try:
        text = data.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return False
    found = _SEAL.search(text)
    return found is not None and found.group() == _seal(_SEAL.sub(OPEN, text, count=1))


def is_generated(data: bytes, target: str) -> bool:
    """Whether a file is one that an export for this target wrote, changed or not."""
    head = data[:HEAD_BYTES].decode("utf-8", "replace")
    return f"reconciler export --target {target}" in head and _SEAL.search(head) is not None


def _seal(text: str) -> str:
    return "sha256:" + hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


ENV = "$env"
"""`{"$env": NAME}` in generated settings: the value of that variable when the agent starts."""
LITERAL = "$literal"
"""`{"$literal": {...}}` there: an object of the account's that only looks like that, or like this."""
EMPTY: tuple[Json, ...] = (None, "", [], {})
Explain = Callable[[str, Json], tuple[str, str]]
"""(pointer, value) -> (reason, the nearest way)."""


class Ledger:
    """One persona's body, read field by field."""

    def __init__(self, address: Address, kind: KindSpec, spec: Object) -> None:
        self.address = address
        self.spec = spec
        self.kind = kind
        self.not_carried: list[Remark] = []
        self.adjusted: list[Remark] = []
        self.variables: dict[str, str] = {}
        """Environment variable -> what it is for."""
        self._settled: list[str] = []

    def take(self, pointer: str) -> Json:
        """The normal value at `pointer`, which thereby has arrived; None for absent, null and empty."""
        value = lookup(self.spec, pointer)
        if value in EMPTY:
            return None
        self.settle(pointer)
        return normalize(field_at(self.kind, pointer), value)

    def text(self, pointer: str) -> str | None:
        """The same where it is a text; anything else is left for the end."""
        value = lookup(self.spec, pointer)
        return str(self.take(pointer)) if isinstance(value, str) and value else None

    def members(self, pointer: str) -> Object:
        """The members of the object at `pointer`, not yet taken; empty for anything else."""
        value = lookup(self.spec, pointer)
        return value if isinstance(value, dict) else {}

    def settle(self, pointer: str) -> None:
        """Nothing more is to be said about `pointer` and what lies below it."""
        self._settled.append(pointer)

    def adjust(self, pointer: str, reason: str) -> None:
        """Arrived as something near."""
        self.settle(pointer)
        self.adjusted.append(Remark(pointer, reason))

    def lose(self, pointer: str, reason: str, instead: str = "") -> None:
        """Did not arrive."""
        self.settle(pointer)
        self.not_carried.append(Remark(pointer, reason, instead, _told(lookup(self.spec, pointer))))

    def is_settled(self, pointer: str) -> bool:
        """Whether something was said about `pointer` or a parent of it."""
        return any(within(pointer, other) for other in self._settled)

    def rest(self, explain: Explain, group: Sequence[str] = ()) -> None:
        """Everything else did not arrive; leaves below a pointer of `group` are named as one."""
        for pointer, value in leaves(self.kind, self.spec).items():
            if value in EMPTY or self.is_settled(pointer):
                continue
            whole = next((parent for parent in group if within(pointer, parent)), pointer)
            self.lose(whole, *explain(whole, value))

    def resolvable(self, value: Json, pointer: str) -> Json:
        """`value` with a variable for every secret in it; files and literals get one of their own."""
        if isinstance(value, SecretRef):
            name = value.name if value.kind == "env" else self.variable(pointer)
            self.variables.setdefault(name, f"{self.address} {pointer}")
            return SecretRef("env", name)
        if isinstance(value, dict):
            return {key: self.resolvable(member, f"{pointer}/{key}") for key, member in value.items()}
        return [self.resolvable(item, pointer) for item in value] if isinstance(value, list) else value

    def variable(self, pointer: str) -> str:
        """A new name for the secret at `pointer`."""
        return variable_name(self.address.kind, self.address.name, pointer, self.variables)


def with_marks(value: Json) -> Json:
    """`value` as settings say it: variables as `{"$env": NAME}`, data that looks so as `{"$literal": {...}}`.

    Else whoever edits a persona could have any variable of the agent's machine sent to a model.
    """
    if isinstance(value, SecretRef):
        return {ENV: value.name} if value.kind == "env" else str(value)
    if isinstance(value, dict):
        members: Object = {key: with_marks(member) for key, member in value.items()}
        return {LITERAL: members} if len(value) == 1 and value.keys() <= {ENV, LITERAL} else members
    return [with_marks(item) for item in value] if isinstance(value, list) else value


def _told(value: Json) -> Json:
    """`value` for a report: of a secret only the variable that holds it."""
    if isinstance(value, SecretRef):
        return {ENV: value.name} if value.kind == "env" else None
    if isinstance(value, dict):
        return {key: _told(member) for key, member in value.items()}
    return [_told(item) for item in value] if isinstance(value, list) else value
