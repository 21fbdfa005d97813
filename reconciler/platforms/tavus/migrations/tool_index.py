"""Every inline tool of a project beside every registry tool: what each would become, decided once over all personas.

Registry names are unique in an account, so one persona alone cannot say what its tool is to be called.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reconciler.core.migration import KEEP, Context, Subject, for_one, text_at
from reconciler.platforms.tavus.migrations.taken_names import Holder, in_account, in_files
from reconciler.platforms.tavus.migrations.tool_names import (
    MOST,
    PERCEPTION_MODEL,
    UNFIT_MODELS,
    Decision,
    Inline,
    decide,
    inline_tools,
    registry_digest,
)

DEDUPE = "inline-tool-dedupe"


class ToolIndex:
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
                found = [
                    inline if inline.kept or not self._stays(inline) else replace(inline, kept=True)
                    for inline in found
                ]
                if found:
                    self.by_subject[id(subject)] = found
                for inline in (inline for inline in found if not inline.kept):
                    self.groups.setdefault(inline.name, []).append(inline)
        self.decisions: dict[str, Decision] = {}

    def of(self, subject: Subject) -> list[Inline]:
        """The inline tools of one persona, less those that a comment keeps."""
        return [inline for inline in self.by_subject.get(id(subject), []) if not inline.kept]

    def _stays(self, inline: Inline) -> bool:
        """Whether a person said that the tools of its persona, or this one there, stay inline."""
        address = str(inline.subject.address)
        return KEEP in (self.given.get(address), self.given.get(for_one(address, inline.name)))

    def kept(self, subject: Subject) -> list[Inline]:
        """Those that a comment keeps inline."""
        return [inline for inline in self.by_subject.get(id(subject), []) if inline.kept]

    def decision(self, name: str) -> Decision:
        """What becomes of the inline tools called `name`."""
        if name not in self.decisions:
            self.decisions[name] = decide(self, name, self.groups.get(name, []))
        return self.decisions[name]

    def target(self, inline: Inline) -> str | None:
        """The registry tool that an inline tool becomes, None while it stays inline."""
        return self.decision(inline.name).targets.get(inline.digest)

    def is_there(self, name: str) -> bool:
        """Whether a registry tool of this name needs no new manifest: it has one, or the account's own is used."""
        return name in self.registry or name in self.theirs

    @property
    def given(self) -> Mapping[str, str]:
        """The answers about tools."""
        return self.context.answers.get(DEDUPE, {})

    def holder(self, name: str) -> Holder | None:
        """Who has the name already by the files: a manifest, or the account where a name under `tools:` has no
        manifest; then nobody knows what it does."""
        found = in_files("tool", name, self.context)
        if found is None and name in self.named and name not in self.registry:
            found = Holder(f"the account (`tools:` in {self.named[name] or 'a manifest'} names it)")
        return found

    def held(self, name: str) -> Holder | None:
        """The account's object of that name, where somebody looked."""
        return in_account("tool", name, self.context)

    def users(self, target: str) -> list[str]:
        """The personas whose inline tools become that registry tool."""
        if self._users is None:
            found: dict[str, set[str]] = {}
            for group in self.groups.values():
                for inline in group:
                    if (name := self.target(inline)) is not None:
                        found.setdefault(name, set()).add(str(inline.subject.address))
            self._users = {name: sorted(users) for name, users in found.items()}
        return self._users.get(target, [])

    def dropped(self, name: str) -> list[str]:
        """Members that a registry tool does not have, of all inline tools of that name."""
        if name not in self._dropped:
            self._dropped[name] = sorted({word for inline in self.groups[name] for word in inline.dropped})
        return self._dropped[name]


def _tools_named(subject: Subject) -> Iterator[str]:
    if subject.address.kind == "persona":
        items = subject.spec.get("tools")
        yield from (item for item in (items if isinstance(items, list) else []) if isinstance(item, str))


def tool_index_of(context: Context) -> ToolIndex:
    """The book of this context; made once."""
    found = context.cache.get("tools")
    if not isinstance(found, ToolIndex):
        found = context.cache["tools"] = ToolIndex(context)
    return found


def attached_after(subject: Subject, context: Context) -> int:
    """How many registry tools the persona would have once all its inline tools are swapped."""
    book = tool_index_of(context)
    held = subject.spec.get("tools") or subject.spec.get("tool_ids")
    items = {repr(item) for item in held} if isinstance(held, list) else set()
    more = {repr(name) for inline in book.of(subject) if (name := book.target(inline)) is not None}
    return len(items | more) if more else 0


def hindrance(inline: Inline, book: ToolIndex) -> str:
    """Why this inline tool cannot be swapped for a registry tool yet; empty where it can."""
    held = inline.subject.spec.get("tools", inline.subject.spec.get("tool_ids"))
    if held is not None and not isinstance(held, list):
        return "tools is no list"
    model = text_at(inline.subject.spec, PERCEPTION_MODEL)
    if inline.origin != "llm" and model in UNFIT_MODELS:
        return f"registry tools that are fired by what is seen or heard need raven-1, not {model}"
    if attached_after(inline.subject, book.context) > MOST:
        return f"more than {MOST} tools would be attached"
    return ""


def _attaches(subject: Subject) -> bool:
    """Whether a part of a body has the whole set of attached tools."""
    return "tools" in subject.spec or "tool_ids" in subject.spec
