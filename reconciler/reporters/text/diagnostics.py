"""Findings about the input: the place first, then what is wrong, then what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.reporters.wording import plural
from reconciler.types.diagnostic import Diagnostic, Severity

_TONES = {Severity.ERROR: Tone.ERROR, Severity.WARNING: Tone.WARNING, Severity.INFO: Tone.NOTE}


def diagnostic_lines(diagnostics: Sequence[Diagnostic], paint: Paint) -> Iterator[str]:
    """Errors first; infos only with --verbose, warnings not with --quiet; what is left out is counted."""
    hidden = 0
    for diagnostic in diagnostics:
        if _is_shown(diagnostic, paint):
            yield from _diagnostic(diagnostic, paint)
            yield ""
        else:
            hidden += diagnostic.severity is Severity.INFO
    if hidden and not paint.style.quiet:
        yield paint(f"{plural(hidden, 'remark')} not shown (--verbose shows them)", Tone.DIM)
        yield ""


def _is_shown(diagnostic: Diagnostic, paint: Paint) -> bool:
    if diagnostic.severity is Severity.ERROR:
        return True
    return not paint.style.quiet and (diagnostic.severity is Severity.WARNING or paint.style.verbose)


def _diagnostic(diagnostic: Diagnostic, paint: Paint) -> Iterator[str]:
    place = str(diagnostic.span) if diagnostic.span else diagnostic.source.path if diagnostic.source else ""
    lead = f"{plain(place)}: " if place else ""
    label = f"{diagnostic.severity.value}[{plain(diagnostic.code)}]"
    summary = plain(diagnostic.summary)
    yield lead + paint(label, _TONES[diagnostic.severity]) + ": " + paint(summary, Tone.BOLD)
    about = [str(diagnostic.address)] if diagnostic.address else []
    about += [diagnostic.pointer] if diagnostic.pointer else []
    if about:
        yield "    " + plain("  ".join(about))
    if diagnostic.detail:
        yield from paint.wrap(diagnostic.detail, "    ")
    if diagnostic.hint:
        yield from paint.wrap(diagnostic.hint, "          ", first="    hint: ", tone=Tone.NOTE)
