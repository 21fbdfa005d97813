"""The questions of `migrate`: asked on a terminal until each has an answer that fits, or answered as proposed."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.cli.output import say
from reconciler.types.json import number_in

if TYPE_CHECKING:
    from reconciler.api.migrate import MigrationRun
    from reconciler.core.migration import Answers, Migration
    from reconciler.core.migration_result import MigrationResult, OpenQuestion

LATER, EACH, END = "", "each", "q"


@dataclass(slots=True)
class Questions:
    """The questions of one run, and what was answered so far."""

    run: MigrationRun
    width: int
    result: MigrationResult
    """With the answers so far."""
    given: Answers = field(default_factory=dict)
    """What was answered here."""
    passed: set[tuple[str, str, str]] = field(default_factory=set)
    """Migration, key and manifest of what is left open: nobody is asked again."""

    def ask_all(self) -> None:
        """Ask what is open, one after the other, until nothing is or the person has enough."""
        count = 0
        while todo := [question for question in self.result.open_questions if not _what(question) <= self.passed]:
            count += 1
            if not self.ask_one(todo[0], f"Question {count} of {count + len(todo) - 1}"):
                return

    def ask_one(self, asked: OpenQuestion, title: str) -> bool:
        """Ask until an answer fits, or it is put off. False where the person wants no more questions."""
        from reconciler.reporters.migration_diff import conceal
        from reconciler.reporters.migration_questions import question_lines

        say(f"\n{title}")
        for line in question_lines(self.result, asked, self.width):
            say(conceal(line, self.result.secrets))
        while True:
            several = ", each" if len(asked.addresses) > 1 else ""
            say(f"  Answer (1-{len(asked.choices) + 1}, ? for help{several}; empty: decide later): ", end="")
            typed = _read_line()
            if typed is None or typed == END:
                return False
            line = typed
            if line == LATER:
                self.passed |= _what(asked)
                return True
            if line.startswith("?"):
                self.explain(asked, line[1:].strip())
            elif line == EACH and several:
                return all(
                    self.ask_one(question, f"For {question.addresses[0]} alone") for question in asked.by_address()
                )
            elif self.answer(asked, self.meant(asked, line)):
                return True

    def meant(self, asked: OpenQuestion, line: str) -> str:
        """The answer that a line stands for: its number in the list, or the words themselves."""
        from reconciler.core.migration import KEEP

        values = [*asked.choices, KEEP]
        number = number_in(line)
        return values[number - 1] if number is not None and 1 <= number <= len(values) else line

    def answer(self, asked: OpenQuestion, value: str) -> bool:
        """Take the answer, where it settles the question for at least one manifest; else say why not."""
        from reconciler.core.migration import KEEP
        from reconciler.reporters.migration_diff import conceal

        reasons: dict[str, None] = {}
        for keys in ((asked.key,), asked.keys_of_its_own):
            if asked.alone and keys == (asked.key,):
                continue
            more = {asked.name: dict.fromkeys(keys, value)}
            trial = self.run.once(self._with(more))
            left = next(
                (
                    question
                    for question in trial.open_questions
                    if (question.name, question.key) == (asked.name, asked.key)
                ),
                None,
            )
            still = set(left.addresses) & set(asked.addresses) if left is not None else set()
            fewer = len(still) < len(asked.addresses)
            if fewer or (left is not None and left.question.text != asked.question.text):
                self._take(more, trial)
                return True
            reasons |= dict.fromkeys(left.notes if left is not None else ())
        known = ", ".join([*asked.choices, KEEP]) + (f", or {asked.question.free}" if asked.question.free else "")
        said = [note for note in reasons if note not in asked.notes] or [f"that is none of {known}"]
        say(f"  {conceal('; '.join(said), self.result.secrets)}")
        return False

    def explain(self, asked: OpenQuestion, which: str) -> None:
        """What the question is about, or what one of the answers would change."""
        from reconciler.reporters.migration_diff import conceal, file_diff
        from reconciler.reporters.migration_questions import help_lines

        if which:
            value = self.meant(asked, which)
            keys = asked.keys_of_its_own if asked.alone else (asked.key,)
            trial = self.run.once(self._with({asked.name: dict.fromkeys(keys, value)}))
            before = {file.path: file.after for file in self.result.files}
            files = [file for file in trial.files if before.get(file.path) != file.after]
            for file in files:
                say(file_diff(file, trial.secrets, trial.prefix))
            say(f"  {value}: {'as above' if files else 'no file changes'}")
            return
        migration: Migration = next(one for one in self.run.options.migrations if one.name == asked.name)
        for line in help_lines(migration, asked, self.width, self.result.prefix):
            say(conceal(line, self.result.secrets))

    def _with(self, more: Answers) -> Answers:
        return self._merged(self.run.options.answers, self.given, more)

    def _merged(self, *layers: Answers) -> Answers:
        from reconciler.core.migration import merge_answers

        return merge_answers(*layers)

    def _take(self, more: Answers, result: MigrationResult) -> None:
        self.given = self._merged(self.given, more)
        self.result = result


def _what(asked: OpenQuestion) -> set[tuple[str, str, str]]:
    return {(asked.name, asked.key, address) for address in asked.addresses}


def _read_line() -> str | None:
    """What was typed, without blanks around it; None where there is nobody any more."""
    try:
        line = sys.stdin.readline()
    except UnicodeDecodeError:
        return "\ufffd"
    except OSError:
        return None
    return line.strip() if line else None
