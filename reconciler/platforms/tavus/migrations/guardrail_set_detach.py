"""M25: a legacy guardrail set beside the guardrails that took its place."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import (
    Choice,
    Context,
    Finding,
    Migration,
    MigrationDoc,
    Question,
    Safety,
    Subject,
    ask,
)
from reconciler.types.json import is_filled
from reconciler.types.manifest_edit import Edit, RemoveValue


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    spec = subject.spec
    if not is_filled(spec.get("guardrails_id")):
        return
    if not is_filled(spec.get("guardrail_ids")) and not is_filled(spec.get("guardrail_tags")):
        return
    edits: dict[str, tuple[Edit, ...]] = {"detach": (RemoveValue("/guardrails_id"),)}
    choices = (Choice("detach", "once every rule of the set is among the guardrails", "judgement"),)
    question = Question("detach", "does the persona still need its legacy set?", choices)
    why = "both together only enforce twice; the set itself is never deleted while another persona may have it"
    beside = ("/guardrail_ids", "/guardrail_tags")
    finding = Finding(("/guardrails_id",), "a legacy set beside single guardrails", why, beside=beside)
    yield from ask(subject, context, MIGRATION.name, question, finding, edits.get)


MIGRATION = Migration(
    id="M25",
    name="guardrail-set-detach",
    safety=Safety.ASK,
    find=find,
    overlays=False,
    sources="contract of June 2026",
    doc=MigrationDoc(
        what="guardrails_id beside guardrail_ids or guardrail_tags goes.",
        why="The field is legacy. Whether the single guardrails cover everything that the set did, a person says.",
        before="pal_name: A\nguardrails_id: g178c7c5e032b\nguardrail_ids: [g1234567890ab]\n",
        after="pal_name: A\nguardrail_ids: [g1234567890ab]\n",
        answers={"*": "detach"},
    ),
)
