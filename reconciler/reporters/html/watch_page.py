"""The page of a running watcher: every workspace, what it is, since when, why, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from urllib.parse import quote

from reconciler.reporters.html.assets import STYLE
from reconciler.reporters.html.change_items import text
from reconciler.reporters.watch_status import short
from reconciler.types.watch import Seen, Status
from reconciler.version import __version__

REFRESH_SECONDS = 10
CALM = frozenset({Status.SYNCED, Status.PENDING, Status.PAUSED})
LOUD = frozenset({Status.FAILED, Status.UNAUTHORIZED, Status.BLOCKED})


def watch_page(project: str, workspaces: Sequence[Seen], now: datetime) -> str:
    """The page; it loads itself anew, and nothing else from anywhere."""
    return "\n".join(_page(project, workspaces, now)) + "\n"


def _page(project: str, workspaces: Sequence[Seen], now: datetime) -> Iterator[str]:
    yield "<!doctype html>"
    yield '<html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f'<meta http-equiv="refresh" content="{REFRESH_SECONDS}">'
    yield f"<title>reconciler watch {text(project)}</title><style>{STYLE}</style></head><body>"
    yield f"<header><h1>reconciler watch {text(project)}</h1>"
    yield f"<p class=lead>{len(workspaces)} watched, at {now:%Y-%m-%d %H:%M:%S} UTC</p></header>"
    yield "<main><div class=scroll><table>"
    heads = ("Workspace", "Status", "Since (UTC)", "Why", "What comes next", "Version", "Last plan")
    yield f"<thead><tr>{''.join(f'<th scope=col>{head}</th>' for head in heads)}</tr></thead><tbody>"
    for seen in workspaces:
        yield _row(seen, now)
    yield "</tbody></table></div></main>"
    yield f"<footer class=soft><p>reconciler {text(__version__)}</p></footer></body></html>"


def _row(seen: Seen, now: datetime) -> str:
    done = seen.round
    status = seen.status
    tone = "tag blocked" if status in LOUD else "tag" if status in CALM else "tag live"
    word = status.value.replace("_", " ") if status is not None else "not looked at yet"
    reason = text(done.reason) if done is not None else ""
    if done is not None and done.hint:
        reason += f"<br><span class=soft>{text(done.hint)}</span>"
    since = f"{seen.memory.since:%Y-%m-%d %H:%M:%S}" if done is not None and seen.memory.since else ""
    link = f'<a href="/plan/{quote(seen.workspace, safe="")}">plan</a>' if seen.plan else ""
    cells = (
        f"{text(seen.workspace)}<br><span class=soft>mode {text(seen.watch.mode.value)}</span>",
        f'<span class="{tone}">{text(word)}</span>',
        since,
        reason,
        text(next_step(seen, now)),
        f"<code>{text(short(done.commit))}</code>" if done is not None and done.commit else "",
        link,
    )
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def next_step(seen: Seen, now: datetime) -> str:
    """What comes next, in words."""
    if seen.doing:
        return f"{seen.doing} since {seen.looked:%H:%M:%S}" if seen.looked else seen.doing
    if seen.next is None:
        return "a round is under way" if seen.looked is not None else "the first round"
    return f"the next round at {seen.next:%H:%M:%S} UTC, in {max(0, round((seen.next - now).total_seconds()))} s"
