"""Reports that every reporter must render: one for each thing that a run can find or do."""

from __future__ import annotations

from reconciler.types.address import Address, ResourceRef, SecretRef
from reconciler.types.change import Action, Block, Change, Direction, FieldChange, PatchOp, Reason, Request
from reconciler.types.diagnostic import Diagnostic, Severity, Source, Span
from reconciler.types.live import Account
from reconciler.types.plan import DriftField, Incomplete, Obstacle, Plan, Summary
from reconciler.types.report import ApplyResult, Report, StepResult
from tests.support.records import change_of, drift_of

CLAIMS = Address("persona", "claims-desk")
ECHO = Address("persona", "echo")
LOOKUP = Address("tool", "lookup_policy")
ACCOUNT = Account(base_url="https://api.example.com/v2", vocabulary="pal", owner="42")
PROMPT = """You are the first voice that people hear after an accident.

# Role
Answer questions about open claims.
Speak calmly and in short sentences.

# Rules
- Never promise a payment date.
- Ask for the policy number before anything else.
- Hand over to a person when the caller asks for one twice.

# Closing
Thank the caller by name.
"""
PROMPT_AFTER = """You are the first voice that people hear after an accident.

# Role
Answer questions about open and closed claims.
Speak calmly and in short sentences.

# Closing
Thank the caller by name.
- Hand over to a person when the caller asks for one twice.

# Rules
- Never promise a payment date.
- Ask for the policy number and the birthday before anything else.
"""


def make_plan(*changes: Change, **more: object) -> Plan:
    """A plan over the example account."""
    return Plan("sandbox", ACCOUNT, "lineage-1", 7, changes, inputs_digest="d1", **more)  # type: ignore[arg-type]


def update(address: Address, *fields: FieldChange, **more: object) -> Change:
    """An update of a live object."""
    return change_of(address, Action.UPDATE, Reason.CHANGED, id="p7c1e0a9b42d", fields=fields, **more)  # type: ignore[arg-type]


def long_text(seed: int) -> str:
    """About 20 kB of Markdown in which every fifth section depends on `seed`."""
    sections = []
    for number in range(40):
        lines = [f"## Topic {number}"]
        for line in range(6):
            word = f"variant {seed} " if number % 5 == 0 and line == 3 else ""
            lines.append(f"- Point {number}.{line}: {word}explain the rule, give one example, ask if it helped.")
        sections.append("\n".join(lines))
    return "\n\n".join(sections) + "\n"


EMPTY = Report("plan", "sandbox", make_plan(summary=Summary(unchanged=12)))

IMPORT_ONLY = Report(
    "plan",
    "sandbox",
    make_plan(
        change_of(
            CLAIMS,
            Action.NOOP,
            Reason.ADOPTED_BY_NAME,
            id="p7c1e0a9b42d",
            importing="p7c1e0a9b42d",
            before={"pal_name": "Claims Desk"},
            after={"pal_name": "Claims Desk"},
            notes=("the api_key of layers.llm cannot be read back; it is taken as what the manifest says",),
        ),
        summary=Summary(imported=1),
    ),
)

MIXED_FIELDS = (
    FieldChange("/system_prompt", Direction.GIT, PROMPT, PROMPT_AFTER),
    FieldChange("/greeting", Direction.LIVE, "Hey!", "Good morning, claims desk."),
    FieldChange("/layers/llm/model", Direction.BOTH, "tavus-gpt-4o", "tavus-gpt-oss"),
    FieldChange("/layers/llm/extra_body/temperature", Direction.GIT, None, 0.7),
    FieldChange("/layers/tts/voice_settings", Direction.GIT, {"speed": 1.1}, None),
    FieldChange("/layers/llm/api_key", Direction.GIT, "(sensitive)", SecretRef("env", "LLM_KEY"), sensitive=True),
    FieldChange("/tools", Direction.GIT, ["lookup_policy", "old_tool"], ["lookup_policy", "flag_damage"]),
    FieldChange("/objectives_id", Direction.GIT, "o1", None, after_unknown=True),
)

