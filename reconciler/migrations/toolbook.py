"""Every inline tool of a project beside every registry tool: what each would become, decided once over all personas.

Registry names are unique in an account, so one persona alone cannot say what its tool is to be called.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256

from reconciler.migrations.base import KEEP, YES, Choice, Context, Question, Subject, text_at
from reconciler.migrations.held import THEIRS, Holder, find_holder
from reconciler.migrations.inline_tool import (
    LARGEST,
    MOST,
    NAME,
    PERCEPTION_MODEL,
    RESERVED,
    UNFIT_MODELS,
    Inline,
    inline_tools,
    registry_body,
    registry_digest,
)
from reconciler.types.json import Object, lookup

DEDUPE = "inline-tool-dedupe"
ODD_INLINE, COMMON, RENAME = "odd-inline", "common", "rename"
WORDS = frozenset({KEEP, YES, ODD_INLINE, COMMON, RENAME, THEIRS})
"""Answers that are no names."""


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
        self._users: dict[str, list[str]] | None = None
        self._dropped: dict[str, list[str]] = {}
        self.named: dict[str, str] = {}
        """Names under `tools:`, each with a place: of a manifest's tool, or one that the account holds."""
        self.theirs: set[str] = set()
        """Names of the account's tools that are used as they are, without a manifest."""
        for subject in context.subjects:
            for mentioned in _tools_named(subject):
                self.named.setdefault(mentioned, subject.path)
            if subject.address.kind == "tool" and not subject.overlay:
                name = subject.spec.get("name")
                self.registry[name if isinstance(name, str) else subject.address.name] = (
                    subject,
                    registry_digest(subject),
                )
            elif subject.address.kind == "persona" and (not subject.overlay or _attaches(subject)):
                found = list(inline_tools(subject))
                if found:
                    self.by_subject[id(subject)] = found
                for one in (one for one in found if not one.kept):
                    self.groups.setdefault(one.name, []).append(one)
        self.decisions: dict[str, Decision] = {}

    def of(self, subject: Subject) -> list[Inline]:
        """The inline tools of one persona, less those that a comment keeps."""
        return [one for one in self.by_subject.get(id(subject), []) if not one.kept]

    def kept(self, subject: Subject) -> list[Inline]:
        """Those that a comment keeps inline."""
        return [one for one in self.by_subject.get(id(subject), []) if one.kept]

    def decision(self, name: str) -> Decision:
        """What becomes of the inline tools called `name`."""
        if name not in self.decisions:
            self.decisions[name] = _decide(self, name, self.groups.get(name, []))
        return self.decisions[name]

    def target(self, one: Inline) -> str | None:
        """The registry tool that an inline tool becomes, None while it stays inline."""
        return self.decision(one.name).targets.get(one.digest)

    def is_there(self, name: str) -> bool:
        """Whether a registry tool of this name needs no new manifest: it has one, or the account's own is used."""
        return name in self.registry or name in self.theirs

    def holder(self, name: str) -> Holder | None:
        """Who has the name already. Without a look at the account, a name under `tools:` that no manifest bears is
        the account's, and nobody knows what it does."""
        found = find_holder("tool", name, self.context)
        if found is None and name in self.named and name not in self.registry:
            found = Holder(f"the account (`tools:` in {self.named[name] or 'a manifest'} names it)")
        return found

    def users(self, target: str) -> list[str]:
        """The personas whose inline tools become that registry tool."""
        if self._users is None:
            found: dict[str, set[str]] = {}
            for group in self.groups.values():
                for one in group:
                    if (name := self.target(one)) is not None:
                        found.setdefault(name, set()).add(str(one.subject.address))
            self._users = {name: sorted(users) for name, users in found.items()}
        return self._users.get(target, [])

    def dropped(self, name: str) -> list[str]:
        """Members that a registry tool does not have, of all inline tools of that name."""
        if name not in self._dropped:
            self._dropped[name] = sorted({word for one in self.groups[name] for word in one.dropped})
        return self._dropped[name]

    def answer(self, key: str, group: list[Inline]) -> str | None:
        """The answer to a question about a tool; an answer for one persona alone makes no sense here."""
        given = self.context.answers.get(DEDUPE, {})
        return given.get(key) or (given.get("*") if group else None)


def _tools_named(subject: Subject) -> Iterator[str]:
    if subject.address.kind == "persona":
        items = subject.spec.get("tools")
        yield from (item for item in (items if isinstance(items, list) else []) if isinstance(item, str))


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
    held = one.subject.spec.get("tools", one.subject.spec.get("tool_ids"))
    if held is not None and not isinstance(held, list):
        return "tools is no list"
    model = text_at(one.subject.spec, PERCEPTION_MODEL)
    if one.origin != "llm" and model in UNFIT_MODELS:
        return f"registry tools that are fired by what is seen or heard need raven-1, not {model}"
    if attached_after(one.subject, book.context) > MOST:
        return f"more than {MOST} tools would be attached"
    return ""


