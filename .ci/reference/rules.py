"""The page of the lint rules: what each finds, why that is bad, a bad and a good example."""

from __future__ import annotations

from reconciler.core.linting import Rule
from reconciler.platforms.tavus.rules import RULES
from reference import block, table

LONGEST = 160


def page() -> str:
    """All rules as a table, then each in full."""
    rules = RULES.all().values()
    head = "Silence one finding with `# reconciler: keep CODE and the reason`, on its line or the line above."
    rows = [(f"[{rule.code}](#{anchor(rule)})", rule.name, rule.severity.value, rule.doc.what) for rule in rules]
    overview = table(("code", "name", "severity", "finds"), rows)
    return "\n\n".join([head, overview, *(section(rule) for rule in rules)])


def anchor(rule: Rule) -> str:
    """The anchor that Markdown renderers give to the headline."""
    return f"{rule.code}-{rule.name}".lower()


def section(rule: Rule) -> str:
    """One rule."""
    parts = [
        f"## {rule.code} {rule.name}",
        rule.doc.what,
        rule.doc.why,
        "Bad:\n\n" + block(example(rule.doc.bad), "yaml"),
        "Good:\n\n" + block(example(rule.doc.good), "yaml"),
    ]
    if rule.source:
        parts.append(f"Source: {rule.source}")
    return "\n\n".join(parts)


def example(text: str) -> str:
    """Examples of rules about length are long: their lines are cut."""
    return "\n".join(line if len(line) <= LONGEST else f"{line[:100]}..." for line in text.splitlines())
