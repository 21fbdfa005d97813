"""`reconciler drift`: what was changed in the account by hand; with `--accept`, live values into the manifests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exit_codes
from reconciler.cli.click_commands import command
from reconciler.cli.flags import PATHS, REF, SUMMARY, option, options_for, options_of
from reconciler.cli.global_options import PATTERN, PatternType
from reconciler.cli.settings import Settings
from reconciler.errors import UsageError

if TYPE_CHECKING:
    from reconciler.api.plan import Accepted
    from reconciler.engine.plan.accept_drift import Wanted
    from reconciler.types.json import Json


class WantedType(click.ParamType):  # type: ignore[type-arg]
    """`ADDR`, or `ADDR/pointer`; a pattern stands for all that it fits."""

    name = "address"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Wanted:
        from reconciler.engine.plan.accept_drift import Wanted

        if isinstance(value, Wanted):
            return value
        address, slash, pointer = str(value).partition("/")
        if slash and (not pointer or re.search(r"~(?![01])", pointer)):
            self.fail(f"/{pointer} is not a JSON pointer, for example /layers/llm/model", param, ctx)
        return Wanted(PATTERN.convert(address, param, ctx), slash + pointer)


class ScopeType(PatternType):
    """An address, a pattern of addresses, or the name of an export target."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        from reconciler.platforms import TARGETS

        return str(value) if str(value) in TARGETS else super().convert(value, param, ctx)


TARGET = {"type": ScopeType(), "metavar": "ADDR|TARGET"}
AGENTS = click.option(
    "--agents", "folder", metavar="FOLDER", type=click.Path(file_okay=False),
    help="With --target livekit: where the agents are [default: livekit-agents].",
)  # fmt: skip
LANGUAGE = click.option(
    "--language", "languages", multiple=True, metavar="LANGUAGE",
    help="With --target livekit: only agents in python, or in node.",
)  # fmt: skip
ACCEPT = click.option(
    "--accept", "accepted", type=WantedType(), multiple=True, metavar="ADDR[/POINTER]",
    help="Write the live value into the manifest; of one field, or of all that drifted.",
)  # fmt: skip


def show_accepted(settings: Settings, accepted: Accepted, home: str, ignored: int = 0) -> int:
    """The diff, and what is left to do; files are named as seen from the folder of the run, as `home` says."""
    from reconciler.cli.output import emit_document, visible
    from reconciler.manifests.tree.decode import decode
    from reconciler.manifests.tree.problems import Findings
    from reconciler.reporters.messages import accepted_text

    values, files, left = accepted.values, accepted.files, accepted.left

    def text() -> str:
        texts = {
            f"{home}/{file.shown}" if home else file.shown: (
                decode(file.before, file.shown, Findings()) or "",
                decode(file.after, file.shown, Findings()) or "",
            )
            for file in files
        }
        # Where manifests may hold secrets in clear, the lines around a change are not shown.
        context = 0 if settings.allow_literal_secrets else 3
        return visible(accepted_text(len(values), texts, left, ignored=ignored, context=context))

    def document() -> Json:
        return {
            "accepted": [
                {"address": str(value.address), "path": value.pointer, "value": value.value} for value in values
            ],
            "files": [f"{home}/{text.shown}" if home else text.shown for text in files],
            "left": left,
        }

    return emit_document(settings, text=text, document=document)


EXAMPLES = """
reconciler drift
reconciler -w production drift --format json
reconciler drift --report markdown=drift.md --report junit=drift.xml
reconciler drift --unmanaged --since 24h            also what somebody made by hand since yesterday
reconciler drift --review                           accept, revert, ignore or skip each edit
reconciler drift --accept persona.claims-desk/system_prompt   the edit by hand becomes the manifest's
reconciler drift --accept 'persona.*/greeting'      ... of every persona; '*' is everything
reconciler drift --target livekit                   are the agents that export wrote those of the manifests?
"""


