"""M15: language models that are deprecated, unlisted, removed or not for us."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import (
    Context,
    Finding,
    Migration,
    MigrationDoc,
    Question,
    Safety,
    Subject,
    ask,
    mapping_at,
    text_at,
)
from reconciler.platforms.tavus.migrations.model_choices import choices_for, proposed
from reconciler.types.catalogue import Catalogue, is_hosted
from reconciler.types.catalogue_entry import Status
from reconciler.types.json import is_filled, lookup
from reconciler.types.manifest_edit import Edit, SetValue

WHERE = "/layers/llm/model"
BASE_URL = "/layers/llm/base_url"
SAID = {
    Status.LEGACY: "is legacy",
    Status.DEPRECATED: "is deprecated (it may still answer)",
    Status.UNLISTED: "is not listed by the vendor any more",
    Status.REMOVED: "was removed",
    Status.INTERNAL: "is internal to the platform",
}


def find(subject: Subject, context: Context) -> Iterator[Finding]:
    model = text_at(subject.spec, WHERE)
    catalogue = context.catalogue
    status = catalogue.status(model) if is_hosted(model) else Status.UNKNOWN
    if status not in SAID or is_filled(lookup(subject.spec, BASE_URL)):
        return
    summary = f"{model} {SAID[status]}"
    after = catalogue.successor(model)
    given = context.answer(MIGRATION.name, model, subject)
    if after is not None and after.id and after.is_documented and given is None:
        why = f"{after.reason} (documented)"
        notes = checks(subject, catalogue, after.id)
        edits: tuple[Edit, ...] = (SetValue(WHERE, after.id),)
        yield Finding((WHERE,), f"{summary}: {after.id} follows it", why, edits, notes=notes, beside=(BASE_URL,))
        return

    def carry_out(answer: str) -> tuple[Edit, ...] | None:
        answer = proposed(catalogue, model, "llm", answer)
        found = catalogue.status(answer)
        usable = found.is_current or found is Status.REPORTED
        return (SetValue(WHERE, answer),) if usable and answer != model else None

    why = f"{after.reason} ({after.basis})" if after is not None and after.reason else "nothing documented follows it"
    notes = checks(subject, catalogue, proposed(catalogue, model, "llm", given)) if given and carry_out(given) else ()
    own = catalogue.entry(model)
    if own is not None and own.scores is not None:
        scores = own.scores
        why += (
            f"; its scores: speed {scores.speed}, intelligence {scores.intelligence}, naturalness "
            f"{scores.naturalness}"
        )
    choices = choices_for(catalogue, model, "llm", others=True)
    question = Question(model, f"what follows {model}?", choices)
    broken = status in (Status.REMOVED, Status.INTERNAL)
    finding = Finding((WHERE,), summary, why, notes=notes, beside=(BASE_URL,), broken=broken)
    yield from ask(subject, context, MIGRATION.name, question, finding, carry_out)


def checks(subject: Subject, catalogue: Catalogue, model: str) -> tuple[str, ...]:
    """What to look at when the persona moves to `model`."""
    notes: list[str] = []
    row = catalogue.entry(model)
    extra = mapping_at(subject.spec, "/layers/llm/extra_body")
    if row is not None and len(row.exclusive) > 1 and all(name in extra for name in row.exclusive):
        notes.append(f"{model} does not take {' and '.join(row.exclusive)} together: keep one of them")
    if unknown := [name for name in extra if name not in catalogue.parameter_names(model)]:
        notes.append(f"{model} is not known to take {', '.join(unknown)}")
    prompt = f"{text_at(subject.spec, '/system_prompt')}{text_at(subject.spec, '/context')}"
    budget = catalogue.budget(model)
    tokens = catalogue.tokens(prompt)
    if tokens > budget.window:
        notes.append(f"the prompt has about {tokens:,} tokens; {model} is good for {budget.window:,}")
    elif budget.degraded_from is not None and tokens > budget.degraded_from:
        notes.append(f"the prompt has about {tokens:,} tokens; from {budget.degraded_from:,} on answers get worse")
    return tuple(notes)


MIGRATION = Migration(
    id="M15",
    name="model-successor",
    safety=Safety.ASK,
    find=find,
    cures=("L09", "L32"),
    sources="the catalogue; changelog of 2025-12-18",
    doc=MigrationDoc(
        what="layers.llm.model names a hosted model that the configured generation of the catalogue calls "
        "deprecated, "
        "unlisted, removed or internal, and there is no base_url.",
        why="Where the vendor itself moved the personas (tavus-llama-4 to tavus-gpt-oss) the file follows. "
        "Every other "
        "replacement trades speed, intelligence and naturalness, so a person chooses with the scores in view. An "
        "accepted model may still stay silent: try a conversation afterwards.",
        before="layers: {llm: {model: tavus-llama-4}}\n",
        after="layers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
