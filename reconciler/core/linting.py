"""What a lint rule is, a pure check over one manifest; and the baseline: findings accepted as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from reconciler.core.canonical.field_tree import Node, build_field_tree
from reconciler.core.resource_diff.name_conflicts import Given, name_sent
from reconciler.registry import Registry
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import Json, Object, escape
from reconciler.types.kind import Field, KindSpec
from reconciler.types.manifest import Manage, Manifest


def declared(kind: KindSpec, spec: Object) -> Iterator[tuple[str, Json, Field]]:
    """Every value of `spec` that the kind's table declares: pointer, value, row. Markers are leaves."""
    yield from _declared(build_field_tree(kind), spec, "")


def _declared(node: Node, value: Json, path: str) -> Iterator[tuple[str, Json, Field]]:
    if node.row is not None and path:
        yield path, value, node.row
        if node.row.verbatim:
            return
    if isinstance(value, dict) and (node.children or node.star is not None):
        for key, member in value.items():
            yield from _declared(node.child(key), member, f"{path}/{escape(key)}")
    elif isinstance(value, list) and node.star is not None:
        for index, item in enumerate(value):
            yield from _declared(node.star, item, f"{path}/{index}")


Declared: TypeAlias = tuple[str, Json, Field]


@dataclass(frozen=True, slots=True)
class RuleContext:
    """What a check may look at besides its own manifest."""

    catalogue: Catalogue
    manifests: Mapping[Address, Manifest] = field(default_factory=dict)
    """All manifests of the run, this one included."""
    strict: bool = False
    """Unknown keys are errors."""
    new: Collection[Address] | None = None
    """What a plan would create, or take something away from that the API wants; None where nobody knows."""
    _refused: dict[str, dict[Address, tuple[str, str]]] = field(default_factory=dict, compare=False, repr=False)
    _last: list[tuple[Manifest, tuple[Declared, ...]]] = field(default_factory=list, compare=False, repr=False)

    def is_new(self, manifest: Manifest) -> bool:
        """Whether the manifest has to hold everything that the API wants: it may look after a part of an object
        that is there already, and only creating one needs the rest."""
        if self.new is not None:
            return manifest.address in self.new
        return manifest.id is None and manifest.lifecycle.manage is not Manage.OBSERVE

    def name_refused(self, manifest: Manifest) -> tuple[str, str] | None:
        """Why the API would not take the name of the manifest beside those of all others, and what to do."""
        if "names" not in self._refused:
            given = Given()
            found = {
                address: refused
                for address, one in self.manifests.items()
                if (name := name_sent(one)) is not None
                and (refused := given.refused(address, one.kind, name)) is not None
            }
            self._refused["names"] = found
        return self._refused["names"].get(manifest.address)

    def declared(self, manifest: Manifest) -> tuple[Declared, ...]:
        """Every value of the spec that its kind declares, as pointer, value and row; worked out once a manifest."""
        if not self._last or self._last[0][0] is not manifest:
            self._last[:] = [(manifest, tuple(declared(manifest.kind, manifest.spec)))]
        return self._last[0][1]


@dataclass(frozen=True, slots=True)
class RuleDoc:
    """The documentation in its fixed sections. `bad` and `good` are specs in YAML: `bad` makes the rule speak,
    `good` does not (the contract test of the table tries both)."""

    what: str
    why: str
    bad: str
    good: str


Check: TypeAlias = Callable[[Manifest, RuleContext], Iterable[Diagnostic]]


@dataclass(frozen=True, slots=True)
class Rule:
    """One lint.

    `check` must: accept any JSON in `manifest.spec`; look only at its arguments; point at a value that exists.
    Must not: raise, or report what is written as a secret reference.
    May: use another severity than `severity` for a single finding, and offer a `Fix` that keeps behaviour.
    """

    code: str
    name: str
    severity: Severity
    kinds: tuple[str, ...]
    """Kinds it looks at; empty: all."""
    doc: RuleDoc
    check: Check
    source: str = ""
    """Where the fact comes from."""
    taken: bool = False
    """The API takes such a body all the same: what is an error to `validate` does not keep `apply` from sending."""
    unacceptable: bool = False
    """No file of the repository lifts its errors, neither a baseline nor a comment; the operator's flags may."""

    def concerns(self, manifest: Manifest) -> bool:
        """Whether the rule looks at this kind at all."""
        return not self.kinds or manifest.address.kind in self.kinds

    def found(
        self,
        manifest: Manifest,
        pointer: str,
        summary: str,
        *,
        detail: str = "",
        hint: str | None = None,
        severity: Severity | None = None,
        fix: Fix | None = None,
    ) -> Diagnostic:
        """A finding of this rule at the canonical `pointer`."""
        return Diagnostic(
            code=self.code,
            severity=severity or self.severity,
            summary=summary,
            detail=detail,
            hint=hint,
            address=manifest.address,
            pointer=pointer,
            source=manifest.source,
            fix=fix,
        )


