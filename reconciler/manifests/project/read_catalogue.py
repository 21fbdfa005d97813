"""Reads the model catalogue that ships with the package, with a project's own additions merged in."""

from __future__ import annotations

import os
from collections.abc import Hashable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from difflib import get_close_matches
from enum import Enum
from functools import cache, lru_cache
from importlib.resources import files
from types import NoneType, UnionType
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from reconciler.core.platform import Platform
from reconciler.errors import ManifestError
from reconciler.manifests.tree.decode import decode
from reconciler.manifests.tree.file_tree import Tree, Unreadable, relative
from reconciler.manifests.tree.problems import FILE, Findings
from reconciler.manifests.tree.repository import inside, link_boundary
from reconciler.types.catalogue import Catalogue
from reconciler.types.diagnostic import Diagnostic, Severity, Source
from reconciler.types.json import Json, Object, escape

T = TypeVar("T")
CODE = "E-catalogue"
_WORDS: Mapping[type, str] = {str: "a text", bool: "true or false", int: "a whole number", float: "a number"}
POINTER = "/catalogue"
NOTHING: Object = {
    "format": 1, "compiled": "", "generation": "",
    "generations": [{"id": "", "period": "", "vocabulary": "", "default_llm": ""}],
}  # fmt: skip
"""The catalogue of a platform without one."""


def load_catalogue(platform: Platform, overrides: Object | None = None) -> Catalogue:
    """The catalogue of the platform with `overrides` merged over it.

    Mappings are merged member by member (so `{tables: {llm: {my-model: {...}}}}` adds one model and
    `{generation: "2026-02"}` moves every question to that generation), null removes a member, anything else
    replaces, and so does a status of `all` generations. Raises `ManifestError` with one diagnostic per value that
    does not fit.
    """
    if not overrides:
        return _packaged(platform)
    merged = _merge(_document(platform), overrides)
    problems: list[Diagnostic] = []
    found = cast(Catalogue, _decode(Catalogue, merged, "", problems))
    if not problems and found.generation not in {generation.id for generation in found.generations}:
        known = ", ".join(generation.id for generation in found.generations)
        problems.append(_problem("/generation", f"unknown generation {found.generation!r}; known: {known}"))
    if problems:
        raise ManifestError("the project's catalogue is not valid", problems)
    return found


@cache
def _packaged(platform: Platform) -> Catalogue:
    return cast(Catalogue, _decode(Catalogue, _document(platform), "", []))


def _document(platform: Platform) -> Object:
    """The file of the platform; where it has none, nothing is known about any model."""
    if not platform.catalogue:
        return NOTHING
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    text = files(platform.package).joinpath(platform.catalogue).read_text(encoding="utf-8")
    document = yaml.load(text, Loader=loader)  # noqa: S506 - a safe loader, in C where there is one
    assert isinstance(document, dict)
    return document


