"""What a rule is about, as text and as JSON: its documentation in the fixed sections."""

from __future__ import annotations

from textwrap import indent, wrap

from reconciler.core.linting.rule import Rule
from reconciler.core.linting.rule_table import RULES
from reconciler.types.json import Json, Object


def find_rule(name: str) -> Rule | None:
    """The rule of this code (`L04`, in either case) or name (`base-url-route`)."""
    code = name.upper()
    if code in RULES:
        return RULES.get(code)
    return next((rule for rule in RULES.all().values() if rule.name == name.lower()), None)


def describe_rule(rule: Rule, *, width: int = 100) -> str:
    """The rule's documentation as text."""
    lines = [f"{rule.code} {rule.name} ({rule.severity.value})", f"Source: {rule.source}"]
    for title, text in (("What it finds", rule.doc.what), ("Why that is bad", rule.doc.why)):
        lines += ["", f"{title}:", *(f"  {line}" for line in wrap(text, max(width - 2, 20)))]
    for title, example in (("Bad", rule.doc.bad), ("Good", rule.doc.good)):
        lines += ["", f"{title}:", indent(_short(example), "  ").rstrip("\n")]
    lines += ["", f"Silence one finding: # reconciler: keep {rule.code} and the reason, on its line or above it."]
    return "\n".join(lines) + "\n"


def _short(example: str) -> str:
    """Examples of rules about length are long: their lines are cut."""
    return "\n".join(
        line if len(line) <= 160 else f"{line[:120]}... ({len(line):,} characters)" for line in example.splitlines()
    )


def rule_as_json(rule: Rule) -> Object:
    """`{code, name, severity, kinds, what, why, bad, good, source}`."""
    kinds: list[Json] = list(rule.kinds)
    return {
        "code": rule.code,
        "name": rule.name,
        "severity": rule.severity.value,
        "kinds": kinds,
        "what": rule.doc.what,
        "why": rule.doc.why,
        "bad": rule.doc.bad,
        "good": rule.doc.good,
        "source": rule.source,
    }
