"""A new project, and a pipeline for one: what that has to know is read from the files, git and this installation."""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.errors import ManifestError, ReconcilerError, UsageError
from reconciler.installation import Source, installed_source, parse_source

if TYPE_CHECKING:
    from reconciler.api.session import Session
    from reconciler.engine.scaffold.project_facts import PipelineFacts
    from reconciler.platforms.base import HandEdit
    from reconciler.types.json import Json

ADD = "add the workspace to the project file: {name}: {{provider: {{type: {type}, api_key: {{env: {key}}}}}}}"


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline to be written: `path` (absolute) and `text`; `before` is what stands there now, None for nothing.

    `workspaces` are those that it serves, `branch` is the one whose merges are applied; `kept` and `left_out` the
    parts that somebody changed or took out, which stay so; `steps` what is to be done before the first run, each with
    a command ("" where there is none).
    """

    path: Path
    text: str
    before: str | None
    workspaces: tuple[str, ...]
    branch: str
    kept: tuple[str, ...]
    left_out: tuple[str, ...]
    steps: tuple[tuple[str, str], ...]


def new_project(name: str, ci: str | None = None) -> dict[str, str]:
    """Path -> text of a small project called `name`; with `ci` (github | gitlab) one that a pipeline can serve."""
    from reconciler.engine.scaffold.new_project import scaffold
    from reconciler.platforms import PLATFORMS, starters

    return scaffold(starters().get(PLATFORMS.default.name).files(name), ci)


def edit_by_hand(session: Session) -> HandEdit:
    """Change one managed text in the session's account past the manifests, as a colleague in a hurry would. Raises
    `ReconcilerError` where nothing that is managed has one."""
    from reconciler.api.connect import open_provider, read_state
    from reconciler.api.manifests import known_secrets
    from reconciler.platforms import starters

    starter = starters().get(session.platform.name)
    with open_provider(session, known_secrets(session), reading=False) as provider:
        return starter.edit_by_hand(provider, read_state(session))


def pipeline_path(root: Path, ci: str) -> Path:
    """Where the pipeline of a project in `root` lies: at the top of the repository, the only place that is read."""
    from reconciler.engine.scaffold.pipelines import SYSTEMS
    from reconciler.manifests.tree.repository import top_of

    real = os.path.realpath(root)
    return Path(top_of(real) or real) / SYSTEMS[ci].path


def plan_pipeline(root: Path, ci: str, source: str | None = None) -> Pipeline:
    """The pipeline of the project in `root` for the CI system `ci` (`github`, `gitlab`), new or brought up to date.

    `source` is what a person gave for `--source`. Raises `ReconcilerError` where another file stands in its place,
    `UsageError` for a source that is none, `ManifestError` for a project file that is not valid.
    """
    from reconciler.api.paths import read_file
    from reconciler.engine.scaffold.pipelines import SYSTEMS, sealed, source_given, update
    from reconciler.engine.scaffold.project_facts import expected_account
    from reconciler.platforms import PLATFORMS

    path = pipeline_path(root, ci)
    before = read_file(path).decode("utf-8", "surrogateescape") if path.exists() else None
    facts = read_facts(root, source, source_given(before or ""))
    first: tuple[tuple[str, str], ...] = ()
    if not facts.accounts:
        vendor = PLATFORMS.default
        account = expected_account(vendor.vendor.credentials[0])
        facts = replace(facts, accounts=(account,))
        add = ADD.format(name=account.workspace, type=next(iter(vendor.providers)), key=account.key)
        first = ((add, ""),)
    text = SYSTEMS[ci].text(facts)
    kept: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    if before is None:
        text = sealed(text, source)
    else:
        updated = update(before, text, source)
        if updated is None:
            raise ReconcilerError(
                f"{path} exists already, and `init` did not write it; nothing was written",
                hint="rename it, run the same command again, and carry over what you want to keep",
            )
        text, kept, left_out = updated.text, updated.kept, updated.left_out
    served = tuple(account.workspace for account in facts.accounts)
    return Pipeline(path, text, before, served, facts.branch, kept, left_out, (*first, *SYSTEMS[ci].steps(facts)))


def read_facts(root: Path, source: str | None = None, earlier: str | None = None) -> PipelineFacts:
    """What a pipeline has to know of the project in `root`; `earlier` is the source that somebody gave before.

    Raises `ManifestError` where manifests cannot be read: the variables that they name would be missing.
    """
    from reconciler.engine.scaffold.project_facts import GITHUB, PipelineFacts, accounts_of
    from reconciler.manifests.project.project_file import load_project
    from reconciler.manifests.read.load_manifests import load_manifests
    from reconciler.manifests.tree.repository import top_of
    from reconciler.platforms import PLATFORMS

    project = load_project(root, PLATFORMS, upward=False)
    real = os.path.realpath(root)
    top = top_of(real) or real
    bodies: dict[str, list[Json]] = {}
    for name, workspace in project.workspaces.items():
        if not workspace.embedded:
            found, _ = load_manifests(project, workspace)
            if any(diagnostic.is_error for diagnostic in found.diagnostics):
                raise ManifestError("the manifests are not valid; nothing was written", found.diagnostics)
            bodies[name] = [manifest.spec for manifest in found.manifests]
    usual_key = PLATFORMS.default.vendor.credentials[0]
    remote = Source("git", _git(top, "config", "--get", "remote.origin.url"))
    accounts = accounts_of(project.workspaces.values(), bodies, usual_key)
    served = {account.workspace for account in accounts}
    origin = find_source(source or project.source or earlier)
    return PipelineFacts(
        source=origin,
        accounts=accounts,
        branch=default_branch(top),
        forge=remote.host or origin.host or GITHUB,  # without a remote nobody knows; most likely the same
        directory=_below(real, top),
        paths=(_glob(_below(os.path.realpath(project.home), top)),),
        encrypted=any("encryption" in project.workspaces[name].state.settings for name in served),
    )


def find_source(given: str | None) -> Source:
    """Where pipelines install from: what was `given`, else where this program came from.

    A clone stands for its remote repository `origin` and its commit. Raises `UsageError` for what is no source.
    """
    if given:
        return parse_source(given)
    source = installed_source()
    if source.kind != "folder":
        return source
    remote, commit = (
        _git(source.location, "config", "--get", "remote.origin.url"),
        _git(source.location, "rev-parse", "HEAD"),
    )
    published = Source("git", remote, commit)
    own = (Path(source.location) / ".git").exists()
    return published if own and remote and commit and published.portable else source


USUAL = ("main", "master")


def default_branch(folder: str) -> str:
    """The branch that pull requests of the repository around `folder` go into; `main` where nothing says so.

    What `origin` says, else a usual one that exists: the branch that is checked out is often that of a pull request.
    """
    remote = _git(folder, "symbolic-ref", "--short", "refs/remotes/origin/HEAD").removeprefix("origin/")
    if remote:
        return remote
    listed = _git(folder, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin").split()
    names = {ref.removeprefix("refs/heads/").removeprefix("refs/remotes/origin/") for ref in listed}
    usual = next(
        (branch for branch in (*USUAL, _git(folder, "config", "init.defaultBranch")) if branch in names), None
    )
    return usual or _git(folder, "symbolic-ref", "--short", "HEAD") or "main"


def _git(folder: str, *arguments: str) -> str:
    from reconciler.manifests.tree.repository import run_git

    try:
        done = run_git(folder, *arguments)
    except UsageError:
        return ""
    return done.stdout.decode("utf-8", "replace").strip() if done.returncode == 0 else ""


def _below(path: str, top: str) -> str:
    return Path(os.path.relpath(path, top)).as_posix()


def _glob(folder: str) -> str:
    return "**" if folder == "." else f"{folder}/**"
