"""What a migration moved in the manifests and an object that was never applied still holds in its old place.

An object that is adopted after its manifest was migrated has both: the old field or inline tool, which is nobody's by
the rule that what stands in neither manifest nor state is not ours, and the new one. Where both say the same, a run
that migrates takes the old one away, as it does for what was applied; any other run says that it is there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from typing import TypeAlias

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import effective_value, is_at_default, json_equal, leaf_at, tool_name
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.keyed_lists import ToolBody, inline_body
from reconciler.core.resource_diff.findings import Findings, Subject
from reconciler.core.resource_diff.resource_plan import Left, field_change, ignored
from reconciler.types.change import Direction
from reconciler.types.json import Json, Object, escape, is_filled, lookup, split, within
from reconciler.types.kind import KindSpec

TAKE_AWAY = "`reconciler apply --migrate` takes it away (`plan --migrate` shows it first)"
BY_HAND = "write null in its place in the manifest to take it away, or edit the account"


def find_copies(subject: Subject, found: Findings) -> Findings:
    """Inline tools that equal a registry tool that the manifest attaches."""
    spec = subject.spec
    wanted = subject.compared.get(spec.attachments) if spec.attachments is not None else None
    if subject.observing or subject.resource.touched is not None or not isinstance(wanted, list):
        return found
    lists = {
        place: items for place in spec.inline_tools if isinstance(items := lookup(subject.document, place), list)
    }
    if not any(lists.values()):
        return found
    attached = [tool for item in wanted if (tool := subject.context.tool(item)) is not None]
    for place, items in lists.items():
        for name, doubles in _by_name(items).items():
            path = f"{place}/{escape(name)}"
            if not _is_ours(subject, path):
                copies = [inline_body(item, spec.inline_tools[place]) for item in doubles]
                found += _judge_copy(spec.attachments or "", path, copies, attached)
    return found


def _by_name(items: list[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for item in items:
        if (name := tool_name(item)) is not None:
            found.setdefault(name, []).append(item)
    return found


def _judge_copy(beside: str, path: str, copies: list[ToolBody | None], attached: list[ToolBody]) -> Findings:
    """Every double has to be a copy: they go together."""
    name = next((copy.name for copy in copies if copy is not None), "")
    if all(copy in attached for copy in copies):
        summary = f"the inline tool {name} is still there, and attached as well"
        return Findings(copies=(path,), left=(Left(path, beside, summary, TAKE_AWAY),))
    if any(tool.name == name for tool in attached):
        summary = f"the inline tool {name} is still there, with another body than the attached tool of that name"
        hint = "rename one of the two, or remove the inline one in the account"
        return Findings(left=(Left(path, beside, summary, hint),))
    if same_body := next((tool for tool in attached if any(c and c.digest == tool.digest for c in copies)), None):
        summary = f"the inline tool {name} is still there, and attached as {same_body.name} as well"
        hint = "remove the inline one in the account once nothing calls it"
        return Findings(left=(Left(path, beside, summary, hint),))
    return Findings()


def find_leftovers(subject: Subject, found: Findings) -> Findings:
    """Old fields beside the new ones, and everything that was found taken away where this run migrates."""
    if subject.observing or subject.resource.touched is not None:
        return found
    if not found.copies and not _is_any_there(_old_places(subject.spec), subject.document):
        return found  # the common case, at the cost of one look at each parent
    old = [*_spent_fields(subject), *_spent_places(subject), *_outdone(subject)]
    if not old and not found.copies:
        return found
    gone = (*found.copies, *(spent.path for spent in old if spent.goes))
    left = (*found.left, *(spent.left for spent in old if spent.left is not None))
    if not subject.context.migrate:
        return replace(found, left=left)
    found = replace(found, left=tuple(item for item in left if item.path not in gone))
    for path in gone:
        current, secret = leaf_at(subject.spec, subject.document, path), subject.was_secret(path)
        change = field_change(subject.spec, path, Direction.GIT, current, None, secret=secret)
        found += Findings({path: Edit(path, remove=True)}, (change,))
    return found


Places: TypeAlias = "dict[str, Places]"
"""Words of pointers, each with those that follow; none follow the last one."""


@cache
def _old_places(spec: KindSpec) -> Places:
    """Every pointer that the rules below compare."""
    tables = (spec.renamed_fields, spec.moved_fields, spec.misplaced_keys, spec.merged_texts)
    found: Places = {}
    for pointer in (
        *(old for table in (*tables, spec.superseded_references) for old in table),
        *(spent.pointer for spent in spec.superseded_fields),
    ):
        place = found
        for word in split(pointer):
            place = place.setdefault(word, {})
    return found


def _is_any_there(places: Places, document: Object) -> bool:
    """Whether something may stand at one of the places. Lists are left to those who know their items' names."""
    for word, below in places.items():
        member = document.get(word)
        if member is None:
            continue
        if not below or not isinstance(member, dict) or _is_any_there(below, member):
            return True
    return False


