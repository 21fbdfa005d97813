"""Rules of addresses and credentials: secrets in plain text, routes and headers added twice (L03, L04, L33)."""

from __future__ import annotations

import re
from collections.abc import Iterator

from reconciler.core.canonical.canonical_form import is_masked
from reconciler.core.canonical.field_tree import looks_secret
from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.rules.body_reader import BASE_URL, LLM, mapping, text
from reconciler.types.diagnostic import Diagnostic, Fix, Severity
from reconciler.types.json import escape, is_filled, split
from reconciler.types.manifest import Manifest


def check_secret_literal(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    # References are markers by now, and so are the literals that the loader found (and reported): what is still a
    # plain text at a secret place came here without the loader.
    for pointer, value, row in context.declared(manifest):
        if not isinstance(value, str) or not value.strip() or is_masked(value):
            continue
        name = split(pointer)[-1]
        if not row.secret and not looks_secret(row, value):
            continue
        yield SECRET_LITERAL.found(
            manifest,
            pointer,
            f"{name} is written in clear",
            hint=f"put it in the environment and write {name}: {{env: NAME}}, or use {{file: path}}",
        )


SECRET_LITERAL = Rule(
    code="L03",
    name="secret-literal",
    severity=Severity.ERROR,
    kinds=(),
    source="judgement: keys were found in public manifests",
    check=check_secret_literal,
    unacceptable=True,
    doc=RuleDoc(
        what="An API key, a tool's auth value, a header or query parameter that looks like a credential, or a URL "
        "with one in it, is given as a text instead of {env: NAME} or {file: path}.",
        why="Manifests live in git, and what was once in git is known. --allow-literal-secrets turns this into a "
        "warning.",
        bad="system_prompt: Hi\nlayers:\n  llm:\n    model: my-model\n    base_url: https://llm.example.com/v1\n"
        "    api_key: sk-1234567890abcdef\n",
        good="system_prompt: Hi\nlayers:\n  llm:\n    model: my-model\n    base_url: https://llm.example.com/v1\n"
        "    api_key: {env: LLM_KEY}\n",
    ),
)


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


def check_base_url_route(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    parts = without_route(text(manifest.spec, BASE_URL))
    if parts is None:
        return
    base, rest = parts
    hint = f"write {base}"
    if rest:
        hint += f"; {rest} belongs into default_query"
    yield BASE_URL_ROUTE.found(
        manifest,
        BASE_URL,
        "base_url ends in a route: /chat/completions is added by the platform",
        hint=hint,
        fix=None if rest else Fix("cut the route", base),
    )


BASE_URL_ROUTE = Rule(
    code="L04",
    name="base-url-route",
    severity=Severity.ERROR,
    kinds=("persona",),
    source="LLM pages of all generations",
    check=check_base_url_route,
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


HEADERS = f"{LLM}/headers"


def check_authorization_header(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    for word, value in mapping(manifest.spec, HEADERS).items():
        if word.strip().lower() == "authorization" and is_filled(value):
            yield AUTHORIZATION_HEADER.found(
                manifest,
                f"{HEADERS}/{escape(word)}",
                "the Authorization header duplicates api_key",
                hint="give the key as api_key: {env: NAME} and keep headers for what is no credential",
            )


AUTHORIZATION_HEADER = Rule(
    code="L33",
    name="authorization-header",
    severity=Severity.WARNING,
    kinds=("persona",),
    source="LLM page of July 2026 against the earlier ones",
    check=check_authorization_header,
    doc=RuleDoc(
        what="layers.llm.headers has an Authorization member.",
        why="The older pages authenticated with it; the newest one moves the key to api_key and keeps headers for "
        "further values that are no credentials.",
        bad="system_prompt: Hi\nlayers:\n  llm:\n    model: m\n    base_url: https://llm.example.com/v1\n"
        "    api_key: {env: K}\n    headers: {Authorization: {env: K}}\n",
        good="system_prompt: Hi\nlayers:\n  llm:\n    model: m\n    base_url: https://llm.example.com/v1\n"
        "    api_key: {env: K}\n    headers: {X-Org: northwind}\n",
    ),
)
