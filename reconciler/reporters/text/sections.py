"""Sections of a report on a terminal: findings, drift, the result of an apply, and a comparison of workspaces."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.reporters.comparison import SIGNS, counts, leaves, remark, words
from reconciler.reporters.grouping import (
    Group,
    group_drift,
    group_findings,
    kinds_word,
    leaves_word,
    names_of,
    place_of,
    places_of,
)
from reconciler.reporters.shown_leaves import Leaf, drift_leaves
from reconciler.reporters.text.changes import leaf_lines
from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.reporters.wording import accepted_line, edited_line, plural
from reconciler.types.change import Action
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.plan import DriftItem
from reconciler.types.report import ApplyResult, Comparison, Side, Standing, StepResult

_TONES = {Severity.ERROR: Tone.ERROR, Severity.WARNING: Tone.WARNING, Severity.INFO: Tone.NOTE}


def diagnostic_lines(
    diagnostics: Sequence[Diagnostic], paint: Paint, accepted: Sequence[Diagnostic] = ()
) -> Iterator[str]:
    """Errors first; infos only with --verbose, warnings not with --quiet; what is left out is counted. `accepted` are
    those that the baseline holds: one line, all of them with --verbose."""
    shown = [one for one in diagnostics if _is_shown(one, paint)]
    for finding in group_findings(shown) if paint.style.detail in ("compact", "summary") else shown:
        if isinstance(finding, Group):
            yield from _diagnostic(finding.first, paint, finding.members)
        else:
            yield from _diagnostic(finding, paint)
        yield ""
    hidden = sum(one.severity is Severity.INFO for one in diagnostics) - sum(
        one.severity is Severity.INFO for one in shown
    )
    if hidden and not paint.style.quiet:
        yield paint(f"{plural(hidden, 'remark')} not shown (--verbose shows them)", Tone.DIM)
        yield ""
    if accepted and paint.style.verbose:
        yield paint(f"{accepted_line(accepted)}:", Tone.DIM)
        for diagnostic in accepted:
            yield from _diagnostic(diagnostic, paint)
        yield ""
    elif accepted and not paint.style.quiet:
        yield paint(f"{accepted_line(accepted)} (--verbose shows them)", Tone.DIM)
        yield ""


def _is_shown(diagnostic: Diagnostic, paint: Paint) -> bool:
    if diagnostic.severity is Severity.ERROR:
        return True
    return not paint.style.quiet and (diagnostic.severity is Severity.WARNING or paint.style.verbose)


def _diagnostic(diagnostic: Diagnostic, paint: Paint, alike: Sequence[Diagnostic] = ()) -> Iterator[str]:
    """One finding, or what those that are `alike` share."""
    place = place_of(diagnostic)
    lead = f"{plain(place)}: " if place and not alike else ""
    label = f"{diagnostic.severity.value}[{plain(diagnostic.code)}]"
    summary = plain(diagnostic.summary)
    yield lead + paint(label, _TONES[diagnostic.severity]) + ": " + paint(summary, Tone.BOLD)
    about = [str(diagnostic.address)] if diagnostic.address else []
    about += [diagnostic.pointer] if diagnostic.pointer else []
    if alike:
        count, places = places_of(alike)
        told = f"{count}: {names_of([plain(place) for place in places])}" if places else count
        yield from paint.wrap(told, "      ", first="    ")
    elif about:
        yield "    " + plain("  ".join(about))
    if diagnostic.detail:
        yield from paint.wrap(diagnostic.detail, "    ")
    if diagnostic.hint:
        yield from paint.wrap(diagnostic.hint, "          ", first="    hint: ", tone=Tone.NOTE)


def drift_lines(items: Sequence[DriftItem], paint: Paint) -> Iterator[str]:
    """One block per object; before is what was applied, after is what the account shows."""
    if not items:
        return
    yield paint("Objects changed outside of manifests:", Tone.BOLD)
    yield ""
    for one in group_drift(items) if paint.style.detail == "compact" else items:
        if isinstance(one, Group):
            who = kinds_word([item.kind for item in one.members])
            yield paint(f"  # {who}: {plain(leaves_word(drift_leaves(one.first)))}", Tone.BOLD)
            names = names_of([plain(str(item.address)) for item in one.members])
            yield from paint.wrap(f"{names} (--full shows each)", "     ", first=f"  {paint.symbol('~')} ")
            yield from leaf_lines(drift_leaves(one.first), paint, "      ")
        else:
            yield from drift_item_lines(one, paint)
        yield ""


def drift_item_lines(item: DriftItem, paint: Paint) -> Iterator[str]:
    """What became of one object outside of the manifests."""
    gone = any(change.path == "" for change in item.changes)
    fate = "has been deleted" if gone else "has been changed"
    extra = {"observe": " (observed only)", "vendor": " by the vendor"}.get(item.reason or "", "")
    yield paint(f"  # {plain(str(item.address))} {fate}{extra}", Tone.BOLD)
    if edited := edited_line(item):
        yield paint(f"  # ({plain(edited)})", Tone.DIM)
    sign = "-" if gone else "~"
    yield f"  {paint.symbol(sign)} {plain(str(item.address))} ({plain(item.id)})"
    yield from leaf_lines(drift_leaves(item), paint, "      ")


_DONE = {
    Action.NOOP: "recorded",
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.DELETE: "destroyed",
    Action.FORGET: "forgotten",
}
_DOING = {
    Action.NOOP: "recording",
    Action.CREATE: "creating",
    Action.UPDATE: "updating",
    Action.DELETE: "destroying",
    Action.FORGET: "forgetting",
}


def result_lines(result: ApplyResult, paint: Paint) -> Iterator[str]:
    """Done steps (with --verbose, or where there is a note), skipped ones, failures last."""
    order = {"done": 0, "skipped": 1, "failed": 2}
    for step in sorted(result.steps, key=lambda step: order.get(step.outcome, 3)):
        yield from _step(step, paint)


def _step(step: StepResult, paint: Paint) -> Iterator[str]:
    address = plain(str(step.address))
    if step.outcome == "done":
        if paint.style.verbose or (step.notes and not paint.style.quiet):
            known = f" [id={plain(step.id)}]" if step.id else ""
            yield f"{address}: {_DONE[step.action]}{known}"
            for note in step.notes:
                yield from paint.wrap(note, "    ", first="  # ", tone=Tone.DIM)
        return
    if step.outcome == "failed":
        label = paint("failed", Tone.ERROR)
        yield from paint.wrap(step.message or "", "    ", first=f"{address}: {_DOING[step.action]} {label}: ")
    else:
        label = paint("skipped", Tone.WARNING)
        yield from paint.wrap(step.message or "", "    ", first=f"{address}: {label}: ")
    if step.hint:
        yield from paint.wrap(step.hint, "          ", first="    hint: ", tone=Tone.NOTE)


MOST_SAME = 20
"""So many addresses in sync are listed without --verbose; more are only counted."""


def comparison_lines(comparison: Comparison, paint: Paint) -> Iterator[str]:
    """The heading, the addresses, the counts, and what the plan below is."""
    here, there = plain(comparison.here), plain(comparison.there)
    yield paint(f"{here} beside {there}, as the manifests want them:", Tone.BOLD)
    yield ""
    same = sum(side.standing is Standing.SAME for side in comparison.sides)
    listed = [
        side
        for side in comparison.sides
        if side.standing is not Standing.SAME or same <= MOST_SAME or paint.style.verbose
    ]
    widest = max((len(plain(str(side.address))) for side in listed), default=0)
    for side in listed:
        yield from _side(side, comparison, paint, widest)
    if listed:
        yield ""
    yield paint(counts(comparison), Tone.BOLD)
    yield f"What promoting to {there} would change (its own plan, with its overlays and its account):"
    yield ""


def _side(side: Side, comparison: Comparison, paint: Paint, widest: int) -> Iterator[str]:
    more = remark(side, comparison)
    said = plain(words(side.standing, comparison)) + (f"  ({plain(more)})" if more else "")
    yield f"  {paint.symbol(SIGNS[side.standing])} {plain(str(side.address)):<{widest}}  {said}"
    found = [Leaf(leaf.path, leaf.here, leaf.there) for leaf in leaves(side)]
    yield from leaf_lines(found, paint, "      ")
