"""`https_only: true`: every address in a body is encrypted, or of this machine where `allowed_hosts` names it."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.core.fields.web_addresses import find_addresses, parse_endpoint
from reconciler.core.kind_table import kind
from reconciler.core.policies.allowed_hosts import is_allowed
from reconciler.core.policies.policy import PolicyRule, Situation, Subject, Violation
from reconciler.core.policies.value_origin import origin
from reconciler.core.text.glob import has_wildcard


def judge(subject: Subject, situation: Situation) -> Iterator[Violation]:
    """`*` in allowed_hosts is no permission for loopback: it has to be written out (`localhost`, `127.0.0.1`)."""
    written_out = [pattern for pattern in situation.policy.allowed_hosts or () if not has_wildcard(pattern)]
    for leaf, value in subject.leaves.items():
        for pointer, address in find_addresses(kind(subject.address.kind), leaf, value):
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


RULE = PolicyRule(
    "https_only", "Addresses in bodies are encrypted.", values=judge, active=lambda policy: policy.https_only
)
