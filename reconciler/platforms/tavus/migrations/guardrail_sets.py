"""Legacy sets of guardrails: split into guardrails, and taken off the persona (M24, M25)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from reconciler.core.migration import (
    KEEP,
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
from reconciler.platforms.tavus.migrations.taken_names import THEIRS, Holder, in_account, in_files, new_manifest
from reconciler.types.json import Json, Object, is_filled
from reconciler.types.manifest import Edit, NewDocument, RemoveValue, SetValue

NAME = re.compile(r"[A-Za-z0-9_]{1,100}")
MOST = 50
SPLIT_WHY = "guardrail sets are legacy; guardrails are objects of their own now, attached one by one"


def find_guardrail_set_split(subject: Subject, context: Context) -> Iterator[Finding]:
    held = subject.spec.get("guardrails_id")
    where = ("/guardrails_id",)
    if isinstance(held, str) and held:
        note = "what the set holds is not in the files: export it as a GuardrailSet manifest and refer to that"
        yield Finding(where, f"the guardrail set {held} has to be split", SPLIT_WHY, notes=(note,))
        return
    target = held.get("ref") if isinstance(held, dict) and len(held) == 1 else None
    if not isinstance(target, str):
        return
    entries = _entries(target, context)
    problem = _problem(entries)
    if problem or entries is None:
        yield Finding(where, f"{target} cannot be split yet", SPLIT_WHY, notes=(problem,))
        return
    yield from _split(subject, context, target, entries)


def _split(subject: Subject, context: Context, target: str, entries: list[Object]) -> Iterator[Finding]:
    if context.answer(GUARDRAIL_SET_SPLIT.name, target, subject) == KEEP:
        return
    documents: list[NewDocument] = []
    references: list[Json] = []
    open_names: list[Finding] = []
    answers: list[str] = []
    for entry in entries:
        name = str(entry["guardrail_name"])
        body = {**entry, "app_message": entry.get("app_message", True)}
        answer = _chosen(name, context)
        if answer == KEEP:
            return
        holder = _holder(name, context)
        if answer == THEIRS and holder is not None:
            references.append(holder.reference())
            answers.append(answer)
            continue
        if answer is not None and answer != THEIRS:
            # The name is given by the answer, whether or not anybody looked at the account.
            body, holder = {**body, "guardrail_name": answer}, _holder(answer, context)
            answers.append(answer)
        if answer == THEIRS or (holder is not None and not holder.is_same("guardrail", body)):
            open_names.append(_taken(target, name, holder or Holder("the account"), answer))
            continue
        if holder is None or holder.address is None:
            documents.append(new_manifest("Guardrail", str(body["guardrail_name"]), body))
        address = holder.address if holder is not None else None
        references.append({"ref": str(address) if address is not None else f"guardrail.{body['guardrail_name']}"})
    if open_names:
        yield from open_names
        return
    held = subject.spec.get("guardrail_ids")
    more = [reference for reference in references if not (isinstance(held, list) and reference in held)]
    edits: tuple[Edit, ...]
    if isinstance(held, list) and held:
        edits = tuple(SetValue("/guardrail_ids/-", item) for item in more)
    else:
        edits = (SetValue("/guardrail_ids", references),)
    edits = (*edits, RemoveValue("/guardrails_id"))
    names = [str(entry["guardrail_name"]) for entry in entries]
    question = Question(
        target,
        f"{target} becomes {len(names)} guardrails ({', '.join(names)}), each reporting to the app?",
        (Choice("split", "app_message true, the documented default; what sets did is not documented", "judgement"),),
    )
    summary = f"{target} is a legacy set of {len(names)} guardrails"
    finding = Finding(("/guardrails_id",), summary, SPLIT_WHY, beside=("/guardrail_ids",))
    for found in ask(subject, context, GUARDRAIL_SET_SPLIT.name, question, finding, {"split": edits}.get):
        yield replace(found, documents=tuple(documents) if found.edits else ())


def _holder(name: str, context: Context) -> Holder | None:
    return in_files("guardrail", name, context) or in_account("guardrail", name, context)


def _chosen(name: str, context: Context) -> str | None:
    """What a person said about a name that somebody else has: keep, theirs, or another name."""
    answer = context.answers.get(GUARDRAIL_SET_SPLIT.name, {}).get(name)
    return answer if answer in (KEEP, THEIRS) or (answer and NAME.fullmatch(answer)) else None


def _taken(target: str, name: str, holder: Holder, answer: str | None) -> Finding:
    question = Question(
        name,
        f"{target} has a guardrail {name}, and {holder.whose} another one of that name. What becomes of it?",
        (Choice(THEIRS, "the set's is dropped for it: its text counts from then on"),),
        "another name for the set's (callbacks carry it)",
        proposes=False,
    )
    notes = (f"the name {answer} is taken, too",) if answer else ()
    if answer == THEIRS:
        notes = ("files alone do not know which one that is: write its id into guardrail_ids, and take the set away",)
    summary = f"{target} cannot be split before {name} is settled"
    return Finding(("/guardrails_id",), summary, SPLIT_WHY, question=question, notes=notes)


def _entries(target: str, context: Context) -> list[Object] | None:
    found = context.base(target)
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


GUARDRAIL_SET_SPLIT = Migration(
    id="M24",
    name="guardrail-set-split",
    safety=Safety.ASK,
    kinds=("persona",),
    find=find_guardrail_set_split,
    asks_about="guardrail",
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


def find_guardrail_set_detach(subject: Subject, context: Context) -> Iterator[Finding]:
    spec = subject.spec
    if not is_filled(spec.get("guardrails_id")):
        return
    if not is_filled(spec.get("guardrail_ids")) and not is_filled(spec.get("guardrail_tags")):
        return
    edits: dict[str, tuple[Edit, ...]] = {"detach": (RemoveValue("/guardrails_id"),)}
    choices = (Choice("detach", "once every rule of the set is among the guardrails", "judgement"),)
    question = Question("detach", "does the persona still need its legacy set?", choices, proposes=False)
    why = "both together only enforce twice; the set itself is never deleted while another persona may have it"
    beside = ("/guardrail_ids", "/guardrail_tags")
    finding = Finding(("/guardrails_id",), "a legacy set beside single guardrails", why, beside=beside)
    yield from ask(subject, context, GUARDRAIL_SET_DETACH.name, question, finding, edits.get)


GUARDRAIL_SET_DETACH = Migration(
    id="M25",
    name="guardrail-set-detach",
    safety=Safety.ASK,
    kinds=("persona",),
    find=find_guardrail_set_detach,
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
