"""The sentences that reports share, in the words that Terraform made a public interface."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from reconciler.core.text import BEST_TOKENS, DEGRADED_TOKENS, LIMIT_TOKENS
from reconciler.reporters.plan_json import all_diagnostics
from reconciler.types.address import Address
from reconciler.types.change import Action, Change, Direction, Reason
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.manifest import DIRTY
from reconciler.types.plan import DriftItem, Incomplete, Obstacle, Plan, Summary, Unmanaged
from reconciler.types.report import ApplyResult, Provenance, Report

if TYPE_CHECKING:
    from reconciler.core.text_diff import PromptDiff

BANDS = {
    "best": f"best up to {BEST_TOKENS:,}",
    "long": f"above the best {BEST_TOKENS:,}",
    "degraded": f"in the range {DEGRADED_TOKENS:,} to {LIMIT_TOKENS:,} where answers get worse",
    "too long": f"above {LIMIT_TOKENS:,}",
}
"""What a budget band of `core.text` means."""
PLANNED = ("to move", "to forget", "to adopt")
OBSTACLES = {
    Obstacle.SECRET_MISSING: ("secret whose value is not here", "secrets whose values are not here"),
    Obstacle.DIGEST_KEY: ("value digested with another key", "values digested with another key"),
    Obstacle.UNREADABLE: ("object that could not be read", "objects that could not be read"),
}
_WHY = {
    Obstacle.SECRET_MISSING: "its value is not here",
    Obstacle.DIGEST_KEY: "what was sent was digested with another key",
    Obstacle.UNREADABLE: "it could not be read",
}
COUNTED = (Severity.ERROR, Severity.WARNING)
LONGEST_NAME = 100
FEW = 3
DONE = ("moved", "forgotten", "adopted")


def plural(count: int, noun: str, many: str | None = None) -> str:
    """`1 object`, `1,204 objects`."""
    return f"{count:,} {noun if count == 1 else many or noun + 's'}"


_TENSES = {
    "done": {"will be": "was", "will no longer be": "is no longer", "but will not be": "but was not"},
    "failed": {"will be": "could not be", "will no longer be": "is still", ", but will not be destroyed": ""},
    "skipped": {"will be": "was not", "will no longer be": "is still", ", but will not be destroyed": ""},
}
"""What a plan says will happen, as an apply tells what became of it."""


def outcomes_of(report: Report) -> dict[Address, str]:
    """What became of each change, by its address: done, failed or skipped. Empty before an apply."""
    return {step.address: step.outcome for step in report.result.steps} if report.result else {}


def sentence(change: Change, outcome: str | None = None) -> str:
    """`persona.x will be updated in-place`: the words that bots look for. With an outcome of apply: what became of
    it, `persona.x was updated in-place`."""
    address, _, said = _planned(change).partition(" ")
    for planned, became in _TENSES.get(outcome or "", {}).items():
        said = said.replace(planned, became)
    return f"{address} {said}"


def _planned(change: Change) -> str:
    address = str(change.address)
    match change.action:
        case Action.CREATE:
            return f"{address} will be created"
        case Action.UPDATE if change.reason is Reason.OBSERVE:
            return f"{address} differs and is only observed"
        case Action.UPDATE:
            return f"{address} will be updated in-place"
        case Action.DELETE:
            return f"{address} will be destroyed"
        case Action.FORGET:
            return f"{address} will no longer be managed, but will not be destroyed"
        case Action.NOOP if change.importing is None and change.previous is not None:
            return f"{change.previous} has moved to {address}"
        case Action.NOOP if change.importing is None and change.adopt:
            return f"{address} stays as the vendor has it; its manifest is to follow"
        case Action.NOOP:
            return f"{address} will be imported"


def directions_of(change: Change) -> list[str]:
    """Who moved, for the headline of an update or of what the vendor did."""
    found = {field.direction.value for field in change.fields} if change.action is Action.UPDATE else set()
    return sorted(found | {Direction.VENDOR.value for _ in change.adopt})


def plan_summary(plan: Plan) -> str:
    """`Plan: 1 to import, 2 to add, 3 to change, 0 to destroy.` or `No changes. ...`"""
    summary = plan.summary
    if plan.mode == "refresh-only" and plan.drift:
        return f"Refresh: {_entries(len(plan.changes))} to bring up to date.{_gone(plan)}{_beside(plan)}"
    if summary.is_empty and not plan.differences:
        if plan.incomplete:
            return f"No changes in what could be compared; {not_compared(plan)}."
        if plan.mode == "destroy":
            return "No changes. No objects need to be destroyed."
        if plan.mode == "refresh-only":
            return "No changes. The state matches the account."
        return "No changes. The account matches the manifests."
    counts = f"{summary.added} to add, {summary.changed} to change, {summary.destroyed} to destroy."
    imported = f"{summary.imported} to import, " if summary.imported else ""
    return f"Plan: {imported}{counts}{_also(summary, PLANNED)}{_beside(plan)}"


def flags_of(plan: Plan | None) -> str:
    """`--allow-deletes, --target persona.x`: what the plan was made with; empty for a plain one."""
    if plan is None:
        return ""
    back = () if plan.rollback is None else (f"state rollback {plan.rollback}",)
    return ", ".join((*back, *plan.options.flags))


def _entries(count: int) -> str:
    return plural(count, "entry of the state", "entries of the state")


def _gone(plan: Plan) -> str:
    count = sum(item.reason == "deleted_outside" for item in plan.drift)
    if not count:
        return ""
    kept = "keeps its entry" if count == 1 else "keep their entries"
    return f" {plural(count, 'object')} gone from the account {kept}."


def not_compared(plan: Plan) -> str:
    """`3 could not be (2 secrets without a value here, 1 object that could not be read)`."""
    found = [incomplete.obstacle for incomplete in plan.incomplete]
    reasons = [plural(found.count(obstacle), *words) for obstacle, words in OBSTACLES.items() if obstacle in found]
    return f"{len(found):,} could not be ({', '.join(reasons)})"


def incomplete_line(incomplete: Incomplete) -> str:
    """`persona.desk /layers/llm/api_key: its value is not here (env KEY)`."""
    place = " ".join(part for part in (str(incomplete.address or ""), incomplete.path) if part)
    said = f" ({incomplete.detail})" if incomplete.detail else ""
    return f"{place}: {_WHY[incomplete.obstacle]}{said}" if place else incomplete.detail


def incomplete_lines(plan: Plan, *, whole: bool) -> tuple[str, ...]:
    """What could not be compared: each place, or, where not the `whole` is wanted and there are more than a few, a
    line for each reason. A plan on a pull request lacks the same secrets every time."""
    if whole or len(plan.incomplete) <= FEW:
        return tuple(incomplete_line(incomplete) for incomplete in plan.incomplete)
    lines = [incomplete_line(one) for one in plan.incomplete if one.obstacle is Obstacle.UNREADABLE]
    for obstacle, words in OBSTACLES.items():
        found = [one for one in plan.incomplete if one.obstacle is obstacle]
        if not found or obstacle is Obstacle.UNREADABLE:
            continue
        names = [*dict.fromkeys(one.detail or str(one.address or one.path) for one in found)]
        more = f" and {len(names) - FEW:,} more" if len(names) > FEW else ""
        lines.append(f"{plural(len(found), *words)}: {', '.join(names[:FEW])}{more}")
    return tuple(lines)


def _beside(plan: Plan) -> str:
    return f" Of what was to be compared, {not_compared(plan)}." if plan.incomplete else ""


def _also(summary: Summary, words: tuple[str, str, str]) -> str:
    """Behind the full stop, so that expressions written for Terraform's line still match."""
    counts = zip((summary.moved, summary.forgotten, summary.adopted), words, strict=True)
    parts = [f"{count} {word}" for count, word in counts if count]
    return f" Also: {', '.join(parts)}." if parts else ""


