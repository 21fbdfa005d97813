"""M24: a legacy guardrail set becomes single guardrails."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.migrations.base import (
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
from reconciler.types.address import Address
from reconciler.types.edit import Edit, NewDocument, RemoveValue, SetValue
from reconciler.types.json import Json, Object

NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
MOST = 50
WHY = "guardrail sets are legacy; guardrails are objects of their own now, attached one by one"


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    held = subject.spec.get("guardrails_id")
    where = ("/guardrails_id",)
    if isinstance(held, str) and held:
        note = "what the set holds is not in the files: export it as a GuardrailSet manifest and refer to that"
        yield Finding(where, f"the guardrail set {held} has to be split", WHY, notes=(note,))
        return
    target = held.get("ref") if isinstance(held, dict) and len(held) == 1 else None
    if not isinstance(target, str):
        return
    entries = _entries(target, context)
    problem = _problem(entries)
    if problem or entries is None:
        yield Finding(where, f"{target} cannot be split yet", WHY, notes=(problem,))
        return
    yield from _split(subject, context, target, entries)


def _split(subject: Subject, context: Context, target: str, entries: list[Object]) -> Iterator[Finding]:
    known = {other.address: other for other in context.subjects if not other.overlay}
    documents: list[NewDocument] = []
    names = [str(entry["guardrail_name"]) for entry in entries]
    for name, entry in zip(names, entries, strict=True):
        existing = known.get(Address("guardrail", name))
        body = {**entry, "app_message": entry.get("app_message", True)}
        if existing is None:
            head: Object = {"apiVersion": "personas/v1", "kind": "Guardrail", "metadata": {"name": name}}
            documents.append(NewDocument(f"{name}.yaml", {**head, "spec": body}))
        elif existing.spec.get("guardrail_prompt") != entry.get("guardrail_prompt"):
            note = f"another guardrail {name} with a different prompt is in this project: rename one of the two"
            yield Finding(("/guardrails_id",), f"{target} cannot be split yet", WHY, notes=(note,))
            return
    held = subject.spec.get("guardrail_ids")
    references: list[Json] = [{"ref": f"guardrail.{name}"} for name in names]
    more = [one for one in references if not (isinstance(held, list) and one in held)]
    edits: tuple[Edit, ...]
    if isinstance(held, list) and held:
        edits = tuple(SetValue("/guardrail_ids/-", one) for one in more)
    else:
        edits = (SetValue("/guardrail_ids", references),)
    edits = (*edits, RemoveValue("/guardrails_id"))
    question = Question(
        target,
        f"{target} becomes {len(names)} guardrails ({', '.join(names)}), each reporting to the app?",
        (Choice("split", "app_message true, the documented default; what sets did is not documented", "judgement"),),
    )
    finding = Finding(("/guardrails_id",), f"{target} is a legacy set of {len(names)} guardrails", WHY)
    for found in ask(subject, context, MIGRATION.name, question, finding, {"split": edits}.get):
        yield Finding(
            found.pointers, found.summary, found.why, found.edits,
            tuple(documents) if found.edits else (), found.question, found.answer, found.notes,
        )  # fmt: skip


def _entries(target: str, context: Context) -> list[Object] | None:
    found = next((one for one in context.subjects if str(one.address) == target and not one.overlay), None)
    data = found.spec.get("data") if found is not None else None
    if not isinstance(data, list) or not data:
        return None
    return [item for item in data if isinstance(item, dict)]


def _problem(entries: list[Object] | None) -> str:
    if entries is None:
        return "no manifest of this project holds the set's entries"
    for entry in entries:
        name, prompt = entry.get("guardrail_name"), entry.get("guardrail_prompt")
        if not isinstance(name, str) or not NAME.fullmatch(name):
            return f"the name {name!r} has to be letters, digits and _; callbacks carry it, so choose it by hand"
        if not isinstance(prompt, str) or not prompt or len(prompt) > 1000:
            return f"the prompt of {name} must have 1 to 1,000 characters"
    names = [entry["guardrail_name"] for entry in entries]
    if len(set(map(str, names))) < len(names):
        return "two entries have one name"
    return f"more than {MOST} guardrails" if len(names) > MOST else ""


MIGRATION = Migration(
    id="M24",
    name="guardrail-set-split",
    safety=Safety.ASK,
    find=find,
    overlays=False,
    sources="contract of June 2026, changelog of May and June 2026",
    doc=MigrationDoc(
        what="guardrails_id that refers to a GuardrailSet manifest becomes guardrail_ids, with a Guardrail "
        "manifest for "
        "each entry of the set.",
        why="Sets are legacy. Whether they sent messages to the app is not documented, so a person agrees to "
        "app_message true; prompts of sets are commands while the pages now ask for a description of the violation.",
        before="pal_name: A\nguardrails_id: {ref: guardrail_set.house_rules}\n",
        after="pal_name: A\nguardrail_ids: [{ref: guardrail.no_legal_advice}]\n",
        answers={"*": "split"},
    ),
)
