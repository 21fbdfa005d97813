"""What may be written: where addresses lead, which models and fields are allowed, how long prompts are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.fields.field_hints import Outdated, outdated_field, outdated_name, outdated_place
from reconciler.core.fields.web_addresses import Endpoint, find_addresses, parse_endpoint
from reconciler.core.policies.policy import PolicyRule, Situation, Subject, Violation, origin
from reconciler.core.text import CHARACTERS_PER_TOKEN, any_matches, count_tokens, has_wildcard, matches
from reconciler.types.catalogue import Catalogue
from reconciler.types.json import Json, split
from reconciler.types.kind import KindSpec


def require_allowed_host(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """`allowed_hosts: [globs]`: where models, voices, tools, callbacks and documents may be reached.

    What cannot be judged (an address out of the environment, one that clients read in several ways) is refused.
    """
    allowed = situation.policy.allowed_hosts or ()
    known = ", ".join(allowed)
    for leaf, value in subject.leaves.items():
        for pointer, address in find_addresses(subject.kind, leaf, value):
            if not isinstance(address, str):
                message = f"an address {origin(address)} cannot be held against allowed_hosts"
                yield Violation(pointer, message, "write the address out")
                continue
            place = parse_endpoint(address)
            if place is None:
                message = "the host of this address is not plain enough to be held against allowed_hosts"
                yield Violation(pointer, message, "write it as https://HOST/PATH")
            elif not is_allowed(place, allowed):
                message = f"the host {place.host} is none of those that the project allows ({known})"
                yield Violation(pointer, message, f"add {place.host} to policy.allowed_hosts")


def is_allowed(place: Endpoint, allowed: Iterable[str]) -> bool:
    """A pattern without a port allows every port of the host."""
    return any(_fits(place, pattern.lower()) for pattern in allowed)


def _fits(place: Endpoint, pattern: str) -> bool:
    if pattern.startswith("["):
        host, _, port = pattern[1:].partition("]")
        port = port.removeprefix(":")
    else:
        host, _, port = pattern.partition(":") if pattern.count(":") == 1 else (pattern, "", "")
    return matches(place.host, host.rstrip(".")) and (not port or matches(place.port, port))


ALLOWED_HOSTS = PolicyRule(
    "allowed_hosts",
    "Hosts that addresses in bodies may lead to.",
    values=require_allowed_host,
    active=lambda policy: policy.allowed_hosts is not None,
)


def require_https(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """`https_only: true`: every address in a body is encrypted, or of this machine where `allowed_hosts` names it.

    `*` in allowed_hosts is no permission for loopback: it has to be written out (`localhost`, `127.0.0.1`).
    """
    written_out = [pattern for pattern in situation.policy.allowed_hosts or () if not has_wildcard(pattern)]
    for leaf, value in subject.leaves.items():
        for pointer, address in find_addresses(subject.kind, leaf, value):
            if not isinstance(address, str):
                yield Violation(pointer, f"whether an address {origin(address)} is https is not known",
                                "write the address out")  # fmt: skip
                continue
            place = parse_endpoint(address)
            if place is not None and (place.is_encrypted or (place.is_loopback and is_allowed(place, written_out))):
                continue
            found = f"{place.scheme}://" if place is not None and place.scheme else "it has no plain scheme"
            yield Violation(pointer, f"the project allows https only, and this address is not: {found}",
                            "write it with https://")  # fmt: skip


HTTPS_ONLY = PolicyRule(
    "https_only", "Addresses in bodies are encrypted.", values=require_https, active=lambda policy: policy.https_only
)


LANGUAGE_MODELS = "llm"
"""Their table in the catalogue."""


def require_allowed_model(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """`allowed_models: [globs]`: the language models that objects may name.

    One that names no model uses the vendor's default, which a plan does not know: rule L08 speaks of it.
    """
    allowed = situation.policy.allowed_models or ()
    for pointer, model in _models(subject):
        if not (isinstance(model, str) and any_matches(model, allowed) is not None):
            yield Violation(
                pointer,
                f"{_named(model)} is none of the models that the project allows",
                f"choose one of {', '.join(allowed)}, add it to policy.allowed_models",
            )


def _models(subject: Subject) -> Iterator[tuple[str, Json]]:
    """Where an object names a language model, and which."""
    for pointer, table in subject.kind.catalogue_tables.items():
        model = subject.leaves.get(pointer) if table == LANGUAGE_MODELS else None
        if model is not None:
            yield pointer, model


def _named(model: Json) -> str:
    return f"the model {model!r}" if isinstance(model, str) else f"a model {origin(model)}"


ALLOWED_MODELS = PolicyRule(
    "allowed_models",
    "Language models that may be named.",
    values=require_allowed_model,
    active=lambda policy: policy.allowed_models is not None,
)


def refuse_denied_model(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """`denied_models: [globs]`: language models that nothing may name."""
    for pointer, model in _models(subject):
        if not isinstance(model, str):
            what = f"a model {origin(model)} cannot be held against denied_models"
            yield Violation(pointer, what, "write its name out")
        elif (pattern := any_matches(model, situation.policy.denied_models)) is not None:
            like = "" if pattern == model else f" (as {pattern})"
            yield Violation(pointer, f"the project denies the model {model!r}{like}", "choose another model")


DENIED_MODELS = PolicyRule(
    "denied_models",
    "Language models that nothing may name.",
    values=refuse_denied_model,
    active=lambda policy: bool(policy.denied_models),
)


def refuse_deprecated(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """`no_deprecated: true`: no model, engine or field that is on its way out.

    What rule L32 warns of; a comment that keeps it for the linter does not lift the policy.
    """
    catalogue = situation.catalogue() if situation.catalogue is not None else None
    spec = subject.kind
    for pointer, value in subject.leaves.items():
        found = _outdated(spec, pointer, value, catalogue)
        if found is not None:
            advice = found.advice or "`reconciler migrate` may know what follows it"
            yield Violation(pointer, f"{found.summary}, and the project allows nothing deprecated", advice)


def _outdated(spec: KindSpec, pointer: str, value: Json, catalogue: Catalogue | None) -> Outdated | None:
    found = outdated_place(spec, pointer, value)
    if found is None and catalogue is not None:
        found = outdated_name(spec, pointer, value, catalogue)
    tokens = split(pointer)
    for depth in range(len(tokens), 0, -1):
        if found is not None:
            break
        place = "/".join(pointer.split("/")[: depth + 1])
        row = field_at(spec, place)
        # Above the leaf the value is an object with this leaf in it: it says something.
        found = outdated_field(place, value if place == pointer else True, row) if row is not None else None
    return found


NO_DEPRECATED = PolicyRule(
    "no_deprecated",
    "Nothing that is on its way out is written.",
    values=refuse_deprecated,
    active=lambda policy: policy.no_deprecated,
)


def limit_prompt(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """`max_prompt_tokens: N`: how long a prompt may be, all parts together: the server merges them into one text."""
    most = situation.policy.max_prompt_tokens
    prompts = subject.kind.prompts
    texts = {pointer: text for pointer in prompts if (text := subject.leaves.get(pointer))}
    tokens = sum(count_tokens(text) for text in texts.values() if isinstance(text, str))
    if most is None or tokens <= most:
        return
    together = " and ".join(pointer[1:] for pointer in prompts)
    parts = f"{together} together have" if len(texts) == len(prompts) > 1 else "it has"
    yield Violation(
        next(iter(texts)),
        f"{parts} {tokens:,} tokens ({CHARACTERS_PER_TOKEN} characters each), and the project allows {most:,}",
        "shorten it, or move reference text into documents",
        also=prompts[1:],
    )


MAX_PROMPT_TOKENS = PolicyRule(
    "max_prompt_tokens",
    "How many tokens a prompt may have.",
    values=limit_prompt,
    active=lambda policy: policy.max_prompt_tokens is not None,
)
