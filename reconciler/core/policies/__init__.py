"""What a plan may not do: one line here a policy. A refused change is shown with its reasons, never hidden.

Policies on values (models, hosts, prompt sizes) judge what would be written. A value that breaks one but is live
already and stays as it is gives a warning: the plan does not make it worse, and blocking it would stop every other
change until somebody repairs what nobody touched.
"""

from __future__ import annotations

from reconciler.core.policies.policy import PolicyRule
from reconciler.registry import Registry

POLICIES: Registry[PolicyRule] = Registry(
    "policy",
    "reconciler.core.policies",
    {
        "deletes": "plan_policies:DELETES",
        "protect": "plan_policies:PROTECT",
        "protected": "plan_policies:PROTECTED",
        "allowed_models": "body_policies:ALLOWED_MODELS",
        "denied_models": "body_policies:DENIED_MODELS",
        "allowed_hosts": "body_policies:ALLOWED_HOSTS",
        "https_only": "body_policies:HTTPS_ONLY",
        "max_prompt_tokens": "body_policies:MAX_PROMPT_TOKENS",
        "no_deprecated": "body_policies:NO_DEPRECATED",
        "empty_set": "plan_policies:EMPTY_SET",
        "mass_change": "plan_policies:MASS_CHANGE",
        "max_deletes": "plan_policies:MAX_DELETES",
        "account": "plan_policies:ACCOUNT",
    },
)
