"""Reports with texts that attack a screen and with secrets left where none belong, and the table of all reports."""

from __future__ import annotations

from reconciler.types.address import SecretRef
from reconciler.types.change import Action, Block, Direction, FieldChange, PatchOp, Reason, Request
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span
from reconciler.types.json import Json, Object
from reconciler.types.plan import DriftField, Summary
from reconciler.types.report import ApplyResult, Report, StepResult
from tests.support.records import change_of, drift_of
from tests.support.reports import CLAIMS, ECHO, LOOKUP, PLAIN_REPORTS, make_plan, update

PLANTED = "sk-planted-7f3a91c2"
"""Stands wherever a careless caller could leave a secret; no output may hold it."""

ESCAPE = "\x1b]0;owned\x07\x1b[2Jwiped\r\x00\u202e\u2066\x9b31m\ud800"
HOSTILE = Report(
    "plan",
    "sandbox\x1b[31m",
    make_plan(
        update(
            CLAIMS,
            FieldChange("/greeting", Direction.LIVE, "hello", f"hello {ESCAPE}", note=f"note {ESCAPE}"),
            FieldChange(f"/layers/llm/extra_body/{ESCAPE}", Direction.GIT, None, {ESCAPE: [ESCAPE]}),
            FieldChange("/system_prompt", Direction.GIT, "a\nb\n", f"a\nb {ESCAPE}\n\U000e0068\U000e0069\u200b"),
            FieldChange("/tools", Direction.GIT, [], [f"tool {ESCAPE}"]),
            before={"greeting": "hello"},
            after={"greeting": f"hello {ESCAPE}"},
            notes=(f"a note {ESCAPE}",),
            blocked=(Block("policy", f"because {ESCAPE}", f"hint {ESCAPE}"),),
        ),
        drift=(drift_of(ECHO, f"id{ESCAPE}", (DriftField("/greeting", Direction.LIVE, "a", ESCAPE),)),),
        summary=Summary(changed=1),
    ),
    ApplyResult((StepResult(CLAIMS, Action.UPDATE, "failed", message=f"422 {ESCAPE}", hint=ESCAPE),), Summary(), 1),
    diagnostics=(
        Diagnostic(
            "X",
            Severity.ERROR,
            f"summary {ESCAPE}",
            f"detail {ESCAPE}",
            ESCAPE,
            CLAIMS,
            f"/{ESCAPE}",
            Source(ESCAPE),
            Span(f"file{ESCAPE}.yaml", 1, 1),
        ),
    ),
    notes=(ESCAPE,),
)

HOSTILE_PLAN = Report("plan", HOSTILE.workspace, HOSTILE.plan, None, HOSTILE.diagnostics, 1, HOSTILE.notes)

_SECRET_BODY: Object = {
    "pal_name": "Claims Desk",
    "layers": {
        "llm": {
            "base_url": "https://llm.example.com/v1",
            "api_key": PLANTED,
            "headers": {"Authorization": f"Bearer {PLANTED}"},
            "default_query": {"key": PLANTED},
        },
        "tts": {"api_key": PLANTED},
    },
}
_OPERATION: Json = {"op": "replace", "path": "/layers/llm/api_key", "value": PLANTED}
SECRETS = Report(
    "plan",
    "sandbox",
    make_plan(
        update(
            CLAIMS,
            FieldChange("/layers/llm/api_key", Direction.BOTH, PLANTED, PLANTED),
            FieldChange("/layers/llm/headers/Authorization", Direction.GIT, PLANTED, None),
            FieldChange(
                "/layers/llm/base_url", Direction.GIT, f"https://{PLANTED}.example.com", SecretRef("env", "URL")
            ),
            FieldChange("/layers/llm/headers", Direction.GIT, {"X": PLANTED}, {"X": PLANTED, "Y": "1"}),
            FieldChange("/verbal_disclosure", Direction.GIT, PLANTED, PLANTED, sensitive=True),
            before={**_SECRET_BODY, "greeting": PLANTED, "verbal_disclosure": PLANTED},
            after={**_SECRET_BODY, "greeting": SecretRef("file", "greeting.txt")},
            patch=(
                PatchOp("replace", "/layers/llm/api_key", PLANTED),
                PatchOp("add", "/layers", _SECRET_BODY["layers"]),
            ),
            requests=(
                Request("PATCH", "/pals/p1", CLAIMS, [_OPERATION]),
                Request(
                    "POST", "/personas", CLAIMS, {"persona_name": "x", "layers": _SECRET_BODY["layers"]}, "create"
                ),
            ),
        ),
        change_of(
            LOOKUP,
            Action.CREATE,
            Reason.NEW,
            after={"name": "x", "delivery": {"api": {"auth": {"token": PLANTED}, "headers": {"X-Key": PLANTED}}}},
        ),
        change_of(ECHO, Action.DELETE, Reason.DESTROY, id="p2", before=_SECRET_BODY),
        drift=(
            drift_of(
                CLAIMS,
                "p1",
                (
                    DriftField("/layers/llm/api_key", Direction.LIVE, PLANTED, PLANTED),
                    DriftField("/layers/tts", Direction.LIVE, {"api_key": PLANTED}, {"api_key": "x"}),
                ),
            ),
        ),
        summary=Summary(added=1, changed=1, destroyed=1),
    ),
)

REPORTS: dict[str, Report] = {
    **PLAIN_REPORTS,
    "hostile": HOSTILE,
    "hostile-plan": HOSTILE_PLAN,
    "secrets": SECRETS,
}