BASELINE = ".baseline.yaml"
"""Its file, beside the project file."""


@dataclass(frozen=True, slots=True, order=True)
class Accepted:
    """One accepted finding."""

    code: str
    about: str
    """An address, or the file of what has none."""
    pointer: str = ""
    text: str = ""
    is_file: bool = False

    def as_object(self) -> Object:
        """As it stands in the file."""
        found: Object = {"code": self.code, "file" if self.is_file else "address": self.about}
        return found | ({"pointer": self.pointer} if self.pointer else {}) | {"text": self.text}


def accepted_form(finding: Diagnostic, rules: Registry[Rule]) -> Accepted | None:
    """What a baseline holds of a finding; None for what nobody can accept: an error of the loader, one of a rule that
    is unacceptable, and what is about no resource and no file."""
    if finding.is_error and (finding.code not in rules or rules.get(finding.code).unacceptable):
        return None
    if finding.address is not None:
        return Accepted(finding.code, str(finding.address), finding.pointer or "", finding.summary)
    path = finding.span.path if finding.span else finding.source.path if finding.source else None
    return None if path is None else Accepted(finding.code, path, finding.pointer or "", finding.summary, True)


def mark_accepted(
    found: Iterable[Diagnostic], baseline: Collection[Accepted], rules: Registry[Rule]
) -> tuple[Diagnostic, ...]:
    """The same findings; those that the baseline holds say so."""
    if not baseline:
        return tuple(found)
    return tuple(
        replace(diagnostic, accepted=True) if accepted_form(diagnostic, rules) in baseline else diagnostic
        for diagnostic in found
    )


def to_accept(
    found: Iterable[Diagnostic], rules: Registry[Rule], held: Collection[Address] = frozenset()
) -> set[Accepted]:
    """What a new baseline holds: everything that a person is shown and that can be accepted. What the API would
    refuse only of the resources `held`, which name an object that there is: the account has it so."""
    forms = (
        accepted_form(diagnostic, rules)
        for diagnostic in found
        if diagnostic.severity is not Severity.INFO
        and (
            not diagnostic.is_error
            or diagnostic.address in held
            or (diagnostic.code in rules and rules.get(diagnostic.code).taken)
        )
    )
    return {form for form in forms if form is not None}


KEEP = re.compile(r"(?:^|\s)(?:#|<!--|//)\s*reconciler:\s*keep\s+(?P<rest>.*?)\s*(?:-->)?\s*$")
LINE_BREAK = re.compile(r"\r\n|[\n\r\x85\u2028\u2029]")


def split_lines(text: str) -> list[str]:
    """The lines of a file, broken where YAML breaks lines (and not, as `splitlines` does, at a form feed)."""
    return LINE_BREAK.split(text)


def kept_codes(line: str) -> frozenset[str]:
    """The codes that a line's comment keeps: `# reconciler: keep L32, L28 until the voice is chosen`.

    Codes come first, separated by commas or blanks; the first word that is no code starts the reason.
    """
    match = KEEP.search(line)
    if match is None:
        return frozenset()
    codes: set[str] = set()
    for word in match["rest"].replace(",", " ").split():
        word = word.rstrip(":;")
        if not re.fullmatch(r"[LlMm]\d{2,3}|E-[a-z0-9-]+", word):
            break
        codes.add(word if word.startswith("E-") else word.upper())
    return frozenset(codes)


def is_kept(lines: Sequence[str], line: int, code: str) -> bool:
    """Whether a finding of `code` on `line` (from 1) is kept on purpose."""
    return code in codes_at(lines, line)


def codes_at(lines: Sequence[str], line: int) -> frozenset[str]:
    """The codes that are kept on `line` (from 1).

    The comment stands on the line itself or on comment lines directly above it; blank lines and anything that is
    no comment end the search.
    """
    if not 1 <= line <= len(lines):
        return frozenset()
    codes = kept_codes(lines[line - 1])
    for at in range(line - 2, -1, -1):
        if not lines[at].strip().startswith(("#", "<!--", "//")):
            break
        codes |= kept_codes(lines[at])
    return codes
