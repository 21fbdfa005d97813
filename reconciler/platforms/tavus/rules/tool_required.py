"""L21: parameters that the model may leave out."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import inline_tools, tool_body
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json
from reconciler.types.manifest import Manifest


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind == "tool":
        yield from _one(manifest, "", manifest.spec.get("parameters"))
        return
    for pointer, item in inline_tools(manifest.spec):
        body, below = tool_body(item)
        yield from _one(manifest, pointer + below, body.get("parameters"))


def _one(manifest: Manifest, pointer: str, parameters: Json) -> Iterator[Diagnostic]:
    properties = parameters.get("properties") if isinstance(parameters, dict) else None
    if not isinstance(parameters, dict) or not isinstance(properties, dict):
        return
    required = parameters.get("required")
    listed = required if isinstance(required, list) else []
    missing = [word for word in properties if word not in listed]
    if missing:
        yield RULE.found(
            manifest,
            f"{pointer}/parameters/properties",
            f"not in required: {', '.join(missing)}",
            hint="list every parameter in required; say in its description when it may be empty",
        )


RULE = Rule(
    code="L21",
    name="tool-required",
    severity=Severity.INFO,
    kinds=("persona", "tool"),
    source="tool calling page, June 2026",
    check=check,
    doc=RuleDoc(
        what="A tool's parameter is described in properties and not listed in required.",
        why="The page advises to list all: the model tends to leave out what is optional.",
        bad="system_prompt: Hi\nlayers:\n  llm:\n    model: tavus-gpt-oss\n    tools:\n    - type: function\n"
        "      function:\n        name: weather\n        description: Weather\n"
        "        parameters: {type: object, properties: {city: {type: string}}}\n",
        good="system_prompt: Hi\nlayers:\n  llm:\n    model: tavus-gpt-oss\n    tools:\n    - type: function\n"
        "      function:\n        name: weather\n        description: Weather\n"
        "        parameters: {type: object, properties: {city: {type: string}}, required: [city]}\n",
    ),
)