def result_summary(result: ApplyResult, *, destroy: bool) -> str:
    """`Apply complete! Resources: ...`; another first word where something failed or was not started."""
    summary = result.summary
    verb = "Destroy" if destroy else "Apply"
    failed, skipped = result.count("failed"), result.count("skipped")
    open_steps = [f"{failed} failed"] if failed else []
    open_steps += [f"{skipped} skipped"] if skipped else []
    if destroy and not failed and not result.interrupted and not skipped:
        return f"Destroy complete! Resources: {summary.destroyed} destroyed.{_also(summary, DONE)}"
    imported = f"{summary.imported} imported, " if summary.imported else ""
    counts = f"{imported}{summary.added} added, {summary.changed} changed, {summary.destroyed} destroyed"
    if result.interrupted:
        head = f"{verb} interrupted."
    else:
        head = f"{verb} incomplete." if open_steps else f"{verb} complete!"
    return f"{head} Resources: {', '.join([counts, *open_steps])}.{_also(summary, DONE)}"


def drift_summary(plan: Plan) -> str:
    """`No drift. ...` or `Drift: 2 objects changed outside of manifests ...`"""
    if not plan.drift:
        if plan.incomplete:
            return f"No drift in what could be compared; {not_compared(plan)}."
        if not (plan.summary.unchanged or plan.summary.not_looked_at):
            return "Nothing to compare: the state holds nothing."
        return "No drift. The account is as it was last applied."
    gone = sum(any(change.path == "" for change in item.changes) for item in plan.drift)
    vendors = sum(item.reason == "vendor" for item in plan.drift)
    changed = len(plan.drift) - gone - vendors
    parts = [f"{changed} edited"] if changed else []
    parts += [f"{vendors} by the vendor"] if vendors else []
    parts += [f"{gone} deleted"] if gone else []
    objects = plural(len(plan.drift), "object")
    return f"Drift: {objects} changed outside of manifests ({', '.join(parts)}).{_beside(plan)}"


