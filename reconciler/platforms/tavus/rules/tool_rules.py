"""Rules of tools: parameters, limits, masks, and layers that are replaced whole (L21 to L23, L31)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import is_masked
from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.core.serialization.record_codec import write_marks
from reconciler.platforms.tavus.kinds.tool import SIZE, size_of
from reconciler.platforms.tavus.rules.body_reader import exists, inline_tools, sequence, tool_body
from reconciler.types.address import is_reference
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, Object, escape, is_filled, lookup, split
from reconciler.types.manifest import Manifest


def check_tool_required(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind == "tool":
        yield from _undeclared(manifest, "", manifest.spec.get("parameters"))
        return
    for pointer, item in inline_tools(manifest.spec):
        body, below = tool_body(item)
        yield from _undeclared(manifest, pointer + below, body.get("parameters"))


def _undeclared(manifest: Manifest, pointer: str, parameters: Json) -> Iterator[Diagnostic]:
    properties = parameters.get("properties") if isinstance(parameters, dict) else None
    if not isinstance(parameters, dict) or not isinstance(properties, dict):
        return
    required = parameters.get("required")
    listed = required if isinstance(required, list) else []
    missing = [word for word in properties if word not in listed]
    if missing:
        yield TOOL_REQUIRED.found(
            manifest,
            f"{pointer}/parameters/properties",
            f"not in required: {', '.join(missing)}",
            hint="list every parameter in required; say in its description when it may be empty",
        )


TOOL_REQUIRED = Rule(
    code="L21",
    name="tool-required",
    severity=Severity.INFO,
    kinds=("persona", "tool"),
    source="tool calling page, June 2026",
    check=check_tool_required,
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


NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
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
    return 0 if not is_filled(parameters) or is_reference(parameters) else size_of(write_marks(parameters))


def check_tool_limits(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    if manifest.address.kind == "tool":
        for pointer, problem in misfits(manifest.spec):
            yield TOOL_LIMITS.found(manifest, pointer, problem)
        if not manifest.spec.get("name") and not NAME.fullmatch(manifest.address.name) and context.is_new(manifest):
            summary = f"without name the manifest's own name is sent, and {manifest.address.name!r} is refused"
            yield TOOL_LIMITS.found(manifest, "", summary, hint="write a name of letters, digits and underscores")
        return
    for word in ("tools", "tool_ids"):
        count = len(sequence(manifest.spec, f"/{word}"))
        if count > COUNT:
            yield TOOL_LIMITS.found(manifest, f"/{word}", f"{count} tools; a persona may have {COUNT}")
    # Inline tools have no documented limits: they run as they are, and only cannot move to the registry.
    for place, item in inline_tools(manifest.spec):
        body, below = tool_body(item)
        for pointer, problem in misfits(body):
            yield TOOL_LIMITS.found(
                manifest,
                place + below + pointer,
                f"this inline tool cannot move to the registry: {problem}",
                severity=Severity.INFO,
            )


TOOL_LIMITS = Rule(
    code="L22",
    name="tool-limits",
    severity=Severity.ERROR,
    kinds=("tool", "persona"),
    source="vendor client 0.11.0, create-tool page",
    check=check_tool_limits,
    doc=RuleDoc(
        what="A tool whose name is not an identifier of at most 64 characters, whose description and parameters "
        "have more than 10,000 characters, or with a parameter that begins with tavus_; a persona with more than "
        "50 tools. For inline tools an info.",
        why="The API refuses such an object, and everything that depends on it waits.",
        bad="name: look-up policy\ndescription: Finds a policy\n",
        good="name: look_up_policy\ndescription: Finds a policy\n",
    ),
)


def check_tool_echo_scrub(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for pointer, value, row in context.declared(manifest):
        if row.secret and is_masked(value):
            name = split(pointer)[-1]
            yield TOOL_ECHO_SCRUB.found(
                manifest,
                pointer,
                f"{name} is the mask that the API shows, not the secret",
                hint=f"write {name}: {{env: NAME}}, or leave it out to keep the stored one",
            )


TOOL_ECHO_SCRUB = Rule(
    code="L23",
    name="tool-echo-scrub",
    severity=Severity.ERROR,
    kinds=(),
    source="vendor client 0.11.0, tool pages",
    check=check_tool_echo_scrub,
    doc=RuleDoc(
        what="A secret field holds asterisks, as the API shows secrets when they are read.",
        why="Written back, the asterisks would be stored as the secret, or the API refuses them.",
        bad="name: lookup\ndescription: Finds\ndelivery:\n  api:\n    url: https://api.example.com/x\n"
        "    auth: {type: bearer, token: '********'}\n",
        good="name: lookup\ndescription: Finds\ndelivery:\n  api:\n    url: https://api.example.com/x\n"
        "    auth: {type: bearer, token: {env: API_TOKEN}}\n",
    ),
)


WHOLE_PLACES = ("/layers", "/layers/llm", "/layers/perception")


def check_whole_layer_replace(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    # Bodies copied from an answer of the API carry nulls for layers that were never set, so what a file alone can
    # show is a warning; whether live tools would go is known only when a plan reads the account.
    for pointer in WHOLE_PLACES:
        if exists(manifest.spec, pointer) and lookup(manifest.spec, pointer) is None:
            yield WHOLE_LAYER_REPLACE.found(
                manifest,
                pointer,
                "null removes the whole layer, with any inline tools that the live persona has in it",
                hint="leave the key out to keep what is there",
                severity=Severity.WARNING,
            )


WHOLE_LAYER_REPLACE = Rule(
    code="L31",
    name="whole-layer-replace",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="met in public code",
    check=check_whole_layer_replace,
    doc=RuleDoc(
        what="layers, layers.llm or layers.perception is null. Plans only ever write single fields, so this is the "
        "one way in which a manifest replaces a layer as a whole.",
        why="null means ours and absent: the layer is removed, and inline tools that were made by hand go with it. "
        "Seen from the file it is a warning; losing live tools is the error.",
        bad="system_prompt: Hi\nlayers: {llm: null}\n",
        good="system_prompt: Hi\nlayers: {llm: {model: tavus-gpt-oss}}\n",
    ),
)
