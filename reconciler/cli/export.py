"""`reconciler export`: the whole account as manifests, or personas as agents for another platform."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.click_commands import command
from reconciler.cli.global_options import SELECTOR
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.export import Exported

EXAMPLES = """
reconciler -w tavus export manifests                 the whole account, into a new project
reconciler -w production export manifests            what the project does not have yet
reconciler export manifests/imported --kind persona --name "Claims*"
reconciler export out --field pipeline_mode=full --field /layers/llm/model=tavus-gpt-oss
reconciler export --target livekit --name claims-desk     a LiveKit agent out of the manifests
reconciler -w production export --target livekit agents   ... out of the account
reconciler export --target livekit --language node        ... in TypeScript
"""


class TargetType(click.ParamType):  # type: ignore[type-arg]
    """A name in the table of export targets; the table is opened only when one is given."""

    name = "target"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from difflib import get_close_matches

        from reconciler.platforms import TARGETS

        if value not in TARGETS:
            close = get_close_matches(str(value), list(TARGETS), n=1)
            meant = f"; did you mean {close[0]!r}?" if close else ""
            self.fail(f"unknown target {value!r}{meant} (known: {', '.join(TARGETS)})", param, ctx)
        return str(value)


class KindType(click.ParamType):  # type: ignore[type-arg]
    """A kind, by its word in addresses or in manifests, in any case."""

    name = "kind"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        from difflib import get_close_matches

        from reconciler.platforms import PLATFORMS

        known = {word.casefold(): name for word, name in PLATFORMS.kind_words().items()}
        found = known.get(str(value).casefold().replace("-", "_"))
        if found is None:
            close = get_close_matches(str(value).casefold(), known, n=1)
            meant = f"; did you mean {known[close[0]]!r}?" if close else ""
            self.fail(f"unknown kind {value!r}{meant} (known: {', '.join(PLATFORMS.kind_names())})", param, ctx)
        return found


LANGUAGE = click.option(
    "--language", metavar="LANGUAGE", help="With --target: of the agents, python or node [default: python]."
)


@command("export", examples=EXAMPLES)
@click.argument("folder", metavar="[FOLDER]", required=False, type=click.Path(file_okay=False))
@click.option(
    "--kind", "kinds", type=KindType(), multiple=True, metavar="KIND", help="Only this kind; may be repeated."
)
@click.option("--name", "names", multiple=True, metavar="GLOB", help="Only objects of such a name; may be repeated.")
@click.option(
    "--field", "fields", type=SELECTOR, multiple=True, metavar="FIELD=VALUE",
    help="Only objects with this value, e.g. tags=claims or /layers/llm/model=tavus-gpt-oss.",
)  # fmt: skip
@click.option("--selector", type=SELECTOR, multiple=True, metavar="KEY=VALUE", hidden=True)
@click.option(
    "--target", type=TargetType(), metavar="TARGET", help="Write agents for another platform instead: livekit."
)
@click.option(
    "--from", "origin", type=click.Choice(["manifests", "account"]),
    help="With --target: where the personas are read [default: the manifests; with -w the account].",
)  # fmt: skip
@LANGUAGE
@click.option("--force", is_flag=True, help="With --target: write over generated files that somebody changed.")
def export(
    settings: Settings,
    folder: str | None,
    kinds: tuple[str, ...],
    names: tuple[str, ...],
    fields: tuple[Any, ...],
    selector: tuple[Any, ...],
    target: str | None,
    origin: Any,
    language: str | None,
    force: bool,
) -> int:
    """Write manifests for everything in the account that has none yet.

    One file each under FOLDER; long prompts as Markdown, references by name, secrets as {env: ...}. Files that are
    there are never touched. The plan that follows is nothing but imports.

    With --target, agents for another platform are written: FOLDER may be left out then, and what cannot be carried
    over is listed with its reason.
    """
    if selector:
        key, value = selector[0]
        raise UsageError(
            f"--selector {key}={value}: labels stand in manifests, and export writes what has no manifest yet",
            hint=f"choose objects by a field of theirs: --field {key}={value}",
        )
    if target is not None:
        if kinds or fields:
            raise UsageError("--target writes personas; choose them with --name, not with --kind or --field")
        return run_target(settings, target, folder, names, origin, language or "", force=force)
    if folder is None:
        raise UsageError(
            "name the FOLDER that the manifests are to be written to", hint="reconciler export manifests"
        )
    if origin is not None or force or language is not None:
        raise UsageError("--from, --language and --force go with --target")
    from reconciler.api.export import export_into
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import reporting
    from reconciler.engine.export_account import ExportChoice

    choice = ExportChoice(tuple(kinds), tuple(names), _wanted(fields))
    with reporting("export", settings):
        session = open_session(replace(settings, manifests=(folder, *settings.manifests)), upward=False)
        return show_export(settings, folder, export_into(session, folder, choice))


def _wanted(fields: tuple[Any, ...]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for key, value in fields:
        if wanted.setdefault(key, value) != value:
            raise UsageError(f"--field asks for {key}={wanted[key]} and {key}={value}; no object has both")
    return wanted


def show_export(settings: Settings, folder: str, exported: Exported) -> int:
    """Say what was written and what has to be set."""
    from reconciler.cli.output import emit_document
    from reconciler.reporters.exports import export_document, export_text

    files = [(file.manifest, file.path) for file in exported.files]
    emit_document(
        settings,
        text=lambda: export_text(folder, files, exported.claimed, exported.notes),
        document=lambda: export_document(files, exported.claimed, exported.notes),
    )
    return 1 if exported.failed else 0


def run_target(
    settings: Settings,
    name: str,
    folder: str | None,
    names: tuple[str, ...],
    origin: str | None,
    language: str,
    *,
    force: bool,
) -> int:
    """Export for a target: from the account where a workspace is named (`-w`), else from the manifests."""
    from reconciler.api.export_target import ACCOUNT, MANIFESTS, export_target
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import emit_document, reporting
    from reconciler.reporters.exports import agents_document, agents_text

    with reporting("export", settings):
        session = open_session(settings)
        source = origin or (ACCOUNT if settings.workspace else MANIFESTS)
        made = export_target(session, name, folder, names, origin=source, language=language, force=force)
        files = {"written": made.written, "kept": made.kept, "notes": made.notes}
        return emit_document(
            settings,
            text=lambda: agents_text(made.target, made.folder, made.personas, **files),
            document=lambda: agents_document(made.target, made.folder, made.personas, **files),
        )