def _attaches(subject: Subject) -> bool:
    """Whether a part of a body has the whole set of attached tools."""
    return "tools" in subject.spec or "tool_ids" in subject.spec


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
    sample = {one.digest: one for one in reversed(group)}
    holder = book.holder(wanted)
    explicit = book.context.answers.get(DEDUPE, {}).get(decision.name)
    if holder is None and explicit in (KEEP, THEIRS):
        # Answered ahead of the look at the account that would ask: what comes of it is the same.
        holder = Holder("the account")
    if holder is None and len(bodies) == 1:
        [one] = sample.values()
        name = wanted
        if explicit is not None and explicit not in WORDS and NAME.fullmatch(explicit) and explicit != wanted:
            name, decision.answered = explicit, explicit
        _become(book, decision, one, name, description)
        return
    if holder is not None:
        for one in sample.values():
            if holder.is_same("tool", registry_body(one, wanted, description)):
                _become(book, decision, one, wanted, description)
    if len(decision.targets) < len(bodies):
        _several(book, decision, wanted, group, holder, description)


def _become(book: ToolBook, decision: Decision, one: Inline, name: str, description: str | None = None) -> bool:
    """Let the body of `one` become the registry tool `name`, with a manifest unless there is one.

    False where somebody has that name with other content.
    """
    body = registry_body(one, name, description)
    holder = book.holder(name)
    if holder is not None and not holder.is_same("tool", body):
        return False
    if name not in book.registry:
        decision.bodies[name] = body
    decision.targets[one.digest] = name
    return True


def _several(
    book: ToolBook,
    decision: Decision,
    wanted: str,
    group: list[Inline],
    holder: Holder | None,
    description: str | None,
) -> None:
    """Bodies that cannot all have the name: it is held by another one, or they are several."""
    bodies = Counter(one.digest for one in group)
    sample = {one.digest: one for one in reversed(group)}
    of_llm = [digest for digest in bodies if sample[digest].origin == "llm"]
    common = max(of_llm or bodies, key=lambda digest: bodies[digest])
    odd = [digest for digest in bodies if digest not in decision.targets and (holder is not None or digest != common)]
    dual = len({one.origin for one in group}) > 1
    answer = book.answer(decision.name, group)
    decision.answered = answer
    if answer in (THEIRS, COMMON) and not dual and (holder is not None or answer == COMMON):
        if holder is None:
            _become(book, decision, sample[common], wanted, description)
        elif wanted not in book.registry:
            book.theirs.add(wanted)
            decision.bodies.pop(wanted, None)
        decision.targets.update(dict.fromkeys(bodies, wanted))
    elif answer in (ODD_INLINE, RENAME) or (
        answer and _is_new_name(book, answer, wanted, [sample[one] for one in odd])
    ):
        if holder is None:
            _become(book, decision, sample[common], wanted, description)
        if answer != ODD_INLINE:
            base = wanted if answer == RENAME else answer
            for digest in odd:
                name = base if base == answer and len(odd) == 1 else f"{base[:55]}_{digest[:8]}"
                _become(book, decision, sample[digest], name, description)
    elif answer != KEEP:
        decision.question = _question(decision.name, wanted, group, holder, odd, dual=dual)
        if answer is not None and answer != RENAME:
            decision.note = f"the answer {answer!r} is no answer here, or a name that is taken"
        decision.answered = None


def _is_new_name(book: ToolBook, answer: str, wanted: str, odd: list[Inline]) -> bool:
    if answer in WORDS or answer == wanted or answer in book.groups or not NAME.fullmatch(answer):
        return False
    holder = book.holder(answer)
    return holder is None or any(holder.is_same("tool", registry_body(one, answer)) for one in odd)


def _question(
    name: str, wanted: str, group: list[Inline], holder: Holder | None, odd: list[str], *, dual: bool
) -> Question:
    bodies = {one.digest for one in group}
    origins = sorted({one.origin for one in group})
    who = ", ".join(sorted({str(one.subject.address) for one in group if one.digest in odd}))
    if holder is not None:
        other = "a body that nobody looked at" if holder.spec is None else "another body"
        text = f"{name}: {holder.whose} has a registry tool {wanted} with {other}. What becomes of the inline one?"
        first = Choice(ODD_INLINE, "those that differ from the registry tool stay inline; nothing changes")
        use = [Choice(THEIRS, f"the registry tool as it is, for {who}: its behaviour counts from then on")]
    else:
        others = f"used as {' and as '.join(origins)}" if dual else f"{len(bodies)} different bodies"
        text = f"{name}: {others}. What becomes of them?"
        first = Choice(ODD_INLINE, f"the commonest body becomes the registry tool; inline stays: {who}")
        use = [Choice(COMMON, f"one body for all; this changes {who}")]
    rename = Choice(RENAME, "each other body becomes a tool of a new name; prompts and frontends must follow")
    return Question(name, text, (first, *(() if dual else use), rename), "a name for the new tool")
