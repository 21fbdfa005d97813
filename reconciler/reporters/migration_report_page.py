"""The report of a run as Markdown and as a web page of its own: ready to be pasted into a ticket."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from reconciler.core.migration_result import (
    MigrationResult,
    OpenQuestion,
    Outcome,
    Status,
    by_address,
    counts,
)
from reconciler.core.text import one_line, visible
from reconciler.reporters.migration_diff import conceal, file_diff
from reconciler.reporters.migration_questions import KEEP_CHOICE, edit_text, project_line, reason_of, some
from reconciler.reporters.migration_report import KEPT, TITLES, summary

HEADINGS = ("Manifest", "Automatic", "Answered", "Needs a choice", "Refused", "Only reported")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+!|~^$<>&@])")
_CSS = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;"
    "background:#fff}table{border-collapse:collapse;width:100%}th,td{border:1px solid #999;padding:.3rem .6rem;"
    "text-align:left;vertical-align:top}td.n{text-align:right}pre{overflow:auto;background:#f3f3f3;padding:.6rem}"
    ".add{color:#055c2b}.del{color:#8f1414}caption{text-align:left;font-weight:600}"
)


def as_markdown(result: MigrationResult, *, written: bool) -> str:
    """Totals, one row a manifest, open questions with their choices, and what was only reported."""
    lines = ["## Migration report", "", _md(summary(result, written=written)), ""]
    lines += [f"| {' | '.join(HEADINGS)} |", f"|{' --- |' + ' ---: |' * 5}"]
    lines += [f"| {' | '.join([_md(row[0]), *row[1:]])} |" for row in _rows(result)]
    if result.questions:
        lines += ["", f"### {TITLES[Status.OPEN]}", ""]
    for asked in result.open_questions:
        lines.append(f"- **{_md(asked.name)}**: {_md(asked.question.text)}")
        lines.append(f"  - why: {_md(asked.outcomes[0].finding.why)}")
        lines.append(f"  - in {_md(', '.join(asked.addresses))}")
        lines += [f"  - `{_code(value)}`: {_md(said)}" for value, said in _answers(result, asked)]
        if asked.question.free:
            lines.append(f"  - or {_md(asked.question.free)}")
        lines.append(f"  - in the project file: `migrations: {{{_code(project_line(asked))}}}`")
    for title, outcomes in _sections(result, written):
        lines += ["", f"### {title}", ""]
        for address, found in by_address(outcomes).items():
            lines.append(f"- **{_md(address)}** ({_md(found[0].path)})")
            lines += [f"  - {outcome.id} {_md(_said(outcome))}" for outcome in found]
    if result.diagnostics:
        lines += ["", "### Not readable", ""]
        lines += [f"- {_md(f'{diagnostic.span}: {diagnostic.summary}')}" for diagnostic in result.diagnostics]
    return conceal("\n".join(lines), result.secrets) + "\n"


def as_html(result: MigrationResult, *, written: bool) -> str:
    """One page without scripts and without anything from elsewhere; the diff of every file at its end."""
    body: list[str] = [f"<p>{_h(summary(result, written=written))}</p>", "<table><caption>Per manifest</caption>"]
    columns = "".join(f'<th scope="col">{title}</th>' for title in HEADINGS)
    body.append(f"<thead><tr>{columns}</tr></thead><tbody>")
    for first, *numbers in _rows(result):
        cells = "".join(f'<td class="n">{number}</td>' for number in numbers)
        body.append(f'<tr><th scope="row">{_h(first)}</th>{cells}</tr>')
    body.append("</tbody></table>")
    if result.questions:
        body.append(f"<h2>{TITLES[Status.OPEN]}</h2>")
    for asked in result.open_questions:
        body.append(f"<h3>{_h(asked.name)}: {_h(asked.question.text)}</h3><p>{_h(asked.outcomes[0].finding.why)}</p>")
        body.append(f"<p>In {_h(', '.join(asked.addresses))}</p><ul>")
        body += [f"<li><code>{_h(value)}</code>: {_h(said)}</li>" for value, said in _answers(result, asked)]
        body.append(f"<li>or {_h(asked.question.free)}</li></ul>" if asked.question.free else "</ul>")
        body.append(f"<p>In the project file: <code>migrations: {{{_h(project_line(asked))}}}</code></p>")
    for title, outcomes in _sections(result, written):
        body.append(f"<h2>{title}</h2><ul>")
        for address, found in by_address(outcomes).items():
            items = "".join(f"<li>{outcome.id} {_h(_said(outcome))}</li>" for outcome in found)
            body.append(f"<li>{_h(address)} ({_h(found[0].path)})<ul>{items}</ul></li>")
        body.append("</ul>")
    if result.diagnostics:
        problems = "".join(
            f"<li>{_h(f'{diagnostic.span}: {diagnostic.summary}')}</li>" for diagnostic in result.diagnostics
        )
        body.append(f"<h2>Not readable</h2><ul>{problems}</ul>")
    if result.files:
        body.append("<h2>Differences</h2>")
    for change in result.files:
        body.append(f"<h3>{_h(change.path)}</h3><pre>{_diff(file_diff(change, result.secrets, result.prefix))}</pre>")
    head = f'<meta charset="utf-8"><meta name="viewport" content="width=device-width"><style>{_CSS}</style>'
    title = "Migration report"
    page = f'<!doctype html>\n<html lang="en"><head>{head}<title>{title}</title></head><body><main><h1>{title}</h1>'
    # Secrets are looked for as they are written here: escaped.
    secrets = {*result.secrets, *(escape(secret) for secret in result.secrets)}
    return conceal(f"{page}\n" + "\n".join(body), secrets) + "\n</main></body></html>\n"


def _answers(result: MigrationResult, asked: OpenQuestion) -> Iterator[tuple[str, str]]:
    """Each answer with what it means and does, `keep` last."""
    for value, kinds in asked.choices.items():
        said = "; ".join(
            reason_of(choice) + (f" [{some(who, 3)}]" if len(who) < len(asked.addresses) else "")
            for choice, who in kinds.items()
        )
        does = "; ".join(map(edit_text, result.effects.get((asked.name, asked.key, value), ())))
        yield value, f"{said}{f' -> {does}' if does else ''}{' (proposed)' if value == asked.proposal else ''}"
    yield KEEP_CHOICE.value, KEEP_CHOICE.reason


def _rows(result: MigrationResult) -> Iterator[list[str]]:
    for address, found in sorted(by_address(result.outcomes).items()):
        yield [address, *map(str, counts(found).values())]
    yield ["in total", *map(str, counts(result.outcomes).values())]


def _sections(result: MigrationResult, written: bool) -> Iterator[tuple[str, tuple[Outcome, ...]]]:
    titles = {
        Status.DONE: "Migrated" if written else "To be migrated",
        Status.REFUSED: TITLES[Status.REFUSED],
        Status.REPORTED: TITLES[Status.REPORTED],
    }
    if result.kept:
        yield KEPT, result.kept
    for status, title in titles.items():
        if found := result.of(status):
            yield title, found


def _said(outcome: Outcome) -> str:
    answered = f" [answer: {outcome.finding.answer}]" if outcome.finding.answer else ""
    notes = "".join(f"; note: {note}" for note in outcome.finding.notes)
    reason = f" ({outcome.reason})" if outcome.reason else ""
    return f"{outcome.name}: {outcome.finding.summary}{answered}{reason}{notes}"


def _diff(text: str) -> str:
    lines = []
    for line in text.split("\n"):
        kind = {"+": "add", "-": "del"}.get(line[:1])
        lines.append(f'<span class="{kind}">{escape(line)}</span>' if kind else escape(line))
    return "\n".join(lines)


def _h(text: str) -> str:
    return escape(one_line(visible(text)))


def _md(text: str) -> str:
    """Text in which nothing is markup, a link or a mention."""
    return _SPECIAL.sub(lambda match: f"&#{ord(match[1])};", one_line(text)).replace("://", "&#58;//")


def _code(text: str) -> str:
    return one_line(text).replace("`", "'")
