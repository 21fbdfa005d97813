"""Inline tools: what each would be in the registry, and the one place that gives names to registry tools.

Files and answers decide. The account can only raise a question: files alone and a plan never differ in a name.

Two tools are the same when name, description, parameters (in any order of members, `required` as a set) and origin
are.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.core.canonical.keyed_lists import body_digest, registry_tool
from reconciler.core.migration import ANY, KEEP, YES, Choice, Question, Subject
from reconciler.platforms.tavus.kinds import kind
from reconciler.platforms.tavus.migrations.taken_names import THEIRS, Holder
from reconciler.types.json import Json, Object, lookup

if TYPE_CHECKING:
    from reconciler.platforms.tavus.migrations.tool_index import ToolIndex

PLACES = kind("persona").inline_tools
"""Where inline tools stand, and the origin that each becomes in the registry."""
PERCEPTION_MODEL = "/layers/perception/perception_model"
UNFIT_MODELS = ("raven-0", "basic", "off")
FIT_MODEL = "raven-1"
"""The first whose registry tools fire, and the documented default."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
LARGEST = 10_000
MOST = 50
"""Registry tools of one persona."""
RESERVED = "tavus_"
CODES = ("M20", "M21", "M22", "L32")
"""What a comment may name to keep a tool inline: one decision, whichever of the migrations would come first."""
TAKEN = kind("tool").reserved_names
"""Names of the vendor's own tools."""
KNOWN = frozenset({"name", "description", "parameters"})


def may_be_called(name: str) -> bool:
    """Whether a registry tool of the account may have this name."""
    return bool(NAME.fullmatch(name)) and name not in TAKEN


@dataclass(frozen=True, slots=True)
class Inline:
    """One inline tool."""

    subject: Subject
    place: str
    index: int
    origin: str
    name: str
    description: Json
    parameters: Json
    digest: str
    """The same for all tools that mean the same."""
    dropped: tuple[str, ...] = ()
    """Members that a registry tool does not have."""
    kept: bool = False
    """A comment in the file says that it stays inline, it or another one of its name."""

    @property
    def pointer(self) -> str:
        return f"{self.place}/{self.index}"


def inline_tools(subject: Subject) -> Iterator[Inline]:
    """Inline tools that have a name, wherever they stand."""
    found = list(_inline_tools(subject))
    stay = {inline.name for inline in found if any(subject.keeps(at, CODES) for at in (inline.pointer, inline.place))}
    return (replace(inline, kept=True) if inline.name in stay else inline for inline in found)


def _inline_tools(subject: Subject) -> Iterator[Inline]:
    for place, origin in PLACES.items():
        items = lookup(subject.spec, place)
        for index, item in enumerate(items if isinstance(items, list) else []):
            name = tool_name(item)
            if name is None or not isinstance(item, dict):
                continue
            function = item.get("function")
            body = function if isinstance(function, dict) else item
            outer = item if isinstance(function, dict) else {}
            dropped = sorted({*body} - KNOWN - {"type"} | {*outer} - {"type", "function"})
            description, parameters = body.get("description"), body.get("parameters")
            digest = body_digest(description, parameters, origin)
            yield Inline(subject, place, index, origin, name, description, parameters, digest, tuple(dropped))


def registry_digest(tool: Subject) -> str:
    """The digest of a Tool manifest."""
    return registry_tool(tool.spec, tool.address.name).digest


def registry_body(inline: Inline, name: str, description: str | None = None) -> Object:
    """The registry tool that does what the inline one did: silent while it runs, delivered to the app."""
    body: Object = {
        "name": name,
        "description": description if description is not None else inline.description,
        "parameters": inline.parameters if isinstance(inline.parameters, dict) else {},
        "origin": inline.origin,
    }
    if inline.origin == "llm":
        # The registry's own default would make the persona talk while the tool runs; inline tools never did.
        body["on_call"] = "silent"
    return {**body, "on_resolve": "fire_and_forget", "delivery": {"app_message": True}}


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


