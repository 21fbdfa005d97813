"""L04: base_url must not carry the route."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.linting.rule import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import BASE_URL, text
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.manifest import Manifest

ROUTE = re.compile(r"/+(?:chat/+completions|completions|responses|messages)/*$", re.IGNORECASE)


def without_route(url: str) -> tuple[str, str] | None:
    """The address without its route and what follows the path (query, fragment); None where there is no route."""
    scheme, separator, rest = url.strip().rpartition("://") if "://" in url else ("", "", url.strip())
    end = min((rest.find(mark) for mark in "?#" if mark in rest), default=len(rest))
    host, slash, path = rest[:end].partition("/")
    cut = ROUTE.sub("", slash + path)
    if not host or cut == slash + path:
        return None
    while (again := ROUTE.sub("", cut)) != cut:
        cut = again
    return f"{scheme}{separator}{host}{cut}", rest[end:]


def check(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    parts = without_route(text(manifest.spec, BASE_URL))
    if parts is None:
        return
    base, rest = parts
    hint = f"write {base}"
    if rest:
        hint += f"; {rest} belongs into default_query"
    yield RULE.found(
        manifest,
        BASE_URL,
        "base_url ends in a route: /chat/completions is added by the platform",
        hint=hint,
        fix=None if rest else Fix("cut the route", base),
    )


RULE = Rule(
    code="L04",
    name="base-url-route",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="LLM pages of all generations",
    check=check,
    taken=True,
    doc=RuleDoc(
        what="The path of layers.llm.base_url ends in /chat/completions, /completions, /responses or /messages.",
        why="The platform adds the route itself, so every request would go to a place that does not exist.",
        bad="system_prompt: Hi\nlayers:\n  llm:\n    model: my-model\n"
        "    base_url: https://llm.example.com/v1/chat/completions/\n    api_key: {env: LLM_KEY}\n",
        good="system_prompt: Hi\nlayers:\n  llm:\n    model: my-model\n"
        "    base_url: https://llm.example.com/v1\n    api_key: {env: LLM_KEY}\n",
    ),
)
