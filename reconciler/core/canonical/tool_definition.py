"""When a tool inside an object and one of the registry are the same: name, description, parameters and origin.

Members in any order, `required` as a set; white space in a description counts.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.core.serialization.reference_marks import write_marks
from reconciler.types.json import Json, Object


@dataclass(frozen=True, slots=True)
class ToolBody:
    """What a tool is called, and what equals in all tools that mean the same."""

    name: str
    digest: str


def inline_function(item: Json) -> Object | None:
    """The function of an inline tool, in the OpenAI form or the flat form; None for anything without a name."""
    if not isinstance(item, dict) or tool_name(item) is None:
        return None
    function = item.get("function")
    return function if isinstance(function, dict) else item


def inline_body(item: Json, origin: str) -> ToolBody | None:
    """An inline tool whose list stands for `origin`; None for anything without a name."""
    name, function = tool_name(item), inline_function(item)
    if name is None or function is None:
        return None
    return ToolBody(name, body_digest(function.get("description"), function.get("parameters"), origin))


def registry_tool(spec: Object, name: str) -> ToolBody:
    """A registry tool by its body; `name` counts where the body has none."""
    said, origin = spec.get("name"), spec.get("origin")
    return ToolBody(
        said if isinstance(said, str) and said else name,
        body_digest(
            spec.get("description"), spec.get("parameters"), origin if isinstance(origin, str) and origin else "llm"
        ),
    )


def body_digest(description: Json, parameters: Json, origin: str) -> str:
    """Equal for tools that mean the same."""
    text = json.dumps(write_marks([description or "", normal(parameters or {}), origin]), sort_keys=True)
    return sha256(text.encode()).hexdigest()


def normal(value: Json) -> Json:
    """Lists of required names as sets; everything else as it is."""
    if isinstance(value, list):
        return [normal(item) for item in value]
    if not isinstance(value, dict):
        return value
    result: Object = {}
    for key, member in value.items():
        if key == "required" and isinstance(member, list) and all(isinstance(item, str) for item in member):
            result[key] = [*sorted({str(item) for item in member})]
        else:
            result[key] = normal(member)
    return result