def decide(book: ToolIndex, name: str, group: list[Inline]) -> Decision:
    """What becomes of the inline tools of one name."""
    decision = Decision(name)
    if any(inline.parameters is not None and not isinstance(inline.parameters, dict) for inline in group):
        decision.problem = "its parameters are no JSON Schema object"
        return decision
    if problem := _limits(group):
        decision.problem = problem
        return decision
    wanted, description = name, None
    if not may_be_called(name):
        found = _new_name(book, decision, name, group)
        if found is None:
            return decision
        wanted = found
    if any(not isinstance(inline.description, str) or not inline.description.strip() for inline in group):
        key = f"{name}:description"
        description = book.given.get(key)
        if description is None and book.given.get("*") == KEEP:
            return decision
        if description is None:
            decision.question = Question(
                key, f"what does {name} do? A registry tool needs a description", (), "a text"
            )
            return decision
        decision.answered = description
    _targets(book, decision, wanted, group, description)
    _respect_account(book, decision, group)
    return decision


def _limits(group: list[Inline]) -> str:
    for inline in group:
        text = json.dumps(inline.parameters or {}, sort_keys=True)
        if len(text) + len(str(inline.description or "")) > LARGEST:
            return f"description and parameters together are longer than {LARGEST:,} characters"
        properties = lookup(inline.parameters, "/properties")
        if isinstance(properties, dict) and any(key.startswith(RESERVED) for key in properties):
            return f"a parameter starts with {RESERVED}, which is reserved"
    return ""


def _new_name(book: ToolIndex, decision: Decision, name: str, group: list[Inline]) -> str | None:
    proposal = re.sub(r"[^A-Za-z0-9_]", "_", name)
    proposal = proposal if re.match(r"[A-Za-z_]", proposal) else f"_{proposal}"
    proposal = f"{proposal}_" if proposal in TAKEN else proposal
    if len(proposal) > 64:
        proposal = f"{proposal[:55]}_{sha256(name.encode()).hexdigest()[:8]}"
    given = book.given
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
    if answer is not None and may_be_called(answer):
        if answer in book.groups:
            decision.problem = f"the new name {answer} is already the name of another inline tool"
            return None
        decision.answered = answer
        return answer
    text = f"no registry tool may be called {name}: what is it called? Frontends and prompts may know the old name"
    decision.question = Question(name, text, choices, why)
    decision.note = f"the answer {answer!r} is no such name" if answer else ""
    return None


def _targets(book: ToolIndex, decision: Decision, wanted: str, group: list[Inline], description: str | None) -> None:
    """Fill in what each body becomes, or the question that has to be answered first."""
    bodies = Counter(inline.digest for inline in group)
    sample = {inline.digest: inline for inline in reversed(group)}
    holder = book.holder(wanted)
    if holder is None and _is_settled(book, decision, wanted, several=len(bodies) > 1):
        holder = Holder("the account")
    if holder is None and len(bodies) == 1:
        [inline] = sample.values()
        _become(book, decision, inline, wanted, description)
        return
    if holder is not None:
        for inline in sample.values():
            if holder.is_same("tool", registry_body(inline, wanted, description)):
                _become(book, decision, inline, wanted, description)
    if len(decision.targets) < len(bodies):
        _several(book, decision, wanted, group, holder, description)


def _is_settled(book: ToolIndex, decision: Decision, wanted: str, *, several: bool) -> bool:
    """Whether a person said ahead what is done where the account has the name: then that is done, whoever looked
    there, so that files alone and a plan come to the same."""
    explicit = _said(book, decision, wanted)
    if explicit is None or explicit == wanted or (explicit == RENAME and decision.name != wanted):
        return False  # at most an answer about a name that is not legal
    if several:
        return explicit in (KEEP, THEIRS)
    return explicit in (KEEP, THEIRS, RENAME) or (explicit not in WORDS and may_be_called(explicit))


def _respect_account(book: ToolIndex, decision: Decision, group: list[Inline]) -> None:
    """Where the account has one of the new names with other content, a person says what becomes of the tool; until
    then it stays inline, unless it is to have a new name anyway."""
    for name, body in list(decision.bodies.items()):
        held = book.held(name)
        if held is None or held.is_same("tool", body):
            continue
        del decision.bodies[name]
        odd = [digest for digest, target in decision.targets.items() if target == name]
        decision.targets = {digest: to for digest, to in decision.targets.items() if to != name}
        if _said(book, decision, name) == RENAME and (name == decision.name or _key(decision, name) in book.given):
            sample = {inline.digest: inline for inline in group}
            for digest in odd:
                new = _suffixed(name, sample[digest])
                _become(book, decision, sample[digest], new, str(body["description"]))
            continue
        question = _question(_key(decision, name), name, group, held, odd, dual=False)
        choices = tuple(choice for choice in question.choices if choice.value != ODD_INLINE)
        decision.question = replace(question, choices=choices, proposes=False)
        decision.note = f"the answer {decision.answered!r} does not settle that" if decision.answered else ""


