"""The tools of a LiveKit agent: function schemas, and the module of handlers with a stub for each."""

from __future__ import annotations

import hashlib
import keyword
import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.core.export.target import AttachedTool, Ledger, Remark, summarize_value
from reconciler.types.json import Json, Object, escape, lookup

INLINE = "/layers/llm/tools"
SENSES = {"vision": "what is seen", "audio": "what is heard"}
QUIET = ("fire_and_forget", "add_to_context")
"""Results about which the persona says nothing by itself."""


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """One function the agent's model may call."""

    schema: Object
    """`{name, description, parameters}`, as a raw function tool takes it."""
    notes: tuple[str, ...] = ()
    """What Tavus did with a call, for whoever writes the handler."""
    quiet: bool = False
    """The model does not speak about the result."""

    @property
    def name(self) -> str:
        return str(self.schema["name"])


def function_tools(ledger: Ledger, attached: tuple[AttachedTool, ...]) -> list[FunctionTool]:
    """Every tool that can be called, each name once; registry tools come first."""
    found: dict[str, FunctionTool] = {}
    if isinstance(ledger.spec.get("tools"), list):
        ledger.settle("/tools")
    for one in attached:
        tool = _registry_tool(ledger, one)
        if tool is not None and found.setdefault(tool.name, tool) is not tool:
            ledger.lose("/tools", f"a second tool is called {summarize_value(tool.name)}")
    value = lookup(ledger.spec, INLINE)
    for item in value if isinstance(value, list) else ():
        name = tool_name(item)
        if name is None:
            ledger.lose(INLINE, "a function without a name")
        elif name in found:
            ledger.lose(f"{INLINE}/{escape(name)}", "another tool of that name is there")
        else:
            found[name] = _inline_tool(ledger, name, item)
    if found:
        ledger.settle(INLINE)
    return list(found.values())


def _registry_tool(ledger: Ledger, tool: AttachedTool) -> FunctionTool | None:
    where = f"tool.{tool.name.removeprefix('tool.')}"
    spec = tool.spec
    if spec is None:
        _say(
            ledger, where, "what it does is written in the account only",
            "run the export with -w WORKSPACE, which reads it there",
        )  # fmt: skip
        return None
    name = spec.get("name")
    if not isinstance(name, str) or not name:
        _say(ledger, where, "it has no name")
        return None
    origin = spec.get("origin")
    if isinstance(origin, str) and origin in SENSES:
        _say(
            ledger, f"{where}/origin", f"fired by {SENSES[str(origin)]}, and perception does not run in echo mode",
            "let the agent's model see (RoomOptions(video_input=True)) and make it a function tool",
        )  # fmt: skip
        return None
    if spec.get("trigger_type") == "post_call":
        _say(
            ledger, f"{where}/trigger_type", "it is called after the conversation",
            "ctx.add_shutdown_callback in the entry point",
        )  # fmt: skip
        return None
    notes = _manners(ledger, where, spec)
    quiet = spec.get("on_resolve") in (None, *QUIET)
    return FunctionTool(_schema(ledger, where, name, spec), notes, quiet)


def _manners(ledger: Ledger, where: str, spec: Object) -> tuple[str, ...]:
    """How Tavus delivered the call and what was said meanwhile: the handler's business now."""
    notes: list[str] = []
    api = lookup(spec, "/delivery/api")
    if isinstance(api, dict):
        method, url = summarize_value(api.get("method") or "POST"), _address(api.get("url"))
        notes.append(f"Tavus sent the call to {method} {url}; that is for this function to do now.")
        _say(
            ledger, f"{where}/delivery/api", f"Tavus sent the call to {method} {url}",
            "the handler sends it, with a secret of its own environment",
        )  # fmt: skip
    elif lookup(spec, "/delivery/app_message") is True:
        notes.append("Tavus sent the call to the app as a message; here the function answers itself.")
        _say(
            ledger, f"{where}/delivery/app_message", "Tavus sent the call to the app as a message",
            "the handler can send it: session room_io.room.local_participant.perform_rpc or publish_data",
        )  # fmt: skip
    on_call, filler = spec.get("on_call"), spec.get("static_filler")
    if on_call not in (None, "silent"):
        what = f" ({summarize_value(filler)})" if filler else ""
        notes.append(f"While it ran, Tavus did this: {summarize_value(on_call)}{what}.")
        _say(
            ledger, f"{where}/on_call",
            f"nothing is said while a function runs; Tavus: {summarize_value(on_call)}{what}",
            "context.session.say(...) at the start of the handler",
        )  # fmt: skip
    return tuple(notes)


def _inline_tool(ledger: Ledger, name: str, item: Json) -> FunctionTool:
    function = item.get("function") if isinstance(item, dict) else None
    body = function if isinstance(function, dict) else item
    assert isinstance(body, dict)
    return FunctionTool(_schema(ledger, f"{INLINE}/{escape(name)}", name, body))


def _schema(ledger: Ledger, where: str, name: str, body: Object) -> Object:
    description, parameters = body.get("description"), body.get("parameters")
    if not isinstance(parameters, dict):
        if parameters is not None:
            _say(ledger, f"{where}/parameters", f"{summarize_value(parameters)} is no JSON Schema")
        parameters = {}
    return {
        "name": name,
        "description": description if isinstance(description, str) else "",
        "parameters": parameters or {"type": "object", "properties": {}},
    }


def _say(ledger: Ledger, where: str, reason: str, instead: str = "") -> None:
    ledger.not_carried.append(Remark(where, reason, instead))


def _address(url: Json) -> str:
    """A URL without what may be a credential: user, password, query."""
    text = summarize_value(url) if isinstance(url, str) else "an address of its own"
    scheme, mark, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}" if mark else text


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
    lines = [f"    {quoted(tool.name)}: {names[tool.name]},\n" for tool in tools]
    table = "HANDLERS: dict[str, Any] = {\n" + "".join(lines) + "}\n" if lines else "HANDLERS: dict[str, Any] = {}\n"
    return HEAD.replace("@ADDRESS@", address) + "".join(f"\n\n{stub}" for stub in stubs) + f"\n\n{table}"


def stub_text(tool: FunctionTool, name: str) -> str:
    """One handler that says that it is not written yet."""
    said = [f"    # {line}\n" for line in comment_lines([str(tool.schema["description"]), *tool.notes])]
    if tool.quiet:
        said.append(
            "    # Tavus said nothing about the result: return ToolResult(value, reply_required=False) for that.\n"
        )
    return (
        f"async def {name}(raw_arguments: dict[str, object], context: RunContext) -> object:\n"
        + "".join(said)
        + f"    raise ToolError({quoted(tool.name + ' is not written yet')})\n"
    )


def comment_lines(texts: Iterable[str]) -> list[str]:
    """At most six lines of each text, as they may stand behind the mark of a comment."""
    from textwrap import wrap

    return [line for text in texts for line in wrap(_comment(text), 108)[:6]]


def _comment(text: str) -> str:
    """`text` as it may stand in a comment: nothing that ends a line, nothing that cannot be seen."""
    return "".join(character if character.isprintable() else " " for character in text)


def quoted(text: str) -> str:
    """A string in double quotes, ASCII only: JSON's escapes are those of Python and JavaScript."""
    import json

    return json.dumps(text)
