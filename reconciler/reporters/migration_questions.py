"""An open question of a migration, for people and as data: why, whom it concerns, what each answer does, who says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from textwrap import wrap

from reconciler.core.migration import KEEP, Answers, Choice, Migration
from reconciler.core.migration_result import MigrationResult, OpenQuestion
from reconciler.core.text import one_line
from reconciler.types.json import Json, Object
from reconciler.types.manifest import Edit, MoveValue, RemoveValue, RenameKey, SetValue

KEEP_CHOICE = Choice(KEEP, "leave it as it is, and do not ask again")
MOST = 8
"""So many names stand in a line; more are counted."""
MOST_NOTES = 3
"""A question of many manifests may have as many notes."""
LONGEST = 72
_BARE = re.compile(r"(?!(?:y|n|yes|no|on|off|true|false|null)$)[A-Za-z_][\w./-]*", re.IGNORECASE)


def question_lines(result: MigrationResult, asked: OpenQuestion, width: int, *, full: bool = False) -> Iterator[str]:
    """What is asked and why, who is concerned and where, and what each answer does."""
    most = len(asked.outcomes) if full else MOST
    yield f"{asked.outcomes[0].id} {asked.name}: {one_line(asked.question.text)}"
    why = dict.fromkeys(outcome.finding.why for outcome in asked.outcomes)
    for reason in why:
        yield from (f"    {line}" for line in wrap(f"why: {one_line(reason)}", max(width - 6, 40)))
    shown = asked.notes if full else asked.notes[:MOST_NOTES]
    yield from (f"    note: {one_line(note)}" for note in shown)
    if left := len(asked.notes) - len(shown):
        yield f"    and {left:,} more notes (--full shows them)"
    yield f"    in {one_line(some(asked.addresses, most))}"
    by_place: dict[tuple[str, ...], dict[str, None]] = {}
    for outcome in asked.outcomes:
        by_place.setdefault(outcome.finding.pointers, {})[result.prefix + outcome.path] = None
    for pointers, paths in list(by_place.items())[:most]:
        yield f"       {one_line(', '.join(pointers))} of {one_line(some(list(paths), most))}"
    for number, (value, kinds) in enumerate(asked.choices.items(), 1):
        yield from _choice_lines(number, value, kinds, asked, result, width)
    yield f"    {len(asked.choices) + 1}. {KEEP}: {KEEP_CHOICE.reason}"
    if asked.question.free:
        yield f"    or {one_line(asked.question.free)}"


def question_in_short(asked: OpenQuestion) -> Iterator[str]:
    """What is asked, who is concerned, and the possible answers."""
    yield f"{asked.outcomes[0].id} {asked.name}: {one_line(asked.question.text)}"
    yield f"    in {one_line(some(asked.addresses, 3))}"
    answers = [f"{value} (proposed)" if value == asked.proposal else value for value in (*asked.choices, KEEP)]
    free = [asked.question.free] if asked.question.free else []
    yield f"    {one_line(' | '.join([*answers, *free]))}"


def _choice_lines(
    number: int, value: str, kinds: Mapping[Choice, Sequence[str]], asked: OpenQuestion, result: MigrationResult,
    width: int,
) -> Iterator[str]:  # fmt: skip
    proposed = " (proposed)" if value == asked.proposal else ""
    everybody = len(asked.addresses)
    for index, (choice, who) in enumerate(kinds.items()):
        lead = f"{number}. {one_line(value)}{proposed}: " if index == 0 else "   "
        whom = f" [{some(who, 3)}]" if len(who) < everybody else ""
        first, *rest = wrap(f"{lead}{one_line(reason_of(choice))}{one_line(whom)}", max(width - 6, 40)) or [lead]
        yield f"    {first}"
        yield from (f"       {line}" for line in rest)
    edits = result.effects.get((asked.name, asked.key, value), ())
    if edits:
        yield from (f"       -> {line}" for line in map(edit_text, edits))


def edit_text(edit: Edit) -> str:
    """One change of a file in words."""
    at = one_line(edit.pointer)
    match edit:
        case SetValue():
            value = one_line(json.dumps(edit.value, ensure_ascii=False))
            return f"{at} = {value if len(value) <= LONGEST else f'{value[: LONGEST - 3]}...'}"
        case RemoveValue():
            return f"{at} goes"
        case RenameKey():
            return f"{at} is called {one_line(edit.name)}"
        case MoveValue():
            return f"{at} moves to {one_line(edit.target)}"


def reason_of(choice: Choice) -> str:
    """Why a choice might be right: reason, basis, scores, context window."""
    facts = [choice.basis] if choice.basis else []
    if choice.scores is not None:
        scores = choice.scores
        facts.append(
            f"speed {scores.speed}, intelligence {scores.intelligence}, naturalness {scores.naturalness} of 3"
        )
    if choice.context_window is not None:
        facts.append(f"context window {choice.context_window:,} tokens")
    return f"{choice.reason} ({'; '.join(facts)})" if facts else choice.reason


def help_lines(migration: Migration, asked: OpenQuestion, width: int, prefix: str = "") -> Iterator[str]:
    """What `?` says at a question."""
    for title, text in (("What", migration.doc.what), ("Why", migration.doc.why), ("Sources", migration.sources)):
        yield from (f"  {line}" for line in wrap(f"{title}: {text}", max(width - 4, 40)))
    yield "  A number or its word answers; `keep` leaves everything as it is, for good; nothing at all decides later."
    yield "  `? N` shows what answer N would change; `q` asks nothing more, what is open stays as it is."
    if len(asked.addresses) > 1:
        yield f"  `each` asks for each of the {len(asked.addresses)} manifests by itself:"
        for outcome in asked.outcomes:
            where = f"{one_line(str(outcome.address))} ({one_line(prefix + outcome.path)})"
            yield f"    {where}: {one_line(outcome.finding.summary)}"
    yield f"  In the project file the answer is: {project_line(asked)}"


def answer_flag(asked: OpenQuestion) -> str:
    """The answer on the command line."""
    return f"--answer '{one_line(asked.name)}.{one_line(asked.key)}={_value(asked)}'"


def project_line(asked: OpenQuestion) -> str:
    """The answer as one line to paste into the project file, below `migrations:`."""
    return f"{asked.name}: {{{word(asked.key)}: {word(_value(asked))}}}"


def _value(asked: OpenQuestion) -> str:
    return asked.proposal or "VALUE"


def how_to_answer(result: MigrationResult, file: str) -> Iterator[str]:
    """What to write where, so that nobody has to be asked."""
    questions = result.open_questions
    if not questions:
        return
    where = one_line(file) or "the project file"
    yield f"To answer for good, put into {where} (proposals are filled in; `keep` is an answer too):"
    answers: dict[str, dict[str, str]] = {}
    for question in questions:
        answers.setdefault(question.name, {})[question.key] = _value(question)
    yield from answer_lines(answers)
    yield "or run `reconciler migrate` on a terminal, which asks; --accept-proposed takes what is proposed."


def answer_lines(answers: Answers) -> Iterator[str]:
    """Answers as they stand in a project file."""
    yield "migrations:"
    for name, given in answers.items():
        pairs = ", ".join(f"{word(key)}: {word(value)}" for key, value in given.items())
        yield f"  {one_line(name)}: {{{one_line(pairs)}}}"


def question_json(result: MigrationResult, asked: OpenQuestion) -> Object:
    """The same as data."""
    choices: list[Json] = []
    for value, kinds in asked.choices.items():
        choice = next(iter(kinds))
        edits = result.effects.get((asked.name, asked.key, value), ())
        variants: list[Json] = [
            {"reason": reason_of(one), "manifests": list(who)} for one, who in kinds.items() if len(kinds) > 1
        ]
        whom = sorted({one for who in kinds.values() for one in who})
        choices.append(
            {
                "value": value,
                "reason": choice.reason,
                "basis": choice.basis or None,
                "context_window": choice.context_window,
                "scores": None
                if choice.scores is None
                else {
                    "speed": choice.scores.speed,
                    "intelligence": choice.scores.intelligence,
                    "naturalness": choice.scores.naturalness,
                },
                "proposed": value == asked.proposal,
                "does": list(map(edit_text, edits)),
                "manifests": list(whom),
                "variants": variants,
            }
        )
    places: list[Json] = [
        {"address": str(outcome.address), "path": outcome.path, "pointers": list(outcome.finding.pointers)}
        for outcome in asked.outcomes
    ]
    return {
        "id": asked.outcomes[0].id,
        "migration": asked.name,
        "key": asked.key,
        "text": asked.question.text,
        "why": asked.outcomes[0].finding.why,
        "notes": list(asked.notes),
        "choices": choices,
        "free": asked.question.free or None,
        "proposal": asked.proposal,
        "manifests": list(asked.addresses),
        "places": places,
        "answer": {"flag": answer_flag(asked), "project_file": f"migrations: {{{project_line(asked)}}}"},
    }


def word(text: str) -> str:
    """A text as YAML that every reader takes for it."""
    return text if _BARE.fullmatch(text) else json.dumps(text, ensure_ascii=False)


def some(names: Sequence[str], most: int = MOST) -> str:
    """The first of the names, and how many more there are."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more} more" if more > 0 else "")
