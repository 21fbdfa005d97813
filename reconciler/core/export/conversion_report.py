"""The ledger of one conversion: which leaves of a persona arrived, which were adjusted, which were left behind.

A target takes values out through it, so what nobody asked for is known at the end: nothing is lost without a word.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.core.canonical.canonical_form import leaves, normal
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.export.legal_names import variable_name
from reconciler.core.export.target import Remark
from reconciler.types.address import Address, SecretRef
from reconciler.types.json import Json, Object, lookup, within
from reconciler.types.kind import KindSpec

ENV = "$env"
"""`{"$env": NAME}` in generated settings: the value of that variable when the agent starts."""
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
        if value in EMPTY and not isinstance(value, bool):
            return None
        self.settle(pointer)
        return normal(field_at(self.kind, pointer), value)

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
        return any(within(pointer, one) for one in self._settled)

    def rest(self, explain: Explain, group: Sequence[str] = ()) -> None:
        """Everything else did not arrive; leaves below a pointer of `group` are named as one."""
        for pointer, value in leaves(self.kind, self.spec).items():
            if (value in EMPTY and not isinstance(value, bool)) or self.is_settled(pointer):
                continue
            whole = next((parent for parent in group if within(pointer, parent)), pointer)
            self.lose(whole, *explain(whole, value))

    def resolvable(self, value: Json, pointer: str) -> Json:
        """`value` with `{"$env": NAME}` for every secret in it; files and literals get a variable of their own."""
        if isinstance(value, SecretRef):
            name = value.name if value.kind == "env" else self.variable(pointer)
            self.variables.setdefault(name, f"{self.address} {pointer}")
            return {ENV: name}
        if isinstance(value, dict):
            return {key: self.resolvable(member, f"{pointer}/{key}") for key, member in value.items()}
        return [self.resolvable(item, pointer) for item in value] if isinstance(value, list) else value

    def variable(self, pointer: str) -> str:
        """A new name for the secret at `pointer`."""
        return variable_name(self.address.kind, self.address.name, pointer, self.variables)


def _told(value: Json) -> Json:
    """`value` for a report: of a secret only the variable that holds it."""
    if isinstance(value, SecretRef):
        return {ENV: value.name} if value.kind == "env" else None
    if isinstance(value, dict):
        return {key: _told(member) for key, member in value.items()}
    return [_told(item) for item in value] if isinstance(value, list) else value
