"""Rounds of watched workspaces for people: a line a round, a table of all, and the page of the watcher."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote

from reconciler.reporters.html.change_items import text
from reconciler.reporters.html.page_parts import STYLE
from reconciler.types.json import Object
from reconciler.types.watch import Memory, Mode, Noted, Report, Round, Seen, Status, Watch, watcher_name
from reconciler.version import __version__

WIDTH = 17
"""Of the longest status, in characters."""
DUE = timedelta(seconds=45)
"""Rounds that follow each other quickly are noted every thirty seconds, so that the next one seems to be over."""
SILENT = timedelta(seconds=120)
"""A watcher that noted nothing for so long after its next round was due is dead, or cut off."""


def round_line(done: Round, now: datetime) -> str:
    """One round on one line: time (UTC), workspace, status, version, reason."""
    version = f" at {short(done.commit)}" if done.commit else ""
    reason = " ".join(done.reason.split())
    return f"{now:%Y-%m-%d %H:%M:%SZ}  {done.workspace}  {done.status.value:<{WIDTH}}  {reason}{version}"


def round_object(done: Round, memory: Memory, watch: Watch, now: datetime) -> Object:
    """The same for machines."""
    return {
        "time": _time(now),
        "workspace": done.workspace,
        "mode": watch.mode.value,
        "status": done.status.value,
        "since": None if memory.since is None else _time(memory.since),
        "reason": done.reason,
        "hint": done.hint,
        "version": done.commit,
        "changes": dict(done.counts),
        "wrote": done.wrote,
        "requests": done.requests,
        "failures": memory.failures,
        "stretch": round(memory.stretch, 2),
        "plan": done.plan,
    }


def seen_object(seen: Seen, now: datetime) -> Object:
    """What a running watcher knows of a workspace, for machines."""
    found: Object = {"workspace": seen.workspace, "mode": seen.watch.mode.value, "status": None, "reason": None}
    if seen.round is not None:
        found = round_object(seen.round, seen.memory, seen.watch, now)
    return found | {
        "looked": None if seen.looked is None else _time(seen.looked),
        "next": None if seen.next is None else _time(seen.next),
        "doing": seen.doing or None,
        "rounds": dict(seen.rounds),
        "writes": seen.writes,
    }


def stretched(memory: Memory) -> str:
    """That pauses are longer than the project file says, in words; empty where they are not."""
    return (
        f" (pauses are {memory.stretch:.1f} times as long: the account takes no more)" if memory.stretch > 1 else ""
    )


def spell(time: timedelta) -> str:
    """A time that is left, or is over, as people say it; none is negative."""
    seconds = max(0, round(time.total_seconds()))
    if seconds < 120:
        return f"{seconds} s"
    unit, size = ("min", 60) if seconds < 2 * 3600 else ("h", 3600) if seconds < 2 * 86400 else ("days", 86400)
    return f"{round(seconds / size)} {unit}"


def short(version: str) -> str:
    """The first characters of a commit or a digest, as git shows them."""
    return version[:10]


def status_table(rows: Sequence[tuple[Round, Memory]]) -> str:
    """Workspace, status, since when (UTC), version and reason, in columns."""
    return columns(
        ("WORKSPACE", "STATUS", "SINCE", "VERSION", "REASON"),
        [
            (
                done.workspace,
                done.status.value,
                f"{memory.since:%Y-%m-%d %H:%M}" if memory.since else "",
                short(done.commit or ""),
                " ".join(done.reason.split()),
            )
            for done, memory in rows
        ],
    )


def noted_object(noted: Noted, now: datetime) -> Object:
    """What stands beside the state of a workspace, and what of it is still to be believed at `now`."""
    workspace, requests, holder = noted.workspace, noted.requests, noted.holder
    report, waiting, answer = requests.report, requests.waiting, requests.answered(now)
    pause = requests.pause if requests.pause is not None and requests.pause.holds(now) else None
    found: Object = {"workspace": workspace, "status": None, "reason": NEVER}
    if report is not None:
        watch = Watch(mode=Mode(report.mode))
        found = round_object(report.round, report.memory, watch, report.at)
        found |= {"watcher": report.watcher, "next": None if report.next is None else _time(report.next)}
    found["heard"] = heard(noted, now)
    found["writing"] = None if holder is None else {
        "by": holder.who, "process": holder.process, "since": holder.since, "operation": holder.operation,
    }  # fmt: skip
    found["paused"] = None if pause is None else {
        "by": pause.who, "since": _time(pause.since), "until": _time(pause.until) if pause.until else None,
        "reason": pause.reason,
    }  # fmt: skip
    found["waiting"] = None if waiting is None else {
        "digest": waiting.digest, "summary": waiting.summary, "since": _time(waiting.made),
        "expires": _time(waiting.expires), "version": waiting.commit,
        "answer": None if answer is None else {
            "yes": answer.yes, "by": answer.who, "at": _time(answer.at), "reason": answer.reason,
        },
    }  # fmt: skip
    return found


def heard(noted: Noted, now: datetime) -> str:
    """Whether a watcher is at work: running | ended | silent | never. One that holds the state is, however long its
    round takes."""
    report, holder = noted.requests.report, noted.holder
    if holder is not None and report is not None and report.watcher == watcher_name(holder.process, holder.host):
        return "running"
    if report is None:
        return "never"
    if report.next is None:
        return "ended"
    return "silent" if now - max(report.next, report.at) > SILENT else "running"


NEVER = "no watcher has looked at it yet"
WATCHERS = {
    "ended": "no watcher runs: that of {watcher} ended at {at}",
    "silent": "a round was due at {due}, and nobody made it: its watcher ({watcher}) was not heard of since {at},"
    " or has too much to do",
}


def noted_table(found: Sequence[Noted], now: datetime) -> str:
    """The same for people: a line a workspace, and what there is to do below it."""
    rows, notes = [], []
    for noted in found:
        name, report = noted.workspace, noted.requests.report
        done = None if report is None else report.round
        rows.append(
            (
                name,
                done.status.value if done else "unknown",
                f"{report.memory.since:%Y-%m-%d %H:%M}" if report and report.memory.since else "",
                f"{report.memory.looked:%H:%M:%S}" if report and report.memory.looked else "",
                ("due " if _is_due(report, now) else "") + f"{report.next:%H:%M:%S}"
                if report and report.next
                else "",
                short(done.commit or "") if done else "",
                " ".join(done.reason.split()) if done else NEVER,
            )
        )
        notes += [f"{name}: {line}" for line in _notes(noted, now)]
    table = columns(("WORKSPACE", "STATUS", "SINCE", "LOOKED", "NEXT", "VERSION", "REASON"), rows)
    return table + "".join(f"{line}\n" for line in notes)


def _is_due(report: Report, now: datetime) -> bool:
    return report.next is not None and now - max(report.next, report.at) > DUE


def _notes(noted: Noted, now: datetime) -> list[str]:
    """What the last round could not know, and what a person can do."""
    name, requests, holder = noted.workspace, noted.requests, noted.holder
    report, pause, waiting, answer = requests.report, requests.pause, requests.waiting, requests.answered(now)
    notes = []
    if holder is not None:
        notes.append(f"{holder.who} (process {holder.process}) writes since {holder.since}: {holder.operation}")
    if (state := heard(noted, now)) in WATCHERS:
        assert report is not None, "one that was heard of"
        at, due = (f"{moment:%Y-%m-%d %H:%M:%S} UTC" for moment in (report.at, report.next or report.at))
        notes.append(WATCHERS[state].format(watcher=report.watcher, at=at, due=due))
    if pause is not None and pause.holds(now) and (report is None or report.round.status is not Status.PAUSED):
        notes.append(f"{pause.who} paused it at {pause.since:%Y-%m-%d %H:%M} UTC, {pause.ending}")
    if waiting is not None and now >= waiting.expires:
        notes.append(f"the plan {waiting.digest[:12]} expired at {waiting.expires:%Y-%m-%d %H:%M} UTC")
    elif waiting is not None and answer is None:
        notes.append(
            f"the plan {waiting.digest[:12]} waits until {waiting.expires:%Y-%m-%d %H:%M} UTC: {waiting.summary}"
            f" (look: reconciler watch plan -w {name}; then: reconciler watch approve -w {name}"
            f" {waiting.digest[:12]})"
        )
    elif waiting is not None and answer is not None:
        word = "approved" if answer.yes else "rejected"
        notes.append(f"the plan {waiting.digest[:12]} was {word} by {answer.who} at {answer.at:%Y-%m-%d %H:%M} UTC")
    if report is not None and (longer := stretched(report.memory)):
        notes.append(longer.strip(" ()"))
    if report is not None and report.round.hint and report.round.status is not Status.AWAITING_APPROVAL:
        notes.append(" ".join(report.round.hint.split()))
    return notes


def columns(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of texts; the last column is as wide as it likes."""
    cells = [titles, *rows]
    widths = [max(len(row[column]) for row in cells) for column in range(len(titles) - 1)]
    return "".join(
        "  ".join([*(cell.ljust(width) for cell, width in zip(row[:-1], widths, strict=True)), row[-1]]).rstrip()
        + "\n"
        for row in cells
    )


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%SZ}"


