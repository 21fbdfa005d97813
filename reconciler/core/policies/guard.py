"""The changes of a plan held against the policies: blocked is what is written, warned of is what stays as it is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.core.policies import POLICIES
from reconciler.core.policies.policy import PolicyRule, Situation, Subject
from reconciler.types.address import Address
from reconciler.types.change import Action, Block, Change
from reconciler.types.diagnostic import Diagnostic, Severity, Source
from reconciler.types.json import Object
from reconciler.types.manifest import Manage

CODE = "E-policy"
MOST = 20
"""Warnings of one policy that stand alone; the others are counted."""


def guard(changes: Sequence[Change], situation: Situation) -> tuple[tuple[Change, ...], tuple[Block, ...]]:
    """The changes with the blocks of each, and the blocks of the plan as a whole."""
    rules = [rule for rule in POLICIES.all().values() if rule.active(situation.policy)]
    guarded = list(changes)
    for index, change in enumerate(changes):
        found = [block for rule in rules if rule.change for block in rule.change(change, situation)]
        found += value_blocks(change, situation, rules)
        if found:
            guarded[index] = replace(change, blocked=(*change.blocked, *found))
    whole = [rule.plan(guarded, situation) for rule in rules if rule.plan]
    return tuple(guarded), tuple(block for block in whole if block is not None)


def value_blocks(change: Change, situation: Situation, rules: Iterable[PolicyRule]) -> Iterator[Block]:
    """A block for each value that `change` would write and a policy does not allow."""
    judges = [(rule.name, rule.values) for rule in rules if rule.values is not None]
    written = _written(change)
    if not judges or not written:
        return
    subject = Subject(change.address, change.kind, {**(change.managed or {}), **written})
    for name, judge in judges:
        for found in judge(subject, situation):
            if found.concerns(written):
                yield Block(name, found.message, f"{found.hint}, or --exclude {change.address}", found.pointer)


def standing_violations(
    changes: Iterable[Change], situation: Situation, sources: Mapping[Address, Source]
) -> list[Diagnostic]:
    """Warnings about values that are live already and that this plan leaves as they are; `changes` are all that was
    compared, what is in sync included."""
    judges = [(rule.name, rule.values) for rule in POLICIES.all().values() if rule.values]
    judges = [(name, judge) for name, judge in judges if POLICIES.get(name).active(situation.policy)]
    found: dict[str, list[Diagnostic]] = defaultdict(list)
    for change in changes if judges else ():
        written = _written(change)
        subject = Subject(change.address, change.kind, {**(change.managed or {}), **written})
        for name, judge in judges:
            found[name] += [
                Diagnostic(
                    CODE,
                    Severity.WARNING,
                    f"{change.address}: {violation.message}",
                    f"policy {name}: it is live already and this plan does not touch it, so it is not blocked",
                    violation.hint,
                    change.address,
                    violation.pointer,
                    sources.get(change.address),
                )
                for violation in judge(subject, situation)
                if not violation.concerns(written)
            ]
    return [diagnostic for name, group in found.items() for diagnostic in _bounded(name, group)]


def _bounded(name: str, found: Sequence[Diagnostic]) -> Iterator[Diagnostic]:
    yield from found[:MOST]
    if len(found) > MOST:
        summary = f"policy {name}: {len(found) - MOST} more values that are live already are not allowed"
        yield Diagnostic(CODE, Severity.WARNING, summary, hint="look at one of them with --target ADDR")


def _written(change: Change) -> Object:
    """The leaves that apply would send."""
    if change.action not in (Action.CREATE, Action.UPDATE) or change.lifecycle.manage is Manage.OBSERVE:
        return {}
    return {field.path: field.after for field in change.fields if field.after is not None}
