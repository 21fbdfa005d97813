"""Where addresses in bodies may lead: `allowed_hosts` and `https_only`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reconciler.core.fields.web_addresses import Endpoint, find_addresses, parse_endpoint
from reconciler.core.policies.policy import PolicyRule, Situation, Subject, Violation, origin
from reconciler.core.text import has_wildcard, matches


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
