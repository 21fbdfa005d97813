"""The project file: `manifests/reconciler.yaml`, or the built-in workspaces where there is none."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from operator import is_
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError, UsageError
from reconciler.manifests.project.find_project import FOLDER, candidates, find_above
from reconciler.manifests.tree.decode import decode
from reconciler.manifests.tree.file_tree import PROJECT_FILES, Tree, Unreadable, WorkTree, placed, relative
from reconciler.manifests.tree.problems import PROJECT, Findings, suggest
from reconciler.manifests.tree.repository import link_boundary
from reconciler.types.diagnostic import Source
from reconciler.types.json import Json, join, lookup
from reconciler.types.project import (
    Project,
    Workspace,
)

if TYPE_CHECKING:
    from reconciler.core.platform import Platform, Platforms
    from reconciler.manifests.project.project_model import (
        ProjectModel,
    )


MOST_READ = 8
"""Files whose records are kept: a process that makes round after round meets the same one again and again."""
_READ: dict[tuple[bytes, str, str, str], tuple[tuple[Platform, ...], Project, str | None]] = {}
"""Content and place -> the platforms that it was read with, what it said, and the catalogue that it names: another
file, which is read each time."""


def load_project(
    where: str | Path,
    platforms: Platforms,
    *,
    manifests: Sequence[str | Path] | None = None,
    ref: str | None = None,
    root: str | Path | None = None,
    upward: bool = True,
) -> Project:
    """The project that a run in the folder `where` belongs to.

    `where` is the folder the command runs in, or a project file (`--project`). `root`, the folder that holds
    `.reconciler/`, is that folder; for a file it is `root`, else the current folder. Without a file given, the
    first of these is taken: `reconciler.yaml` in a folder of `manifests` (the paths on the command line), in
    `manifests/`, in `where`; with `upward` in the folders above `where`, which then are the root, and above
    `manifests`. None: the built-in workspaces. With `ref` the file comes from that commit. `platforms`
    are those that a workspace can be of.

    Raises `ManifestError` with all that is wrong in the file, `UsageError` where a file or commit does not exist.
    """
    given = Path(os.path.realpath(where))
    is_folder = given.is_dir()
    base = str(given) if is_folder else os.path.realpath(root if root is not None else ".")
    if ref is None:
        return _load(WorkTree(), base, None if is_folder else where, manifests or (), upward, platforms)
    from reconciler.manifests.tree.git_tree import GitTree

    tree = GitTree(base if Path(base).is_dir() else ".", ref)
    try:
        return _load(tree, base, None if is_folder else where, manifests or (), upward, platforms)
    finally:
        tree.close()


def _load(
    tree: Tree,
    root: str,
    given: str | Path | None,
    manifests: Sequence[str | Path],
    upward: bool,
    platforms: Platforms,
) -> Project:
    start = root
    file = _find(tree, root, manifests) if given is None else placed(tree, root, root, str(Path(given).absolute()))
    if file is None and upward:
        file, root = _find_above(tree, root, manifests)
    if given is not None and file is not None and not tree.is_file(file):
        raise UsageError(f"{relative(file, root)}: no such project file", hint="give an existing file to --project")
    if file is None:
        usual = str(Path(root) / FOLDER)
        places = (usual,) if tree.is_folder(usual) else (root,)
        return Project(root, _built_in(platforms), "sandbox", folder=root, manifests=places, start=start)
    folder = str(Path(file).parent)
    shown = relative(file, root)
    _check_reach(tree, root, file)
    findings = Findings()
    try:
        data = tree.read(file)
    except Unreadable as problem:
        raise ManifestError(f"{shown}: {problem}", (), hint=problem.hint) from None
    known, whose = (bytes(data), shown, root, file), tuple(platforms.all().values())
    held = _READ.get(known)
    plain: Project | None
    if held is not None and len(held[0]) == len(whose) and all(map(is_, held[0], whose)):
        plain, named = held[1:]
    else:
        text = decode(data, shown, findings)
        model = _parse(text, shown, findings, platforms) if text is not None else None
        plain, named = None, None
        if model is not None:
            plain = _records(model, root, folder, file, Source(shown), findings, platforms)
            named = model.catalogue
    project = plain
    if plain is not None and named is not None:
        project = _with_catalogue(plain, tree, named, Source(shown), findings, platforms)
    if findings.has_errors or plain is None or project is None:
        from reconciler.manifests.read.source_spans import Places, in_order

        problems = in_order(Places(lambda _: data, str).place(findings.items))
        raise ManifestError(f"{shown} is not a valid project file", problems)
    if held is None or held[1] is not plain:
        while len(_READ) >= MOST_READ:
            _READ.pop(next(iter(_READ), known), None)
        _READ[known] = (whose, plain, named)
    return replace(project, start=start, beside=_beside(tree, file) if given is None else ())


def _with_catalogue(
    project: Project, tree: Tree, named: str, source: Source, findings: Findings, platforms: Platforms
) -> Project:
    """The project with the catalogue that its file names. Raises `ManifestError` for what is wrong in that."""
    from reconciler.manifests.project.read_catalogue import read_own_catalogue

    default = project.workspaces.get(project.default_workspace)
    if default is None:
        return project  # which is told
    platform = platforms.of(default.provider.type)
    own = read_own_catalogue(platform, tree, named, project.folder, project.root, source, findings)
    return project if own is None else replace(project, catalogue=own.catalogue, catalogue_file=own.file)


def _beside(tree: Tree, file: str) -> tuple[str, ...]:
    """Project files in the other places where this one could have been found."""
    folder = Path(file).parent
    places = candidates(str(folder.parent if folder.name == FOLDER else folder))
    return tuple(
        place for place in places if place != file and tree.is_file(place) and tree.real(place) != tree.real(file)
    )


def _find_above(tree: Tree, root: str, manifests: Sequence[str | Path]) -> tuple[str | None, str]:
    """The project that `root` lies in, and its folder; else the one that a path of the command line lies in."""
    found = find_above(tree, root)
    if found is not None:
        return found.file, found.root
    for path in manifests:
        found = find_above(tree, placed(tree, root, root, str(path)))
        if found is not None:
            return found.file, root
    return None, root


def _find(tree: Tree, root: str, manifests: Sequence[str | Path]) -> str | None:
    folders = [placed(tree, root, root, str(path)) for path in manifests]
    for folder in (*folders, os.path.join(root, FOLDER), root):  # noqa: PTH118
        for name in PROJECT_FILES:
            path = os.path.join(folder, name)  # noqa: PTH118
            _check_reach(tree, root, path)
            if tree.is_file(path):
                return path
    return None


def _check_reach(tree: Tree, root: str, file: str) -> None:
    """Refuse a project file that a link leads out of the repository for."""
    if not link_boundary(root, os.path.dirname(file)).holds(tree.real(file)):  # noqa: PTH120
        raise UsageError(
            f"{relative(file, root)}: the project file is a link, or lies under one, that leaves the repository",
            hint="replace the link by what it points to",
        )


def _parse(text: str, path: str, findings: Findings, platforms: Platforms) -> ProjectModel | None:
    from reconciler.manifests.read.yaml_reader import parse_yaml

    documents = parse_yaml(text, path, findings)
    source = Source(path)
    if findings.has_errors:
        return None
    if len(documents) != 1 or not isinstance(documents[0][1], dict):
        findings.error(PROJECT, "a project file holds exactly one mapping", source=source, pointer="")
        return None
    line, value = documents[0]
    source = Source(path, line)
    from pydantic import ValidationError

    from reconciler.manifests.project.project_model import ProjectModel

    try:
        return ProjectModel.model_validate(value, context={"kinds": _kinds_in(value, platforms)})
    except ValidationError as problem:
        from reconciler.manifests.project.project_model import explain_errors

        for place, kind, what in explain_errors(problem.errors(include_url=False), value):
            _report(place, kind, what, source, findings)
        return None


def _kinds_in(value: Json, platforms: Platforms) -> tuple[str, ...]:
    """The names of all kinds that the workspaces of a project file can hold, and those of the built-in ones."""
    workspaces = lookup(value, "/workspaces")
    members = workspaces.values() if isinstance(workspaces, dict) else ()
    types = [lookup(member, "/provider/type") for member in members] or [
        settings.type for settings in platforms.workspaces().values()
    ]
    return tuple(dict.fromkeys(name for item in types for name in platforms.of(item).kinds))


def _built_in(platforms: Platforms) -> dict[str, Workspace]:
    return {
        name: Workspace(
            name,
            settings,
            platforms.of(settings.type).kinds,
            embedded=platforms.of(settings.type).embedded == settings.type,
        )
        for name, settings in platforms.workspaces().items()
    }


def _report(tokens: Sequence[str], kind: str, text: str, source: Source, findings: Findings) -> None:
    from reconciler.manifests.project.project_model import KNOWN_KEYS

    pointer = join(*tokens)
    several = tokens[0] in ("workspaces", "defaults", "accounts") if tokens else False
    shape = ["*" if index == 1 and several else token for index, token in enumerate(tokens)]
    hint = None
    if kind == "extra_forbidden":
        known = KNOWN_KEYS.get(join(*shape[:-1]), ())
        text = f"unknown key {tokens[-1]!r}"
        hint = suggest(tokens[-1], known) or f"known here: {', '.join(known)}"
    elif kind == "missing":
        text, pointer = f"the key {tokens[-1]!r} is missing", join(*tokens[:-1])
    else:
        text = f"{pointer or 'the file'}: {text}"
        if pointer == "/kind":
            hint = "the project file is found by its name, reconciler.yaml: give a manifest another one"
    findings.error(PROJECT, text, source=source, pointer=pointer, hint=hint)


def _records(
    model: ProjectModel,
    root: str,
    folder: str,
    file: str,
    source: Source,
    findings: Findings,
    platforms: Platforms,
) -> Project:
    from reconciler.manifests.project.project_parts import read_account, read_defaults, read_fleet, read_workspace
    from reconciler.manifests.project.watch_model import check_neighbours

    accounts = {name: read_account(name, account, source, findings) for name, account in model.accounts.items()}
    workspaces = {
        name: read_workspace(name, workspace, model, accounts, folder, source, findings, platforms)
        for name, workspace in model.workspaces.items()
    } or {name: replace(workspace, migrate=model.migrate) for name, workspace in _built_in(platforms).items()}
    check_neighbours(workspaces, source, findings)
    default = model.default_workspace
    if default is None:
        default = "sandbox" if "sandbox" in workspaces else next(iter(workspaces))
    elif default not in workspaces:
        findings.error(
            PROJECT,
            f"default_workspace {default!r} is none of the workspaces ({', '.join(workspaces)})",
            source=source,
            pointer="/default_workspace",
            hint=suggest(default, workspaces),
        )
    from reconciler.manifests.project.project_parts import read_answers

    types = {workspace.provider.type for workspace in workspaces.values()}
    answers, answered = read_answers(model, [platforms.of(one).migrations for one in types], source, findings)
    kinds = workspaces[default].kinds if default in workspaces else None
    defaults = read_defaults(model, folder, kinds, source, findings)
    exclude = tuple(model.sources.exclude)
    return Project(
        root, workspaces, default, model.metadata.name, file, folder, (folder,), exclude, answers,
        answered, source=model.source, defaults=defaults, fleet=read_fleet(model.fleet, source, findings),
    )  # fmt: skip