@dataclass(frozen=True, slots=True)
class _Spent:
    """A superseded value beside its successor: whether it may be removed, and the warning about it."""

    path: str
    goes: bool
    left: Left | None


def _spent_fields(subject: Subject) -> Iterator[_Spent]:
    """Superseded values that the manifest has in the new place."""
    spec, unknown = subject.spec, subject.entry is None
    for old, new in (*spec.renamed_fields.items(), *spec.moved_fields.items(), *spec.misplaced_keys.items()):
        current = _live_value(subject, old) if new in subject.managed else None
        if current is None:
            continue
        if json_equal(current, leaf_at(spec, subject.resource.spec, new)):
            yield _may_go(old, new, f"{_word(old)} is still there beside {_word(new)}, with the same value")
        elif unknown:
            yield _stays(old, new, f"{_word(old)} is still there beside {_word(new)}, with another value")
    for old, new in spec.merged_texts.items():
        said, text = _live_value(subject, old), subject.managed.get(new)
        if not isinstance(said, str) or not said.strip() or not isinstance(text, str):
            continue
        if said.strip() in text:
            yield _may_go(old, new, f"{_word(old)} is still there, and {_word(new)} says the same")
        elif unknown:
            yield _stays(old, new, f"{_word(old)} is still there, and {_word(new)} does not hold its text")


def _spent_places(subject: Subject) -> Iterator[_Spent]:
    """Superseded values without effect beside those of the manifest."""
    undecided: dict[str, str] = {}
    for spent in subject.spec.superseded_fields:
        current = _live_value(subject, spent.pointer)
        if current is None or _wanted_value(subject, spent.decided_by) not in spent.deciding_values:
            continue
        if not spent.superseded_values or any(json_equal(current, value) for value in spent.superseded_values):
            undecided.pop(spent.pointer, None)
            summary = f"{_word(spent.pointer)} says nothing beside {_word(spent.decided_by)}"
            told = Left(spent.pointer, spent.decided_by, summary, TAKE_AWAY) if subject.entry is None else None
            yield _Spent(spent.pointer, True, told)
        else:
            undecided[spent.pointer] = spent.decided_by
    for place, beside in undecided.items() if subject.entry is None else ():
        yield _stays(place, beside, f"{_word(place)} is still there beside {_word(beside)}")


def _outdone(subject: Subject) -> Iterator[_Spent]:
    """Superseded values that still take effect beside the new ones."""
    for old, new in subject.spec.superseded_references.items() if subject.entry is None else ():
        if _live_value(subject, old) is not None and subject.managed.get(new):
            yield _stays(old, new, f"{_word(old)} is still there beside {_word(new)}: both count")


def _wanted_value(subject: Subject, path: str) -> Json:
    """What the manifest means by a field: its default, too, where it says something of the object around it."""
    value = subject.managed.get(path)
    if value is None and not any(within(pointer, path.rpartition("/")[0]) for pointer in subject.managed):
        return None
    return effective_value(field_at(subject.spec, path), value)


def _live_value(subject: Subject, path: str) -> Json:
    """What stands at an old place that is nobody's; None where nothing does."""
    if path in subject.managed:
        return None
    current = leaf_at(subject.spec, subject.document, path)
    if not is_filled(current) or is_at_default(field_at(subject.spec, path), current) or _is_ours(subject, path):
        return None
    return current


def _is_ours(subject: Subject, path: str) -> bool:
    """Whether a manifest or the state speaks of the place, or the manifest wants it left alone."""
    known = (*subject.resource.leaves, *(subject.entry.sent if subject.entry is not None else ()))
    if any(within(other, path) or within(path, other) for other in known):
        return True
    ignore = subject.resource.lifecycle.ignore
    return ignored(path, ignore) or any(within(pointer, path) for pointer in ignore)


def _may_go(old: str, new: str, summary: str) -> _Spent:
    return _Spent(old, True, Left(old, new, summary, TAKE_AWAY))


def _stays(old: str, new: str, summary: str) -> _Spent:
    return _Spent(old, False, Left(old, new, summary, BY_HAND))


def _word(path: str) -> str:
    return path.rpartition("/")[2]
