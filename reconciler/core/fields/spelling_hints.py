"""What somebody probably meant: the place of a key that stands elsewhere, and the form of a value of another type."""

from __future__ import annotations

import re
from difflib import get_close_matches

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.core.canonical.field_tree import Node
from reconciler.core.canonical.references import WORDS
from reconciler.types.json import Json
from reconciler.types.kind import Field, KindSpec, Type

FUNCTION = (
    "a function written out belongs under /layers/llm/tools; or make it a manifest of its own (kind: Tool) and write "
    "its name here"
)
NAMES = "write a list of names: registry tools of the account, or {ref: tool.name}"
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_PLAIN = (str, int, float, bool)


def hint_for_key(spec: KindSpec, node: Node, word: str, pointer: str) -> str | None:
    """What to write instead of the unknown key `word`, which stands at `pointer` under `node`."""
    belongs = spec.misplaced.get(pointer)
    if belongs is not None:
        where = f"{word} stands at {belongs}" if belongs else "remove it"
        return f"it has no effect there; {where} (`reconciler migrate` moves or drops it)"
    known = [*node.children, *node.renames]
    plain = snake_case(word)
    if plain != word and plain in known:
        return f"did you mean {plain!r}?"
    parent = pointer.rpartition("/")[0]
    for spelling in (pointer, f"{parent}/{plain}"):
        if spelling in spec.mistaken:
            return spec.mistaken[spelling]
    close = get_close_matches(word, known, n=1, cutoff=0.65) or get_close_matches(plain, known, n=1, cutoff=0.65)
    if close:
        return f"did you mean {close[0]!r}?"
    elsewhere = next((row.path for row in spec.fields if row.path.rpartition("/")[2] == plain), None)
    return f"{word} stands at {elsewhere}" if elsewhere else None


def snake_case(word: str) -> str:
    """`systemPrompt`, `System-Prompt` and `SYSTEM PROMPT` as `system_prompt`."""
    return re.sub(r"[\s-]+", "_", _HUMP.sub("_", word.strip())).lower()


def hint_for_value(row: Field, value: Json) -> str | None:
    """How to write `value`, which is of another type than the field has."""
    if row.type is Type.STRING and isinstance(value, int | float):
        if row.secret:
            return "put it in quotes"
        return f'put it in quotes: "{str(value).lower() if isinstance(value, bool) else value}"'
    if row.type is Type.STRING and isinstance(value, dict) and len(value) == 1:
        close = get_close_matches(next(iter(value)), WORDS, n=1)
        return f"did you mean {{{close[0]}: ...}}?" if close else None
    if row.type is Type.STRINGS and isinstance(value, _PLAIN):
        return "write a list, also for one item"
    if row.type is Type.STRINGS and row.ref == "tool":
        return f"{NAMES}; {FUNCTION}" if isinstance(value, dict) else NAMES
    if row.type in {Type.LIST, Type.OBJECT} and isinstance(value, str) and value.strip()[:1] in {"{", "["}:
        return "write it as YAML or JSON, not as text in quotes"
    if row.type is Type.OBJECT and isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        word = next((key for one in value if isinstance(one, dict) for key in one), "key")
        return f"write its members without the dashes: {row.path.rpartition('/')[2]}: {{{word}: ...}}"
    if row.type is Type.LIST and isinstance(value, dict):
        return "write a list: one item with a dash for each member"
    return None


def item_name(row: Field, index: str, value: Json) -> str:
    """An item of a list of texts as a sentence names it: by its number, and its own name where it has one."""
    name = tool_name(value)
    return f"item {int(index) + 1} of {row.path}" + (f" ({name})" if name else "")


def hint_for_item(row: Field, value: Json) -> str | None:
    """How to write an item of a list of texts that is none."""
    if not isinstance(value, dict):
        return "put it in quotes" if isinstance(value, _PLAIN) else None
    if row.ref == "tool":
        return FUNCTION
    return f"write its id, or {{ref: {row.ref}.name}}" if row.ref else "write a text"