def _merge(base: Json, patch: Json) -> Json:
    """JSON Merge Patch (RFC 7386); only a `status` that holds for `all` generations replaces the one there was."""
    if not isinstance(patch, dict):
        return patch
    result = dict(base) if isinstance(base, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        elif key == "status" and isinstance(value, dict) and "all" in value:
            result[key] = value  # said of every generation: nothing that was said of one of them stays
        else:
            result[key] = _merge(result.get(key), value)
    return result


def _problem(pointer: str, summary: str, hint: str | None = None) -> Diagnostic:
    return Diagnostic(CODE, Severity.ERROR, f"catalogue: {summary}", hint=hint, pointer=pointer)


@cache
def _hints(record: Hashable) -> dict[str, Any]:
    return get_type_hints(cast(type, record))


def _decode(wanted: Any, value: Json, path: str, problems: list[Diagnostic]) -> Any:
    """`value` as the annotated type `wanted`; what does not fit is listed in `problems` and left out."""
    origin = get_origin(wanted)
    if origin in (Union, UnionType):
        options = get_args(wanted)
        if value is None and NoneType in options:
            return None
        return _decode(next(option for option in options if option is not NoneType), value, path, problems)
    if origin is tuple:
        return _decode_tuple(get_args(wanted)[0], value, path, problems)
    if origin is not None:
        return _decode_mapping(get_args(wanted)[1], value, path, problems)
    if issubclass(wanted, Enum):
        return _decode_word(wanted, value, path, problems)
    if wanted in _WORDS:
        fits = isinstance(value, wanted) or (wanted is float and isinstance(value, int))
        if not fits or (isinstance(value, bool) and wanted is not bool):
            problems.append(_problem(path, f"{path} must be {_WORDS[wanted]}"))
        return value
    return _decode_record(wanted, value, path, problems)


def _decode_tuple(item: Any, value: Json, path: str, problems: list[Diagnostic]) -> tuple[Any, ...]:
    if not isinstance(value, list):
        problems.append(_problem(path, f"{path} must be a list"))
        return ()
    return tuple(_decode(item, one, f"{path}/{index}", problems) for index, one in enumerate(value))


def _decode_mapping(item: Any, value: Json, path: str, problems: list[Diagnostic]) -> dict[str, Any]:
    if not isinstance(value, dict):
        problems.append(_problem(path, f"{path} must be a mapping"))
        return {}
    return {str(key): _decode(item, member, f"{path}/{escape(str(key))}", problems) for key, member in value.items()}


def _decode_word(wanted: type[Enum], value: Json, path: str, problems: list[Diagnostic]) -> Enum | None:
    try:
        return wanted(value)
    except ValueError:
        known = ", ".join(str(member.value) for member in wanted)
        problems.append(_problem(path, f"{path} must be one of {known}"))
        return None


def _decode_record(wanted: type[T], value: Json, path: str, problems: list[Diagnostic]) -> T | None:
    if not isinstance(value, dict):
        problems.append(_problem(path, f"{path or 'the catalogue'} must be a mapping"))
        return None
    rows = {row.name: row for row in fields(cast(Any, wanted))}
    for key in value:
        if key not in rows:
            close = get_close_matches(str(key), rows, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(rows)}"
            problems.append(_problem(f"{path}/{escape(str(key))}", f"unknown key {key!r}", hint))
    missing = [
        name
        for name, row in rows.items()
        if name not in value and row.default is MISSING and row.default_factory is MISSING
    ]
    if missing:
        problems.append(_problem(path, f"{path or 'the catalogue'} lacks {', '.join(missing)}"))
        return None
    members = {
        name: _decode(_hints(cast(Hashable, wanted))[name], value[name], f"{path}/{name}", problems)
        for name in rows
        if name in value
    }
    return wanted(**members)


@dataclass(frozen=True, slots=True)
class OwnCatalogue:
    """The file (absolute) and what the catalogue is with it."""

    file: str
    catalogue: Catalogue


def read_own_catalogue(
    platform: Platform, tree: Tree, name: str, folder: str, root: str, source: Source, findings: Findings
) -> OwnCatalogue | None:
    """The catalogue with the file `name` (relative to the project file's folder) merged over it.

    None where the project file names no readable file of the project: that is added to `findings`. Raises
    `ManifestError` with everything that is wrong inside the file, each with its line.
    """
    path = os.path.normpath(os.path.join(folder, name))  # noqa: PTH118
    if os.path.isabs(name) or not inside(path, folder) or not link_boundary(root, folder).holds(tree.real(path)):  # noqa: PTH117
        hint = "give a file beside the project file"
        findings.error(FILE, f"the catalogue {name} leaves the project", source=source, pointer=POINTER, hint=hint)
        return None
    if not tree.is_file(path):
        hint = f"it is looked for as {relative(path, root)}"
        findings.error(FILE, f"there is no catalogue {name}", source=source, pointer=POINTER, hint=hint)
        return None
    try:
        data = tree.read(path)
    except Unreadable as problem:
        summary = f"the catalogue {name} cannot be read: {problem}"
        findings.error(FILE, summary, source=source, pointer=POINTER)
        return None
    return OwnCatalogue(path, _parse(platform, bytes(data), relative(path, root)))


@lru_cache(maxsize=8)
def _parse(platform: Platform, data: bytes, shown: str) -> Catalogue:
    from reconciler.manifests.read.yaml_reader import parse_yaml

    findings = Findings()
    source = Source(shown)
    text = decode(data, shown, findings)
    documents = parse_yaml(text, shown, findings) if text is not None else []
    if not findings.has_errors:
        if len(documents) == 1 and isinstance(documents[0][1], dict):
            source = Source(shown, documents[0][0])
            try:
                return load_catalogue(platform, documents[0][1])
            except ManifestError as problem:
                findings.items += [replace(diagnostic, source=source) for diagnostic in problem.diagnostics]
        else:
            hint = "its keys are those of the catalogue: generation, tables, values ..."
            findings.error(CODE, "a catalogue holds exactly one mapping", source=source, pointer="", hint=hint)
    from reconciler.manifests.read.source_spans import Places, in_order

    placed = in_order(Places(lambda _: data, str).place(findings.items))
    raise ManifestError(f"{shown} is not a valid catalogue", placed)
