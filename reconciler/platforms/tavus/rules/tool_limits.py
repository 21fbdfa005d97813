"""L22: what a registry tool may be called, how big it may be, and how many a persona may have."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.core.serialization.reference_marks import write_marks
from reconciler.platforms.tavus.rules.body_reader import inline_tools, sequence, tool_body
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, Object, escape, is_filled
from reconciler.types.manifest import Manifest
from reconciler.types.reference import is_reference

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
SIZE = 10_000
COUNT = 50
RESERVED = "tavus_"


def misfits(body: Object) -> Iterator[tuple[str, str]]:
    """What the registry would refuse of a tool: pointer into it, and why."""
    name = body.get("name")
    if isinstance(name, str) and not NAME.fullmatch(name):
        yield "/name", f"the name {name!r} must match ^[A-Za-z_][A-Za-z0-9_]{{0,63}}$"
    description, parameters = body.get("description"), body.get("parameters")
    size = (len(description) if isinstance(description, str) else 0) + _size(parameters)
    if size > SIZE:
        where = "/parameters" if _size(parameters) else "/description"
        yield where, f"description and parameters have {size:,} characters; the limit is {SIZE:,}"
    properties = parameters.get("properties") if isinstance(parameters, dict) else None
    for word in properties if isinstance(properties, dict) else ():
        if word.startswith(RESERVED):
            yield f"/parameters/properties/{escape(word)}", f"{word}: names that begin with {RESERVED} are reserved"


def _size(parameters: Json) -> int:
    if not is_filled(parameters) or is_reference(parameters):
        return 0
    return len(json.dumps(write_marks(parameters), sort_keys=True, ensure_ascii=False))


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind == "tool":
        for pointer, problem in misfits(manifest.spec):
            yield RULE.found(manifest, pointer, problem)
        if not manifest.spec.get("name") and not NAME.fullmatch(manifest.address.name) and context.is_new(manifest):
            summary = f"without name the manifest's own name is sent, and {manifest.address.name!r} is refused"
            yield RULE.found(manifest, "", summary, hint="write a name of letters, digits and underscores")
        return
    for word in ("tools", "tool_ids"):
        count = len(sequence(manifest.spec, f"/{word}"))
        if count > COUNT:
            yield RULE.found(manifest, f"/{word}", f"{count} tools; a persona may have {COUNT}")
    # Inline tools have no documented limits: they run as they are, and only cannot move to the registry.
    for place, item in inline_tools(manifest.spec):
        body, below = tool_body(item)
        for pointer, problem in misfits(body):
            yield RULE.found(
                manifest,
                place + below + pointer,
                f"this inline tool cannot move to the registry: {problem}",
                severity=Severity.INFO,
            )


RULE = Rule(
    code="L22",
    name="tool-limits",
    severity=Severity.ERROR,
    kinds=("tool", "persona"),
    source="vendor client 0.11.0, create-tool page",
    check=check,
    doc=RuleDoc(
        what="A tool whose name is not an identifier of at most 64 characters, whose description and parameters "
        "have more than 10,000 characters, or with a parameter that begins with tavus_; a persona with more than "
        "50 tools. For inline tools an info.",
        why="The API refuses such an object, and everything that depends on it waits.",
        bad="name: look-up policy\ndescription: Finds a policy\n",
        good="name: look_up_policy\ndescription: Finds a policy\n",
    ),
)