def folded_counts(report: Report) -> Iterator[str]:
    """What is deliberately not listed."""
    summary = report.plan.summary if report.plan else Summary()
    if summary.unchanged:
        yield plural(summary.unchanged, "resource") + " unchanged"
    if summary.unmanaged:
        yield plural(summary.unmanaged, "unmanaged object") + " in the account"
    if summary.not_looked_at:
        yield f"{summary.not_looked_at:,} not looked at"


def report_summary(report: Report) -> str:
    """The one line that stands for the whole report, in every format; empty for a verb without anything to sum up.

    It never says success where the exit code does not.
    """
    plan = report.plan
    if report.result:
        destroy = report.verb == "destroy" or (plan is not None and plan.mode == "destroy")
        line = result_summary(report.result, destroy=destroy)
        if plan is not None and plan.mode == "refresh-only" and plan.drift:
            left = report.result.count("failed") + report.result.count("skipped")
            line += f" {_entries(len(plan.changes) - left)} brought up to date.{_gone(plan)}"
        return line + (_beside(plan) if plan else "")
    diagnostics = all_diagnostics(report)
    errors = any(diagnostic.is_error for diagnostic in diagnostics)
    if errors and not (plan and report.verb != "drift" and plan.differences):
        return f"{count_lines(diagnostics)}."
    if plan:
        return drift_summary(plan) if report.verb == "drift" else plan_summary(plan)
    if report.verb != "validate" or report.exit_code:
        return ""
    counts = count_lines(diagnostics)
    return "Success! The manifests are valid" + (f" ({counts})." if counts else ".")


def edited_line(item: DriftItem) -> str:
    """`last edited 2026-10-01 08:30 UTC by ann@example.com`; nothing where the account does not tell."""
    by = f" by {item.editor[:LONGEST_NAME]}" if item.editor else ""
    return f"last edited {item.edited or ''}".rstrip() + by if item.edited or by else ""


def unmanaged_line(unmanaged: Unmanaged) -> str:
    """`unmanaged: persona p1 Desk, made 2026-10-01 08:30 UTC`; said to be new where it is."""
    made = f", made {unmanaged.made}" if unmanaged.made else ""
    new = "new and " if unmanaged.is_new else ""
    return f"{new}unmanaged: {unmanaged.kind} {unmanaged.id} {unmanaged.name or '(no name)'}{made}"


def provenance(report: Report) -> list[str]:
    """`commit 4f2a... by Ann`, `2026-11-30 17:05 UTC`, `run by octocat`: of each what is known."""
    made = report.made or Provenance()
    commit = (report.plan.commit if report.plan else None) or made.commit
    name, dirty, _ = commit.partition(DIRTY)
    told = f"commit {name[:12]}" if name else ""
    if name and made.author and made.commit.partition(DIRTY)[0] == name:
        told += f" by {made.author[:LONGEST_NAME]}"
    told += " and edits that are not committed" if name and dirty else ""
    who = f"run by {made.who[:LONGEST_NAME]}" if made.who else ""
    return [part for part in (told, made.date, who) if part]


def count_lines(diagnostics: Sequence[Diagnostic]) -> str:
    """`2 errors, 1 warning`; empty where there is neither."""
    counts = [(severity.value, sum(found.severity is severity for found in diagnostics)) for severity in COUNTED]
    return ", ".join(plural(count, noun) for noun, count in counts if count)


def accepted_line(accepted: Sequence[Diagnostic]) -> str:
    """`84 findings accepted in the baseline: 80 L32, 4 L28`."""
    codes = Counter(diagnostic.code for diagnostic in accepted)
    told = ", ".join(f"{count:,} {code}" for code, count in codes.most_common(5))
    more = f", and {len(codes) - 5} more" if len(codes) > 5 else ""
    return f"{plural(len(accepted), 'finding')} accepted in the baseline: {told}{more}"


def token_change(diff: PromptDiff) -> str:
    """`1,204 -> 1,250 tokens (+46; best up to 5,000)`."""
    change = diff.tokens_after - diff.tokens_before
    return f"{diff.tokens_before:,} -> {plural(diff.tokens_after, 'token')} ({change:+,}; {BANDS[diff.band]})"
