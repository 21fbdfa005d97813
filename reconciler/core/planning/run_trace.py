"""What a reading run asked for, with a mark of what it found: while all of it is as it was, so is the outcome."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from typing import TypeAlias

Question: TypeAlias = tuple[str, ...]
"""Whom a run asked (`tree`, `secret`, `answer`, ...), and what."""
BYTES = 16
MARK = 2 * BYTES


class Trace:
    """The questions of one run in the order in which they were asked first. Safe to use from several threads.

    Marks are keyed: texts that are easy to guess, and secrets above all, cannot be told from them.
    """

    def __init__(self, key: bytes) -> None:
        """`key` has at most 64 bytes."""
        self._key = key
        self._marks: dict[Question, bytes] = {}
        self.exact = True
        """Whether the questions say everything: False once one had two answers, or could not be noted."""

    def note(self, question: Question, *found: bytes) -> None:
        """Take note of an answer, whatever pieces it comes in."""
        total = blake2b(key=self._key, digest_size=BYTES)
        for piece in found:
            total.update(piece)
        mark = total.digest()
        if self._marks.setdefault(question, mark) != mark:
            self.exact = False

    def questions(self, *whom: str) -> list[Question]:
        """Everything that was asked of `whom`."""
        return [question for question in self._marks if question[0] in whom]

    def marks(self, questions: Iterable[Question]) -> str:
        """The marks of the answers to `questions` one after the other, `MARK` characters each; all of them were
        noted."""
        return b"".join([self._marks[question] for question in questions]).hex()
