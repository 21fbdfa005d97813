"""Rules of how a registry tool is called: its channel and authentication, and what is said meanwhile (L37, L38)."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.linting import Rule, RuleContext, RuleDoc
from reconciler.platforms.tavus.kinds.tool import (
    API_MEMBERS,
    CHANNELS,
    CREDENTIALS,
    LONGEST_TIMEOUT,
    PLACEHOLDER,
    RESERVED,
    SIGNED_WITHOUT,
    WITHOUT_BODY,
    is_https,
    placeholders,
)
from reconciler.types.address import is_reference
from reconciler.types.diagnostic import Diagnostic, Severity
from reconciler.types.json import Json, Object, escape, is_filled
from reconciler.types.manifest import Manifest

API = "/delivery/api"


def check_tool_delivery(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    delivery = manifest.spec.get("delivery")
    if isinstance(delivery, dict) and not is_reference(delivery):
        for pointer, problem in _channel_misfits(delivery, manifest.spec.get("trigger_type")):
            yield TOOL_DELIVERY.found(manifest, pointer, problem)
        api = delivery.get("api")
        if isinstance(api, dict) and not is_reference(api):
            known = _parameters(manifest, context)
            for pointer, problem in (*_request_misfits(api), *_auth_misfits(api), *_placeholder_misfits(api, known)):
                yield TOOL_DELIVERY.found(manifest, API + pointer, problem)


def _channel_misfits(delivery: Object, trigger: Json) -> Iterator[tuple[str, str]]:
    yield from ((f"/delivery{pointer}", problem) for pointer, problem in _unknown(delivery, CHANNELS, "delivery"))
    given = [word for word in CHANNELS if delivery.get(word) not in (None, False, "")]
    if len(given) != 1:
        yield "/delivery", f"a tool has exactly one channel, app_message or api; here are {len(given)}"
    elif trigger == "post_call" and given != ["api"]:
        yield "/delivery", "a tool that fires after the call needs delivery.api"


def _unknown(body: Object, known: tuple[str, ...], name: str) -> Iterator[tuple[str, str]]:
    for word in body:
        if word not in known:
            yield f"/{escape(word)}", f"{name} has no member {word}; it takes {', '.join(known)}"


def _request_misfits(api: Object) -> Iterator[tuple[str, str]]:
    yield from _unknown(api, API_MEMBERS, "delivery.api")
    url = api.get("url")
    if not api:
        yield "/url", "the url is missing"
    if isinstance(url, str) and url and not is_https(url):
        yield "/url", "the url must begin with https://"
    timeout = api.get("timeout")
    if isinstance(timeout, int | float) and not isinstance(timeout, bool) and not 0 < timeout <= LONGEST_TIMEOUT:
        yield "/timeout", f"timeout is {timeout:g} seconds; it must be above 0 and at most {LONGEST_TIMEOUT}"
    method = api.get("method")
    if api.get("body_template") is not None and method in WITHOUT_BODY:
        yield "/body_template", f"{method} takes no body_template"
    for word in ("headers", "query_params"):
        members = api.get(word)
        for name, value in members.items() if isinstance(members, dict) and not is_reference(members) else ():
            if not isinstance(value, str) and not is_reference(value):
                yield f"/{word}/{escape(name)}", f"{name} must be a text"


def _auth_misfits(api: Object) -> Iterator[tuple[str, str]]:
    auth = api.get("auth")
    if not isinstance(auth, dict) or is_reference(auth):
        return
    if not auth:
        yield "/auth", f"auth needs a type: {', '.join(CREDENTIALS)}"
    kind = auth.get("type")
    way = CREDENTIALS.get(kind) if isinstance(kind, str) else None
    if way is None:
        return
    known = ("type", *way.needed, *way.optional)
    for word in auth:
        if word not in known:
            yield (
                f"/auth/{escape(word)}",
                f"auth of type {kind} has no {word}; it takes {', '.join(known[1:]) or 'nothing'}",
            )
    token_url = auth.get("token_url")
    if kind == "oauth2_client_credentials" and isinstance(token_url, str) and not is_https(token_url):
        yield "/auth/token_url", "token_url must begin with https://"
    if kind == "hmac":
        for word in SIGNED_WITHOUT:
            if is_filled(api.get(word)):
                yield f"/{word}", f"hmac signs the arguments as they are, so {word} would be ignored"
        if any(PLACEHOLDER.findall(url) for url in (api.get("url"),) if isinstance(url, str)):
            yield "/url", "hmac signs the arguments as they are, so a placeholder in the url would be ignored"


def _parameters(manifest: Manifest, context: RuleContext) -> frozenset[str] | None:
    """The declared parameters; None where nobody knows them: the manifest looks after a part of a live tool only."""
    parameters = manifest.spec.get("parameters")
    if parameters is None and not context.is_new(manifest):
        return None
    if is_reference(parameters):
        return None
    properties = parameters.get("properties") if isinstance(parameters, dict) else None
    return None if is_reference(properties) else frozenset(properties if isinstance(properties, dict) else ())


def _placeholder_misfits(api: Object, known: frozenset[str] | None) -> Iterator[tuple[str, str]]:
    if known is None:
        return
    for word in ("url", "query_params", "body_template"):
        unknown = [
            name
            for name in dict.fromkeys(placeholders(api.get(word)))
            if name not in known and not name.startswith(RESERVED)
        ]
        if unknown:
            yield f"/{word}", f"{{{unknown[0]}}} in {word} is no declared parameter of the tool"


TOOL_DELIVERY = Rule(
    code="L37",
    name="tool-delivery",
    severity=Severity.ERROR,
    kinds=("tool",),
    source="vendor client 0.11.0, create-tool, llm-tool and llm-tool-auth pages",
    check=check_tool_delivery,
    doc=RuleDoc(
        what="delivery without exactly one channel; delivery.api with a url that is not https, a timeout that is not "
        "above 0 and at most 60, a body_template with GET, HEAD or DELETE, headers or query_params that are no "
        "texts, a {placeholder} that is no declared parameter, members that authentication of its type does not have "
        "or would ignore (hmac), or any other member.",
        why="The API refuses such a tool, and everything that depends on it waits.",
        bad="name: look_up\ndescription: Looks up\ndelivery: {api: {url: 'http://api.example.com', timeout: 90}}\n",
        good="name: look_up\ndescription: Looks up\ndelivery: {api: {url: 'https://api.example.com', timeout: 30}}\n",
    ),
)


def check_tool_on_call(manifest: Manifest, context: RuleContext) -> Iterator[Diagnostic]:
    spec = manifest.spec
    origin, on_call, on_resolve = spec.get("origin"), spec.get("on_call"), spec.get("on_resolve")
    if origin in ("vision", "audio"):
        for word in ("on_call", "static_filler"):
            if spec.get(word) is not None:
                yield TOOL_ON_CALL.found(manifest, f"/{word}", f"a tool of origin {origin} has no {word}")
        if isinstance(on_resolve, str) and on_resolve and on_resolve != "fire_and_forget":
            summary = f"a tool of origin {origin} only knows on_resolve fire_and_forget, not {on_resolve}"
            yield TOOL_ON_CALL.found(manifest, "/on_resolve", summary)
        return
    silent = on_call != "static_filler" if isinstance(on_call, str) else on_call is None and context.is_new(manifest)
    if is_filled(spec.get("static_filler")) and silent:
        yield TOOL_ON_CALL.found(
            manifest,
            "/static_filler",
            "static_filler is only spoken with on_call static_filler",
            hint="set on_call: static_filler, or remove static_filler",
            severity=Severity.WARNING,
        )


TOOL_ON_CALL = Rule(
    code="L38",
    name="tool-on-call",
    severity=Severity.ERROR,
    kinds=("tool",),
    source="llm-tool page, vendor client 0.11.0",
    check=check_tool_on_call,
    doc=RuleDoc(
        what="A tool of origin vision or audio with on_call, static_filler, or another on_resolve than "
        "fire_and_forget; a static_filler without on_call static_filler (a warning: the vendor's client takes it).",
        why="Tools that are fired by what is seen or heard run beside the conversation: nobody waits for them, so "
        "the API refuses what would be said meanwhile.",
        bad="name: notice\ndescription: Notices\norigin: vision\non_call: silent\n",
        good="name: notice\ndescription: Notices\norigin: vision\n",
    ),
)
