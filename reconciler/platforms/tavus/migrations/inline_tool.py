"""One inline tool: where it stands, when two are the same, and what it is in the registry.

Two tools are the same when name, description, parameters (in any order of members, `required` as a set) and origin
are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from reconciler.core.canonical.canonical_form import tool_name
from reconciler.core.canonical.keyed_lists import body_digest, registry_tool
from reconciler.core.migration import Subject
from reconciler.platforms.tavus.kinds import kind
from reconciler.types.json import Json, Object, lookup

PLACES = kind("persona").inline
"""Where inline tools stand, and the origin that each becomes in the registry."""
PERCEPTION_MODEL = "/layers/perception/perception_model"
UNFIT_MODELS = ("raven-0", "basic", "off")
FIT_MODEL = "raven-1"
"""The first whose registry tools fire, and the documented default."""
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
LARGEST = 10_000
MOST = 50
"""Registry tools of one persona."""
RESERVED = "tavus_"
CODES = ("M20", "M21", "M22", "L32")
"""What a comment may name to keep a tool inline: one decision, whichever of the migrations would come first."""
TAKEN = kind("tool").reserved
"""Names of the vendor's own tools."""
KNOWN = frozenset({"name", "description", "parameters"})


def may_be_called(name: str) -> bool:
    """Whether a registry tool of the account may have this name."""
    return bool(NAME.fullmatch(name)) and name not in TAKEN


@dataclass(frozen=True, slots=True)
class Inline:
    """One inline tool."""

    subject: Subject
    place: str
    index: int
    origin: str
    name: str
    description: Json
    parameters: Json
    digest: str
    """The same for all tools that mean the same."""
    dropped: tuple[str, ...] = ()
    """Members that a registry tool does not have."""
    kept: bool = False
    """A comment in the file says that it stays inline, it or another one of its name."""

    @property
    def pointer(self) -> str:
        return f"{self.place}/{self.index}"


def inline_tools(subject: Subject) -> Iterator[Inline]:
    """Inline tools that have a name, wherever they stand."""
    found = list(_inline_tools(subject))
    stay = {one.name for one in found if any(subject.keeps(at, CODES) for at in (one.pointer, one.place))}
    return (replace(one, kept=True) if one.name in stay else one for one in found)


def _inline_tools(subject: Subject) -> Iterator[Inline]:
    for place, origin in PLACES.items():
        items = lookup(subject.spec, place)
        for index, item in enumerate(items if isinstance(items, list) else []):
            name = tool_name(item)
            if name is None or not isinstance(item, dict):
                continue
            function = item.get("function")
            body = function if isinstance(function, dict) else item
            outer = item if isinstance(function, dict) else {}
            dropped = sorted({*body} - KNOWN - {"type"} | {*outer} - {"type", "function"})
            description, parameters = body.get("description"), body.get("parameters")
            digest = body_digest(description, parameters, origin)
            yield Inline(subject, place, index, origin, name, description, parameters, digest, tuple(dropped))


def registry_digest(tool: Subject) -> str:
    """The digest of a Tool manifest."""
    return registry_tool(tool.spec, tool.address.name).digest


def registry_body(inline: Inline, name: str, description: str | None = None) -> Object:
    """The registry tool that does what the inline one did: silent while it runs, delivered to the app."""
    body: Object = {
        "name": name,
        "description": description if description is not None else inline.description,
        "parameters": inline.parameters if isinstance(inline.parameters, dict) else {},
        "origin": inline.origin,
    }
    if inline.origin == "llm":
        # The registry's own default would make the persona talk while the tool runs; inline tools never did.
        body["on_call"] = "silent"
    return {**body, "on_resolve": "fire_and_forget", "delivery": {"app_message": True}}