def _suffixed(name: str, inline: Inline) -> str:
    """The name of a body that cannot have its own: that of its content is added."""
    return f"{name[:55]}_{inline.digest[:8]}"


def _become(book: ToolIndex, decision: Decision, inline: Inline, name: str, description: str | None = None) -> bool:
    """Let the body of `inline` become the registry tool `name`, with a manifest unless there is one.

    False where somebody has that name with other content.
    """
    body = registry_body(inline, name, description)
    holder = book.holder(name)
    if holder is not None and not holder.is_same("tool", body):
        return False
    if name not in book.registry:
        decision.bodies[name] = body
    decision.targets[inline.digest] = name
    return True


def _several(
    book: ToolIndex,
    decision: Decision,
    wanted: str,
    group: list[Inline],
    holder: Holder | None,
    description: str | None,
) -> None:
    """Bodies that cannot all have the name: it is held by another one, or they are several."""
    bodies = Counter(inline.digest for inline in group)
    sample = {inline.digest: inline for inline in reversed(group)}
    of_llm = [digest for digest in bodies if sample[digest].origin == "llm"]
    common = max(of_llm or bodies, key=lambda digest: bodies[digest])
    odd = [digest for digest in bodies if digest not in decision.targets and (holder is not None or digest != common)]
    dual = len({inline.origin for inline in group}) > 1
    answer = _said(book, decision, wanted) or book.given.get(ANY)
    question = _question(_key(decision, wanted), wanted, group, holder, odd, dual=dual)
    if answer == YES:
        answer = question.proposal
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
            for digest in odd:
                base = wanted if answer == RENAME else answer
                name = base if base == answer and len(odd) == 1 else _suffixed(base, sample[digest])
                _become(book, decision, sample[digest], name, description)
    elif answer != KEEP:
        decision.question = question
        if answer is not None and answer != RENAME:
            decision.note = f"the answer {answer!r} is no answer here, or a name that is taken"
        decision.answered = None


def _is_new_name(book: ToolIndex, answer: str, wanted: str, odd: list[Inline]) -> bool:
    if answer in WORDS or answer == wanted or answer in book.groups or not may_be_called(answer):
        return False
    holder = book.holder(answer)
    return holder is None or any(holder.is_same("tool", registry_body(inline, answer)) for inline in odd)


def _said(book: ToolIndex, decision: Decision, wanted: str) -> str | None:
    """What a person said about the registry tool that is to be called `wanted`."""
    given = book.given.get(_key(decision, wanted))
    earlier = book.given.get(decision.name)
    return given if given is not None or earlier not in WORDS else earlier


def _key(decision: Decision, wanted: str) -> str:
    """What a question about the bodies is called. Where another name had to be found for the inline tool first, that
    was a question of its own: this one is about the new name."""
    return decision.name if may_be_called(decision.name) else wanted


def _question(
    key: str, wanted: str, group: list[Inline], holder: Holder | None, odd: list[str], *, dual: bool
) -> Question:
    """What becomes of bodies that cannot all be called `wanted`."""
    bodies = {inline.digest for inline in group}
    origins = sorted({inline.origin for inline in group})
    who = ", ".join(sorted({str(inline.subject.address) for inline in group if inline.digest in odd}))
    if holder is not None:
        other = "a body that nobody looked at" if holder.spec is None else "another body"
        text = f"{wanted}: {holder.whose} has a registry tool {wanted} with {other}. What becomes of the inline one?"
        first = Choice(ODD_INLINE, "those that differ from the registry tool stay inline; nothing changes")
        use = [Choice(THEIRS, f"the registry tool as it is, for {who}: its behaviour counts from then on")]
    else:
        others = f"used as {' and as '.join(origins)}" if dual else f"{len(bodies)} different bodies"
        text = f"{wanted}: {others}. What becomes of them?"
        first = Choice(ODD_INLINE, f"the commonest body becomes the registry tool; inline stays: {who}")
        use = [Choice(COMMON, f"one body for all; this changes {who}")]
    rename = Choice(RENAME, "each other body becomes a tool of a new name; prompts and frontends must follow")
    return Question(key, text, (first, *(() if dual else use), rename), "a name for the new tool")
