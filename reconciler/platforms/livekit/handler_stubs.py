"""The module of tool handlers: a stub for each tool, made once and a person's from then on."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.platforms.livekit.agent_tools import FunctionTool
from reconciler.platforms.livekit.python_names import function_names

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
