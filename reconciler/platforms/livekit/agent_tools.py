"""The tools of a LiveKit agent: function schemas out of the registry's tools and out of inline ones."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.core.export.target import AttachedTool, Ledger, Remark, plain
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
            ledger.lose("/tools", f"a second tool is called {plain(tool.name)}")
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
        method, url = plain(api.get("method") or "POST"), _address(api.get("url"))
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
        what = f" ({plain(filler)})" if filler else ""
        notes.append(f"While it ran, Tavus did this: {plain(on_call)}{what}.")
        _say(
            ledger, f"{where}/on_call", f"nothing is said while a function runs; Tavus: {plain(on_call)}{what}",
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
            _say(ledger, f"{where}/parameters", f"{plain(parameters)} is no JSON Schema")
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
    text = plain(url) if isinstance(url, str) else "an address of its own"
    scheme, mark, rest = text.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}{mark}{host.rpartition('@')[2]}{slash}{path.partition('?')[0]}" if mark else text