COLORS = {Status.SYNCED: "good", Status.FAILED: "attention", Status.UNAUTHORIZED: "attention"}
"""Of Adaptive Cards; everything else is a warning."""


def notification(form: str, done: Round, memory: Memory, watch: Watch, now: datetime, *, recovered: bool) -> Object:
    """The body of a POST in `form` (slack | teams | json).

    Slack: https://api.slack.com/messaging/webhooks (`text`, and `<&>` escaped). Teams: an Adaptive Card in the
    envelope of workflows, https://learn.microsoft.com/power-automate/teams/create-adaptive-cards.
    """
    word = "recovered" if recovered else done.status.value.replace("_", " ")
    title = f"{done.workspace}: {word}"
    reason = " ".join(done.reason.split())
    if form == "slack":
        lines = [f"*{_slack(title)}*", _slack(reason), *([_slack(done.hint)] if done.hint else [])]
        return {"text": "\n".join(lines)}
    if form == "teams":
        heading: Object = {"text": title, "weight": "bolder", "color": COLORS.get(done.status, "warning")}
        runs: list[Object] = [heading]
        runs += [{"text": text} for text in (reason, done.hint) if text]
        body: list[Object] = [
            {"type": "RichTextBlock", "inlines": [{"type": "TextRun", **run}]} for run in runs
        ]  # of runs, because the text of a TextBlock is Markdown
        card: Object = {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard", "version": "1.4", "body": list(body),
        }  # fmt: skip
        attachment: Object = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
        return {"type": "message", "attachments": [attachment]}
    return {**round_object(done, memory, watch, now), "recovered": recovered}