MIXED = Report(
    "plan",
    "sandbox",
    make_plan(
        change_of(
            LOOKUP,
            Action.CREATE,
            Reason.NEW,
            name="lookup_policy",
            level=1,
            after={
                "name": "lookup_policy",
                "description": "Find a policy by its number.",
                "parameters": {"type": "object", "properties": {"number": {"type": "string"}}},
                "delivery": {
                    "api": {"url": "https://tools.example.com", "headers": {"X-Key": SecretRef("env", "K")}}
                },
            },
            requests=(
                Request(
                    "POST",
                    "/tools",
                    LOOKUP,
                    {
                        "name": "lookup_policy",
                        "delivery": {"api": {"headers": {"X-Key": SecretRef("env", "K")}}},
                    },
                    "create",
                ),
            ),
        ),
        update(
            CLAIMS,
            *MIXED_FIELDS,
            before={"greeting": "Hey!", "layers": {"llm": {"model": "tavus-gpt-4o", "api_key": "(sensitive)"}}},
            after={
                "greeting": "Good morning, claims desk.",
                "objectives_id": None,
                "layers": {"llm": {"model": "tavus-gpt-oss", "api_key": SecretRef("env", "LLM_KEY")}},
            },
            patch=(
                PatchOp("replace", "/greeting", "Good morning, claims desk."),
                PatchOp("replace", "/layers/llm/api_key", SecretRef("env", "LLM_KEY")),
                PatchOp("remove", "/layers/tts/voice_settings"),
            ),
            requests=(
                Request(
                    "PATCH",
                    "/pals/p7c1e0a9b42d",
                    CLAIMS,
                    [
                        {"op": "replace", "path": "/greeting", "value": "Good morning, claims desk."},
                        {"op": "replace", "path": "/layers/llm/api_key", "value": SecretRef("env", "LLM_KEY")},
                    ],
                ),
                Request(
                    "POST",
                    "/pals/p7c1e0a9b42d/tools",
                    CLAIMS,
                    {"tool_ids": [ResourceRef("tool.flag_damage")]},
                    "attach",
                ),
            ),
        ),
        update(
            Address("tool", "flag_damage"),
            FieldChange(
                "/parameters",
                Direction.GIT,
                {
                    "type": "object",
                    "properties": {"part": {"type": "string"}, "n": {"type": "integer"}},
                    "required": ["part", "n"],
                },
                {
                    "type": "object",
                    "properties": {"part": {"type": "string", "enum": ["door", "hood"]}},
                    "required": ["part"],
                },
            ),
        ),
        change_of(
            ECHO,
            Action.NOOP,
            Reason.MOVED,
            id="p2",
            previous=Address("persona", "parrot"),
            before={"pipeline_mode": "echo"},
            after={"pipeline_mode": "echo"},
        ),
        change_of(
            Address("persona", "legacy"), Action.FORGET, Reason.REMOVED, id="p9", before={"pal_name": "Legacy"}
        ),
        summary=Summary(added=1, changed=2, moved=1, forgotten=1, unchanged=3, unmanaged=2, not_looked_at=5),
        drift=(
            drift_of(
                CLAIMS,
                "p7c1e0a9b42d",
                (
                    DriftField("/greeting", Direction.LIVE, "Good morning, claims desk.", "Hey!"),
                    DriftField("/layers/llm/model", Direction.BOTH, None, "tavus-gpt-4o", before_unknown=True),
                ),
            ),
        ),
    ),
    notes=("the state is locked by ann@build-7; this plan only reads",),
    exit_code=2,
)

BLOCKED = Report(
    "plan",
    "production",
    make_plan(
        change_of(
            ECHO,
            Action.DELETE,
            Reason.NOT_IN_MANIFESTS,
            id="p2",
            before={"pal_name": "Echo", "pipeline_mode": "echo", "layers": {"llm": {"api_key": "(sensitive)"}}},
            blocked=(
                Block(
                    "deletes",
                    "deleting is not allowed in this workspace",
                    "pass --allow-deletes, or declare it Removed",
                ),
                Block("protect", "persona.echo is protected", "set lifecycle.protect to false and apply that first"),
            ),
            requests=(Request("DELETE", "/pals/p2", ECHO, None, "delete"),),
        ),
        blocked=(
            Block("account", "the state belongs to another account", "check the API key, or pass --accept-account"),
        ),
        summary=Summary(destroyed=1),
    ),
    exit_code=2,
)

