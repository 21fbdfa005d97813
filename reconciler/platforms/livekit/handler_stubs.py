"""The module of tool handlers: a stub for each tool, made once and a person's from then on; legal Python names."""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Collection, Iterable, Sequence

from reconciler.platforms.livekit.agent_tools import FunctionTool

RESERVED = frozenset({"HANDLERS", "Any", "RunContext", "ToolError", "ToolResult", "annotations"})
LONGEST = 60


def stems(names: Iterable[str]) -> dict[str, str]:
    """Name of each persona -> the stem of its files.

    A stem is told from an equal one by a digest of the name, so that it does not depend on the order.
    """
    plain = {name: _identifier(name.lower(), "persona") for name in names}
    counts: dict[str, int] = {}
    for stem in plain.values():
        counts[stem] = counts.get(stem, 0) + 1
    return {
        name: stem if counts[stem] == 1 or name == stem else f"{stem}_{_short(name)}" for name, stem in plain.items()
    }


def function_names(tools: Iterable[str]) -> dict[str, str]:
    """Name of each tool -> the name of its handler."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for tool in tools:
        name = _identifier(tool, "tool")
        if name in RESERVED or name.startswith("__"):
            name = f"tool_{name.strip('_')}"
        if name in taken:
            name = f"{name}_{_short(tool)}"
        taken.add(name)
        found[tool] = name
    return found


def _identifier(text: str, prefix: str) -> str:
    """`text` as an ASCII identifier that is no keyword."""
    name = re.sub(r"[^A-Za-z0-9_]+", "_", text)[:LONGEST]
    if not name.strip("_"):
        name = f"{prefix}_{_short(text)}"
    if name[0].isdigit() or _is_taken(name, (*keyword.kwlist, *keyword.softkwlist)):
        name = f"{prefix}_{name}"
    return name


def _is_taken(name: str, words: Collection[str]) -> bool:
    return name.casefold() in {word.casefold() for word in words}


def _short(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:6]


HEAD = '''"""What the tools of @ADDRESS@ do: yours to fill in.

`reconciler export --target livekit` made this file once and never writes it again. A tool that comes later needs a
function here and a line in HANDLERS. A handler gets the arguments as the model wrote them and returns what the model
is to know: a text, a dict, a list or None.
"""

from __future__ import annotations

from typing import Any

from livekit.agents import RunContext, ToolError
'''


def handlers_text(tools: Sequence[FunctionTool], address: str) -> str:
    """The source of `<stem>_tools.py`, for the tools of today."""
    names = function_names([tool.name for tool in tools])
    stubs = [stub_text(tool, names[tool.name]) for tool in tools]
    lines = [f"    {_quoted(tool.name)}: {names[tool.name]},\n" for tool in tools]
    table = "HANDLERS: dict[str, Any] = {\n" + "".join(lines) + "}\n" if lines else "HANDLERS: dict[str, Any] = {}\n"
    return HEAD.replace("@ADDRESS@", address) + "".join(f"\n\n{stub}" for stub in stubs) + f"\n\n{table}"


def stub_text(tool: FunctionTool, name: str) -> str:
    """One handler that says that it is not written yet."""
    said = [f"    # {_comment(line)}\n" for line in _wrapped(str(tool.schema["description"]))]
    said += [f"    # {_comment(line)}\n" for note in tool.notes for line in _wrapped(note)]
    if tool.quiet:
        said.append(
            "    # Tavus said nothing about the result: return ToolResult(value, reply_required=False) for that.\n"
        )
    return (
        f"async def {name}(raw_arguments: dict[str, object], context: RunContext) -> object:\n"
        + "".join(said)
        + f"    raise ToolError({_quoted(tool.name + ' is not written yet')})\n"
    )


def _wrapped(text: str) -> list[str]:
    from textwrap import wrap

    return wrap(_comment(text), 108)[:6]


def _comment(text: str) -> str:
    """`text` as it may stand in a comment: nothing that ends a line, nothing that cannot be seen."""
    return "".join(character if character.isprintable() else " " for character in text)


def _quoted(text: str) -> str:
    """A Python string in double quotes, ASCII only: JSON's escapes are Python's."""
    import json

    return json.dumps(text)