@command("drift", examples=EXAMPLES)
@PATHS
@REF
@SUMMARY
@ACCEPT
@click.option("--review", "reviewed", is_flag=True, help="Ask about each field: accept, revert, ignore or skip.")
@option("unmanaged")
@options_for("drift", targets=TARGET)
@AGENTS
@LANGUAGE
def drift(
    settings: Settings,
    paths: tuple[str, ...],
    ref: str | None,
    accepted: tuple[Any, ...],
    reviewed: bool,
    summary: bool,
    folder: str | None,
    languages: tuple[str, ...],
    **flags: Any,
) -> int:
    """Report what was changed in the account since the last apply; exits with 2 when something was.

    Compares the account with the state, and shows what the manifests say where there are any. Changes of the
    manifests that wait for an apply are no drift. Three ways out: `--accept` takes a live value into the manifest,
    `reconciler apply` puts the manifest's back, `lifecycle.ignore` leaves the field to others; `--review` asks which,
    field by field.

    With `--unmanaged` also what somebody made by hand: objects that neither a manifest nor the state claims, and that
    are newer than the last run that the state remembers (`--since` says another time). They count as differences.

    With `--target livekit` the files of exported agents are compared with the manifests, not the account with the
    state; the exit code is 2 when a file is not as an export would write it.
    """
    from reconciler.api.plan import accept_now, drift_now
    from reconciler.cli.composition import open_session
    from reconciler.cli.drift_review import require_terminal, review
    from reconciler.cli.output import deliver, home_of, reporting
    from reconciler.reporters.wording import unmanaged_line
    from reconciler.types.report import Report

    if (name := _export_target(flags)) is not None:
        if (
            paths
            or accepted
            or reviewed
            or summary
            or any(value for word, value in flags.items() if word != "targets")
        ):
            raise UsageError(
                f"--target {name} compares all agents of a folder with the manifests",
                hint="with it go --agents, --language, --ref and the global options",
            )
        return show_target(settings, name, folder, languages, ref)
    if folder is not None or languages:
        raise UsageError("--agents and --language go with --target livekit")
    settings = settings.with_paths(paths).summarised(summary)
    options = options_of(**flags)
    with reporting("drift", settings):
        if reviewed:
            require_terminal()
        session = open_session(settings, ref=ref)
        if reviewed:
            return review(settings, session, options, ref)
        if accepted:
            return show_accepted(settings, accept_now(session, options, accepted), home_of(session))
        looked = drift_now(session, options)
        new = [unmanaged for unmanaged in looked.plan.unmanaged if unmanaged.is_new]
        code = exit_codes.DIFFERENCES if looked.plan.drift or new else exit_codes.DONE
        if options.strict_complete and looked.plan.incomplete:
            code = exit_codes.ERROR
        findings = looked.findings
        notes = (*looked.notes, *map(unmanaged_line, new))
        report = Report(
            "drift", session.workspace.name, looked.plan, None, findings, code, notes, home=home_of(session)
        )
        return deliver(report, settings)


def _export_target(flags: dict[str, Any]) -> str | None:
    """The export target that is meant by `--target`; raises `UsageError` for one beside something else."""
    targets = flags["targets"]
    named = [target for target in targets if isinstance(target, str)]
    if named and len(targets) > 1:
        raise UsageError(f"--target {named[0]} is an export target: it stands alone")
    return named[0] if named else None


def show_target(
    settings: Settings, name: str, folder: str | None, languages: tuple[str, ...], ref: str | None
) -> int:
    """Compare the agents of an export with the manifests."""
    from reconciler.api.target_drift import drift_target
    from reconciler.cli.composition import open_session
    from reconciler.cli.output import emit_document, reporting
    from reconciler.reporters.exports import target_drift_document, target_drift_text

    with reporting("drift", settings):
        found = drift_target(open_session(settings, ref=ref), name, folder, languages)
        rows = [(file.path, file.status.value, file.before, file.after) for file in found.files]
        absent = [str(address) for address in found.absent]
        emit_document(
            settings,
            text=lambda: target_drift_text(name, found.folder, rows, len(found.agents), absent, found.notes),
            document=lambda: target_drift_document(name, found.folder, rows, found.agents, absent, found.notes),
        )
        return exit_codes.DIFFERENCES if found.files else exit_codes.DONE