DRIFT = Report(
    "drift",
    "sandbox",
    make_plan(
        drift=(
            drift_of(
                CLAIMS,
                "p7c1e0a9b42d",
                (
                    DriftField("/layers/llm/api_key", Direction.LIVE, "(sensitive)", "(sensitive)", sensitive=True),
                    DriftField("/layers/tts/tts_engine", Direction.LIVE, "cartesia", "elevenlabs"),
                    DriftField("/system_prompt", Direction.BOTH, PROMPT, PROMPT_AFTER),
                    DriftField("/tools", Direction.LIVE, ["lookup_policy"], ["lookup_policy", "by_hand"]),
                ),
            ),
            drift_of(
                LOOKUP, "t1", (DriftField("", Direction.LIVE, {"name": "lookup_policy"}, None),), "deleted_outside"
            ),
        ),
        summary=Summary(unchanged=4),
    ),
    exit_code=2,
)

NO_DRIFT = Report("drift", "sandbox", make_plan(summary=Summary(unchanged=6)))

APPLIED = Report(
    "apply",
    "sandbox",
    MIXED.plan,
    ApplyResult(
        (
            StepResult(LOOKUP, Action.CREATE, "done", "t0123456789ab", seconds=0.21),
            StepResult(
                CLAIMS,
                Action.UPDATE,
                "done",
                "p7c1e0a9b42d",
                seconds=0.4,
                notes=("the server shows /greeting trimmed",),
            ),
        ),
        Summary(imported=1, added=1, changed=1),
        serial=8,
    ),
)

FAILED = Report(
    "apply",
    "sandbox",
    MIXED.plan,
    ApplyResult(
        (
            StepResult(
                LOOKUP,
                Action.CREATE,
                "failed",
                message="POST /tools: 422: description is too long",
                hint="shorten it",
            ),
            StepResult(CLAIMS, Action.UPDATE, "skipped", message="it needs tool.lookup_policy"),
            StepResult(ECHO, Action.NOOP, "done", "p2"),
        ),
        Summary(moved=1),
        serial=8,
    ),
    exit_code=1,
)

DESTROYED = Report(
    "destroy",
    "sandbox",
    make_plan(mode="destroy"),
    ApplyResult((StepResult(ECHO, Action.DELETE, "done", "p2"),), Summary(destroyed=1), serial=9),
)

INVALID = Report(
    "validate",
    "sandbox",
    diagnostics=(
        Diagnostic(
            "W-unknown-field",
            Severity.WARNING,
            "unknown field /greating",
            hint="did you mean greeting?",
            address=CLAIMS,
            pointer="/greating",
            source=Source("claims.yaml"),
            span=Span("claims.yaml", 12, 3),
        ),
        Diagnostic(
            "L03",
            Severity.ERROR,
            "a secret stands in the manifest",
            "Anyone who reads the repository can read it.",
            "write {env: NAME}",
            CLAIMS,
            "/layers/llm/api_key",
            Source("claims.yaml"),
            Span("claims.yaml", 20, 14),
        ),
        Diagnostic("I-note", Severity.INFO, "the server picks the model", source=Source("echo.yaml")),
    ),
    exit_code=1,
)

VALID = Report("validate", "sandbox")

INCOMPLETE = Report(
    "plan",
    "sandbox",
    make_plan(
        summary=Summary(unchanged=6, incomplete=3),
        incomplete=(
            Incomplete(Obstacle.UNREADABLE, detail="tool objects cannot be listed: GET /tools answered 500"),
            Incomplete(Obstacle.SECRET_MISSING, CLAIMS, "/layers/llm/api_key", "env LLM_KEY"),
            Incomplete(Obstacle.SECRET_MISSING, ECHO, "/layers/llm/api_key", "env LLM_KEY"),
        ),
    ),
)

LONG_PROMPT = Report(
    "plan",
    "sandbox",
    make_plan(
        update(CLAIMS, FieldChange("/system_prompt", Direction.GIT, long_text(1), long_text(2))),
        change_of(ECHO, Action.CREATE, Reason.NEW, after={"pal_name": "Echo", "system_prompt": long_text(1)}),
        summary=Summary(added=1, changed=1),
    ),
)

PLAIN_REPORTS: dict[str, Report] = {
    "empty": EMPTY,
    "import-only": IMPORT_ONLY,
    "mixed": MIXED,
    "blocked": BLOCKED,
    "drift": DRIFT,
    "no-drift": NO_DRIFT,
    "applied": APPLIED,
    "failed": FAILED,
    "destroyed": DESTROYED,
    "invalid": INVALID,
    "valid": VALID,
    "long-prompt": LONG_PROMPT,
    "nothing": Report("export"),
}
