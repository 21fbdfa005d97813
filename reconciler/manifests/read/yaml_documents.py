"""The documents of a YAML text as composed nodes: one that is broken hides none that comes after it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache
from operator import is_
from typing import TYPE_CHECKING, Any, TypeAlias

from reconciler.manifests.read import yaml_rules
from reconciler.manifests.read.yaml_rules import MAX_DEPTH, TOO_DEEP

if TYPE_CHECKING:
    from yaml.nodes import Node

MAX_NODES = 1_000_000
"""More values than this in one file are refused: each costs some hundred bytes while it is composed."""
SAFE_OPENERS = 1_000
"""Below this many openers the C composer cannot run out of stack, so no scan of events is needed."""
AGAIN = 4 * 1024 * 1024
"""So many lines are read again to get past broken documents."""
STRETCH = 64 * 1024
"""Behind a broken document so many characters at least are read at once."""

_BOUNDARY = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)
"""At the start of a line these begin a document, whatever they seem to stand in."""
_NOTHING = re.compile(r"(?:[ \t]*(?:#[^\n]*|%[^\n]*|\.\.\.[^\n]*)?\r?\n)*[ \t]*")
_BREAK = re.compile(r"\r\n|[\r\n\x85\u2028\u2029]")


class Refused(Exception):
    """The document is not built any further: too deep, or too large once expanded."""

    def __init__(self, message: str, node: Node | None = None, mark: Any = None, *, whole: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.mark = node.start_mark if node is not None else mark
        self.whole = whole
        """Whether nothing more of the file is to be read."""


Broken: TypeAlias = Callable[[Exception, str, int], None]
"""Hears why a document cannot be composed (an error of PyYAML, `Refused`, `RecursionError`), with the text that its
marks belong to, which has the lines of the file, and the offset of the document in it."""


@cache
def _loader() -> Any:
    """The loader class: the C parser where PyYAML has it, with our meaning of unquoted words."""
    import yaml

    words, starts = yaml_rules.WORDS, yaml_rules.STARTS
    scalar = yaml.ScalarNode

    class Composer(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
        """Composes nodes; `resolve` is called once for each."""

        def resolve(self, kind: type[Node], value: Any, implicit: Any) -> str:
            if kind is not scalar:
                return ""
            if implicit[0]:
                return words.get(value) or (yaml_rules.NUMBER if value[0] in starts else yaml_rules.STR)
            return yaml_rules.STR

        # Called for every node and of no use without path resolvers: the cheapest callables of the right arity.
        descend_resolver = staticmethod(is_)
        ascend_resolver = staticmethod(tuple)

    return Composer


def nodes(text: str, broken: Broken) -> Iterator[Node | None]:
    """The root node of each document of `text`; None stands for one that cannot be composed."""
    from yaml import YAMLError

    left = AGAIN
    todo: list[tuple[int, int, Exception | None]] = [(0, len(text), None)]
    """Stretches still to be composed, the next one last; each with why the document behind it cannot be."""
    lines, counted = "", 0
    while todo:
        start, stop, behind = todo.pop()
        lines, counted = lines + "".join(_BREAK.findall(text, counted, start)), start  # so that marks are right
        moved = start - len(lines)
        end, problem = start, None
        try:
            for node in _composed(lines + text[start:stop]):
                end = node.end_mark.index + moved
                yield node
        except (YAMLError, Refused, RecursionError) as error:
            problem = error
        if problem is not None:
            place = _place_of(problem, text, start, moved)
            opening, following = _around(text, end, place)
            left -= len(lines)
            if following is not None and following < stop and not (isinstance(problem, Refused) and problem.whole):
                if left < 0:
                    reason = Refused("not read, nor what follows: so many documents before it are broken")
                    broken(reason, text, following)
                else:
                    cut = _BOUNDARY.search(text, following + STRETCH)
                    if cut is not None and cut.start() < stop:
                        todo.append((cut.start(), stop, behind))
                        todo.append((following, cut.start(), None))
                    else:
                        todo.append((following, stop, behind))
                    behind = None
            if place is not None and not _NOTHING.fullmatch(text, end, opening):
                if behind is not None:  # its turn comes after what stands before it
                    todo.append((stop, stop, behind))
                    behind = None
                todo.append((end, opening, problem))
            else:
                broken(problem, lines + text[start:stop], opening - moved)
                yield None
        if behind is not None:
            broken(behind, lines + text[start : stop + STRETCH], stop - moved)
            yield None


def _place_of(problem: Exception, text: str, start: int, moved: int) -> int | None:
    """Where in `text` the problem is, if that is told for certain: it may be met while reading ahead."""
    character = getattr(problem, "character", None)
    if isinstance(character, int):
        return max(text.find(chr(character), start), start)
    return problem.mark.index + moved if isinstance(problem, Refused) and problem.mark is not None else None


def _around(text: str, end: int, place: int | None) -> tuple[int, int | None]:
    """Where the broken document begins, which is the one after `end` or around `place`, and the one behind it."""
    opening = end
    for found in _BOUNDARY.finditer(text, end):
        at = found.start()
        if at <= place if place is not None else opening == end and bool(_NOTHING.fullmatch(text, end, at)):
            opening = at
            continue
        return opening, at
    return opening, None


def _composed(text: str) -> Iterator[Node]:
    if _may_overflow(text):
        _refuse_deep(text)
    loader = _loader()(text)
    try:
        while loader.check_node():
            yield loader.get_node()
    finally:
        loader.dispose()


def _may_overflow(text: str) -> bool:
    """Whether so many nested collections could open that composing them recursively is unsafe."""
    if len(text) > SAFE_OPENERS * SAFE_OPENERS:
        return True
    openers = text.count("[") + text.count("{")
    if openers + text.count("-") + text.count("?") <= SAFE_OPENERS:
        return False  # nearly every file, and single characters are found many times quicker
    for indicator in "-?":
        openers += text.count(indicator + " ") + text.count(indicator + "\t")
    return openers > SAFE_OPENERS


def _refuse_deep(text: str) -> None:
    """Walk the events, which needs no stack, and refuse what nests too deep to be composed; up to a syntax error."""
    import yaml

    loader = _loader()(text)
    depth = count = 0
    try:
        while loader.check_event():
            event = loader.get_event()
            count += 1
            if count > MAX_NODES:
                raise Refused(
                    f"more than {MAX_NODES:,} values in one file; split it", mark=event.start_mark, whole=True
                )
            if isinstance(event, yaml.CollectionStartEvent):
                depth += 1
                if depth > MAX_DEPTH:
                    raise Refused(TOO_DEEP, mark=event.start_mark)
            elif isinstance(event, yaml.CollectionEndEvent):
                depth -= 1
    except yaml.YAMLError:
        return
    finally:
        loader.dispose()
