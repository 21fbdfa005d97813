"""The leaves of one change: `path: before -> after`, aligned, with the direction of each that somebody else moved."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.reporters.shown_leaves import Leaf, inner_differences, is_prose
from reconciler.reporters.text.paint import Paint, Tone, plain
from reconciler.reporters.text.prompts import prompt_lines
from reconciler.reporters.values import UNKNOWN, ValueDifference, show, summarize
from reconciler.types.change import Direction

WIDEST_PATH = 52
MAX_ITEMS = 30


def leaf_lines(leaves: Sequence[Leaf], paint: Paint, indent: str) -> Iterator[str]:
    """All lines of one object: first what fits on one line, then texts and lists, else in the order given."""
    looked_into = [(leaf, plain(leaf.path), inner_differences(leaf)) for leaf in leaves]
    looked_into.sort(key=lambda entry: _is_text(entry[0]) or bool(entry[2]))
    aligned = [path for leaf, path, inside in looked_into if not inside and not _is_text(leaf)]
    widest = max((len(path) for path in aligned if len(path) <= WIDEST_PATH), default=0)
    for leaf, path, inside in looked_into:
        head = f"{indent}{paint.symbol(leaf.sign)} {path}"
        tail = paint(f"  ({leaf.direction.value})", _tone(leaf.direction)) if leaf.direction else ""
        below = indent + "    "
        if _is_text(leaf):
            first, *rest = prompt_lines(leaf.before, leaf.after, paint, below)
            yield f"{head}: {first}{tail}"
            yield from rest
        elif inside == [] and leaf.before is not None and leaf.after is not None:
            # What differs was hidden on both sides.
            yield f"{head}: a secret inside it differs{tail}"
        elif inside:
            yield f"{head}:{tail}"
            yield from _inside_lines(inside, leaf, paint, below)
        else:
            yield from _scalar(leaf, f"{head}{' ' * max(widest - len(path), 0)}: ", tail, paint, below)
        if leaf.note:
            yield from paint.wrap(leaf.note, indent + "      ", first=indent + "    # ", tone=Tone.DIM)


def _is_text(leaf: Leaf) -> bool:
    return not leaf.unknown and not leaf.forgotten and is_prose(leaf.before, leaf.after)


def _tone(direction: Direction) -> Tone:
    return Tone.DIM if direction is Direction.GIT else Tone.WARNING


def _inside_lines(found: list[ValueDifference], leaf: Leaf, paint: Paint, indent: str) -> Iterator[str]:
    room = max(paint.width - len(indent) - 8, 24)
    for number, item in enumerate(found):
        if number == MAX_ITEMS and not paint.style.verbose:
            yield paint(f"{indent}  … {len(found) - MAX_ITEMS:,} more differences (--verbose shows them)", Tone.DIM)
            return
        where = plain(item.where) + ": " if item.where else ""
        if item.sign == "~" and item.before is None and item.after is None:
            text = plain(item.where)
        elif item.sign == "~":
            text = f"{where}{show(item.before, room // 2)} -> {show(item.after, room // 2)}"
        else:
            value = item.after if item.sign == "+" else item.before
            text = where + (plain(value) if leaf.names and isinstance(value, str) else summarize(value, room))
        yield f"{indent}{paint.symbol(item.sign)} {text}"


def _scalar(leaf: Leaf, head: str, tail: str, paint: Paint, below: str) -> Iterator[str]:
    before = "(not known)" if leaf.forgotten else summarize(leaf.before)
    after = UNKNOWN if leaf.unknown else summarize(leaf.after)
    if leaf.sign == "+":
        yield head + after + tail
        return
    room = paint.width - len(below) - len(leaf.path) - 6
    if len(before) + len(after) <= max(room, 60):
        yield f"{head}{before} -> {after}{tail}"
    else:
        yield f"{head}{before}"
        yield f"{below}-> {after}{tail}"
