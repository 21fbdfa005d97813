"""Reports whose texts attack the formats: ends of sections, commands, control characters, markup, sheer size."""

from __future__ import annotations

from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Direction, FieldChange, Reason
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span
from reconciler.types.plan import DriftField, Summary
from reconciler.types.report import ApplyResult, Report, StepResult
from tests.support.records import change_of, drift_of
from tests.support.reports import make_plan, update

TEXTS = {
    "newlines": "one\ntwo\r\nthree\rfour\u2028five\u2029six\x0b\x0cseven",
    "commands": "::error file=x,line=1::gotcha\n::set-output name=a::b ##[error]x %0A::stop-commands::t",
    "cdata": "]]> <![CDATA[ ]]&gt; <!-- --> <?xml version='1.0'?> &#0; &amp;",
    "control": "".join(chr(number) for number in range(32)) + "\x7f\x85\x9b",
    "surrogates": "\ud800 \udfff \ud83d alone",
    "noncharacters": "\ufffe\uffff\U0001ffff\ufeff",
    "markup": "<script>alert(1)</script> | `a` | ``` **b** [c](javascript:alert(1)) ![d](http://e) @team #12 <!--",
    "metrics": 'back\\slash "quote" {label="x"} # EOF\n# EOF\n',
    "templates": "${{ secrets.KEY }} $(id) `id` {{name}} %s %(x)s {0}",
    "long": "word " * 200_000,
    "one-word": "x" * 1_000_000,
}
ANY = Address("persona", "a.b|c")
"""Longer than any rule allows, and with signs that tables use: a report must bear it all the same."""


def nasty(text: str) -> Report:
    """One report that holds `text` wherever a text can stand."""
    change = update(
        ANY,
        FieldChange("/system_prompt", Direction.BOTH, "before", text, note=text[:5_000]),
        FieldChange("/greeting", Direction.LIVE, text, "after"),
        FieldChange(f"/layers/llm/extra_body/{text[:500]}", Direction.GIT, None, {text[:500]: [text[:500]]}),
        blocked=(Block(text[:200], text, text, text[:500], Span(text[:500], 1, 1)),),
        notes=(text,),
        source=text[:500],
    )
    made = change_of(Address("tool", "t"), Action.CREATE, Reason.NEW, after={"name": "t", "description": text})
    finding = Diagnostic(
        text[:100],
        Severity.ERROR,
        text,
        text,
        text,
        ANY,
        f"/{text[:500]}",
        Source(text[:500]),
        Span(text[:500], 3, 4),
    )
    drift = drift_of(ANY, text[:500], (DriftField("/greeting", Direction.LIVE, "a", text),))
    plan = make_plan(
        change, made, drift=(drift,), blocked=(Block("r", text, text),), summary=Summary(added=1, changed=1)
    )
    return Report("plan", text[:1_000], plan, None, (finding,), 1, (text,))


def applied(text: str) -> Report:
    """An apply that failed with `text`."""
    steps = (
        StepResult(ANY, Action.UPDATE, "failed", text[:500], text, text, notes=(text,)),
        StepResult(Address("tool", "t"), Action.CREATE, "skipped", None, text),
    )
    return Report("apply", "sandbox", nasty(text).plan, ApplyResult(steps), exit_code=1)


NASTY: dict[str, Report] = {
    **{f"nasty-{name}": nasty(text) for name, text in TEXTS.items()},
    **{f"failed-{name}": applied(text) for name, text in TEXTS.items()},
}
