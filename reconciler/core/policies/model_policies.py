"""What models, fields and prompts may be written: allowed, denied and deprecated ones, and how many tokens."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.canonical.field_tree import field_at
from reconciler.core.fields.outdated import Outdated, outdated_field, outdated_name, outdated_place
from reconciler.core.policies.policy import PolicyRule, Situation, Subject, Violation, origin
from reconciler.core.text import CHARACTERS_PER_TOKEN, any_matches, count_tokens
from reconciler.types.catalogue import Catalogue
from reconciler.types.json import Json, split
from reconciler.types.kind import KindSpec

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
    for pointer, table in subject.kind.tables.items():
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
