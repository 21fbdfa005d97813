"""Validation: what the loader found and what the rules find, in the order of the files."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TypeAlias

from reconciler.core.linting import Rule, RuleContext, is_kept, split_lines
from reconciler.registry import Registry
from reconciler.types.address import Address
from reconciler.types.catalogue import Catalogue
from reconciler.types.diagnostic import Diagnostic, Severity, Span
from reconciler.types.manifest import ManifestSet

Locate: TypeAlias = Callable[[Diagnostic], Span | None]
Place: TypeAlias = Callable[[Sequence[Diagnostic]], Sequence[Diagnostic]]
ReadText: TypeAlias = Callable[[str], str | None]

LOADER_CODES = frozenset({"L03", "L18", "L20"})
"""Rules whose findings the loader reports under the same code, in its own words."""
SUPERSEDES = {"L27": "L20", "L19": "L18", "L37": "L18", "E-mask": "L23"}
"""Of two findings at one place the one that says more: left silences right."""


def validate(
    manifests: ManifestSet,
    catalogue: Catalogue,
    rules: Registry[Rule],
    *,
    strict: bool = False,
    read_text: ReadText | None = None,
    locate: Locate | None = None,
    place: Place | None = None,
    only: Collection[Address] | None = None,
    new: Collection[Address] | None = None,
) -> tuple[Diagnostic, ...]:
    """Every finding about `manifests`, by file, line and code; offline.

    1. The loader's diagnostics, then the rules', one of each (the loader's wording wins where both found it).
    2. `place` (all at once, `load_manifests.place`) or `locate` (one by one) fills in the places in the files.
       With neither, the rules' findings have none.
    3. `read_text(span.path)` gives a file's text, so that `# reconciler: keep CODE reason` comments are honoured.
       An error that the loader found is never silenced: what it could not read cannot be kept. With None, no
       comment counts.

    `strict` makes unknown keys (L18) errors. `only` keeps the rules to these resources. `new` are those that have to
    hold everything that the API wants in a new object; None: to be told from the manifests.
    """
    ruled = _without_shared(manifests, check_rules(manifests, catalogue, rules, strict=strict, only=only, new=new))
    found: list[Diagnostic] = _distinct(manifests.diagnostics, ruled)
    if strict:
        found = [
            replace(diagnostic, severity=Severity.ERROR) if diagnostic.code == "L18" else diagnostic
            for diagnostic in found
        ]
    if place is not None:
        found = list(place(found))
    elif locate is not None:
        found = [
            diagnostic if diagnostic.span is not None else diagnostic.at(locate(diagnostic)) for diagnostic in found
        ]
    if read_text is not None:
        found = list(without_kept(found, rules, read_text))
    return tuple(sorted(found, key=_order))


def tolerated(diagnostics: Iterable[Diagnostic], rules: Registry[Rule]) -> tuple[Diagnostic, ...]:
    """The same, with the errors of rules whose bodies the API takes all the same as warnings.

    `validate` is strict on purpose. A run that writes stops only for what the API would refuse or what cannot be
    undone: the vendor's own example bodies break some of its rules.
    """
    return tuple(
        replace(diagnostic, severity=Severity.WARNING)
        if diagnostic.is_error and diagnostic.code in rules and rules.get(diagnostic.code).taken
        else diagnostic
        for diagnostic in diagnostics
    )


def check_rules(
    manifests: ManifestSet,
    catalogue: Catalogue,
    rules: Registry[Rule],
    *,
    strict: bool = False,
    only: Collection[Address] | None = None,
    new: Collection[Address] | None = None,
) -> Iterator[Diagnostic]:
    """What the rules alone say, in the order of the manifests, without places in the files.

    With `only` about these resources; the others still count as what they are seen against.
    """
    context = RuleContext(catalogue, {manifest.address: manifest for manifest in manifests.manifests}, strict, new)
    checks = tuple(rules.all().values())
    for manifest in manifests.manifests:
        if only is not None and manifest.address not in only:
            continue
        for rule in checks:
            if rule.concerns(manifest):
                yield from rule.check(manifest, context)


def _distinct(loaded: Sequence[Diagnostic], ruled: Iterable[Diagnostic]) -> list[Diagnostic]:
    """Findings of the loader and of the rules, each once: two are one where nothing of them differs.

    What the loader reports under a rule's code is not reported again by the rule for the same place; it takes the
    rule's fix where it has none of its own. A value whose file could not be read is judged by no rule.
    """
    unread = {
        (diagnostic.address, diagnostic.pointer)
        for diagnostic in loaded
        if diagnostic.code == "E-file" and diagnostic.is_error and diagnostic.address
    }
    said = {diagnostic.key for diagnostic in loaded if diagnostic.address is not None}
    kept: dict[Diagnostic, Diagnostic] = {diagnostic: diagnostic for diagnostic in loaded}
    fixes: dict[tuple[object, ...], Diagnostic] = {}
    for diagnostic in ruled:
        if (diagnostic.address, diagnostic.pointer) in unread:
            continue
        if diagnostic.code in LOADER_CODES and diagnostic.key in said:
            fixes.setdefault(diagnostic.key, diagnostic)
        else:
            kept.setdefault(diagnostic, diagnostic)
    places = said | {diagnostic.key for diagnostic in kept if diagnostic.address is not None}
    silenced = {(SUPERSEDES[code], *where) for code, *where in places if code in SUPERSEDES}
    return [_with_fix(diagnostic, fixes) for diagnostic in kept.values() if diagnostic.key not in silenced]


def _without_shared(manifests: ManifestSet, ruled: Iterable[Diagnostic]) -> Iterable[Diagnostic]:
    """What the loader reports of defaults, once, is not reported again of everyone who takes them over."""
    shared = {
        (found.code, found.source, found.pointer)
        for found in manifests.diagnostics
        if found.address is None and found.source is not None and found.code in LOADER_CODES
    }
    if not shared:
        return ruled
    defaults = {manifest.address: manifest.defaults for manifest in manifests.manifests if manifest.defaults}
    return (
        found
        for found in ruled
        if not any(
            (found.code, source, found.pointer) in shared
            for source in (defaults.get(found.address, ()) if found.address is not None else ())
        )
    )


def _with_fix(diagnostic: Diagnostic, fixes: Mapping[tuple[object, ...], Diagnostic]) -> Diagnostic:
    other = fixes.get(diagnostic.key) if diagnostic.fix is None and fixes else None
    return diagnostic if other is None else replace(diagnostic, fix=other.fix, hint=diagnostic.hint or other.hint)


def without_kept(
    diagnostics: Iterable[Diagnostic], rules: Registry[Rule], read_text: ReadText
) -> Iterator[Diagnostic]:
    """The findings that no comment keeps as they are (`# reconciler: keep CODE reason`)."""
    files: dict[str, list[str]] = {}
    for diagnostic in diagnostics:
        if diagnostic.span is None or (
            diagnostic.is_error and (diagnostic.code not in rules or diagnostic.code in LOADER_CODES)
        ):
            yield diagnostic
            continue
        path = diagnostic.span.path
        if path not in files:
            files[path] = split_lines(read_text(path) or "")
        if not is_kept(files[path], diagnostic.span.line, diagnostic.code):
            yield diagnostic


def _order(diagnostic: Diagnostic) -> tuple[str, int, int, str, str, str, str]:
    path = diagnostic.span.path if diagnostic.span else diagnostic.source.path if diagnostic.source else ""
    line, column = (diagnostic.span.line, diagnostic.span.column) if diagnostic.span else (0, 0)
    return (
        path,
        line,
        column,
        diagnostic.code,
        str(diagnostic.address or ""),
        diagnostic.pointer or "",
        diagnostic.summary,
    )
