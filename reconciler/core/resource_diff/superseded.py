"""What a migration moved in the manifests and an object that was never applied still holds in its old place.

An object that is adopted after its manifest was migrated has both: the old field or inline tool, which is nobody's by
the rule that what stands in neither manifest nor state is not ours, and the new one. Where both say the same, a run
that migrates takes the old one away, as it does for what was applied; any other run says that it is there.
"""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.canonical_edit import Edit
from reconciler.core.canonical.canonical_form import at_default, effective, leaf_at, same, tool_name
from reconciler.core.canonical.field_tree import field_at
from reconciler.core.canonical.tool_definition import ToolBody, inline_body
from reconciler.core.resource_diff.diff_builder import Work
from reconciler.core.resource_diff.records import Left
from reconciler.core.resource_diff.resource_plan import field_change, ignored
from reconciler.types.change import Direction
from reconciler.types.json import Json, escape, is_filled, lookup, within

TAKE_AWAY = "`reconciler apply --migrate` takes it away (`plan --migrate` shows it first)"
BY_HAND = "write null in its place in the manifest to take it away, or edit the account"


def find_copies(work: Work) -> None:
    """Inline tools that equal a registry tool that the manifest attaches."""
    spec = work.spec
    wanted = work.compared.get(spec.attachments) if spec.attachments is not None else None
    if work.observing or work.resource.touched is not None or not isinstance(wanted, list):
        return
    lists = {place: items for place in spec.inline if isinstance(items := lookup(work.document, place), list)}
    if not any(lists.values()):
        return
    attached = [tool for item in wanted if (tool := work.context.tool(item)) is not None]
    for place, items in lists.items():
        for name, doubles in _by_name(items).items():
            path = f"{place}/{escape(name)}"
            if not _is_ours(work, path):
                _judge_copy(work, path, [inline_body(one, spec.inline[place]) for one in doubles], attached)


def _by_name(items: list[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for item in items:
        if (name := tool_name(item)) is not None:
            found.setdefault(name, []).append(item)
    return found


def _judge_copy(work: Work, path: str, copies: list[ToolBody | None], attached: list[ToolBody]) -> None:
    """Every double has to be a copy: they go together."""
    name = next((one.name for one in copies if one is not None), "")
    beside = work.spec.attachments or ""
    if all(copy in attached for copy in copies):
        work.copies.append(path)
        work.left.append(
            Left(path, beside, f"the inline tool {name} is still there, and attached as well", TAKE_AWAY)
        )
    elif any(tool.name == name for tool in attached):
        summary = f"the inline tool {name} is still there, with another body than the attached tool of that name"
        work.left.append(
            Left(path, beside, summary, "rename one of the two, or remove the inline one in the account")
        )
    elif same_body := next((tool for tool in attached if any(c and c.digest == tool.digest for c in copies)), None):
        summary = f"the inline tool {name} is still there, and attached as {same_body.name} as well"
        work.left.append(Left(path, beside, summary, "remove the inline one in the account once nothing calls it"))


def find_leftovers(work: Work) -> None:
    """Old fields beside the new ones, and everything that was found taken away where this run migrates."""
    if work.observing or work.resource.touched is not None:
        return
    gone = [*work.copies, *_spent_fields(work)]
    if not work.context.migrate:
        return
    work.left = [one for one in work.left if one.path not in gone]
    for path in gone:
        current = leaf_at(work.spec, work.document, path)
        work.fields.append(field_change(work.spec, path, Direction.GIT, current, None, secret=work.was_secret(path)))
        work.edits[path] = Edit(path, remove=True)


def _spent_fields(work: Work) -> Iterator[str]:
    """Old places whose value the manifest has in the new one; what is told of the others is noted."""
    spec = work.spec
    for old, new in (*spec.renames.items(), *spec.former.items(), *spec.misplaced.items()):
        current = _live_value(work, old) if new in work.managed else None
        if current is None:
            continue
        if same(current, leaf_at(spec, work.resource.spec, new)):
            yield _note(work, old, new, f"{_word(old)} is still there beside {_word(new)}, with the same value")
        elif work.entry is None:
            _tell(work, old, new, f"{_word(old)} is still there beside {_word(new)}, with another value")
    for old, new in spec.merges.items():
        said, text = _live_value(work, old), work.managed.get(new)
        if not isinstance(said, str) or not said.strip() or not isinstance(text, str):
            continue
        if said.strip() in text:
            yield _note(work, old, new, f"{_word(old)} is still there, and {_word(new)} says the same")
        elif work.entry is None:
            _tell(work, old, new, f"{_word(old)} is still there, and {_word(new)} does not hold its text")
    yield from _spent_places(work)
    for old, new in spec.outdone.items():
        if work.entry is None and _live_value(work, old) is not None and work.managed.get(new):
            _tell(work, old, new, f"{_word(old)} is still there beside {_word(new)}: both count")


def _spent_places(work: Work) -> Iterator[str]:
    undecided: dict[str, str] = {}
    for one in work.spec.spent:
        if _wanted_value(work, one.beside) not in one.values or (current := _live_value(work, one.place)) is None:
            continue
        if not one.holds or any(same(current, value) for value in one.holds):
            undecided.pop(one.place, None)
            if work.entry is None:
                _note(work, one.place, one.beside, f"{_word(one.place)} says nothing beside {_word(one.beside)}")
            yield one.place
        else:
            undecided[one.place] = one.beside
    for place, beside in undecided.items():
        if work.entry is None:
            _tell(work, place, beside, f"{_word(place)} is still there beside {_word(beside)}")


def _wanted_value(work: Work, path: str) -> Json:
    """What the manifest means by a field: its default, too, where it says something of the object around it."""
    value = work.managed.get(path)
    if value is None and not any(within(one, path.rpartition("/")[0]) for one in work.managed):
        return None
    return effective(field_at(work.spec, path), value)


def _live_value(work: Work, path: str) -> Json:
    """What stands at an old place that is nobody's; None where nothing does."""
    if path in work.managed:
        return None
    current = leaf_at(work.spec, work.document, path)
    if not is_filled(current) or at_default(field_at(work.spec, path), current) or _is_ours(work, path):
        return None
    return current


def _is_ours(work: Work, path: str) -> bool:
    """Whether a manifest or the state speaks of the place, or the manifest wants it left alone."""
    known = (*work.resource.leaves, *(work.entry.sent if work.entry is not None else ()))
    if any(within(one, path) or within(path, one) for one in known):
        return True
    ignore = work.resource.lifecycle.ignore
    return ignored(path, ignore) or any(within(pointer, path) for pointer in ignore)


def _note(work: Work, old: str, new: str, summary: str) -> str:
    work.left.append(Left(old, new, summary, TAKE_AWAY))
    return old


def _tell(work: Work, old: str, new: str, summary: str) -> None:
    work.left.append(Left(old, new, summary, BY_HAND))


def _word(path: str) -> str:
    return path.rpartition("/")[2]
