"""What a verb found or did, as text in any format."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from posixpath import normpath
from typing import TYPE_CHECKING, TypeVar

from reconciler.api.boundary import open_redactors
from reconciler.core.secrets.redact_text import Shown
from reconciler.errors import UsageError
from reconciler.types.diagnostic import Diagnostic
from reconciler.types.plan import Plan
from reconciler.types.report import ApplyResult, Provenance, Report, RuleText, Style

if TYPE_CHECKING:
    from reconciler.core.migration_result import MigrationResult
    from reconciler.core.secrets.redact_text import Redactor
    from reconciler.types.change import Block, Change, FieldChange
    from reconciler.types.ports import Reporter

    Placed = TypeVar("Placed", Diagnostic, Block, FieldChange)

PLAIN = Style()
MIGRATION_FORMATS = ("text", "json", "markdown", "html")


def render(
    found: Plan | Report | MigrationResult | Sequence[Diagnostic],
    format: str = "text",
    *,
    result: ApplyResult | None = None,
    style: Style = PLAIN,
) -> str:
    """A plan, drift, findings or a migration in one of the formats of `--format`; pure.

    With `result`, what became of the plan when it was applied. Raises `UsageError` for an unknown format.
    """
    redactor = open_redactors()
    match found:
        case Report():
            return render_report(found, format, style, redactor)
        case Plan():
            verb = "apply" if result is not None else "drift" if found.mode == "drift" else "plan"
            return render_report(Report(verb, found.workspace, found, result), format, style, redactor)
        case Sequence():
            return render_report(Report("validate", diagnostics=tuple(found)), format, style, redactor)
        case _:
            return render_migration(found, format, style, written=False, redactor=redactor)


def render_report(report: Report, name: str, how: Style, redactor: Redactor) -> Shown:
    """The report in the format called `name`, made of what `redactor` leaves of it."""
    from reconciler.reporters import REPORTERS

    reporter: Reporter = REPORTERS.get(name)
    if name in READ:
        report = with_places(report, how.folder if name in READ_LATER else "")
    text = reporter(redactor.record(replace(report, rules=rule_text)), how)
    return Shown(text if not text or text.endswith("\n") else text + "\n")


ASKED_BY = (
    "GITHUB_TRIGGERING_ACTOR", "GITHUB_ACTOR", "GITLAB_USER_LOGIN", "BUILD_USER_ID", "BUILD_REQUESTEDFOR",
)  # fmt: skip
COMMITS = ("GITHUB_SHA", "CI_COMMIT_SHA", "BITBUCKET_COMMIT", "BUILD_SOURCEVERSION", "GIT_COMMIT")
"""Where GitHub (Gitea), GitLab, Bitbucket, Azure and Jenkins say who started a job, and of what commit."""
READ_LATER = ("markdown", "html")
READ = ("text", *READ_LATER)


def with_places(report: Report, folder: str) -> Report:
    """The report with every file named as a person finds it: from `folder` on (`Style.folder`), sources, too."""

    def at(path: str) -> str:
        return path if not folder or path.startswith("/") else normpath(f"{folder}/{path}")

    def placed(finding: Placed) -> Placed:
        span = finding.span
        return finding if span is None else replace(finding, span=replace(span, path=at(span.path)))

    def named(change: Change) -> Change:
        source = change.source
        if source and not source.startswith("/"):
            source = at(f"{report.home}/{source}" if report.home else source)
        fields, blocked = tuple(map(placed, change.fields)), tuple(map(placed, change.blocked))
        return replace(change, source=source, fields=fields, blocked=blocked)

    if not folder and not report.home:
        return report
    plan = report.plan
    if plan is not None:
        changes = tuple(named(change) if change.is_difference else change for change in plan.changes)
        plan = replace(plan, changes=changes, diagnostics=tuple(map(placed, plan.diagnostics)))
    return replace(report, plan=plan, diagnostics=tuple(map(placed, report.diagnostics)), home="")


def with_provenance(report: Report, environ: Mapping[str, str], now: str, folder: str = ".") -> Report:
    """The report with what its heading says: the commit of `folder` by git, else by the CI; `now` is ISO 8601."""
    from reconciler.manifests.tree.source_version import author_of_head, head_of

    told = next((environ[name] for name in COMMITS if environ.get(name)), "")
    commit = (report.plan.commit if report.plan else None) or head_of(folder) or told
    who = next((environ[name] for name in ASKED_BY if environ.get(name)), "")
    date = f"{now[:10]} {now[11:16]} UTC"
    return replace(report, made=Provenance(commit, author_of_head(folder, commit), date, who))


def rule_text(code: str) -> RuleText | None:
    """What is written about the lint rule of a code, of whatever platform."""
    from reconciler.platforms import PLATFORMS
    from reconciler.reporters.explain_pages import describe_rule

    rules = PLATFORMS.rules()
    if code not in rules:
        return None
    rule = rules.get(code)
    return RuleText(rule.name, rule.severity, rule.doc.what, rule.doc.why, describe_rule(rule))


def render_migration(
    result: MigrationResult, name: str, how: Style, *, written: bool, redactor: Redactor, file: str = ""
) -> Shown:
    """The report in one format; `file` is what the project file is called."""
    import json

    from reconciler.reporters import migration_report as report
    from reconciler.reporters import migration_report_page

    if name == "json":
        document = redactor.record(report.as_json(result, written=written))
        return Shown(json.dumps(document, ensure_ascii=False, indent=2) + "\n")
    result = redactor.record(result)
    pages: dict[str, Callable[[], str]] = {
        "markdown": lambda: migration_report_page.as_markdown(result, written=written),
        "html": lambda: migration_report_page.as_html(result, written=written),
    }
    if name in pages:
        return Shown(pages[name]())
    if name != "text":
        raise UsageError(f"migrate speaks {', '.join(MIGRATION_FORMATS)}, not {name}")
    if how.quiet:
        return Shown(report.summary(result, written=written) + "\n")
    text = report.as_text(result, written=written, width=how.width, detail=how.detail, rows=how.rows, file=file)
    return Shown(text)