def _slack(text: str) -> str:
    """Text that no markup begins in: `&`, `<` and `>` are all that Slack asks to be escaped."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


REFRESH_SECONDS = 10
CALM = frozenset({Status.PENDING, Status.PAUSED})
LOUD = frozenset({Status.FAILED, Status.UNAUTHORIZED, Status.BLOCKED})
OWN_STYLE = """
.tag.good { background: var(--add-bg); color: var(--add); } td { padding: .45rem .6rem; }
td.time { white-space: nowrap; } th { white-space: nowrap; }
@media (max-width: 50rem) {
  table, tbody, tr, td { display: block; } thead { display: none; } td:empty { display: none; }
  tr { border-bottom: 1px solid var(--line); padding: .5rem 0; } td { border: 0; padding: .1rem .2rem; }
  td[data-of]::before { content: attr(data-of) ": "; color: var(--soft); }
}
"""
HEADS = ("Workspace", "Status", "Since (UTC)", "Why", "What comes next", "Version", "Last plan")
NAMED = frozenset(HEADS[2:6])
"""Those whose cells say what they are, where there is no room for a row of heads."""


def watch_page(project: str, workspaces: Sequence[Seen], now: datetime) -> str:
    """The page; it loads itself anew, and nothing else from anywhere."""
    return "\n".join(_page(project, workspaces, now)) + "\n"


def _page(project: str, workspaces: Sequence[Seen], now: datetime) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
    yield f"<title>reconciler watch {text(project)}</title><style>{STYLE}{OWN_STYLE}</style></head><body>"
    yield f"<header><h1>reconciler watch {text(project)}</h1>"
    yield f"<p class=lead>{len(workspaces)} watched, at {now:%Y-%m-%d %H:%M:%S} UTC</p>"
    counts = Counter(_word(seen.status) for seen in workspaces)
    yield f"<ul class=counts>{''.join(f'<li><b>{count}</b>{text(word)}</li>' for word, count in counts.items())}</ul>"
    yield "</header>"
    yield "<main><div class=scroll><table>"
    yield f"<thead><tr>{''.join(f'<th scope=col>{head}</th>' for head in HEADS)}</tr></thead><tbody>"
    for seen in sorted(workspaces, key=_calmness):
        yield _row(seen, now)
    yield "</tbody></table></div></main>"
    yield f"<footer class=soft><p>reconciler {text(__version__)}</p></footer></body></html>"


def _calmness(seen: Seen) -> int:
    """Where a workspace stands among others: what asks for a person first, what is as it should be last."""
    status = seen.status
    return 0 if status in LOUD else 3 if status is Status.SYNCED else 2 if status is None or status in CALM else 1


def _row(seen: Seen, now: datetime) -> str:
    done = seen.round
    status = seen.status
    reason = _prose(done.reason) if done is not None else ""
    if done is not None and done.hint:
        reason += f"<br><span class=soft>{_prose(done.hint)}</span>"
    moment = seen.memory.since if done is not None else None
    since = f"{moment:%Y-%m-%d %H:%M:%S}<br><span class=soft>{spell(now - moment)} ago</span>" if moment else ""
    link = f'<a href="/plan/{quote(seen.workspace, safe="")}">plan</a>' if seen.plan else ""
    cells = (
        f"{text(seen.workspace)}<br><span class=soft>mode {text(seen.watch.mode.value)}</span>",
        f'<span class="{_tone(status)}">{text(_word(status))}</span>',
        since,
        reason,
        text(next_step(seen, now)),
        f"<code>{text(short(done.commit))}</code>" if done is not None and done.commit else "",
        link,
    )
    kinds = [
        f' data-of="{head}"' * (head in NAMED) + " class=time" * (cell is since)
        for head, cell in zip(HEADS, cells, strict=True)
    ]
    return f"<tr>{''.join(f'<td{kind}>{cell}</td>' for kind, cell in zip(kinds, cells, strict=True))}</tr>"


def _word(status: Status | None) -> str:
    return status.value.replace("_", " ") if status is not None else "not looked at yet"


def _tone(status: Status | None) -> str:
    if status is Status.SYNCED:
        return "tag good"
    return "tag blocked" if status in LOUD else "tag" if status is None or status in CALM else "tag live"


def _prose(words: str) -> str:
    """A text whose `commands` stand out."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", text(words))


def next_step(seen: Seen, now: datetime) -> str:
    """What comes next, in words."""
    if seen.doing:
        return f"{seen.doing} since {seen.looked:%H:%M:%S}" if seen.looked else seen.doing
    if seen.next is None:
        return "a round is under way" if seen.looked is not None else "the first round"
    if now - seen.next > SILENT:
        return f"a round was due at {seen.next:%Y-%m-%d %H:%M:%S} UTC, {spell(now - seen.next)} ago; nobody made it"
    when = f"at {seen.next:%H:%M:%S} UTC, in {spell(seen.next - now)}{stretched(seen.memory)}"
    if seen.watch.mode is Mode.OFF:
        return "nothing, until the project file says something else"
    after = seen.round.after if seen.round is not None else None
    match seen.status:
        case Status.PAUSED:
            return f"it goes on {when}" if after is not None else "nothing, until somebody resumes it"
        case Status.AWAITING_APPROVAL:
            return f"a person's yes or no; a look {when}"
        case Status.BLOCKED:
            return f"a commit, or a person; a look {when}"
        case Status.FAILED | Status.LOCKED | Status.UNAUTHORIZED:
            return f"another try {when}"
        case _:
            return f"a look {when}"
