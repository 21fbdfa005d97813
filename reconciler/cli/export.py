"""`reconciler export`: the whole account as manifests."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.group import command
from reconciler.cli.options import SELECTOR
from reconciler.cli.settings import Settings
from reconciler.errors import ManifestError, UsageError

if TYPE_CHECKING:
    from reconciler.cli.wiring import Run
    from reconciler.core.export import ExportedManifest
    from reconciler.engine.export import Export
    from reconciler.types.json import Json
    from reconciler.types.manifest import ManifestSet

EXAMPLES = """
reconciler -w tavus export manifests                 the whole account, into a new project
reconciler -w production export manifests            what the project does not have yet
reconciler export manifests/imported --kind persona --name "Claims*"
reconciler export out --selector pipeline_mode=full --selector /layers/llm/model=tavus-gpt-oss
"""


class KindType(click.ParamType):  # type: ignore[type-arg]
    """A kind, by its word in addresses or in manifests, in any case."""

    name = "kind"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from difflib import get_close_matches

        from reconciler.kinds import KINDS, manifest_kinds

        words = {word.casefold(): spec.name for word, spec in manifest_kinds().items()}
        known = {**words, **{name: name for name in KINDS}}
        found = known.get(str(value).casefold().replace("-", "_"))
        if found is None:
            close = get_close_matches(str(value).casefold(), known, n=1)
            meant = f"; did you mean {known[close[0]]!r}?" if close else ""
            self.fail(f"unknown kind {value!r}{meant} (known: {', '.join(KINDS)})", param, ctx)
        return found


@command("export", examples=EXAMPLES)
@click.argument("folder", metavar="FOLDER", type=click.Path(file_okay=False))
@click.option(
    "--kind", "kinds", type=KindType(), multiple=True, metavar="KIND", help="Only this kind; may be repeated."
)
@click.option("--name", "names", multiple=True, metavar="GLOB", help="Only objects of such a name; may be repeated.")
@click.option(
    "--selector", type=SELECTOR, multiple=True, metavar="FIELD=VALUE",
    help="Only objects with this value, e.g. tags=claims or /layers/llm/model=tavus-gpt-oss.",
)  # fmt: skip
def export(
    settings: Settings, folder: str, kinds: tuple[str, ...], names: tuple[str, ...], selector: tuple[Any, ...]
) -> int:
    """Write manifests for everything in the account that has none yet.

    One file each under FOLDER; long prompts as Markdown, references by name, secrets as {env: ...}. Files that are
    there are never touched. The plan that follows is nothing but imports.
    """
    from reconciler.cli.outcome import reporting
    from reconciler.cli.wiring import open_run
    from reconciler.engine.export import ExportChoice, export_account

    choice = ExportChoice(tuple(kinds), tuple(names), _wanted(selector))
    with reporting("export", settings):
        run = open_run(replace(settings, manifests=(folder, *settings.manifests)))
        target = Path(os.path.realpath(folder))
        manifests, inside = read_manifests(run, target)
        several = inside and run.project.file is not None and len(run.project.workspaces) > 1
        with run.provider(run.secrets(), reading=True) as provider:
            found = export_account(
                manifests, run.state(), run.setting(provider, run.secrets()), choice,
                lambda id: {run.workspace.name: id} if several else id,
            )  # fmt: skip
        return write_export(run, target, folder, found, new=not manifests.manifests)


def _wanted(selector: tuple[Any, ...]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for key, value in selector:
        if wanted.setdefault(key, value) != value:
            raise UsageError(f"--selector asks for {key}={wanted[key]} and {key}={value}; no object has both")
    return wanted


def read_manifests(run: Run, target: Path) -> tuple[ManifestSet, bool]:
    """What the files around `target` claim, and whether it lies in the project of this run.

    A folder elsewhere is looked at on its own. Raises `ManifestError` where files cannot be read: what they claim
    would be exported a second time.
    """
    from reconciler.loader.files import inside
    from reconciler.loader.manifests import load_manifests
    from reconciler.types.manifest import ManifestSet

    within = any(inside(str(target), os.path.realpath(place)) for place in run.project.manifests)
    if not within and not target.is_dir():
        return ManifestSet(), False
    paths = None if within else [str(target)]
    found, _ = load_manifests(run.project, run.workspace, paths=paths, allow_literal_secrets=True)
    errors = sum(one.is_error for one in found.diagnostics)
    if errors:
        raise ManifestError(
            f"{errors} error{'' if errors == 1 else 's'} in the manifests that are there; nothing was exported",
            found.diagnostics,
            hint="without them it is not known which objects have a manifest; correct them first",
        )
    return found, within


def write_export(run: Run, target: Path, folder: str, found: Export, *, new: bool) -> int:
    """Write the files, and say what was written and what has to be set."""
    from reconciler.cli.newfiles import NewFiles, write_project_file
    from reconciler.cli.outcome import emit_document
    from reconciler.loader.writing_manifests import manifest_file

    files: list[tuple[ExportedManifest, str]] = []
    place = NewFiles(target)
    if new and found.manifests:
        # First: a run that is cut short and repeated finds manifests, and would leave the project file out.
        write_project_file(run, target)
    notes = list(found.notes)
    failed = 0
    for one in found.manifests:
        file = manifest_file(one.document)
        if file is None:
            failed += 1
            notes.append(f"{one.address}: no file can hold it (too large, or a number that is none); not exported")
            continue
        files.append((one, place.add(one, file.suffix, file.data)))
    secrets = [secret for one, _ in files for secret in one.secrets]

    def text() -> str:
        return "\n".join(told(folder, files, found.claimed, notes))

    def document() -> Json:
        return {
            "files": [{"address": str(one.address), "id": one.id, "path": path} for one, path in files],
            "secrets": [
                {"env": secret.variable, "address": str(secret.address), "path": secret.pointer} for secret in secrets
            ],
            "claimed": found.claimed,
            "notes": [*notes],
        }

    emit_document(run.settings, text=text, document=document)
    return 1 if failed else 0


def told(folder: str, files: list[tuple[ExportedManifest, str]], claimed: int, notes: list[str]) -> list[str]:
    """The lines for a person."""
    lines = [f"  {path}" for _, path in files]
    lines += [f"Note: {note}" for note in notes]
    secrets = [secret for one, _ in files for secret in one.secrets]
    if secrets:
        lines.append("The account does not give its secrets away. Set these before anything writes them:")
        width = max(len(secret.variable) for secret in secrets)
        lines += [f"  {secret.variable:<{width}}  {secret.address} {secret.pointer}" for secret in secrets]
    had = f"; {claimed} had a manifest already" if claimed else ""
    noun = "manifest" if len(files) == 1 else "manifests"
    lines.append(f"Exported {len(files)} {noun} to {folder}{had}.")
    if files:
        lines.append(f"Look at what would happen with `reconciler plan {folder}`: it should say nothing but import.")
    return lines
