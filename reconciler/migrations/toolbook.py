"""Every inline tool of a project beside every registry tool: what each would become, decided once over all personas.

Registry names are unique in an account, so one persona alone cannot say what its tool is to be called.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from hashlib import sha256

from reconciler.core.documentedit import exists
from reconciler.core.toolbody import body_digest
from reconciler.migrations.base import KEEP, Choice, Context, Question, Subject, text_at
from reconciler.migrations.inline_tool import (
    LARGEST,
    MOST,
    NAME,
    PERCEPTION_MODEL,
    PLACES,
    RESERVED,
    UNFIT_MODELS,
    Inline,
    inline_tools,
    registry_body,
    registry_digest,
)
from reconciler.types.json import Object, lookup

DEDUPE = "inline-tool-dedupe"


@dataclass(slots=True)
class Decision:
    """What becomes of all inline tools of one name."""

    name: str
    targets: dict[str, str] = field(default_factory=dict)
    """Digest of an inline tool -> name of the registry tool it becomes; one that is not here stays inline."""
    bodies: dict[str, Object] = field(default_factory=dict)
    """Name of a registry tool that does not exist yet -> its body."""
    question: Question | None = None
    problem: str = ""
    """Why nothing can be done."""
    answered: str | None = None
    note: str = ""


class ToolBook:
    """The tools of one context."""

    def __init__(self, context: Context) -> None:
        self.context = context
        self.by_subject: dict[int, list[Inline]] = {}
        self.groups: dict[str, list[Inline]] = {}
        self.registry: dict[str, tuple[Subject, str]] = {}
        self.overlaid: dict[str, list[Subject]] = {}
        for subject in context.subjects:
            if subject.address.kind == "tool" and not subject.overlay:
                name = subject.spec.get("name")
                self.registry[name if isinstance(name, str) else subject.address.name] = (
                    subject,
                    registry_digest(subject),
                )
            elif subject.address.kind == "persona" and subject.overlay:
                self.overlaid.setdefault(str(subject.address), []).append(subject)
            elif subject.address.kind == "persona":
                found = list(inline_tools(subject))
                if found:
                    self.by_subject[id(subject)] = found
                for one in found:
                    self.groups.setdefault(one.name, []).append(one)
        self.decisions: dict[str, Decision] = {}

    def of(self, subject: Subject) -> list[Inline]:
        """The inline tools of one persona."""
        return self.by_subject.get(id(subject), [])

    def decision(self, name: str) -> Decision:
        """What becomes of the inline tools called `name`."""
        if name not in self.decisions:
            self.decisions[name] = _decide(self, name, self.groups.get(name, []))
        return self.decisions[name]

    def target(self, one: Inline) -> str | None:
        """The registry tool that an inline tool becomes, None while it stays inline."""
        return self.decision(one.name).targets.get(one.digest)

    def answer(self, key: str, group: list[Inline]) -> str | None:
        """The answer to a question about a tool; an answer for one persona alone makes no sense here."""
        given = self.context.answers.get(DEDUPE, {})
        return given.get(key) or (given.get("*") if group else None)


def tool_book(context: Context) -> ToolBook:
    """The book of this context; made once."""
    found = context.cache.get("tools")
    if not isinstance(found, ToolBook):
        found = context.cache["tools"] = ToolBook(context)
    return found


def attached_after(subject: Subject, context: Context) -> int:
    """How many registry tools the persona would have once all its inline tools are swapped."""
    book = tool_book(context)
    held = subject.spec.get("tools") or subject.spec.get("tool_ids")
    items = {repr(item) for item in held} if isinstance(held, list) else set()
    more = {repr(name) for one in book.of(subject) if (name := book.target(one)) is not None}
    return len(items | more) if more else 0


def hindrance(one: Inline, book: ToolBook) -> str:
    """Why this inline tool cannot be swapped for a registry tool yet; empty where it can."""
    for overlay in book.overlaid.get(str(one.subject.address), []):
        if any(exists(overlay.spec, pointer) for pointer in ("/tools", "/tool_ids", *PLACES)):
            return f"the overlay {overlay.path} sets tools too: bring it in line by hand first"
    held = one.subject.spec.get("tools", one.subject.spec.get("tool_ids"))
    if held is not None and not isinstance(held, list):
        return "tools is no list"
    layered = [overlay.spec for overlay in book.overlaid.get(str(one.subject.address), [])]
    models = [text_at(spec, PERCEPTION_MODEL) for spec in (one.subject.spec, *layered)]
    model = next((name for name in models if name in UNFIT_MODELS), "")
    if one.origin != "llm" and model:
        return f"registry tools that are fired by what is seen or heard need raven-1, not {model}"
    if attached_after(one.subject, book.context) > MOST:
        return f"more than {MOST} tools would be attached"
    return ""


def _decide(book: ToolBook, name: str, group: list[Inline]) -> Decision:
    decision = Decision(name)
    if any(one.parameters is not None and not isinstance(one.parameters, dict) for one in group):
        decision.problem = "its parameters are no JSON Schema object"
        return decision
    if problem := _limits(group):
        decision.problem = problem
        return decision
    wanted, description = name, None
    if not NAME.fullmatch(name):
        found = _new_name(book, decision, name, group)
        if found is None:
            return decision
        wanted = found
    if any(not isinstance(one.description, str) or not one.description.strip() for one in group):
        key = f"{name}:description"
        description = book.context.answers.get(DEDUPE, {}).get(key)
        if description is None and book.context.answers.get(DEDUPE, {}).get("*") == KEEP:
            return decision
        if description is None:
            decision.question = Question(
                key, f"what does {name} do? A registry tool needs a description", (), "a text"
            )
            return decision
        decision.answered = description
    _targets(book, decision, wanted, group, description)
    return decision


def _limits(group: list[Inline]) -> str:
    for one in group:
        text = json.dumps(one.parameters or {}, sort_keys=True)
        if len(text) + len(str(one.description or "")) > LARGEST:
            return f"description and parameters together are longer than {LARGEST:,} characters"
        properties = lookup(one.parameters, "/properties")
        if isinstance(properties, dict) and any(key.startswith(RESERVED) for key in properties):
            return f"a parameter starts with {RESERVED}, which is reserved"
    return ""


def _new_name(book: ToolBook, decision: Decision, name: str, group: list[Inline]) -> str | None:
    proposal = re.sub(r"[^A-Za-z0-9_]", "_", name)
    proposal = proposal if re.match(r"[A-Za-z_]", proposal) else f"_{proposal}"
    if len(proposal) > 64:
        proposal = f"{proposal[:55]}_{sha256(name.encode()).hexdigest()[:8]}"
    given = book.context.answers.get(DEDUPE, {})
    for_all = given.get("*")
    # One word for all tools cannot be a name.
    answer = given.get(name, for_all if for_all in ("rename", KEEP) else None)
    if answer == KEEP:
        decision.answered = answer
        return None
    if answer == "rename":
        answer = proposal if proposal not in book.groups else None
    choices = (
        ()
        if proposal in book.groups or proposal in book.registry
        else (Choice(proposal, "illegal characters become _", "judgement"),)
    )
    why = "letters, digits and _, at most 64, not starting with a digit"
    if answer is not None and NAME.fullmatch(answer):
        if answer in book.groups:
            decision.problem = f"the new name {answer} is already the name of another inline tool"
            return None
        decision.answered = answer
        return answer
    text = (
        f"{name} is no legal name of a registry tool: what is it called? Frontends and prompts may know the old name"
    )
    decision.question = Question(name, text, choices, why)
    decision.note = f"the answer {answer!r} is no such name" if answer else ""
    return None


def _targets(book: ToolBook, decision: Decision, wanted: str, group: list[Inline], description: str | None) -> None:
    """Fill in what each body becomes, or the question that has to be answered first."""
    bodies = Counter(one.digest for one in group)
    common = max(bodies, key=lambda digest: bodies[digest])
    sample = {one.digest: one for one in reversed(group)}
    known = book.registry.get(wanted)
    if known is not None:
        for digest, one in sample.items():
            same = body_digest(description or one.description, one.parameters, one.origin) == known[1]
            if same:
                decision.targets[digest] = wanted
        if len(decision.targets) == len(bodies):
            return
        others = f"a registry tool {wanted} with another body is in this project"
    elif len(bodies) == 1:
        decision.targets[common] = wanted
        decision.bodies[wanted] = registry_body(sample[common], wanted, description)
        return
    else:
        origins = {one.origin for one in group}
        others = (
            f"{len(bodies)} different bodies" if len(origins) == 1 else f"used as {' and as '.join(sorted(origins))}"
        )
    _several(book, decision, wanted, group, others, known is not None)


def _several(book: ToolBook, decision: Decision, wanted: str, group: list[Inline], others: str, exists: bool) -> None:
    bodies = Counter(one.digest for one in group)
    sample = {one.digest: one for one in reversed(group)}
    dual = len({one.origin for one in group}) > 1
    of_llm = [digest for digest in bodies if sample[digest].origin == "llm"]
    common = max(of_llm or bodies, key=lambda digest: bodies[digest])
    users = {digest: [str(one.subject.address) for one in group if one.digest == digest] for digest in bodies}
    odd = ", ".join(sorted({who for digest in bodies if digest != common for who in users[digest]}))
    choices = []
    if exists:
        choices.append(Choice("odd-inline", "those that differ from the registry tool stay inline; nothing changes"))
    else:
        choices.append(Choice("odd-inline", f"the commonest body becomes the registry tool; inline stays: {odd}"))
    if not dual:
        choices.append(Choice("common", f"one body for all; this changes {odd}"))
    choices.append(
        Choice("rename", "each other body becomes a tool of a new name; prompts and frontends must follow")
    )
    answer = book.answer(decision.name, group)
    decision.answered = answer
    if answer == "common" and not dual:
        decision.targets.update(dict.fromkeys(bodies, wanted))
    elif answer in ("odd-inline", "rename"):
        if not exists:
            decision.targets[common] = wanted
        for digest in bodies if answer == "rename" else ():
            if digest not in decision.targets:
                decision.targets[digest] = f"{wanted[:55]}_{digest[:8]}"
                _add_body(book, decision, sample[digest], decision.targets[digest])
    elif answer != KEEP:
        text = f"{decision.name}: {others}. What becomes of them?"
        decision.question = Question(decision.name, text, tuple(choices))
        decision.answered = None
    if not exists and wanted in decision.targets.values():
        _add_body(book, decision, sample[common], wanted)


def _add_body(book: ToolBook, decision: Decision, one: Inline, name: str) -> None:
    if name not in book.registry:
        decision.bodies[name] = registry_body(one, name)
