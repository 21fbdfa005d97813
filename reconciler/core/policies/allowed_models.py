"""`allowed_models: [globs]`: the language models that personas may name."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.policies.policy import PolicyRule, Situation, Subject, Violation
from reconciler.core.policies.value_origin import MODEL, origin
from reconciler.core.text.glob import any_matches
from reconciler.types.json import Json


def judge(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """A persona that names no model uses the vendor's default, which a plan does not know: rule L08 speaks of it."""
    allowed = situation.policy.allowed_models or ()
    model = subject.leaves.get(MODEL)
    if model is None:
        return
    if isinstance(model, str) and any_matches(model, allowed) is not None:
        return
    yield Violation(
        MODEL,
        f"{_named(model)} is none of the models that the project allows",
        f"choose one of {', '.join(allowed)}, add it to policy.allowed_models",
    )


def _named(model: Json) -> str:
    return f"the model {model!r}" if isinstance(model, str) else f"a model {origin(model)}"


RULE = PolicyRule(
    "allowed_models",
    "Language models that personas may name.",
    values=judge,
    active=lambda policy: policy.allowed_models is not None,
)
