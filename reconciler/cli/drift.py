"""`reconciler drift`: what was changed in the account by hand; with `--accept`, live values into the manifests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import exit_codes
from reconciler.cli.flags import PATHS, REF, SUMMARY, option, options_for, options_of
from reconciler.cli.global_options import PATTERN, Settings
from reconciler.cli.lazy_group import command

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


ACCEPT = click.option(
    "--accept", "accepted", type=WantedType(), multiple=True, metavar="ADDR[/POINTER]",
    help="Write the live value into the manifest; of one field, or of all that drifted.",
)  # fmt: skip


def show_accepted(settings: Settings, accepted: Accepted) -> int:
    """The diff, and what is left to do."""
    from reconciler.cli.output import emit_document, visible
    from reconciler.manifests.tree.decode import decode
    from reconciler.manifests.tree.problems import Findings
    from reconciler.reporters.messages import accepted_text

    values, files, left = accepted.values, accepted.files, accepted.left

    def text() -> str:
        texts = {
            file.shown: (
                decode(file.before, file.shown, Findings()) or "",
                decode(file.after, file.shown, Findings()) or "",
            )
            for file in files
        }
        # Where manifests may hold secrets in clear, the lines around a change are not shown.
        return visible(accepted_text(len(values), texts, left, context=0 if settings.allow_literal_secrets else 3))

    def document() -> Json:
        return {
            "accepted": [{"address": str(one.address), "path": one.pointer, "value": one.value} for one in values],
            "files": [one.shown for one in files],
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
"""


@command("drift", examples=EXAMPLES)
@PATHS
@REF
@SUMMARY
@ACCEPT
@click.option("--review", "reviewed", is_flag=True, help="Ask about each field: accept, revert, ignore or skip.")
@option("unmanaged")
@options_for("drift")
def drift(
    settings: Settings,
    paths: tuple[str, ...],
    ref: str | None,
    accepted: tuple[Any, ...],
    reviewed: bool,
    summary: bool,
    **flags: Any,
) -> int:
    """Report what was changed in the account since the last apply; exits with 2 when something was.

    Compares the account with the state, and shows what the manifests say where there are any. Changes of the
    manifests that wait for an apply are no drift. Three ways out: `--accept` takes a live value into the manifest,
    `reconciler apply` puts the manifest's back, `lifecycle.ignore` leaves the field to others; `--review` asks which,
    field by field.

    With `--unmanaged` also what somebody made by hand: objects that neither a manifest nor the state claims, and that
    are newer than the last run that the state remembers (`--since` says another time). They count as differences.
    """
    from reconciler.api.plan import accept_now, drift_now
    from reconciler.cli.composition import open_session
    from reconciler.cli.drift_review import require_terminal, review
    from reconciler.cli.output import deliver, reporting
    from reconciler.reporters.wording import unmanaged_line
    from reconciler.types.report import Report

    settings = settings.with_paths(paths).summarised(summary)
    options = options_of(**flags)
    with reporting("drift", settings):
        if reviewed:
            require_terminal()
        session = open_session(settings, ref=ref)
        if reviewed:
            return review(settings, session, options, ref)
        if accepted:
            return show_accepted(settings, accept_now(session, options, accepted))
        looked = drift_now(session, options)
        new = [one for one in looked.plan.unmanaged if one.is_new]
        code = exit_codes.DIFFERENCES if looked.plan.drift or new else exit_codes.DONE
        if options.strict_complete and looked.plan.incomplete:
            code = exit_codes.ERROR
        findings = looked.findings
        notes = (*looked.notes, *map(unmanaged_line, new))
        report = Report("drift", session.workspace.name, looked.plan, None, findings, code, notes)
        return deliver(report, settings)
