"""`denied_models: [globs]`: language models that no persona may name."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.policies.policy import PolicyRule, Situation, Subject, Violation
from reconciler.core.policies.value_origin import MODEL, origin
from reconciler.core.text.glob import any_matches


def judge(subject: Subject, situation: Situation) -> Iterator[Violation]:
    model = subject.leaves.get(MODEL)
    if isinstance(model, str):
        pattern = any_matches(model, situation.policy.denied_models)
        if pattern is not None:
            like = "" if pattern == model else f" (as {pattern})"
            yield Violation(MODEL, f"the project denies the model {model!r}{like}", "choose another model")
    elif model is not None:
        yield Violation(MODEL, f"a model {origin(model)} cannot be held against denied_models", "write its name out")


RULE = PolicyRule(
    "denied_models",
    "Language models that no persona may name.",
    values=judge,
    active=lambda policy: bool(policy.denied_models),
)
