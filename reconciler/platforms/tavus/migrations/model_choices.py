"""What may replace an outdated model or engine, with reasons: the choices that a person is shown."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.migrating.migration import YES, Choice, Context, Finding, Question, Subject, ask, text_at
from reconciler.types.catalogue import Catalogue
from reconciler.types.catalogue_entry import Status, Successor
from reconciler.types.manifest_edit import Edit, SetValue

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


def proposed(catalogue: Catalogue, id: str, table: str, answer: str) -> str:
    """The answer; for `yes` (in a project file) the successor, where the catalogue proposes one."""
    after = catalogue.successor(id, table)
    return after.id if answer == YES and after is not None and after.id is not None else answer


def _choice(catalogue: Catalogue, id: str, table: str, reason: str, basis: str) -> Choice:
    row = catalogue.entry(id, table)
    status = catalogue.status(id, table).value
    said = "; ".join(part for part in (reason, row.best_for if row else "", f"{status} now") if part)
    return Choice(id, said, basis, row.scores if row else None, row.context_window if row else None)


def replace_outdated(
    subject: Subject, context: Context, name: str, pointer: str, table: str, why: str
) -> Iterator[Finding]:
    """Asks for what follows the value at `pointer` where the catalogue calls it outdated."""
    value = text_at(subject.spec, pointer)
    if not value or not context.catalogue.status(value, table).is_outdated:
        return
    choices = choices_for(context.catalogue, value, table)
    known = context.catalogue.known(table)

    def carry_out(answer: str) -> tuple[Edit, ...] | None:
        answer = proposed(context.catalogue, value, table, answer)
        usable = answer in known and not context.catalogue.status(answer, table).is_outdated
        return (SetValue(pointer, answer),) if usable else None

    status = context.catalogue.status(value, table)
    finding = Finding((pointer,), f"{value} is {status.value}", why, broken=status is Status.REMOVED)
    question = Question(value, f"what follows {value}?", choices, "any other value of the catalogue")
    yield from ask(subject, context, name, question, finding, carry_out)
