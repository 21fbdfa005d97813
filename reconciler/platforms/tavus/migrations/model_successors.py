"""Models and engines of earlier generations: what follows them (M07, M11, M15, M16)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migration import (
    YES,
    Choice,
    Context,
    Find,
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
from reconciler.types.catalogue import Catalogue, Status, Successor, is_hosted
from reconciler.types.json import is_filled, lookup
from reconciler.types.manifest import Edit, SetValue

NO_REASON = Successor()


def choices_for(catalogue: Catalogue, id: str, table: str, *, others: bool = False) -> tuple[Choice, ...]:
    """The successor first, then its alternatives, then (`others`) every other current entry of the table."""
    after = catalogue.successor(id, table) or NO_REASON
    rows: dict[str, Choice] = {}
    if after.id is not None:
        rows[after.id] = _choice(catalogue, after.id, table, after.reason, after.basis)
    for other in after.alternatives:
        rows.setdefault(other, _choice(catalogue, other, table, "", "judgement"))
    if others:
        for other in catalogue.tables.get(table, {}):
            if catalogue.status(other, table).is_current and other not in rows and other != id:
                rows[other] = _choice(catalogue, other, table, "", "")
    rows.pop(id, None)
    return tuple(rows.values())


def follows(catalogue: Catalogue, id: str, table: str) -> bool:
    """Whether the catalogue names a successor: else the first choice is only the first of many."""
    after = catalogue.successor(id, table)
    return after is not None and after.id is not None and after.id != id


def proposed(catalogue: Catalogue, id: str, table: str, answer: str) -> str:
    """The answer; for `yes` (in a project file) the successor, where the catalogue proposes one."""
    after = catalogue.successor(id, table)
    return after.id if answer == YES and after is not None and after.id is not None else answer


def _choice(catalogue: Catalogue, id: str, table: str, reason: str, basis: str) -> Choice:
    row = catalogue.entry(id, table)
    status = catalogue.status(id, table).value
    said = "; ".join(part for part in (reason, row.best_for if row else "", f"{status} now") if part)
    return Choice(id, said, basis, row.scores if row else None, row.context_window if row else None)


def replace_outdated(name: str, pointer: str, table: str, why: str) -> Find:
    """The search of the migration `name`: asks for what follows the value at `pointer` where the catalogue's `table`
    calls it outdated."""

    def find(subject: Subject, context: Context) -> Iterator[Finding]:
        catalogue = context.catalogue
        value = text_at(subject.spec, pointer)
        status = catalogue.status(value, table)
        if not value or not status.is_outdated:
            return

        def carry_out(answer: str) -> tuple[Edit, ...] | None:
            answer = proposed(catalogue, value, table, answer)
            usable = answer in catalogue.known(table) and not catalogue.status(answer, table).is_outdated
            return (SetValue(pointer, answer),) if usable else None

        finding = Finding((pointer,), f"{value} is {status.value}", why, broken=status is Status.REMOVED)
        choices = choices_for(catalogue, value, table)
        question = Question(
            value, f"what follows {value}?", choices, "any other value of the catalogue",
            proposes=follows(catalogue, value, table),
        )  # fmt: skip
        yield from ask(subject, context, name, question, finding, carry_out)

    return find


LLM_MODEL = "/layers/llm/model"
BASE_URL = "/layers/llm/base_url"
STATUS_WORDS = {
    Status.LEGACY: "is legacy",
    Status.DEPRECATED: "is deprecated (it may still answer)",
    Status.UNLISTED: "is not listed by the vendor any more",
    Status.REMOVED: "was removed",
    Status.INTERNAL: "is internal to the platform",
}


def find_model_successor(subject: Subject, context: Context) -> Iterator[Finding]:
    model = text_at(subject.spec, LLM_MODEL)
    catalogue = context.catalogue
    status = catalogue.status(model) if is_hosted(model) else Status.UNKNOWN
    if status not in STATUS_WORDS or is_filled(lookup(subject.spec, BASE_URL)):
        return
    summary = f"{model} {STATUS_WORDS[status]}"
    after = catalogue.successor(model)
    given = context.answer(MODEL_SUCCESSOR.name, model, subject)
    if after is not None and after.id and after.is_documented and given is None:
        why = f"{after.reason} (documented)"
        notes = model_notes(subject, catalogue, after.id)
        edits: tuple[Edit, ...] = (SetValue(LLM_MODEL, after.id),)
        yield Finding((LLM_MODEL,), f"{summary}: {after.id} follows it", why, edits, notes=notes, beside=(BASE_URL,))
        return

    def carry_out(answer: str) -> tuple[Edit, ...] | None:
        answer = proposed(catalogue, model, "llm", answer)
        found = catalogue.status(answer)
        usable = found.is_current or found is Status.REPORTED
        return (SetValue(LLM_MODEL, answer),) if usable and answer != model else None

    why = f"{after.reason} ({after.basis})" if after is not None and after.reason else "nothing documented follows it"
    notes = (
        model_notes(subject, catalogue, proposed(catalogue, model, "llm", given))
        if given and carry_out(given)
        else ()
    )
    own = catalogue.entry(model)
    if own is not None and own.scores is not None:
        scores = own.scores
        why += (
            f"; its scores: speed {scores.speed}, intelligence {scores.intelligence}, naturalness "
            f"{scores.naturalness}"
        )
    choices = choices_for(catalogue, model, "llm", others=True)
    question = Question(model, f"what follows {model}?", choices, proposes=follows(catalogue, model, "llm"))
    broken = status in (Status.REMOVED, Status.INTERNAL)
    finding = Finding((LLM_MODEL,), summary, why, notes=notes, beside=(BASE_URL,), broken=broken)
    yield from ask(subject, context, MODEL_SUCCESSOR.name, question, finding, carry_out)


def model_notes(subject: Subject, catalogue: Catalogue, model: str) -> tuple[str, ...]:
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


MODEL_SUCCESSOR = Migration(
    id="M15",
    name="model-successor",
    safety=Safety.ASK,
    kinds=("persona",),
    find=find_model_successor,
    cures=("L09", "L32"),
    sources="the catalogue; changelog of 2025-12-18",
    doc=MigrationDoc(
        what="layers.llm.model names a hosted model that the configured generation of the catalogue calls "
        "deprecated, unlisted, removed or internal, and there is no base_url.",
        why="Where the vendor itself moved the personas (tavus-llama-4 to tavus-gpt-oss) the file follows. "
        "Every other replacement trades speed, intelligence and naturalness, so a person chooses with the "
        "scores in view. An accepted model may still stay silent: try a conversation afterwards.",
        before="layers: {llm: {model: tavus-llama-4}}\n",
        after="layers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)


RAVEN_0_TO_RAVEN_1 = Migration(
    id="M07",
    name="raven-0-to-raven-1",
    safety=Safety.ASK,
    kinds=("persona",),
    find=replace_outdated(
        "raven-0-to-raven-1",
        "/layers/perception/perception_model",
        "perception",
        "raven-1 adds an audio analysis before every utterance that the LLM sees, so prompts see new text "
        "and latency and cost may change; after basic, a custom LLM gets system messages instead of user "
        "messages",
    ),
    sources="perception migration guide, contract of June 2026",
    doc=MigrationDoc(
        what="perception_model raven-0 or basic becomes raven-1.",
        why="The old models are legacy, and tools that are fired by what is seen or heard need raven-1. It is not "
        "the same behaviour, so a person decides, once for all personas or one by one.",
        before="layers: {perception: {perception_model: raven-0}}\n",
        after="layers: {perception: {perception_model: raven-1}}\n",
        answers={"*": "raven-1"},
    ),
)


TURN_DETECTION_MODEL = Migration(
    id="M11",
    name="turn-detection-model",
    safety=Safety.ASK,
    kinds=("persona",),
    find=replace_outdated(
        "turn-detection-model",
        "/layers/conversational_flow/turn_detection_model",
        "turn_detection",
        "newer models hear the end of a turn better, which is not the same behaviour; a fixed delay exists no more",
    ),
    sources="turn-taking page, June 2026",
    doc=MigrationDoc(
        what="turn_detection_model sparrow-0 or time-based becomes sparrow-1.",
        why="The old ones are legacy and not looked after any more. The vendor recommends sparrow-1; it behaves "
        "differently, so a person decides. sparrow-1 itself is current and stays.",
        before="layers: {conversational_flow: {turn_detection_model: sparrow-0, turn_taking_patience: high}}\n",
        after="layers: {conversational_flow: {turn_detection_model: sparrow-1, turn_taking_patience: high}}\n",
        answers={"*": "sparrow-1"},
    ),
)


STT_ENGINE = Migration(
    id="M16",
    name="stt-engine",
    safety=Safety.ASK,
    kinds=("persona",),
    find=replace_outdated(
        "stt-engine",
        "/layers/stt/stt_engine",
        "stt_engine",
        "another engine hears differently; where conversations detect the language, only auto, soniox and whisper do",
    ),
    sources="speech recognition page, June 2026",
    doc=MigrationDoc(
        what="stt_engine tavus-turbo or tavus-advanced becomes tavus-auto (or another current engine).",
        why="The old engines are deprecated or not listed any more. Hotwords stay as they are.",
        before="layers: {stt: {stt_engine: tavus-advanced, hotwords: Roey is a name.}}\n",
        after="layers: {stt: {stt_engine: tavus-auto, hotwords: Roey is a name.}}\n",
        answers={"*": "tavus-auto"},
    ),
)
